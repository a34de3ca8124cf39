import { expect, it } from 'vitest';
import { faults, renderErrors } from './error-table.js';

it('docs/errors.md lists all faults in the table (npx vitest run -u rewrites it)', async () => {
  await expect(renderErrors()).toMatchFileSnapshot('../docs/errors.md');
});

it('each fault is met by a guest of some ABI, and has a code where WIT can state it', () => {
  for (const { fault, code, text, wit, older, coreModule } of faults) {
    const isWit = wit !== undefined || older !== undefined;
    expect.soft(isWit || coreModule !== undefined, fault).toBe(true);
    expect.soft(code !== '', fault).toBe(isWit);
    expect.soft(text.length > 0, fault).toBe(isWit);
  }
});
