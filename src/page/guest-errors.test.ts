import { describe, expect, it } from 'vitest';
import { GuestError, GuestTrap, toError } from './guest-errors.js';

const panic = "\nthread 'main' panicked at src/lib.rs:3:5:\nno such digit\n";
const written = { stdout: 'half an answer', stderr: panic };

const stacks = {
  chromium:
    'RuntimeError: unreachable\n    at classify (wasm://wasm/8a:wasm-function[7]:0x3c)\n    at call (guest-worker.js:1:2)',
  firefox: 'classify@http://127.0.0.1/x.wasm:wasm-function[7]:0x3c\ncall@guest-worker.js:1:2\n',
  webkit: '<?>.wasm-function[7]@[wasm code]\ncall@guest-worker.js:1:2',
};

describe('GuestTrap', () => {
  it('begins with what the guest wrote to its standard error', () => {
    const trap = new GuestTrap('unreachable', stacks.chromium, written);
    expect(trap).toMatchObject({
      ...written,
      name: 'GuestTrap',
      message: "thread 'main' panicked at src/lib.rs:3:5:\nno such digit\n(the guest trapped: unreachable)",
    });
    expect(trap.stack?.split('\n')[0]).toBe("GuestTrap: thread 'main' panicked at src/lib.rs:3:5:");
    expect(trap.stack).toContain('guest-worker.js:1:2');
  });

  it('has the reason alone where the guest wrote nothing', () => {
    expect(new GuestTrap('unreachable').message).toBe('unreachable');
  });

  it('shows the end of a long text', () => {
    const { message } = new GuestTrap('unreachable', '', { stdout: '', stderr: `${'x'.repeat(5000)}the end` });
    expect(message).toMatch(/^…x+the end\n/);
    expect(message.length).toBeLessThan(2100);
  });

  it.each(Object.entries(stacks))('has the frames of WebAssembly as %s writes them', (_browser, stack) => {
    const { wasmStack } = new GuestTrap('unreachable', stack, written);
    expect(wasmStack).toContain('wasm-function[7]');
    expect(wasmStack.split('\n')).toHaveLength(1);
  });
});

describe('toError', () => {
  it('gives an error of a WIT result with its payload and what the guest wrote', () => {
    const error = toError({ kind: 'result', payload: { code: 7 } }, (value) => value, written);
    expect(error).toBeInstanceOf(GuestError);
    expect(error).toMatchObject({ payload: { code: 7 }, ...written });
  });

  it('gives an error of the host as it is', () => {
    const plain = { code: 'timeout', message: 'too long' } as const;
    expect(toError({ kind: 'error', error: plain }, (value) => value, written)).toMatchObject(plain);
  });
});
