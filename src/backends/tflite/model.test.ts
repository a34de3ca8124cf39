import { Builder } from 'flatbuffers';
import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import { readRoot } from './flatbuffer.js';
import { buildModel, doubling, reshaping } from './model.fixture.js';
import { readModel } from './model.js';

const infos = (model: Uint8Array) => readModel(model).inputs.map(({ info }) => info);

describe('what a model says of itself', () => {
  it('is its inputs and outputs, in the order of its graph', () => {
    const { inputs, outputs, signature, isQuantized } = readModel(
      buildModel({
        tensors: [
          { name: 'a', type: 'INT64', shape: [] },
          { name: 'b', shape: [1, 2, 3] },
          { name: 'c', type: 'FLOAT16', shape: [0] },
        ],
        inputs: [2, 0],
        outputs: [1],
      }),
    );
    expect(inputs.map(({ info }) => info)).toEqual([
      { name: 'c', type: 'FP16', shape: [0] },
      { name: 'a', type: 'I64', shape: [] },
    ]);
    expect(outputs.map(({ info }) => info)).toEqual([{ name: 'b', type: 'FP32', shape: [1, 2, 3] }]);
    expect({ signature, isQuantized }).toEqual({ signature: 0, isQuantized: false });
  });

  it.each([
    ['FLOAT32', 'FP32', undefined],
    ['FLOAT16', 'FP16', undefined],
    ['FLOAT64', 'FP64', undefined],
    ['INT32', 'I32', undefined],
    ['INT64', 'I64', undefined],
    ['UINT8', 'U8', undefined],
    ['INT8', 'U8', 'INT8'],
    ['BOOL', 'U8', 'BOOL'],
    ['INT16', 'I32', 'INT16'],
  ] as const)('has %s as %s', (type, standardType, modelType) => {
    const [input] = infos(reshaping(type));
    expect(input).toEqual({ name: 'x', type: standardType, shape: [2, 2], ...(modelType && { modelType }) });
  });

  it('has the scale and the zero point of a tensor that is quantised as a whole', () => {
    const quantization = { scale: 0.5, zeroPoint: -128 };
    expect(infos(reshaping('INT8', { scales: [0.5], zeroPoint: -128 }))).toMatchObject([{ quantization }]);
    expect(infos(reshaping('INT8', { scales: [0.5, 0.25] }))[0]).not.toHaveProperty('quantization');
    expect(infos(reshaping('INT8', { scales: [Number.NaN] }))[0]).not.toHaveProperty('quantization');
  });

  it('is quantised where operators compute with such numbers, not where weights alone are', () => {
    const weights = { name: 'w', type: 'INT8', shape: [1], scales: [1] } as const;
    const x = { name: 'x', shape: [1] };
    const add = (tensors: Parameters<typeof buildModel>[0]['tensors']) =>
      readModel(
        buildModel({
          tensors,
          inputs: [0],
          outputs: [2],
          operators: [{ kind: 'add', inputs: [0, 1], outputs: [2] }],
        }),
      ).isQuantized;
    expect(add([x, weights, x])).toBe(false);
    expect(add([x, weights, { ...weights, name: 'y' }])).toBe(true);
  });

  it('has the names of its signature beside those of its tensors', () => {
    const signatures = [
      { inputs: { other: 0 }, outputs: {}, subgraph: 1 },
      { inputs: { image: 0 }, outputs: { y: 1, scores: 1 } },
    ];
    const { inputs, outputs, signature } = readModel(doubling([1], { signatures }));
    expect(signature).toBe(1);
    expect(inputs).toMatchObject([{ info: { name: 'x', aliases: ['image'] }, keys: ['image'] }]);
    expect(outputs).toMatchObject([{ info: { name: 'y', aliases: ['scores'] }, keys: ['y', 'scores'] }]);
  });
});

describe('a model that cannot be', () => {
  const [first, second] = [
    { name: 'x', shape: [1] },
    { name: 'y', shape: [1] },
  ];
  const twice = Array.from({ length: 1025 }, () => 0);

  it.each([
    ['no bytes', new Uint8Array(), /bytes 4 to 7 are "", not "TFL3"/],
    ['another file', new Uint8Array(64), /bytes 4 to 7 are/],
    ['an identifier alone', Uint8Array.of(8, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33), /beyond its end/],
    [
      'no graph',
      doubling([1], { signatures: [{ inputs: {}, outputs: {}, subgraph: 7 }] }),
      /1 graphs, and computes one/,
    ],
    ['an input that is no tensor', doubling([1], { inputs: [9] }), /tensor 9 of its inputs is none of its 2 tensors/],
    ['a negative input', doubling([1], { inputs: [-1] }), /tensor -1 of its inputs/],
    ['too many inputs', doubling([1], { inputs: twice }), /more than 1024 inputs/],
    [
      'an operator without a code',
      doubling([1], { operators: [{ kind: 'add', inputs: [0, 0], outputs: [1], code: 5 }] }),
      /an operator has the number 5, but there are 1/,
    ],
    ['inputs of one name', buildModel({ tensors: [first, first], inputs: [0, 1], outputs: [] }), /the same name/],
    ['a name that is too long', doubling([1], { tensors: [{ name: 'x'.repeat(5000), shape: [] }] }), /5000 bytes/],
    ['too many axes', doubling(Array.from({ length: 65 }, () => 1)), /more than 64 axes/],
  ])('is refused: %s', (_what, bytes, reason) => {
    const refusal = expect.objectContaining({ code: 'invalid-encoding', message: expect.stringMatching(reason) });
    expect(() => readModel(bytes)).toThrow(refusal);
  });

  it.each([
    ['STRING', buildModel({ tensors: [{ ...first, type: 'STRING' }, second], inputs: [0], outputs: [1] }), /type 5/],
    ['an open shape', doubling([-1, 3]), /the shape \[-1, 3\] of tensor "x" is open/],
  ])('is not supported: %s', (_what, bytes, reason) => {
    const refusal = expect.objectContaining({ code: 'unsupported-operation', message: expect.stringMatching(reason) });
    expect(() => readModel(bytes)).toThrow(refusal);
  });

  it('ends with an error wherever it is cut off or any of its bytes is another', () => {
    const model = doubling([1, 2], { signatures: [{ inputs: { a: 0 }, outputs: { b: 1 } }] });
    const attempt = (bytes: Uint8Array) => {
      try {
        readModel(bytes);
      } catch (cause) {
        expect(cause).toBeInstanceOf(WasiNNError);
      }
    };
    for (let end = 0; end < model.byteLength; end++) attempt(model.subarray(0, end));
    for (let at = 0; at < model.byteLength; at++)
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) attempt(model.with(at, value));
  });
});

it('vectors of a file that share their bytes do not keep its reader busy', () => {
  const builder = new Builder();
  builder.startVector(4, 100, 4);
  for (let index = 0; index < 100; index++) builder.addInt32(index);
  const numbers = builder.endVector();
  builder.startObject(1);
  builder.addFieldOffset(0, numbers, 0);
  const shared = builder.endObject();
  builder.startVector(4, 100, 4);
  for (let index = 0; index < 100; index++) builder.addOffset(shared);
  const tables = builder.endVector();
  builder.startObject(1);
  builder.addFieldOffset(0, tables, 0);
  builder.finish(builder.endObject(), 'TEST');

  const read = readRoot(builder.asUint8Array(), 'TEST').tables(0);
  expect(read.at(0)?.int32s(0, 3)).toEqual([99, 98, 97]);
  expect(() => Array.from(read, (table) => table.int32s(0, 1))).toThrow('its vectors overlap');
});
