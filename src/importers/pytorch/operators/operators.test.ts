import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TensorType } from '../../../standard/tensor.js';
import type { Tensor } from '../../onnx/model.js';
import { relativeError, runOnnx } from '../../onnx/run.fixture.js';
import { writeTorchScript } from '../archive.fixture.js';
import { readPyTorch } from '../index.js';

interface Encoded {
  readonly type: 'float32' | 'float64' | 'int64' | 'bool';
  readonly dims: readonly number[];
  readonly data: string;
}

interface Golden {
  readonly name: string;
  readonly code: string;
  readonly constants: readonly Encoded[];
  readonly inputs: readonly Encoded[];
  readonly output: Encoded;
}

// What PyTorch itself computes: make_golden.py makes the file.
const goldens: readonly Golden[] = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8'));

const decode = ({ type, dims, data }: Encoded): Tensor => ({
  type,
  dims,
  data: new Uint8Array(Buffer.from(data, 'base64')),
});

/** wasi-nn has no booleans: they come as bytes, which are not zero where they are true. */
const wasiTypes: Readonly<Record<string, TensorType>> = { float32: 'FP32', int64: 'I64', bool: 'U8' };

describe('each operator computes what PyTorch does', () => {
  it.each(goldens.map((golden) => [golden.name, golden] as const))('%s', async (_, golden) => {
    const inputs = golden.inputs.map(decode);
    // A program whose masks come as bytes makes booleans of them first.
    const code = golden.inputs.reduce(
      (text, { type }, index) => (type === 'bool' ? withBooleans(text, index) : text),
      golden.code,
    );
    const program = await readPyTorch(writeTorchScript(code, golden.constants.map(decode)));
    const model = program.specialise(
      inputs.map(({ type, dims }) => ({ type: wasiTypes[type] ?? 'FP32', dimensions: dims })),
    );
    const feeds = inputs.map((tensor, index) => [
      model.inputs[index]?.name,
      tensor.type === 'bool' ? { ...tensor, type: 'uint8' as const } : tensor,
    ]);
    const results = await runOnnx(model.onnx, Object.fromEntries(feeds));
    expect(relativeError(results.get('output'), decode(golden.output))).toBeLessThan(1e-5);
  });
});

/** Puts a conversion of the parameter to booleans in front of the code. */
function withBooleans(code: string, index: number): string {
  const [head = '', body = ''] = code.split(/(?<=-> Tensor:\n)/);
  const name = [...head.matchAll(/^ {4}(\w+): Tensor/gm)][index]?.[1];
  return `${head}    ${name} = torch.to(${name}, 11)\n${body}`;
}
