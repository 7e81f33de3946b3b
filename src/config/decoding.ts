/**
 * qscamel's `decoding`: at a destination it names the encoding the *source* writes its names in, so that they become
 * Unicode keys. Here a source decodes its own names, so the value goes where it belongs.
 */
import type { ReadEndpoint } from './endpoint.ts';
import type { YamlFile } from './yaml-file.ts';

/** The options of the source with what the destination says of its names; adds problems where that makes no sense. */
export function decodedSource(
  file: YamlFile,
  source: ReadEndpoint,
  destination: ReadEndpoint,
): Record<string, unknown> {
  const complain = (side: string, option: string, message: string): void =>
    void file.problems.push(file.problem([side, 'options', option], message));
  const misplaced = source.driver.nameEncoding;
  if (misplaced?.of === 'source' && source.options[misplaced.option] !== undefined) {
    complain('source', misplaced.option, 'has a meaning at a destination only: what this service lists is Unicode');
  }
  const said = destination.driver.nameEncoding;
  if (said?.of !== 'source' || destination.options[said.option] === undefined) return source.options;

  const value = destination.options[said.option];
  const own = source.driver.nameEncoding;
  if (own?.of !== 'itself') {
    complain(
      'destination',
      said.option,
      `has no meaning here: the names of a \`${source.driver.type}\` source are Unicode already; leave it out`,
    );
    return source.options;
  }
  const written = source.given[own.option];
  if (written !== undefined && written !== value) {
    complain('destination', said.option, `contradicts \`${own.option}\` of the source`);
  }
  return { ...source.options, [own.option]: value };
}
