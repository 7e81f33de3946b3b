import fc from 'fast-check';

/**
 * Text of any Unicode characters, control characters and emoji among them, ASCII often. Like `fc.string` with `unit:
 * 'binary'`, which takes half a second to set up.
 */
export function anyText(constraints: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  const character = fc.oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  );
  return fc.array(character, constraints).map((points) => String.fromCodePoint(...points));
}
