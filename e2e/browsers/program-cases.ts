import { expect } from '@playwright/test';
import { type Case, makeCase, near, scores } from './case.js';

// Guests that are run to their end, of either kind.

const kinds = ['wasm', 'component.wasm'];

/** What `cat` prints of the one tree of files, which it finds under two names. */
function filesIn(folder: string): readonly string[] {
  const path = folder === '/' ? '' : folder;
  return [
    `preopened ${folder}`,
    `file ${path}/fetched.html: 35 bytes`,
    '<!doctype html><title>blank</title>',
    `file ${path}/folder/deep/hello.txt: 6 bytes`,
    'héllo',
    `file ${path}/written.txt: 12 bytes`,
    'by the guest',
  ];
}

const cat = kinds.map((kind) =>
  makeCase({
    name: `cat.${kind} finds its arguments, variables, files and input`,
    argument: kind,
    action: async (kind) => {
      const { stdout, stderr, exitCode, written } = await casePage.run(`cat.${kind}`, {
        args: ['drei ☃', '--write', 'written.txt', 'by the guest'],
        env: { B: '2', A: '1' },
        stdin: 'from the page\n',
        files: { 'folder/deep/hello.txt': new TextEncoder().encode('héllo'), 'fetched.html': '/blank.html' },
      });
      return { lines: stdout.split('\n'), stderr, exitCode, written };
    },
    expected: {
      lines: [
        ...['guest', 'drei ☃', '--write', 'written.txt', 'by the guest'].map((value) => `argument ${value}`),
        'variable A=1',
        'variable B=2',
        ...['/', '.'].flatMap(filesIn),
        'input',
        'from the page',
        '',
      ],
      stderr: '',
      exitCode: 0,
      written: [['written.txt', 'by the guest']],
    },
  }),
);

const exit = kinds.map((kind) =>
  makeCase({
    name: `exit.${kind} exits with its code`,
    argument: kind,
    action: async (kind) => (await casePage.run(`exit.${kind}`, { args: ['7'] })).exitCode,
    // WASI 0.2 knows success and failure only.
    expected: kind === 'wasm' ? 7 : 1,
  }),
);

const trap = kinds.map((kind) =>
  makeCase({
    name: `trap.${kind} traps, and its error has the frames of WebAssembly alone`,
    argument: kind,
    action: async (kind) => {
      const trap = await casePage.run(`trap.${kind}`, {}).catch((cause) => cause);
      const frames: string[] = trap.wasmStack.split('\n');
      return { name: trap.name, hasFrames: frames.length > 1, isWasm: frames.every((frame) => /wasm/.test(frame)) };
    },
    expected: { name: 'GuestTrap', hasFrames: true, isWasm: true },
  }),
);

const loop = kinds.map((kind) =>
  makeCase({
    name: `loop.${kind}, which never ends, can be aborted`,
    argument: kind,
    action: (kind) => {
      const controller = new AbortController();
      const stdout = () => controller.abort('enough');
      return casePage.failure(casePage.run(`loop.${kind}`, { signal: controller.signal, stdout }));
    },
    expected: 'enough',
  }),
);

/** The program of the article that introduced wasi-nn. The arguments describe a model that it was not made for. */
const examples = [
  { file: 'example-witx-0-4.wasm', output: ['--output-bytes', '40'] },
  { file: 'example-witx-0-6.wasm', output: ['--output-bytes', '40'] },
  { file: 'example-wit-08-19.component.wasm', output: ['--input', 'image', '--output', 'scores'] },
  { file: 'example-wit-10-28.component.wasm', output: ['--input', 'image', '--output', 'scores'] },
];

function classified(count: number, best: readonly (readonly [classNumber: number, score: number])[]): unknown {
  return {
    exitCode: 0,
    stdout: expect.stringMatching(`\n${count} scores; the best:\n$`),
    stderr: '',
    written: [],
    best: best.map(([classNumber, score]) => [classNumber, ...near([score])]),
  };
}

const bestDigits = scores
  .map((score, digit) => [digit, score] as const)
  .sort(([, a], [, b]) => b - a)
  .slice(0, 5);

const examplesOnDigits = makeCase({
  name: 'the introductory example, for every way of calling wasi-nn, classifies a digit',
  argument: examples,
  action: async (examples) => {
    const files = { 'model.onnx': '/models/digits.onnx', image: new Uint8Array(casePage.image().data) };
    const args = ['--model', 'model.onnx', '--tensor', 'image', '--shape', '1,1,28,28'];
    return Promise.all(examples.map(({ file, output }) => casePage.run(file, { args: [...args, ...output], files })));
  },
  expected: examples.map(() => classified(10, bestDigits)),
});

const examplesOnSqueezeNet = makeCase({
  name: 'the introductory example, for every way of calling wasi-nn, classifies a kitten',
  needsFixtures: true,
  argument: examples.map(({ file }) => file),
  action: async (examples) => {
    const files = {
      'fixture/model.onnx': '/fixtures/models/squeezenet.onnx',
      'fixture/tensor.bgr': '/fixtures/tensors/kitten-1x3x224x224-f32.tensor',
    };
    return Promise.all(examples.map((file) => casePage.run(file, { files })));
  },
  expected: examples.map(() =>
    classified(1000, [
      [281, 29.57825],
      [285, 26.19175],
      [282, 26.04386],
      [283, 22.83002],
      [287, 21.9934],
    ]),
  ),
});

export const programCases: readonly Case[] = [
  ...cat,
  ...exit,
  ...trap,
  ...loop,
  examplesOnDigits,
  examplesOnSqueezeNet,
];
