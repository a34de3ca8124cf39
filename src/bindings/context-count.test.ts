import { expect, it } from 'vitest';
import { maximumContexts } from '../rpc/limits.js';
import { createContextCount } from './context-count.js';
import { createCoreModuleBinding } from './core-module.js';
import { callable, echoName, FakeEngine, TestMemory } from './guest.fixture.js';
import { createWitBinding } from './wit.js';

it('reports each new number, and takes each context off once', () => {
  const reported: number[] = [];
  const count = createContextCount((contexts) => reported.push(contexts));
  const first = count.add('init');
  const second = count.add('init');
  first();
  first();
  expect(count.contexts).toBe(1);
  second();
  expect(reported).toEqual([1, 2, 1, 0]);
});

it('refuses more than a guest may have, and does not count what it refuses', () => {
  const count = createContextCount();
  const uncounts = Array.from({ length: maximumContexts }, () => count.add('init'));
  expect(() => count.add('init-execution-context')).toThrow(
    expect.objectContaining({
      code: 'too-large',
      message: expect.stringMatching(`^init-execution-context: ${maximumContexts + 1} execution contexts`),
    }),
  );
  expect(count.contexts).toBe(maximumContexts);
  uncounts[0]?.();
  count.add('init');
  expect(count.contexts).toBe(maximumContexts);
});

it('is one for the bindings of a guest', async () => {
  const [engine, { memory }, count] = [new FakeEngine(), new TestMemory(), createContextCount()];
  const { graph } = createWitBinding(engine, count);
  const nn = callable(createCoreModuleBinding(engine, () => memory, undefined, count).wasi_ephemeral_nn);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode(echoName));
  void nn('load_by_name', 0, echoName.length, 16);
  void nn('init_execution_context', 0, 16);
  const context = (await graph.loadByName(echoName)).initExecutionContext();
  expect(count.contexts).toBe(2);
  expect(nn('finalize_execution_context', 0)).toBe(0);
  expect(nn('finalize_execution_context', 0)).not.toBe(0);
  expect(count.contexts).toBe(1);
  for (let time = 0; time < 2; time++) context[Symbol.dispose]();
  expect(count.contexts).toBe(0);
});
