import { readFixture } from '../e2e/fixture-data.js';
import { readFields } from '../src/standard/protobuf.js';

/** A tensor of a case, as the fixtures' index has it. */
interface IndexedTensor {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly number[];
}

interface IndexedCase {
  readonly case: string;
  readonly inputs: readonly IndexedTensor[];
  readonly outputs: readonly IndexedTensor[];
}

/** Field 9 of `TensorProto`: the elements as they are in memory. Tensors without elements do not have it. */
const rawData = 9;

/**
 * Left out: onnxruntime-web's WebNN stops with "unreachable" in about one of ten runs of it. The engine recovers, and all
 * guests but those that keep other graphs fall back to WebAssembly, but no test can expect either.
 */
const unsteady = ['node-test_sce_sum'];

/**
 * The cases of ONNX's own backend tests that are among the fixtures, as files for the guests: models, the bytes of
 * their tensors, and the index that `cases/models.rs` reads.
 *
 * @returns the files' bytes by their paths, in base64
 */
export function onnxBackendFiles(): Record<string, string> {
  const cases: readonly IndexedCase[] = JSON.parse(readFixture('onnx-backend/index.json').toString());
  const files: Record<string, string> = {};
  const lines: string[] = [];
  for (const { case: name, inputs, outputs } of cases) {
    if (unsteady.includes(name)) continue;
    files[`onnx-backend/${name}.onnx`] = readFixture(`onnx-backend/${name}/model.onnx`).toString('base64');
    for (const [kind, file, tensors] of [['in', 'input', inputs] as const, ['out', 'output', outputs] as const]) {
      tensors.forEach((tensor, index) => {
        const path = `onnx-backend/${name}.${kind}${index}`;
        const bytes = readFixture(`onnx-backend/${name}/test_data_set_0/${file}_${index}.pb`);
        files[path] = Buffer.from(elementsOf(bytes)).toString('base64');
        lines.push([name, kind, tensor.name, tensor.type.toUpperCase(), tensor.dims.join('x'), path].join('\t'));
      });
    }
  }
  files['onnx-backend/index.txt'] = Buffer.from(lines.join('\n')).toString('base64');
  return files;
}

function elementsOf(tensor: Uint8Array): Uint8Array {
  let elements: Uint8Array = new Uint8Array();
  readFields(tensor, 0, tensor.byteLength, ({ number, start, end }) => {
    if (number === rawData) elements = tensor.subarray(start, end);
    return true;
  });
  return elements;
}
