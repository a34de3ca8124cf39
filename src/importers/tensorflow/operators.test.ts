import { describe, expect, it } from 'vitest';
import { relativeError, runOnnx } from '../onnx/run.fixture.js';
import { type Golden, operatorGoldens, savedModelGolden } from './goldens.fixture.js';
import { importTensorflow } from './import-tensorflow.js';

async function expectAnswers({ parts, inputs, outputs }: Golden): Promise<void> {
  const model = await importTensorflow(parts);
  // An operator that looks at no more than a shape that is known takes no input.
  const taken = model.inputs.flatMap(({ name }) => {
    const tensor = inputs[name];
    return tensor ? [[name, tensor] as const] : [];
  });

  const answers = await runOnnx(model.onnx, Object.fromEntries(taken));

  for (const [reference, expected] of Object.entries(outputs)) {
    const name = model.outputAliases.get(reference) ?? reference;
    expect(relativeError(answers.get(name), expected), reference).toBeLessThan(1e-5);
  }
}

describe('an operator computes what TensorFlow computes', () => {
  it.each(operatorGoldens().map((golden) => [golden.name, golden] as const))('%s', async (_name, golden) => {
    await expectAnswers(golden);
  });
});

describe('a SavedModel', () => {
  it('computes what TensorFlow computes, with variables from its checkpoint', async () => {
    await expectAnswers(savedModelGolden());
  });

  it('has the inputs and outputs of its signature, under all their names', async () => {
    const model = await importTensorflow(savedModelGolden().parts);

    expect(model.inputs.map(({ name, type }) => [name, type])).toEqual([
      ['features', 'FP32'],
      ['ids', 'I32'],
    ]);
    expect(model.outputs.map(({ name }) => name).sort()).toEqual(['embedding', 'logits']);
    expect(model.inputAliases.get('ids:0')).toBe('ids');
    expect(model.inputAliases.get('serving_default_ids')).toBe('ids');
    expect(model.outputAliases.get('StatefulPartitionedCall:0')).toBe(model.outputs[0]?.name);
  });
});
