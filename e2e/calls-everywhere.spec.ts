import type { Waiting, WasiNN } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { moduleOf, serveGuest } from './browsers/text-guest.js';

// Calls into a guest run one after another, in the order in which they were made, however the guest waits.

/**
 * `remember(value, waits)` puts a value on the stack in its memory, as compiled code does, waits for the engine `waits`
 * times, and answers with what it finds there. `keep` does the same and leaves the value at 64.
 */
const remembering = `
  (global $stack (mut i32) (i32.const 4096))
  (data (i32.const 16) "nothing")
  (func $remember (export "remember") (param $value i32) (param $waits i32) (result i32)
    (local $frame i32)
    (local.set $frame (i32.sub (global.get $stack) (i32.const 16)))
    (global.set $stack (local.get $frame))
    (i32.store (local.get $frame) (local.get $value))
    (loop $next
      (drop (call $load_by_name (i32.const 16) (i32.const 7) (i32.const 32)))
      (local.set $waits (i32.sub (local.get $waits) (i32.const 1)))
      (br_if $next (local.get $waits)))
    (global.set $stack (i32.add (local.get $frame) (i32.const 16)))
    (i32.load (local.get $frame)))
  (func (export "keep") (param $value i32) (param $waits i32)
    (i32.store (i32.const 64) (call $remember (local.get $value) (local.get $waits))))
  (func (export "trap") unreachable)`;

interface Remembering {
  remember(value: number, waits: number): Promise<number>;
  keep(value: number, waits: number): Promise<void>;
  trap(): Promise<void>;
}

declare global {
  /** What all guests of the page share. */
  var callsNN: WasiNN;
}

test('calls into guests run one after another, and each gets its own answer', async ({ tab, site, waiting }) => {
  serveGuest(site, '/remembering.wasm', await moduleOf(remembering));
  serveGuest(site, '/calling.wasm', await moduleOf(calling, pageFunctions));
  await tab.open(`${site.origin}/blank.html`);
  await runIn(tab, startRuntime, undefined);
  await test.step('calls of a core module that overlap do not share its stack', async () => {
    expect(await runIn(tab, overlapCalls, waiting)).toEqual([0, 1, 2, 3]);
  });
  await test.step('memory is read and written in turn with calls, and a guest that trapped says so', async () => {
    expect(await runIn(tab, mixCalls, waiting)).toEqual([
      ...[0, null, 7, 'GuestTrap', 9],
      expect.stringMatching(/^the guest trapped in an earlier call \(.+\) and cannot be called again: /),
    ]);
  });
  const component = 'calls of a component that overlap answer each with its own, and one without a field is refused';
  await test.step(component, async () => {
    expect(await runIn(tab, overlapComponentCalls, waiting)).toEqual([
      ...[0, 1, 2, 3, 4, 5, 6, 7],
      'invalid-argument: the values of the call do not fit the types of the function: a record has no field data',
      8,
      'GuestError',
      'fault: load-by-name: not-found',
    ]);
  });
  await test.step('a core module calls functions of the page, and says why it traps', async () => {
    expect(await runIn(tab, callPage, waiting)).toEqual({
      sum: '42n',
      steps: ['start', waiting === 'suspend' ? 'a byte of 112' : 'unsupported-operation'],
      failure: 'page.fail: out of paper',
      panic: expect.stringMatching(/^panicked\n\(the guest trapped: .+\)$/),
      stderr: 'panicked',
      wasmStack: expect.stringMatching(/wasm/),
      refused: 'imports: "wasi_nn" is what this library provides, and cannot be replaced',
    });
  });
});

async function startRuntime(): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  globalThis.callsNN = createWasiNN({ models: { echo: { backend: 'echo' } } });
}

async function overlapCalls(waiting: Waiting): Promise<unknown> {
  const { exports } = await callsNN.instantiate<Remembering>('/remembering.wasm', { waiting });
  const first = exports.remember(0, 1);
  const second = exports.remember(1, 50);
  const answers = [await first];
  // The second still waits. The first has given back its part of the stack, below that of the second.
  answers.push(...(await Promise.all([second, exports.remember(2, 1), exports.remember(3, 1)])));
  return answers;
}

async function mixCalls(waiting: Waiting): Promise<unknown> {
  const { exports, memory } = await callsNN.instantiate<Remembering>('/remembering.wasm', { waiting });
  const read = async () => (await memory?.read(64, 1))?.[0];
  return Promise.all([
    read(),
    exports.keep(7, 5),
    read(),
    exports.trap().catch((cause) => cause.name),
    memory?.write(64, new Uint8Array([9])).then(read),
    exports.remember(5, 2).catch((cause) => cause.message),
  ]);
}

async function overlapComponentCalls(waiting: Waiting): Promise<unknown> {
  interface Tensor {
    readonly name: string;
    readonly dimensions: Uint32Array;
    readonly ty: string;
    readonly data: Uint8Array;
  }
  interface Probe {
    loadByName(name: string): Promise<number>;
    compute(graph: number, inputs: readonly Tensor[], keepContext: boolean): Promise<Tensor[]>;
  }
  const nn = globalThis.callsNN;
  const { exports } = await nn.instantiate<Probe>('/guests/probe.component.wasm', { waiting });
  const graph = await exports.loadByName('echo');
  const computeOn = async (value: number) => {
    const input = { name: 'x', dimensions: Uint32Array.of(1), ty: 'U8', data: Uint8Array.of(value) };
    const [output] = await exports.compute(graph, [input], false);
    return output?.data[0];
  };
  const outputs = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(computeOn));
  const incomplete = JSON.parse('{ "name": "x", "dimensions": [1], "ty": "U8" }');
  const failure = await exports.compute(graph, [incomplete], false).catch((cause) => `${cause.code}: ${cause.message}`);
  const eighth = await computeOn(8);
  const faults: string[] = [];
  nn.addEventListener('fault', ({ detail: { type, functionName, error } }) => {
    faults.push(`${type}: ${functionName}: ${error.code}`);
  });
  const unknown = await exports.loadByName('nobody').catch((cause) => cause.name);
  return [...outputs, failure, eighth, unknown, ...faults];
}

/** Calls functions of the page, and traps with words. */
const pageFunctions = `
  (import "bench" "start" (func $start))
  (import "page" "add" (func $add (param i32 i64) (result i64)))
  (import "page" "fail" (func $fail))`;
const calling = `
  (data (i32.const 0) "\\10\\00\\00\\00\\08\\00\\00\\00")
  (data (i32.const 16) "panicked")
  (func (export "add") (param i32 i64) (result i64) (call $start) (call $add (local.get 0) (local.get 1)))
  (func (export "fail") (call $fail))
  (func (export "panic") (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) unreachable)`;

async function callPage(waiting: Waiting): Promise<unknown> {
  interface Calling {
    add(one: number, other: bigint): Promise<bigint>;
    fail(): Promise<void>;
    panic(): Promise<void>;
  }
  const library = '/lib/wasi-nn-web.js';
  const { GuestTrap }: typeof import('../src/index.js') = await import(library);
  const nn = globalThis.callsNN;
  const steps: string[] = [];
  const imports = {
    bench: { start: () => void steps.push('start') },
    page: {
      async add(one: number, other: bigint) {
        const byte = await guest.memory?.read(16, 1).then(
          ([first]) => `a byte of ${first}`,
          (cause) => cause.code,
        );
        steps.push(byte);
        return BigInt(one) + other;
      },
      fail() {
        throw new Error('out of paper');
      },
    },
  };
  const start = () => nn.instantiate<Calling>('/calling.wasm', { waiting, imports });
  const guest = await start();
  const sum = await guest.exports.add(2, 40n);
  const panic = await guest.exports.panic().catch((cause) => cause);
  const failing = await start();
  const failure = await failing.exports.fail().catch((cause) => cause.message);
  const refused = await nn.instantiate('/calling.wasm', { imports: { wasi_nn: {} } }).catch((cause) => cause.message);
  if (!(panic instanceof GuestTrap)) throw panic;
  const { message, stderr, wasmStack } = panic;
  return { sum: `${sum}n`, steps, failure, panic: message, stderr, wasmStack, refused };
}
