import { expect, it, vi } from 'vitest';
import { componentWith } from '../transpiler/every-name.fixture.js';
import { transpileGuest } from './transpile-guest.js';

// jco panics at capital letters, which it is not given where names are checked.
const unchecked = vi.hoisted(() => ({ names: false, glue: true }));
vi.mock('../transpiler/checks.js', () => ({ checks: unchecked }));

it('a component at which jco panics leaves the next ones as they are', async () => {
  const panicking = componentWith({ 'exported function': 'HTTP-get' });
  for (let time = 0; time < 2; time++) {
    await expect(transpileGuest(panicking, false)).rejects.toThrow(
      /cannot be transpiled: wasm trap: wasm `unreachable`/,
    );
  }
  expect((await transpileGuest(componentWith({}), false)).component.functions).toContain('text-function');
});
