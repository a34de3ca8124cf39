import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ElementType } from '../onnx/element-types.js';
import type { Tensor } from '../onnx/model.js';
import { relativeError, runOnnx } from '../onnx/run.fixture.js';
import { importOpenvino } from './import-openvino.js';

// Small models with what OpenVINO computes of them, made by golden/make.py.

interface Encoded {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: string;
}

interface Case {
  readonly name: string;
  readonly xml: string;
  readonly bin: string;
  readonly inputs: readonly Encoded[];
  readonly outputs: readonly Encoded[];
}

const folder = path.join(import.meta.dirname, 'golden');
const files = readdirSync(folder).filter((file) => file.endsWith('.json.gz'));

function readCases(file: string): Case[] {
  return JSON.parse(gunzipSync(readFileSync(path.join(folder, file))).toString());
}

function decode({ type, dims, data }: Encoded): Tensor {
  return { type, dims, data: new Uint8Array(Buffer.from(data, 'base64')) };
}

describe.each(files)('%s', (file) => {
  it.each(readCases(file))('$name', async ({ xml, bin, inputs, outputs }) => {
    const parts = [new TextEncoder().encode(xml), new Uint8Array(Buffer.from(bin, 'base64'))];
    const imported = await importOpenvino(parts);
    const feeds = inputs.map((input, index) => [imported.inputs[index]?.name ?? '', decode(input)] as const);

    const results = await runOnnx(imported.onnx, Object.fromEntries(feeds));

    for (const [index, encoded] of outputs.entries()) {
      const expected = decode(encoded);
      const actual = results.get(imported.outputs[index]?.name ?? '');
      expect({ type: actual?.type, dims: actual?.dims }).toEqual({ type: expected.type, dims: expected.dims });
      expect(relativeError(actual, expected)).toBeLessThan(expected.type === 'float16' ? 1e-2 : 1e-5);
    }
  });
});
