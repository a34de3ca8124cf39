import { parse } from '@bytecodealliance/jco';
import { describe, expect, it } from 'vitest';
import { createContextCount } from '../bindings/context-count.js';
import { unused } from '../rpc/client.fixture.js';
import type { Instance } from '../rpc/guest-exports.js';
import { emptyEnvironment } from '../rpc/program-environment.js';
import { WasiNNError } from '../standard/error.js';
import { instantiateModule } from './core-module.js';

const refuse = () => {
  throw new Error('not expected');
};

/** Instantiates a module that is given as WebAssembly text. */
async function instantiate(text: string): Promise<Instance> {
  const module = await WebAssembly.compile(new Uint8Array(await parse(text)));
  return instantiateModule(module, {
    environment: emptyEnvironment,
    output: () => undefined,
    contexts: createContextCount(() => undefined),
    report: () => undefined,
    connect: async () => ({ client: unused }),
    page: { request: refuse, notify: refuse, replies: undefined },
    input: { request: refuse, notify: refuse, replies: undefined },
  });
}

const rejection = (text: string) =>
  instantiate(text).then(
    () => undefined,
    (cause: unknown) => cause,
  );

describe('a guest that fails while it is instantiated', () => {
  it.each([
    [
      '(module (func (export "_initialize") unreachable))',
      /^instantiate: the guest trapped in _initialize: .*unreachable/,
    ],
    [
      '(module (func $f (export "_initialize") (call $f)))',
      /^instantiate: the guest trapped in _initialize: .*call stack/,
    ],
    [
      '(module (func $f unreachable) (start $f))',
      /^instantiate: the guest trapped in its start function or a segment: .*unreachable/,
    ],
  ])('%s says where it trapped', async (text, message) => {
    const error = await rejection(text);
    expect(error).not.toBeInstanceOf(WasiNNError);
    expect(error).toMatchObject({ message: expect.stringMatching(message), stack: expect.stringContaining('wasm') });
  });

  it('says that it raised a signal in _initialize', async () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
      (func (export "_initialize") (drop (call $raise (i32.const 6)))))`;
    const message = 'instantiate: the guest trapped in _initialize: the guest raised signal 6';
    expect(await rejection(text)).toMatchObject({ message });
  });

  it('says that it exited in _initialize', async () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_initialize") (call $exit (i32.const 3))))`;
    expect(await rejection(text)).toMatchObject({
      message: 'instantiate: the guest exited with code 3 in _initialize',
    });
  });
});

it('calls _initialize once, before anything else', async () => {
  const text = `(module
    (global $calls (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $calls (i32.add (global.get $calls) (i32.const 1))))
    (func (export "calls") (result i32) (global.get $calls)))`;
  expect((await instantiate(text)).functions.get('calls')?.()).toBe(1);
});
