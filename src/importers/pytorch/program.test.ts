import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TensorShape } from '../../standard/tensor.js';
import type { Tensor } from '../onnx/model.js';
import { relativeError, runOnnx } from '../onnx/run.fixture.js';
import { pickle, text, writeArchive, writeTorchScript } from './archive.fixture.js';
import { readPyTorch } from './index.js';

const project = path.resolve(import.meta.dirname, '../../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const folder = path.join(fixtures, 'encodings/pytorch');
const hasFixtures = existsSync(folder);

const read = (...segments: string[]) => new Uint8Array(readFileSync(path.join(...segments)));

const floats = (dims: readonly number[], data: Uint8Array): Tensor => ({ type: 'float32', dims, data });

const image: TensorShape = { type: 'FP32', dimensions: [1, 3, 16, 16] };

/** The ONNX model of a program and what it computes. */
async function compute(model: Uint8Array, dims: readonly number[], data: Uint8Array) {
  const program = await readPyTorch(model);
  const imported = program.specialise([{ type: 'FP32', dimensions: dims }]);
  const results = await runOnnx(imported.onnx, { [imported.inputs[0]?.name ?? '']: floats(dims, data) });
  return imported.outputs.map(({ name }) => results.get(name));
}

describe.skipIf(!hasFixtures)('readPyTorch on real models', () => {
  it.each(['traced.pt', 'traced-frozen.pt', 'scripted.pt', 'pt2'])(
    'makes of squeezenet1_1.%s what PyTorch computes',
    async (form) => {
      const model = read(folder, `squeezenet1_1.${form}`);
      const [output] = await compute(model, [1, 3, 224, 224], read(fixtures, 'tensors/kitten-1x3x224x224-f32.tensor'));
      const expected = floats([1, 1000], read(folder, 'squeezenet1_1.kitten.out.bin'));
      expect(relativeError(output, expected)).toBeLessThan(1e-4);
    },
  );

  it.each(['traced.pt', 'scripted.pt', 'pt2'])('gives the three outputs of small.%s in order', async (form) => {
    const outputs = await compute(read(folder, `small.${form}`), image.dimensions, read(folder, 'small.in.bin'));
    const shapes = [
      [1, 5],
      [1, 12],
      [1, 8, 16, 16],
    ];
    expect(outputs).toHaveLength(3);
    for (const [index, dims] of shapes.entries()) {
      const expected = floats(dims, read(folder, `small.out.${index}.bin`));
      expect(relativeError(outputs[index], expected)).toBeLessThan(1e-4);
    }
  });

  it('specialises one program for several shapes', async () => {
    const program = await readPyTorch(read(folder, 'small.traced.pt'));
    expect(program.inputs).toBe('any');
    expect(program.specialise([image]).outputs.at(-1)?.shape).toEqual([1, 8, 16, 16]);
    expect(program.specialise([{ type: 'FP32', dimensions: [2, 3, 8, 12] }]).outputs.at(-1)?.shape).toEqual([
      2, 8, 8, 12,
    ]);
  });

  it('says what an exported program takes, and refuses other shapes', async () => {
    const program = await readPyTorch(read(folder, 'small.pt2'));
    expect(program.inputs).toEqual([{ name: 'x', type: 'FP32', shape: [1, 3, 16, 16] }]);
    expect(() => program.specialise([{ type: 'FP32', dimensions: [1, 3, 8, 8] }])).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('FP32 [1, 3, 16, 16]') }),
    );
  });

  it.each([
    ['no input', [], 'gets 0'],
    ['too many inputs', [image, image], 'gets 2'],
    ['channels that do not fit', [{ ...image, dimensions: [1, 4, 16, 16] }], '3 channels'],
  ])('refuses %s', async (_, inputs, problem) => {
    const program = await readPyTorch(read(folder, 'small.traced.pt'));
    expect(() => program.specialise(inputs)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(problem) }),
    );
  });
});

async function failureOf(model: Uint8Array, inputs: readonly TensorShape[]): Promise<unknown> {
  try {
    const program = await readPyTorch(model);
    program.specialise(inputs);
    return undefined;
  } catch (cause) {
    return cause;
  }
}

/** A program of one tensor `x`, as PyTorch prints it. */
const program = (...lines: string[]) =>
  writeTorchScript(
    [
      'class Program(Module):',
      '  training : bool',
      '  def forward(self: __torch__.Program,',
      '    x: Tensor) -> Tensor:',
      ...lines.map((line) => `    ${line}`),
      '',
    ].join('\n'),
  );

const vector: TensorShape = { type: 'FP32', dimensions: [2, 3] };

describe('readPyTorch', () => {
  it('names all operators that are not known, and their layers', async () => {
    const model = program(
      'a = torch.fft_fft(x)',
      'if bool(torch.gt(torch.size(a, 0), 3)):',
      '  b = ops.custom.first(a)',
      'else:',
      '  b = ops.custom.second(a)',
      'return torch.relu(b)',
    );
    expect(await failureOf(model, [vector])).toMatchObject({
      code: 'unsupported-operation',
      message: expect.stringMatching(/aten::fft_fft.*custom::first.*custom::second/),
    });
  });

  it.each([
    [
      'a branch on the value of a tensor',
      ['if bool(torch.gt(torch.sum(x), 0)):', '  x = torch.neg(x)', 'return x'],
      'value',
    ],
    [
      'a write to a view that is read elsewhere',
      ['a = torch.flatten(x)', 'b = torch.mul_(a, 2)', 'return torch.add(x, 1)'],
      'in place',
    ],
    ['a state', ['self.training = True', 'return x'], 'state'],
    ['a type that is not known', ['return torch.to(x, 9)'], 'type 9'],
  ])('refuses %s', async (_, lines, problem) => {
    expect(await failureOf(program(...lines), [vector])).toMatchObject({
      code: 'unsupported-operation',
      message: expect.stringContaining(problem),
    });
  });

  it('has the operators of signs, where the code names none', async () => {
    expect(await failureOf(program('return -x'), [vector])).toBeUndefined();
  });

  it('hands on what the model itself says of its inputs', async () => {
    const model = program('ops.prim.RaiseException("two axes are too few", "builtins.ValueError")', 'return x');
    expect(await failureOf(model, [vector])).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('two axes are too few'),
    });
  });

  it.each([
    ['a loop without an end', ['while True:', '  y = torch.neg(1)', 'return x'], 'too-large'],
    ['a list that doubles', ['a = [1]', 'for i in range(60):', '  a = torch.add(a, a)', 'return x'], 'too-large'],
    ['text that doubles', ['a = "a"', 'for i in range(60):', '  a = torch.add(a, a)', 'return x'], 'too-large'],
    ['an absurd range', ['for i in range(99999999999):', '  pass', 'return x'], 'too-large'],
    ['an absurd tensor', ['return torch.zeros([99999, 99999])'], 'too-large'],
    ['calls without an end', ['return (self).forward(x, )'], 'too-large'],
    [
      'many large tensors',
      ['for i in range(99999):', '  x = torch.linspace(0, i, torch.add(50000, i))', 'return x'],
      'too-large',
    ],
    ['brackets in brackets', [`return ${'('.repeat(5000)}x${')'.repeat(5000)}`], 'too-large'],
    ['attributes of attributes', [`return x${'.x'.repeat(5000)}`], 'too-large'],
    ['blocks in blocks', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}if True:`), 'too-large'],
    ['a name that JavaScript knows', ['return torch.constructor(x)'], 'unsupported-operation'],
    ['a method that JavaScript knows', ['return (self).toString()'], 'invalid-encoding'],
  ])('ends %s', async (_, lines, code) => {
    expect(await failureOf(program(...lines), [vector])).toMatchObject({ code });
  });

  const module = pickle('c__torch__\nProgram\n)\x81}b');
  const code = { name: 'code/__torch__.py', content: 'class Program(Module):\n  training : bool\n' };

  it.each([
    ['a lite archive', [{ name: 'bytecode.pkl', content: 'x' }], 'unsupported-operation', 'lite'],
    [
      'a compiled program',
      [{ name: 'data/aotinductor/model/a.so', content: 'x' }],
      'unsupported-operation',
      'AOTInductor',
    ],
    ['weights alone', [{ name: 'data.pkl', content: module }], 'invalid-encoding', 'no program'],
    ['a big-endian archive', [{ name: 'byteorder', content: 'big' }], 'unsupported-operation', 'big-endian'],
    ['an archive of something else', [{ name: 'a.txt', content: 'x' }], 'invalid-encoding', 'data.pkl'],
    ['a program without forward', [{ name: 'data.pkl', content: module }, code], 'unsupported-operation', 'forward'],
    [
      'a quantised module',
      [
        { name: 'data.pkl', content: pickle('c__torch__.torch.classes.quantized\nLinearPackedParamsBase\n)\x81}b') },
        code,
      ],
      'unsupported-operation',
      'quantised',
    ],
    [
      'a call of a system function',
      [{ name: 'data.pkl', content: pickle(`cos\nsystem\n${text('ls')}\x85R`) }, code],
      'invalid-encoding',
      'os.system',
    ],
  ])('refuses %s', async (_, entries, expected, problem) => {
    expect(await failureOf(writeArchive(entries), [])).toMatchObject({
      code: expected,
      message: expect.stringContaining(problem),
    });
  });
});
