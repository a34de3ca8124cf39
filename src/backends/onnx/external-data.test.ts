import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { joinBytes } from '../../standard/join-bytes.js';
import { createRandom } from '../../standard/random.fixture.js';
import { assignParts, findExternalData } from './external-data.js';
import {
  addModel,
  affineModel,
  constant,
  entry,
  externalTensor,
  field,
  floats,
  graph,
  graphAttribute,
  int,
  model,
  modelFunction,
  node,
  sparseTensor,
  tensor,
  tensorAttribute,
} from './model.fixture.js';

const project = path.resolve(import.meta.dirname, '../../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const hasFixtures = existsSync(path.join(fixtures, 'models'));

const filesOf = (bytes: Uint8Array) => findExternalData(bytes).files;
const initializer = (...tensors: readonly Uint8Array[]) => model({ nodes: [], initializers: tensors });
const attribute = (...attributes: readonly Uint8Array[]) =>
  model({ nodes: [node('Test', ['x'], ['y'], { attributes })] });
const external = (location: string) => externalTensor('w', location);

/** A graph in an attribute of a node of a graph in an attribute …, with a tensor in the innermost. */
function nested(depth: number): Uint8Array<ArrayBuffer> {
  let inner = graph({ nodes: [], initializers: [external('deep.bin')] });
  for (let level = 0; level < depth; level++) {
    inner = graph({ nodes: [node('If', ['x'], ['y'], { attributes: [graphAttribute('then_branch', inner)] })] });
  }
  return field(7, inner);
}

describe('findExternalData', () => {
  it.each([
    ['an initializer', initializer(external('a.bin')), ['a.bin']],
    [
      'a sparse initializer',
      model({ nodes: [], sparseInitializers: [sparseTensor(external('values'), external('indices'))] }),
      ['values', 'indices'],
    ],
    ['a constant', model({ nodes: [constant('y', external('c.bin'))] }), ['c.bin']],
    ['a list of tensors', attribute(field(10, external('a')), field(10, external('b'))), ['a', 'b']],
    ['a subgraph', attribute(graphAttribute('body', graph({ nodes: [], initializers: [external('s')] }))), ['s']],
    ['a list of subgraphs', attribute(field(11, graph({ nodes: [constant('y', external('t'))] }))), ['t']],
    ['a sparse attribute', attribute(field(22, sparseTensor(external('v'), tensor({})))), ['v']],
    ['a list of sparse attributes', attribute(field(23, sparseTensor(tensor({}), external('i')))), ['i']],
    [
      'a function',
      joinBytes([model({ nodes: [] }), field(25, modelFunction('F', [constant('y', external('f.bin'))]))]),
      ['f.bin'],
    ],
    [
      "a function's default attribute",
      joinBytes([model({ nodes: [] }), field(25, field(11, tensorAttribute('a', external('d.bin'))))]),
      ['d.bin'],
    ],
    ['a graph in two pieces', joinBytes([initializer(external('a')), field(7, field(5, external('b')))]), ['a', 'b']],
    ['a graph in thirty others', nested(30), ['deep.bin']],
    ['no external data', initializer(tensor({ raw: floats(1, 2) })), []],
  ])('finds the files of %s', (_what, bytes, files) => {
    expect(findExternalData(bytes)).toEqual({ files, wellFormed: true });
  });

  it('has them in the order in which the bytes first name them, each once', () => {
    const tensors = ['b', 'a', './b', 'c', 'a'].map(external);
    const bytes = model({ nodes: [constant('k', external('d'))], initializers: tensors });
    expect(filesOf(bytes)).toEqual(['d', 'b', 'a', 'c']);
  });

  it.each([
    ['./w.bin', ['w.bin']],
    ['././w.bin', ['./w.bin']],
    ['.w.bin', ['.w.bin']],
    ['../w.bin', ['../w.bin']],
    ['/etc/passwd', ['/etc/passwd']],
    ['https://example.com/w.bin', ['https://example.com/w.bin']],
    ['gewichte-ü.bin', ['gewichte-ü.bin']],
    ['\ufeffw.bin', ['\ufeffw.bin']],
    ['', []],
    ['./', []],
  ])('takes the location %j for a name', (location, files) => {
    expect(filesOf(addModel(location))).toEqual(files);
  });

  it.each([
    ['is not external', joinBytes([int(2, 1), field(13, entry('location', 'w.bin'))])],
    ['says that its data is inside', joinBytes([field(13, entry('location', 'w.bin')), int(14, 0)])],
    ['has an unknown data location', joinBytes([field(13, entry('location', 'w.bin')), int(14, 2)])],
    ['has no location', joinBytes([field(13, entry('offset', '0')), int(14, 1)])],
    ['has an entry without a key', joinBytes([field(13, field(2, 'w.bin')), int(14, 1)])],
    ['has an entry without a value', joinBytes([field(13, field(1, 'location')), int(14, 1)])],
    [
      'has its location written as a number',
      joinBytes([field(13, joinBytes([field(1, 'location'), int(2, 5)])), int(14, 1)]),
    ],
  ])('passes by a tensor that %s', (_what, bytes) => {
    expect(findExternalData(initializer(bytes))).toEqual({ files: [], wellFormed: true });
  });

  it('reads the fields of a tensor and of an entry in any order, and longer numbers than need be', () => {
    const late = joinBytes([int(14, 1), field(13, entry('length', '8')), field(13, entry('location', 'w.bin'))]);
    const turned = joinBytes([
      field(13, joinBytes([field(2, 'v.bin'), field(1, 'location')])),
      int(14, 1n + 2n ** 62n),
    ]);
    expect(filesOf(initializer(late, turned))).toEqual(['w.bin', 'v.bin']);
  });

  it('is not misled by weights that look like tensors', () => {
    const decoy = initializer(external('decoy.bin'));
    expect(filesOf(initializer(tensor({ raw: decoy }), external('w.bin')))).toEqual(['w.bin']);
    expect(filesOf(joinBytes([field(6, decoy), field(14, decoy), addModel()]))).toEqual(['w.bin']);
  });

  it("passes by onnxruntime's own format", () => {
    const bytes = joinBytes([Uint8Array.of(0x18, 0, 0, 0), new TextEncoder().encode('ORTM'), addModel()]);
    expect(findExternalData(bytes)).toEqual({ files: [], wellFormed: true });
  });

  it('reads a view from its own start', () => {
    const bytes = addModel();
    const larger = joinBytes([new Uint8Array(5).fill(0xff), bytes, new Uint8Array(5).fill(0xff)]);
    expect(filesOf(larger.subarray(5, 5 + bytes.byteLength))).toEqual(['w.bin']);
  });
});

describe('findExternalData, of hostile bytes', () => {
  it.each([
    ['nested too deep', nested(40)],
    ['nested far too deep', nested(400)],
    ['with a tensor that is cut short', field(7, field(5, Uint8Array.of(0x6a, 0x20, 0x0a)))],
    ['with an entry that is cut short', initializer(field(13, Uint8Array.of(0x0a, 0x20, 0x41)))],
    ['that are no protobuf', new TextEncoder().encode('<!doctype html>')],
  ])('finds nothing in bytes %s, and says that they are malformed', (_what, bytes) => {
    expect(findExternalData(bytes)).toEqual({ files: [], wellFormed: false });
  });

  it('finds what comes before the damage', () => {
    const bytes = joinBytes([addModel(), Uint8Array.of(0xff)]);
    expect(findExternalData(bytes)).toEqual({ files: ['w.bin'], wellFormed: false });
  });

  it('stops counting files where there are absurdly many', () => {
    const bytes = initializer(...Array.from({ length: 6000 }, (_, index) => external(`${index}.bin`)));
    expect(filesOf(bytes)).toHaveLength(4097);
  });

  it('stops reading names that are absurdly long', () => {
    const [name = ''] = filesOf(addModel('x'.repeat(1 << 20)));
    expect(name).toBe('x'.repeat(4096));
  });

  it('takes time in proportion to the bytes', () => {
    // The worst there is: nothing but the shortest fields, and the shortest tensors.
    const dims = field(7, field(5, new Uint8Array(8 << 20).fill(0x08)));
    expect(findExternalData(dims)).toEqual({ files: [], wellFormed: true });
    const empty = new Uint8Array(8 << 20).map((_, index) => (index % 2 === 0 ? 0x2a : 0));
    expect(findExternalData(field(7, empty))).toEqual({ files: [], wellFormed: true });
  });

  it('has an answer wherever a model is cut', () => {
    const bytes = affineModel();
    const whole = filesOf(bytes);
    for (let length = 0; length < bytes.byteLength; length++) {
      const { files } = findExternalData(bytes.subarray(0, length));
      expect(whole.slice(0, files.length)).toEqual(files);
    }
  });

  it('has an answer for every byte in every place', () => {
    const bytes = affineModel();
    for (let at = 0; at < bytes.byteLength; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = bytes.slice();
        changed[at] = value;
        expect(filesOf(changed).length).toBeLessThanOrEqual(2);
      }
    }
  });

  it('has an answer for whatever damage', () => {
    const random = createRandom(1);
    const pick = (count: number) => Math.floor(random() * count);
    const base = model(
      {
        nodes: [
          constant('k', external('k.bin')),
          node('If', ['c'], ['y'], { attributes: [graphAttribute('then_branch', graph({ nodes: [] }))] }),
        ],
        initializers: [external('w.bin')],
        sparseInitializers: [sparseTensor(external('v'), external('i'))],
      },
      [modelFunction('F', [constant('y', external('f.bin'))])],
    );
    for (let round = 0; round < 5000; round++) {
      let bytes = base.slice();
      for (let change = pick(8); change >= 0; change--) {
        const at = pick(bytes.byteLength);
        if (pick(4) === 0) bytes = joinBytes([bytes.subarray(0, at), bytes.subarray(pick(bytes.byteLength))]);
        else bytes[at] = pick(256);
      }
      const { files, wellFormed } = findExternalData(bytes);
      expect(typeof wellFormed).toBe('boolean');
      expect(files.every((name) => name !== '' && name.length <= bytes.byteLength)).toBe(true);
    }
  });
});

describe('assignParts', () => {
  it('gives each file its part', () => {
    const [a, b] = [floats(1, 0, 0, 1), floats(1, 2)];
    const parts = assignParts([affineModel('./a.bin', 'b.bin'), a, b]);
    expect(parts.externalData).toEqual([
      { path: 'a.bin', data: a },
      { path: 'b.bin', data: b },
    ]);
    expect(parts.externalData[0]?.data).toBe(a);
  });

  it.each([
    ['none', [], 'an ONNX model is 1 part (the .onnx file), but 0 came'],
    ['one too many', [initializer(tensor({})), floats(1)], 'an ONNX model is 1 part (the .onnx file), but 2 came'],
    [
      'the model alone',
      [affineModel()],
      'this ONNX model is 3 parts (the .onnx file, then its external data: "a.bin", "b.bin"), but 1 came',
    ],
    [
      'one too few',
      [affineModel(), floats(1)],
      'this ONNX model is 3 parts (the .onnx file, then its external data: "a.bin", "b.bin"), but 2 came',
    ],
    [
      'one too many for two files',
      [affineModel(), floats(1), floats(2), floats(3)],
      'this ONNX model is 3 parts (the .onnx file, then its external data: "a.bin", "b.bin"), but 4 came',
    ],
  ])('refuses a wrong number of parts: %s', (_what, parts, text) => {
    expect(() => assignParts(parts)).toThrowError(
      expect.objectContaining({ name: 'WasiNNError', code: 'invalid-argument', message: `load: ${text}` }),
    );
  });

  it('names no more files than can be read, and no longer', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `${index}${'\n'.repeat(1000)}`);
    const message = `^load: this ONNX model is 1001 parts [^]{0,5000} and 992 more\\), but 1 came$`;
    expect(() => assignParts([initializer(...names.map(external))])).toThrowError(new RegExp(message));
  });

  it('refuses a model that names thousands of files', () => {
    const tensors = Array.from({ length: 4097 }, (_, index) => external(`${index}.bin`));
    expect(() => assignParts([initializer(...tensors)])).toThrowError(
      expect.objectContaining({ code: 'too-large', message: expect.stringContaining('more than 4096') }),
    );
    expect(() => assignParts([initializer(...tensors.slice(1))])).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('and 4088 more') }),
    );
  });

  it('leaves it to onnxruntime to say what is wrong with a damaged model', () => {
    const damaged = affineModel().slice(0, -1);
    const one = floats(1);
    expect(assignParts([damaged])).toMatchObject({ model: damaged, externalData: [] });
    expect(assignParts([damaged, one]).externalData).toEqual([{ path: 'a.bin', data: one }]);
    expect(assignParts([damaged, one, one, one]).externalData).toHaveLength(2);
  });
});

describe.skipIf(!hasFixtures)(`findExternalData, of real models (needs ${path.relative(project, fixtures)})`, () => {
  it('finds none in models that have none', () => {
    const folder = path.join(fixtures, 'models');
    const models = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
    expect(models).not.toHaveLength(0);
    for (const name of models) {
      const found = findExternalData(readFileSync(path.join(folder, name)));
      expect({ name, ...found }).toEqual({ name, files: [], wellFormed: true });
    }
  });
});
