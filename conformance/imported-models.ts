import { writeTorchScript } from '../src/importers/pytorch/archive.fixture.js';
import { graphDef, nodeDef, placeholder, typeAttribute } from '../src/importers/tensorflow/model.fixture.js';

/** The dimensions of the models' input and output, which have 32-bit floats. */
const dimensions = [2, 3] as const;

const text = new TextEncoder();

/** An OpenVINO model of one layer, `x` to `y`: its topology, and its weights, of which it has none. */
function openvinoModel(layer: string): [xml: Uint8Array<ArrayBuffer>, bin: Uint8Array<ArrayBuffer>] {
  const dims = dimensions.map((length) => `<dim>${length}</dim>`).join('');
  const port = (id: number, name: string) => `<port id="${id}" precision="FP32" names="${name}">${dims}</port>`;
  const xml = `<?xml version="1.0"?>
<net name="model" version="11">
  <layers>
    <layer id="0" name="x" type="Parameter" version="opset1">
      <data shape="${dimensions.join(',')}" element_type="f32"/>
      <output>${port(0, 'x')}</output>
    </layer>
    <layer id="1" name="layer" type="${layer}" version="opset1">
      <input>${port(0, 'x')}</input>
      <output>${port(1, 'y')}</output>
    </layer>
    <layer id="2" name="result" type="Result" version="opset1">
      <input>${port(0, 'y')}</input>
    </layer>
  </layers>
  <edges>
    <edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>
  </edges>
</net>
`;
  return [text.encode(xml), new Uint8Array()];
}

/** A TorchScript program of one operator. */
function pytorchModel(operator: string): Uint8Array<ArrayBuffer> {
  return writeTorchScript(
    `class Program(Module):\n  def forward(self, x: Tensor) -> Tensor:\n    return torch.${operator}(x)\n`,
  );
}

/** A frozen graph of one operator, `x` to `y`. */
function tensorflowModel(operator: string): Uint8Array<ArrayBuffer> {
  const float32 = 1;
  return graphDef([placeholder('x', dimensions), nodeDef('y', operator, ['x'], { T: typeAttribute(float32) })]);
}

/**
 * Models of one operator in the formats that are converted, as files: those that compute the positive part of each number,
 * and those of an operator that no framework has.
 */
export function importedModels(): Readonly<Record<string, Uint8Array<ArrayBuffer>>> {
  const [relu, weights] = openvinoModel('ReLU');
  const [unknown] = openvinoModel('Frobnicate');
  return {
    'openvino.xml': relu,
    'openvino.bin': weights,
    'openvino-unknown.xml': unknown,
    'pytorch.pt': pytorchModel('relu'),
    'pytorch-unknown.pt': pytorchModel('frobnicate'),
    'tensorflow.pb': tensorflowModel('Relu'),
    'tensorflow-unknown.pb': tensorflowModel('Frobnicate'),
  };
}
