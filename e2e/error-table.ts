import type { Page } from '@playwright/test';
import { type CoreModuleGuest, openContext, placeTensor, words } from './core-module-page.js';
import { ask, type Outcome, type PlainTensor, succeeded } from './guest-page.js';

/**
 * The faults that guests can meet: what each is called in `docs/errors.md`, which is made of this table, and how a real
 * guest runs into it. Those who can state a fault in both kinds of ABI, do.
 */
export interface Fault {
  readonly operation: string;
  readonly fault: string;
  readonly code: string;
  readonly errno: number;
  /** Pieces of the text that a WIT guest reads; they show what it says. */
  readonly text: readonly string[];
  /** How the guest of wasi:nn 0.2.0-rc-2024-10-28 meets it. */
  readonly wit?: (arena: Arena) => Promise<Outcome<unknown>>;
  /** How the guest of 0.2.0-rc-2024-08-19 meets it. */
  readonly older?: (arena: Arena) => Promise<Outcome<unknown>>;
  /** How the guest of `wasi_ephemeral_nn` meets it; resolves to the errno. */
  readonly coreModule?: (arena: Arena) => Promise<number>;
}

/** Where faults are met: a page with three guests on one engine. */
export interface Arena {
  readonly page: Page;
  /** The digits model, as bytes. */
  readonly digits: Uint8Array;
  readonly coreModule: CoreModuleGuest;
  /** Graphs and contexts of the digits model, ready for use. */
  readonly graph: number;
  readonly olderContext: number;
  readonly coreModuleGraph: number;
  readonly coreModuleContext: number;
}

/** Models that the page registers beside `digits`; the test's server answers accordingly. */
export const faultyModels = [
  'gone',
  'broken',
  'html',
  'truncated',
  'empty',
  'gguf',
  'unreachable',
  'misshapen',
] as const;

/** The page's limit for models that guests bring. */
export const modelBytes = 1 << 20;

const text = (value: string) => new TextEncoder().encode(value);
const beyond = 0xfffffff0;
const digit: PlainTensor = { name: 'image', ty: 'FP32', dimensions: [1, 1, 28, 28], data: new Uint8Array(3136) };
const float = 1;

const loadWit = (parts: readonly Uint8Array[], encoding: string) => (arena: Arena) =>
  ask(arena.page, 'probe', 'load', parts, encoding, 'cpu');

const loadCoreModule =
  (parts: readonly Uint8Array[], encoding: number, target = 0) =>
  async ({ coreModule }: Arena) => {
    const builders: number[] = [];
    for (const part of parts) builders.push(await coreModule.place(part), part.byteLength);
    return coreModule.call(
      'load',
      await coreModule.place(words(...builders)),
      parts.length,
      encoding,
      target,
      await coreModule.place(words(0)),
    );
  };

const loadNameWit = (name: string) => (arena: Arena) => ask(arena.page, 'probe', 'loadByName', name);

const loadNameCoreModule =
  (name: string) =>
  async ({ coreModule }: Arena) => {
    const bytes = text(name);
    return coreModule.call(
      'load_by_name',
      await coreModule.place(bytes),
      bytes.byteLength,
      await coreModule.place(words(0)),
    );
  };

const computeWit =
  (...inputs: readonly PlainTensor[]) =>
  (arena: Arena) =>
    ask(arena.page, 'probe', 'compute', arena.graph, inputs, true);

const setOlder = (tensor: PlainTensor) => (arena: Arena) =>
  ask(arena.page, 'older', 'setInput', arena.olderContext, tensor);

const setCoreModule =
  (tensor: { dimensions: readonly number[]; type: number; data: Uint8Array }, index = 0) =>
  async ({ coreModule, coreModuleContext }: Arena) =>
    coreModule.call('set_input', coreModuleContext, index, await placeTensor(coreModule, tensor));

/** What no model begins with. */
const noise = Uint8Array.from({ length: 64 }, (_, index) => 0xf0 + (index % 16));
const coreModuleDigit = { dimensions: [1, 1, 28, 28], type: float, data: new Uint8Array(3136) };

const loading: readonly Fault[] = [
  {
    operation: 'load',
    fault: 'no builder',
    code: 'invalid-argument',
    errno: 1,
    text: ['no graph builder came'],
    wit: loadWit([], 'onnx'),
    coreModule: loadCoreModule([], 1),
  },
  {
    operation: 'load',
    fault: 'more builders than the model has files',
    code: 'invalid-argument',
    errno: 1,
    text: ['1 part', '2 came'],
    wit: (arena) => loadWit([arena.digits, arena.digits], 'onnx')(arena),
    coreModule: (arena) => loadCoreModule([arena.digits, arena.digits], 1)(arena),
  },
  {
    operation: 'load',
    fault: 'bytes that do not parse',
    code: 'invalid-encoding',
    errno: 2,
    text: ['onnxruntime cannot load the model', 'protobuf parsing failed'],
    wit: (arena) => loadWit([arena.digits.slice(0, 5000)], 'onnx')(arena),
    coreModule: (arena) => loadCoreModule([arena.digits.slice(0, 5000)], 1)(arena),
  },
  {
    operation: 'load',
    fault: 'an HTML page in place of a model',
    code: 'invalid-encoding',
    errno: 2,
    text: ['expected onnx', 'an HTML page'],
    wit: loadWit([text('<!doctype html><html>')], 'onnx'),
    coreModule: loadCoreModule([text('<!doctype html><html>')], 1),
  },
  {
    operation: 'load',
    fault: 'gzip-compressed bytes',
    code: 'invalid-encoding',
    errno: 2,
    text: ['gzip'],
    wit: loadWit([Uint8Array.of(0x1f, 0x8b, 8, 0)], 'onnx'),
    coreModule: loadCoreModule([Uint8Array.of(0x1f, 0x8b, 8, 0)], 1),
  },
  {
    operation: 'load',
    fault: 'another encoding than stated',
    code: 'invalid-encoding',
    errno: 2,
    text: ['expected openvino', 'ONNX'],
    wit: (arena) => loadWit([arena.digits], 'openvino')(arena),
    coreModule: (arena) => loadCoreModule([arena.digits], 0)(arena),
  },
  {
    operation: 'load',
    fault: 'a damaged GGUF file',
    code: 'invalid-encoding',
    errno: 2,
    text: ['GGUF', 'damaged'],
    wit: loadWit([text('GGUF\x03\0\0\0')], 'ggml'),
    coreModule: loadCoreModule([text('GGUF\x03\0\0\0')], 6),
  },
  {
    operation: 'load',
    fault: 'a model of more bytes than the page allows',
    code: 'too-large',
    errno: 7,
    text: [`${modelBytes + 1} bytes of a model`, 'that the page allows'],
    wit: loadWit([new Uint8Array(modelBytes + 1)], 'onnx'),
    coreModule: loadCoreModule([new Uint8Array(modelBytes + 1)], 1),
  },
  {
    operation: 'load',
    fault: 'autodetect of bytes in no known format',
    code: 'invalid-encoding',
    errno: 2,
    text: ['unknown format', 'served'],
    wit: loadWit([noise], 'autodetect'),
    coreModule: loadCoreModule([noise], 5),
  },
  {
    operation: 'load',
    fault: 'a number that is no encoding',
    code: '',
    errno: 2,
    text: [],
    coreModule: (arena) => loadCoreModule([arena.digits], 77)(arena),
  },
  {
    operation: 'load',
    fault: 'a number that is no execution target',
    code: '',
    errno: 1,
    text: [],
    coreModule: (arena) => loadCoreModule([arena.digits], 1, 9)(arena),
  },
  {
    operation: 'load',
    fault: 'a builder array outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) => coreModule.call('load', beyond, 2, 1, 0, await coreModule.place(words(0))),
  },
  {
    operation: 'load',
    fault: 'a builder outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load', await coreModule.place(words(beyond, 100)), 1, 1, 0, await coreModule.place(words(0))),
  },
  {
    operation: 'load',
    fault: 'an absurd number of builders',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load', await coreModule.place(words(0, 0)), 0xffffffff, 1, 0, await coreModule.place(words(0))),
  },
  {
    operation: 'load',
    fault: 'a misaligned builder array',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load', (await coreModule.place(words(0, 0, 0))) + 1, 1, 1, 0, await coreModule.place(words(0))),
  },
  {
    operation: 'load',
    fault: 'a place for the graph outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, digits }) =>
      coreModule.call(
        'load',
        await coreModule.place(words(await coreModule.place(digits), digits.byteLength)),
        1,
        1,
        0,
        beyond,
      ),
  },
];

const naming: readonly Fault[] = [
  {
    operation: 'load-by-name',
    fault: 'a name that is not registered',
    code: 'not-found',
    errno: 8,
    text: ['"nobody"', 'registered are', '"digits"'],
    wit: loadNameWit('nobody'),
    coreModule: loadNameCoreModule('nobody'),
  },
  {
    operation: 'load-by-name',
    fault: 'a URL that answers 404 or 410',
    code: 'not-found',
    errno: 8,
    text: ['"gone"', '/gone.onnx', '404'],
    wit: loadNameWit('gone'),
    coreModule: loadNameCoreModule('gone'),
  },
  {
    operation: 'load-by-name',
    fault: 'a URL that answers another error',
    code: 'runtime-error',
    errno: 5,
    text: ['"broken"', '500'],
    wit: loadNameWit('broken'),
    coreModule: loadNameCoreModule('broken'),
  },
  {
    operation: 'load-by-name',
    fault: 'a URL that cannot be reached',
    code: 'runtime-error',
    errno: 5,
    text: ['"unreachable"', 'could not be reached'],
    wit: loadNameWit('unreachable'),
    coreModule: loadNameCoreModule('unreachable'),
  },
  {
    operation: 'load-by-name',
    fault: 'a URL that answers an HTML page',
    code: 'invalid-encoding',
    errno: 2,
    text: ['"html"', 'an HTML page'],
    wit: loadNameWit('html'),
    coreModule: loadNameCoreModule('html'),
  },
  {
    operation: 'load-by-name',
    fault: 'a file that does not parse',
    code: 'invalid-encoding',
    errno: 2,
    text: ['"truncated"', 'protobuf'],
    wit: loadNameWit('truncated'),
    coreModule: loadNameCoreModule('truncated'),
  },
  {
    operation: 'load-by-name',
    fault: 'an empty file',
    code: 'invalid-encoding',
    errno: 2,
    text: ['"empty"', 'an empty file'],
    wit: loadNameWit('empty'),
    coreModule: loadNameCoreModule('empty'),
  },
  {
    operation: 'load-by-name',
    fault: 'a damaged GGUF file',
    code: 'invalid-encoding',
    errno: 2,
    text: ['"gguf"', 'GGUF', 'damaged'],
    wit: loadNameWit('gguf'),
    coreModule: loadNameCoreModule('gguf'),
  },
  {
    operation: 'load-by-name',
    fault: 'a target that is not there, where nothing may stand in for it',
    code: 'unsupported-operation',
    errno: 6,
    text: ['"strict"', '"gpu"', 'webgpu: '],
    wit: loadNameWit('strict'),
    coreModule: loadNameCoreModule('strict'),
  },
  {
    operation: 'load-by-name',
    fault: 'a name that is not UTF-8',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call(
        'load_by_name',
        await coreModule.place(Uint8Array.of(0xc3, 0x28)),
        2,
        await coreModule.place(words(0)),
      ),
  },
  {
    operation: 'load-by-name',
    fault: 'a name outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load_by_name', beyond, 100, await coreModule.place(words(0))),
  },
  {
    operation: 'load-by-name',
    fault: 'an absurd length of the name',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load_by_name', 0, 0xffffffff, await coreModule.place(words(0))),
  },
  {
    operation: 'load-by-name',
    fault: 'a place for the graph outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('load_by_name', await coreModule.place(text('digits')), 6, beyond),
  },
];

const inputs: readonly Fault[] = [
  {
    operation: 'compute',
    fault: 'an input that the graph does not have',
    code: 'invalid-argument',
    errno: 1,
    text: ['no input "picture"', '"image" FP32 [1, 1, 28, 28]'],
    wit: computeWit({ ...digit, name: 'picture' }),
    older: setOlder({ ...digit, name: 'picture' }),
    coreModule: setCoreModule(coreModuleDigit, 1),
  },
  {
    operation: 'compute',
    fault: 'an input of another type',
    code: 'invalid-argument',
    errno: 1,
    text: ['expects FP32', 'I32 [1, 1, 28, 28] came'],
    wit: computeWit({ ...digit, ty: 'I32' }),
    older: setOlder({ ...digit, ty: 'I32' }),
    coreModule: setCoreModule({ ...coreModuleDigit, type: 4 }),
  },
  {
    operation: 'compute',
    fault: 'BF16, which the runtime does not have',
    code: 'invalid-argument',
    errno: 1,
    text: ['expects FP32', 'BF16'],
    wit: computeWit({ ...digit, ty: 'BF16' }),
    older: setOlder({ ...digit, ty: 'BF16' }),
  },
  {
    operation: 'compute',
    fault: 'an input of another rank',
    code: 'invalid-argument',
    errno: 1,
    text: ['expects FP32 [1, 1, 28, 28]', '[28, 28]'],
    wit: computeWit({ ...digit, dimensions: [28, 28] }),
    older: setOlder({ ...digit, dimensions: [28, 28] }),
    coreModule: setCoreModule({ ...coreModuleDigit, dimensions: [28, 28] }),
  },
  {
    operation: 'compute',
    fault: 'an input of another shape',
    code: 'invalid-argument',
    errno: 1,
    text: ['expects FP32 [1, 1, 28, 28]', '[1, 1, 14, 56]'],
    wit: computeWit({ ...digit, dimensions: [1, 1, 14, 56] }),
    older: setOlder({ ...digit, dimensions: [1, 1, 14, 56] }),
    coreModule: setCoreModule({ ...coreModuleDigit, dimensions: [1, 1, 14, 56] }),
  },
  {
    operation: 'compute',
    fault: 'more or fewer bytes than the shape has',
    code: 'invalid-argument',
    errno: 1,
    text: ['3136 bytes', '100 came'],
    wit: computeWit({ ...digit, data: new Uint8Array(100) }),
    older: setOlder({ ...digit, data: new Uint8Array(100) }),
    coreModule: setCoreModule({ ...coreModuleDigit, data: new Uint8Array(100) }),
  },
  {
    operation: 'compute',
    fault: 'absurd dimensions',
    code: 'invalid-argument',
    errno: 1,
    text: ['4294967295'],
    wit: computeWit({ ...digit, dimensions: [0xffffffff, 0xffffffff, 28, 28] }),
    older: setOlder({ ...digit, dimensions: [0xffffffff, 0xffffffff, 28, 28] }),
    coreModule: setCoreModule({ ...coreModuleDigit, dimensions: [0xffffffff, 0xffffffff, 28, 28] }),
  },
  {
    operation: 'compute',
    fault: 'an input given twice',
    code: 'invalid-argument',
    errno: 1,
    text: ['"image" came more than once'],
    wit: computeWit(digit, digit),
  },
  {
    operation: 'compute',
    fault: 'an input that is missing',
    code: 'invalid-argument',
    errno: 1,
    text: ['"image" is missing', 'FP32 [1, 1, 28, 28]'],
    wit: computeWit(),
    older: freshOlder('run'),
    coreModule: async ({ coreModule }) => coreModule.call('compute', (await openContext(coreModule, 'digits')).context),
  },
  {
    operation: 'compute',
    fault: 'inputs that the model cannot be computed on',
    code: 'runtime-error',
    errno: 5,
    text: ['onnxruntime failed', 'Reshape'],
    wit: computeMisshapen,
  },
  {
    operation: 'compute',
    fault: 'a context that is not there',
    code: '',
    errno: 1,
    text: [],
    coreModule: ({ coreModule }) => coreModule.call('compute', 4711),
  },
  {
    operation: 'set-input',
    fault: 'a type that is none',
    code: '',
    errno: 1,
    text: [],
    coreModule: setCoreModule({ ...coreModuleDigit, type: 99 }),
  },
  {
    operation: 'set-input',
    fault: 'a context that is not there',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('set_input', 4711, 0, await placeTensor(coreModule, coreModuleDigit)),
  },
  {
    operation: 'set-input',
    fault: 'a tensor outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: ({ coreModule, coreModuleContext }) => coreModule.call('set_input', coreModuleContext, 0, beyond),
  },
  {
    operation: 'set-input',
    fault: 'a misaligned tensor',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, coreModuleContext }) =>
      coreModule.call('set_input', coreModuleContext, 0, (await placeTensor(coreModule, coreModuleDigit)) + 2),
  },
  {
    operation: 'set-input',
    fault: 'an absurd number of dimensions',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, coreModuleContext }) =>
      coreModule.call('set_input', coreModuleContext, 0, await coreModule.place(words(8, 0xffffffff, float, 8, 4))),
  },
  {
    operation: 'set-input',
    fault: 'data outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, coreModuleContext }) =>
      coreModule.call('set_input', coreModuleContext, 0, await coreModule.place(words(8, 1, float, beyond, 3136))),
  },
];

const outputs: readonly Fault[] = [
  {
    operation: 'get-output',
    fault: 'no output yet: compute has not succeeded',
    code: 'runtime-error',
    errno: 5,
    text: ['no outputs yet', 'call compute first'],
    older: freshOlder('getOutput', 'scores'),
    coreModule: async ({ coreModule }) =>
      getOutput(coreModule, (await openContext(coreModule, 'digits')).context, 0, 40),
  },
  {
    operation: 'get-output',
    fault: 'an output that the graph does not have',
    code: 'invalid-argument',
    errno: 1,
    text: ['no output "nothing"', '"scores"'],
    older: ({ page, olderContext }) => ask(page, 'older', 'getOutput', olderContext, 'nothing'),
    coreModule: ({ coreModule, coreModuleContext }) => getOutput(coreModule, coreModuleContext, 1, 40),
  },
  {
    operation: 'get-output',
    fault: 'a buffer that is too small (the size needed is written, the buffer left alone)',
    code: '',
    errno: 7,
    text: [],
    coreModule: ({ coreModule, coreModuleContext }) => getOutput(coreModule, coreModuleContext, 0, 39),
  },
  {
    operation: 'get-output',
    fault: 'a buffer outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, coreModuleContext }) =>
      coreModule.call('get_output', coreModuleContext, 0, beyond, 40, await coreModule.place(words(0))),
  },
  {
    operation: 'get-output',
    fault: 'a place for the size outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule, coreModuleContext }) =>
      coreModule.call('get_output', coreModuleContext, 0, await coreModule.place(new Uint8Array(40)), 40, beyond),
  },
  {
    operation: 'get-output',
    fault: 'a context that is not there',
    code: '',
    errno: 1,
    text: [],
    coreModule: ({ coreModule }) => getOutput(coreModule, 4711, 0, 40),
  },
];

const lifetimes: readonly Fault[] = [
  {
    operation: 'init-execution-context',
    fault: 'a graph that is not there',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) =>
      coreModule.call('init_execution_context', 4711, await coreModule.place(words(0))),
  },
  {
    operation: 'init-execution-context',
    fault: 'a place for the context outside of the memory',
    code: '',
    errno: 1,
    text: [],
    coreModule: ({ coreModule, coreModuleGraph }) => coreModule.call('init_execution_context', coreModuleGraph, beyond),
  },
  {
    operation: 'unload',
    fault: 'a graph that is unloaded already',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) => {
      const { graph } = await openContext(coreModule, 'digits');
      await coreModule.call('unload', graph);
      return coreModule.call('unload', graph);
    },
  },
  {
    operation: 'compute',
    fault: 'a graph that is unloaded',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) => {
      const { graph, context } = await openContext(coreModule, 'digits');
      await coreModule.call('unload', graph);
      return coreModule.call('compute', context);
    },
  },
  {
    operation: 'finalize-execution-context',
    fault: 'a context that is finalized already',
    code: '',
    errno: 1,
    text: [],
    coreModule: async ({ coreModule }) => {
      const { context } = await openContext(coreModule, 'digits');
      await coreModule.call('finalize_execution_context', context);
      return coreModule.call('finalize_execution_context', context);
    },
  },
];

export const faults: readonly Fault[] = [...loading, ...naming, ...inputs, ...outputs, ...lifetimes];

/** A call in a context of the older guest that nothing has been done with. */
function freshOlder(name: string, ...values: readonly unknown[]) {
  return async ({ page }: Arena): Promise<Outcome<unknown>> => {
    const graph = succeeded(await ask<number>(page, 'older', 'loadByName', 'digits'));
    const context = succeeded(await ask<number>(page, 'older', 'initContext', graph));
    return ask(page, 'older', name, context, ...values);
  };
}

/** A model whose input is a shape: no check before the run can know that it fits nothing. */
async function computeMisshapen({ page }: Arena): Promise<Outcome<unknown>> {
  const graph = succeeded(await ask<number>(page, 'probe', 'loadByName', 'misshapen'));
  const data = new Uint8Array(words(0, 0).byteLength);
  data.set([7]);
  return ask(page, 'probe', 'compute', graph, [{ name: 'shape', ty: 'I64', dimensions: [1], data }], true);
}

async function getOutput(coreModule: CoreModuleGuest, context: number, index: number, size: number): Promise<number> {
  const buffer = await coreModule.place(new Uint8Array(size));
  return coreModule.call('get_output', context, index, buffer, size, await coreModule.place(words(0)));
}

/** The document that lists all faults. */
export function renderErrors(): string {
  const rows = faults.map(({ operation, fault, code, errno, text }) => {
    const words = text.map((piece) => `“${piece}”`).join(' … ');
    return `| ${operation} | ${fault} | ${code || '–'} | ${errno} | ${words} |`;
  });
  return [
    intro.trim(),
    '',
    '| operation | fault | WIT code | errno | text (pieces) |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const intro = `
# Errors

This page lists what a guest gets when a call fails. A component gets an \`error\` with a code and a text. The text says what was
expected and what came; the table shows pieces of it. A core module gets an errno.

Three things to know when reading the table:

- Older WIT versions and the ABI for core modules check an input when the guest sets it. The table lists faults of inputs under
  \`compute\` for all guests.
- A dash means that WIT cannot express the fault: the component model prevents it.
- No fault traps the guest. The same instance works on after each of them.

Three more faults can end any call:

| fault | WIT code | errno | what to do |
| --- | --- | --- | --- |
| the call took longer than \`limits\` allows | timeout | 4 | call again; another engine takes over |
| the engine broke down while it worked on the call | runtime-error | 5 | call again; another engine takes over |
| the call asks for more than \`limits\` allows: bytes of tensors, graphs, execution contexts, calls at a time | too-large | 7 | ask for less, or have the page raise the limit |

Wasmtime answers most of the faults below with \`runtime-error\` (errno 5), and some by ending the guest or the host.

\`e2e/error-table.ts\` generates this page. A test produces each fault with real guests.
`;
