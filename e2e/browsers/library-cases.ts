import { type Case, makeCase, near, scores } from './case.js';
import type { ProbeExports } from './case-page.js';

// Guests whose functions the page calls: components, and core modules of both ABIs.

interface ClassifyExports {
  classify(image: object, model: object, top: number): Promise<{ class: number; probability: number }[]>;
}

const classify = makeCase({
  name: 'classify.component.wasm finds the most probable digits, and what is meant for WebGPU runs where there is none',
  argument: ['digits', 'digits on the GPU'],
  action: async (models) => {
    const { nn, start } = casePage;
    const events: string[] = [];
    nn.addEventListener('load', ({ detail }) => events.push(`load on ${detail.device.provider}`));
    nn.addEventListener('fallback', ({ detail }) => events.push(`fallback of ${detail.name}`));
    const { exports } = await start<ClassifyExports>('classify.component.wasm');
    const pixels = Uint8Array.from({ length: 40 * 40 * 4 }, (_, index) => (index * 7) % 256);
    const input = { input: 'image', width: 28, height: 28, colour: 'grey', mean: [0], deviation: [1] };
    const answers: object[] = [];
    for (const name of models) {
      const model = { ...input, name, inverted: true, softmax: true };
      const guesses = await exports.classify({ width: 40, height: 40, pixels: pixels.slice() }, model, 3);
      answers.push({
        classes: guesses.map((guess) => guess.class),
        probabilities: guesses.map(({ probability }) => probability),
      });
    }
    return { answers, events };
  },
  expected: {
    answers: Array.from({ length: 2 }, () => ({
      classes: [6, 8, 3],
      probabilities: near([0.95214, 0.04705, 0.00033]),
    })),
    events: ['load on wasm', 'fallback of digits on the GPU', 'load on wasm'],
  },
});

const probe = makeCase({
  name: 'probe.component.wasm loads a model by name and from bytes, computes, and meets errors',
  argument: undefined,
  action: async () => {
    const { start, image, floats, failure } = casePage;
    const { exports } = await start<ProbeExports>('probe.component.wasm');
    const model = new Uint8Array(await (await fetch('/models/digits.onnx')).arrayBuffer());
    const answers: number[][] = [];
    for (const graph of [await exports.loadByName('digits'), await exports.load([model], 'onnx', 'cpu')]) {
      const [output] = await exports.compute(graph, [image()], true);
      answers.push(floats(output?.data));
      await exports.unload(graph);
    }
    const errors = [
      await failure(exports.loadByName('nothing')),
      await failure(exports.load([new Uint8Array(4)], 'onnx', 'cpu')),
      await failure(exports.loadByName('digits').then((graph) => exports.compute(graph, [], false))),
      await failure(exports.trap()),
    ];
    return { answers, errors };
  },
  expected: {
    answers: [near(scores), near(scores)],
    errors: ['GuestError: not-found', 'GuestError: invalid-encoding', 'GuestError: invalid-argument', 'GuestTrap'],
  },
});

const olderProbes = makeCase({
  name: 'probe-06-25.component.wasm and probe-08-19.component.wasm set inputs, compute and get outputs',
  argument: ['06-25', '08-19'],
  action: async (versions) => {
    const { start, image, floats, failure } = casePage;
    const answers: object[] = [];
    for (const version of versions) {
      const { exports } = await start<ProbeExports>(`probe-${version}.component.wasm`);
      const graph = await exports.loadByName('digits');
      const [output] = await exports.compute(graph, [image()], ['scores'], true);
      const error = await failure(exports.compute(graph, [], ['scores'], false));
      answers.push({ scores: floats(output?.data), error });
    }
    return answers;
  },
  expected: Array.from({ length: 2 }, () => ({ scores: near(scores), error: 'GuestError: invalid-argument' })),
});

/** More than a guest that blocks can be given at once, and what a careless conversion would change. */
const longTensors = makeCase({
  name: 'probe.component.wasm gets tensors back as they were, of 3 MiB as of none',
  argument: [0, 1, 1 << 20, 3 << 20],
  action: async (lengths) => {
    const { start, tensor } = casePage;
    const { exports } = await start<ProbeExports>('probe.component.wasm');
    const graph = await exports.loadByName('identity');
    const unchanged: boolean[] = [];
    for (const length of lengths) {
      const data = Uint8Array.from({ length }, (_, index) => Math.imul(index, 2654435761) >>> 24);
      const [computed] = await exports.compute(graph, [tensor('in', 'U8', [length], data)], true);
      const returned = await exports.roundTrip(tensor('any', 'U8', [length], data));
      for (const bytes of [computed?.data, returned.data]) {
        unchanged.push(bytes?.length === length && bytes.every((byte, index) => byte === data[index]));
      }
    }
    return unchanged;
  },
  expected: Array.from({ length: 8 }, () => true),
});

/** `nn_errno.not_found` of `wasi_ephemeral_nn`. */
const notFound = 8;

const coreModuleProbe = makeCase({
  name: 'witx-probe.wasm (wasi_ephemeral_nn) computes what the page writes into its memory',
  argument: undefined,
  action: async () => {
    const { startCoreModule, image, words, floats } = casePage;
    const { call, place, read } = await startCoreModule('witx-probe.wasm');
    const { data } = image();
    const name = await place(new TextEncoder().encode('digits'));
    const dimensions = await place(words(1, 1, 28, 28));
    const tensor = await place(words(dimensions, 4, 1, await place(data), data.byteLength));
    const [graph, context, written] = [await place(words(9)), await place(words(9)), await place(words(9))];
    const room = await place(new Uint8Array(40));
    const errnos = [
      await call('load_by_name', name, 6, graph),
      await call('init_execution_context', 0, context),
      await call('set_input', 0, 0, tensor),
      await call('compute', 0),
      await call('get_output', 0, 0, room, 40, written),
      await call('load_by_name', name, 5, graph),
    ];
    return { errnos, scores: floats(await read(room, 40)), written: [...(await read(written, 4))] };
  },
  expected: { errnos: [0, 0, 0, 0, 0, notFound], scores: near(scores), written: [40, 0, 0, 0] },
});

const wamrProbe = makeCase({
  name: 'wamr-probe.wasm (wasi_nn) computes what the page writes into its memory',
  argument: undefined,
  action: async () => {
    const { startCoreModule, image, words, floats } = casePage;
    const { call, place, read } = await startCoreModule('wamr-probe.wasm');
    const name = await place(new TextEncoder().encode('digits'));
    const shape = await place(words(await place(words(1, 1, 28, 28)), 4));
    const tensor = await place(words(shape, 1, await place(image().data)));
    const [graph, context, size] = [await place(words(9)), await place(words(9)), await place(words(10))];
    const room = await place(new Uint8Array(40));
    const errnos = [
      await call('load_by_name', name, 6, graph),
      await call('init_execution_context', 0, context),
      await call('set_input', 0, 0, tensor),
      await call('compute', 0),
      await call('get_output', 0, 0, room, size),
    ];
    return { errnos, scores: floats(await read(room, 40)), size: [...(await read(size, 4))] };
  },
  expected: { errnos: [0, 0, 0, 0, 0], scores: near(scores), size: [10, 0, 0, 0] },
});

const memory = makeCase({
  name: 'the memory of witx-probe.wasm can be read and written where it has grown, and not beyond',
  argument: undefined,
  action: async () => {
    const { startCoreModule, failure } = casePage;
    const { call, place, read } = await startCoreModule('witx-probe.wasm');
    const pageBytes = 1 << 16;
    const beyond = await failure(read(pageBytes, 1));
    const pages = await call('grow', 40);
    const bytes = Uint8Array.from({ length: 40 * pageBytes - 8 }, (_, index) => index % 251);
    const address = await place(bytes);
    const kept = await read(address, bytes.byteLength);
    return {
      beyond,
      pages,
      kept: kept.every((byte, index) => byte === bytes[index]),
      still: await failure(read(41 * pageBytes, 1)),
    };
  },
  expected: {
    beyond: 'WasiNNError: invalid-argument',
    pages: 1,
    kept: true,
    still: 'WasiNNError: invalid-argument',
  },
});

const waiting = makeCase({
  name: 'a guest waits as the browser can by default, and is refused where the page asks for a suspension that the browser lacks',
  argument: undefined,
  action: async () => {
    const { nn, failure } = casePage;
    const guest = '/guests/witx-probe.wasm';
    const canSuspend = 'Suspending' in WebAssembly;
    const suspended = await failure(nn.instantiate(guest, { waiting: 'suspend' }));
    return {
      byDefault: await failure(nn.instantiate(guest)),
      suspended: suspended === (canSuspend ? 'none' : 'WasiNNError: unsupported-operation'),
    };
  },
  expected: { byDefault: 'none', suspended: true },
});

export const libraryCases: readonly Case[] = [
  classify,
  probe,
  olderProbes,
  longTensors,
  coreModuleProbe,
  wamrProbe,
  memory,
  waiting,
];
