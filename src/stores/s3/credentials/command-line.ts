/**
 * Splits the command line of `credential_process` into a program and its arguments; no shell is started.
 *
 * The documentation ("Process credential provider", AWS SDKs reference guide) says: elements are separated by blanks, and
 * one with a blank in it stands in double quotes; variables and `~` mean nothing. What it leaves open is done as the AWS
 * CLI does (botocore splits with Python's `shlex`): single quotes keep everything as it is, a backslash takes the next
 * character as it is, in double quotes only before `"` and `\`.
 *
 * Undefined where a quote is not closed or a backslash ends the line.
 */
export function splitCommandLine(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (quote === "'" ? character === "'" : quote === '"' && character === '"') quote = '';
    else if (character === '\\' && escapes(quote, line[i + 1])) {
      if (++i === line.length) return undefined;
      word = (word ?? '') + line[i]!;
    } else if (quote !== '') word += character;
    else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

function escapes(quote: string, next: string | undefined): boolean {
  return quote === '' || (quote === '"' && (next === '"' || next === '\\'));
}
