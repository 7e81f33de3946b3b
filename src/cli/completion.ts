/** Completion scripts, generated from the command table. Task names are asked of `ferry status --names` when needed. */
import type { Command, Completes, Option } from './command.ts';
import { GLOBAL_OPTIONS } from './global-options.ts';
import { argumentsOf } from './help.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, commands: readonly Command[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
  }
}

function bash(commands: readonly Command[]): string {
  const options = commands.map((c) => `    ${c.name}) options=${quote(flags([...c.options, ...GLOBAL_OPTIONS]))} ;;`);
  const values = uniqueOptions(commands)
    .filter(({ value }) => value)
    .map((o) => `    ${patterns(o)}) ${bashWords(o.completes)}; return ;;`);
  const words = commands
    .filter(({ argument }) => argument)
    .map((c) => `    ${c.name}) ${bashWords(c.argument!.completes)} ;;`);
  return `# bash completion for ferry; source <(ferry completion bash)
_ferry() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= options= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case $previous in
${values.join('\n')}
  esac
  case $command in
    '') COMPREPLY=($(compgen -W ${quote(commands.map(({ name }) => name).join(' '))} -- "$current")); return ;;
${options.join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
    return
  fi
  case $command in
${words.join('\n')}
  esac
}
complete -F _ferry ferry
`;
}

function bashWords(completes: Completes | undefined): string {
  if (completes === 'task') return 'COMPREPLY=($(compgen -W "$(ferry status --names 2>/dev/null)" -- "$current"))';
  if (completes === 'file') return 'COMPREPLY=($(compgen -f -- "$current"))';
  return `COMPREPLY=($(compgen -W ${quote((completes ?? []).join(' '))} -- "$current"))`;
}

function zsh(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map((command) => {
    const specs = [...command.options, ...GLOBAL_OPTIONS].map((option) => `        ${zshOption(option)}`);
    const words = argumentsOf(command).map(
      ({ name, completes }, i) => `        ${quote(`${i + 1}:${name}:${zshAction(completes)}`)}`,
    );
    return `    ${command.name})\n      _arguments \\\n${[...specs, ...words].join(' \\\n')}\n      ;;`;
  });
  return `#compdef ferry
# zsh completion for ferry; source <(ferry completion zsh)
_ferry_tasks() {
  local -a tasks
  tasks=(\${(f)"$(ferry status --names 2>/dev/null)"})
  compadd -a tasks
}
_ferry() {
  local -a commands
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _ferry ferry
`;
}

function zshOption(option: Option): string {
  const names = [...(option.short ? [`-${option.short}`] : []), `--${option.long}`];
  const text = option.description.replace(/[[\]:]/g, '\\$&');
  const value = option.value ? `:${option.value}:${zshAction(option.completes)}` : '';
  return names.map((name) => quote(`${name}[${text}]${value}`)).join(' ');
}

function zshAction(completes: Completes | undefined): string {
  if (completes === 'task') return '_ferry_tasks';
  if (completes === 'file') return '_files';
  return completes ? `(${completes.join(' ')})` : ' ';
}

function fish(commands: readonly Command[]): string {
  const lines = ['# fish completion for ferry; ferry completion fish | source', 'complete -c ferry -f'];
  for (const { name, summary } of commands)
    lines.push(`complete -c ferry -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
  for (const o of GLOBAL_OPTIONS) lines.push(`complete -c ferry ${fishOption(o)}`);
  for (const { name, options, argument } of commands) {
    const here = `complete -c ferry -n '__fish_seen_subcommand_from ${name}'`;
    if (argument) lines.push(`${here} ${fishAction(argument.completes)}`);
    for (const o of options) lines.push(`${here} ${fishOption(o)}`);
  }
  return `${lines.join('\n')}\n`;
}

function fishOption({ short, long, value, description, completes }: Option): string {
  const flag = `${short ? `-s ${short} ` : ''}-l ${long} -d ${quote(description)}`;
  if (!value) return flag;
  return `${flag} ${typeof completes === 'object' ? '-x' : '-r'} ${fishAction(completes)}`;
}

function fishAction(completes: Completes | undefined): string {
  if (completes === 'task') return "-a '(ferry status --names 2>/dev/null)'";
  if (completes === 'file') return '-F';
  return completes ? `-a ${quote(completes.join(' '))}` : '';
}

function uniqueOptions(commands: readonly Command[]): readonly Option[] {
  const all = [...GLOBAL_OPTIONS, ...commands.flatMap(({ options }) => options)];
  return [...new Map(all.map((option) => [option.long, option])).values()];
}

function patterns({ short, long }: Option): string {
  return short ? `-${short}|--${long}` : `--${long}`;
}

function flags(options: readonly Option[]): string {
  return options.flatMap(({ short, long }) => [...(short ? [`-${short}`] : []), `--${long}`]).join(' ');
}

/** A word for a POSIX shell or fish. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
