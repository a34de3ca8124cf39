import type { Page } from '@playwright/test';
import type { ExecutionTarget } from '../src/index.js';
import { generatedCases } from './generated-models.js';
import { compute, events, loadByName, openProbe, succeeded } from './guest-page.js';
import { expect, test } from './test.js';

// Every device computes what JavaScript does. golden.spec.ts does the same with real models, where they are there.

const providers = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' } as const;

test('generated models agree with JavaScript on every device', async ({ blank, site }) => {
  const targets = ['cpu', 'gpu', 'tpu'] as const;
  const models = generatedCases.flatMap(({ name, model }) => {
    site.answer(`/${name}.onnx`, (_, response) => response.end(model));
    return targets.map((target) => [`${name} on ${target}`, { url: `/${name}.onnx`, target }] as const);
  });
  await openProbe(blank, { models: Object.fromEntries(models), allowSoftwareAdapter: true });
  for (const target of targets) await test.step(target, () => expectAgreement(blank, target));
});

async function expectAgreement(page: Page, target: ExecutionTarget): Promise<void> {
  const { length: before } = await events(page);
  for (const { name, shape, input, outputShape, expected } of generatedCases) {
    const graph = succeeded(await loadByName(page, `${name} on ${target}`));
    const data = new Uint8Array(input.buffer);
    const [output] = succeeded(await compute(page, graph, [{ name: 'x', ty: 'FP32', dimensions: shape, data }]));
    expect(output, name).toMatchObject({ name: 'y', ty: 'FP32', dimensions: outputShape });
    const actual = [...new Float32Array(output?.data.slice().buffer ?? new ArrayBuffer())];
    expect(actual, name).toEqual(expected.map((value) => expect.closeTo(value, 3)));
  }
  const loaded = expect.objectContaining({ device: expect.objectContaining({ provider: providers[target] }) });
  expect((await events(page)).slice(before)).toEqual(generatedCases.map(() => loaded));
}
