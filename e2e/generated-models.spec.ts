import { generatedCases } from './generated-models.js';
import { compute, events, loadByName, openProbe, succeeded } from './guest-page.js';
import { expect, test } from './test.js';

// Every device computes what JavaScript does. golden.spec.ts does the same with real models, where they are there.

const providers = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' } as const;

for (const target of ['cpu', 'gpu', 'tpu'] as const) {
  test(`generated models on ${target} agree with JavaScript`, async ({ blank, site }) => {
    const models = generatedCases.map(({ name, model }) => {
      site.answer(`/${name}.onnx`, (_, response) => response.end(model));
      return [name, { url: `/${name}.onnx`, target }] as const;
    });
    await openProbe(blank, { models: Object.fromEntries(models), allowSoftwareAdapter: true });

    for (const { name, shape, input, outputShape, expected } of generatedCases) {
      const graph = succeeded(await loadByName(blank, name));
      const data = new Uint8Array(input.buffer);
      const [output] = succeeded(await compute(blank, graph, [{ name: 'x', ty: 'FP32', dimensions: shape, data }]));
      expect(output, name).toMatchObject({ name: 'y', ty: 'FP32', dimensions: outputShape });
      const actual = [...new Float32Array(output?.data.slice().buffer ?? new ArrayBuffer())];
      expect(actual, name).toEqual(expected.map((value) => expect.closeTo(value, 3)));
    }
    const loaded = expect.objectContaining({ device: expect.objectContaining({ provider: providers[target] }) });
    expect(await events(blank)).toEqual(generatedCases.map(() => loaded));
  });
}
