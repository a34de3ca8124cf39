/** What browsers that are driven as the W3C's standard WebDriver says have in common. */

/** In ms; as long as the longest test may take: the test itself has the shorter limit. */
export const scriptTimeout = 300_000;
/** In ms; how long anything else may take. */
export const otherTimeout = 20_000;

/**
 * A script that evaluates an expression and waits for its promise, for the command Execute Async Script: its last
 * argument is a function that takes the result. The expression is the page's own code, as Firefox's script is not.
 */
export function asynchronous(expression: string): string {
  return `const [done] = arguments;
    (async () => window.eval(${JSON.stringify(expression)}))().then(
      (value) => done({ value }),
      (error) => done({ error: error instanceof window.Error ? \`\${error}\\n\${error.stack}\` : String(error) }),
    );`;
}

/** The text that a script of {@link asynchronous} answered with. @throws Error what its promise was rejected with */
export function textOf(answer: unknown): string {
  const value = memberOf(answer, 'value');
  if (typeof value === 'string') return value;
  throw new Error(String(memberOf(answer, 'error')));
}

/** A member of what a driver answered with, whose type is not known. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
