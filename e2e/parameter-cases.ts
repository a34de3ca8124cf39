import {
  floats,
  INT64,
  integerAttribute,
  listAttribute,
  model,
  node,
  tensor,
  textAttribute,
  value,
} from '../src/backends/onnx/model.fixture.js';
import type { CaseTensor, OperatorCase } from './operator-cases.js';

/** Cases beside ONNX's own: its tests give most parameters as inputs, and providers want them as constants. */
export function parameterCases(): OperatorCase[] {
  return [...convolutions(), ...resizes(), ...pools(), ...pads(), ...splits()];
}

type Attributes = readonly Uint8Array[];

interface Parameter {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
  readonly type?: number;
}

function only(
  name: string,
  operator: string,
  shape: readonly number[],
  inputs: readonly string[],
  parameters: readonly Parameter[],
  attributes: Attributes,
  outputs = ['y'],
): OperatorCase {
  const open = Array.from(shape, (_, axis) => `axis ${axis}`);
  const bytes = model({
    nodes: [node(operator, inputs, outputs, { attributes })],
    initializers: parameters.map(({ data, ...rest }) => tensor({ ...rest, raw: data })),
    inputs: [value('x', shape)],
    outputs: outputs.map((output) => value(output, open)),
  });
  return { name, model: Buffer.from(bytes), inputs: [numbered(shape)], outputs: [] };
}

/** Numbers between -1 and 1 without a pattern, the same each time. */
function wave(length: number): Uint8Array {
  return floats(...Array.from({ length }, (_, step) => Math.sin(step * 12.9898)));
}

/** A tensor of such numbers. */
export function numbered(dims: readonly number[]): CaseTensor {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { name: 'x', type: 'float32', dims, data: Buffer.from(wave(length)) };
}

function convolutions(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  const add = (inputs: number, outputs: number, kernel: readonly number[], group = 1) => {
    const dims = [outputs, inputs / group, ...kernel];
    const weights = { name: 'w', dims, data: wave(dims.reduce((product, dim) => product * dim, 1)) };
    const shape = [1, inputs, ...kernel.map(() => 9)];
    const name = `conv of ${inputs} to ${outputs} channels, kernel ${kernel.join('x')}, ${group} groups`;
    cases.push(only(name, 'Conv', shape, ['x', 'w'], [weights], [integerAttribute('group', group)]));
  };
  for (const inputs of [3, 5, 6, 9, 12, 15, 24, 129]) for (const outputs of [4, 6]) add(inputs, outputs, [3, 3]);
  for (const inputs of [3, 6, 129]) for (const kernel of [[1, 1], [3], [1], [1, 3], [7, 7]]) add(inputs, 8, kernel);
  add(6, 8, [3, 3], 2);
  add(18, 8, [3, 3], 2);
  return cases;
}

function resizes(): OperatorCase[] {
  const coordinates = ['half_pixel', 'align_corners', 'asymmetric', 'pytorch_half_pixel'];
  const ways = [
    ['linear', 'floor'],
    ...['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'].map((way) => ['nearest', way]),
  ];
  return ways.flatMap(([mode = '', nearest = '']) =>
    coordinates.flatMap((coordinate) =>
      [2, 1.5, 0.5].map((scale) => {
        const scales = { name: 'scales', dims: [4], data: floats(1, 1, scale, scale) };
        const attributes = [
          textAttribute('mode', mode),
          textAttribute('coordinate_transformation_mode', coordinate),
          textAttribute('nearest_mode', nearest),
        ];
        const name = `resize ${mode}, ${coordinate}, ${nearest}, by ${scale}`;
        return only(name, 'Resize', [1, 2, 4, 6], ['x', '', 'scales'], [scales], attributes);
      }),
    ),
  );
}

function pools(): OperatorCase[] {
  const cases: OperatorCase[] = [];
  for (const operator of ['AveragePool', 'LpPool', 'MaxPool']) {
    const add = (name: string, kernel: number, stride: number, attributes: Attributes) => {
      const sizes = [listAttribute('kernel_shape', kernel, kernel), listAttribute('strides', stride, stride)];
      const title = `${operator}, kernel ${kernel}, stride ${stride}, ${name}`;
      cases.push(only(title, operator, [1, 2, 8, 9], ['x'], [], [...sizes, ...attributes]));
    };
    const pad = (length: number) => listAttribute('pads', length, length, length, length);
    for (const [kernel, length, stride] of [
      [3, 1, 1],
      [3, 1, 2],
      [2, 1, 1],
      [5, 2, 1],
      [3, 2, 1],
      [3, 1, 3],
    ] as const)
      add(`pads of ${length}`, kernel, stride, [pad(length)]);
    for (const way of ['SAME_UPPER', 'SAME_LOWER']) add(way, 2, 2, [textAttribute('auto_pad', way)]);
    // ONNX has no ceil_mode for LpPool in the version that these models are of, and dilations for MaxPool alone.
    if (operator === 'MaxPool') add('dilations', 2, 1, [listAttribute('dilations', 2, 2)]);
    if (operator === 'LpPool') continue;
    for (const [kernel, stride] of [
      [3, 2],
      [1, 2],
      [3, 3],
    ] as const) {
      add('ceil_mode', kernel, stride, [integerAttribute('ceil_mode', 1)]);
      if (kernel > 1) add('ceil_mode and pads', kernel, stride, [integerAttribute('ceil_mode', 1), pad(1)]);
    }
  }
  return cases;
}

function pads(): OperatorCase[] {
  const longs = (values: readonly number[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return ['constant', 'reflect', 'edge'].flatMap((mode) =>
    [
      [0, 0, 1, 1, 0, 0, 1, 2],
      [0, 0, -1, -1, 0, 0, -1, 0],
      [0, 0, 1, -1, 0, 0, 1, 2],
    ].map((lengths) => {
      const parameter = { name: 'pads', dims: [8], data: longs(lengths), type: INT64 };
      const name = `pad ${mode} by ${lengths.join(' ')}`;
      return only(name, 'Pad', [1, 2, 4, 6], ['x', 'pads'], [parameter], [textAttribute('mode', mode)]);
    }),
  );
}

function splits(): OperatorCase[] {
  return [
    [2, 5],
    [1, 6],
  ].map((lengths) => {
    const data = new Uint8Array(BigInt64Array.from(lengths, BigInt).buffer);
    const parameter = { name: 'parts', dims: [2], data, type: INT64 };
    return only(`split into ${lengths.join(' and ')}`, 'Split', [7, 4], ['x', 'parts'], [parameter], [], ['a', 'b']);
  });
}
