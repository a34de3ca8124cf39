import { tokenizer } from 'acorn';

/** The tokens of a script that have a text in them and are no string literals, such as names and templates. */
export function codeOutsideStrings(script: string, text: string): string[] {
  const tokens = [...tokenizer(script, { ecmaVersion: 2024, sourceType: 'module' })];
  return tokens.flatMap(({ type, start, end }) => {
    const source = script.slice(start, end);
    return type.label !== 'string' && source.includes(text) ? [source] : [];
  });
}
