import type { Setting } from './rows.js';

/** A fault put into the host's source, and the feature of the cases that must catch it. */
export interface Mutant {
  /** What is broken, in words. */
  readonly what: string;
  readonly file: string;
  /** A text that the file has once. */
  readonly from: string;
  readonly to: string;
  readonly feature: string;
  /** Where it shows. Default: in the newest component, suspended. */
  readonly abi?: Setting['abi'];
  readonly waiting?: Setting['waiting'];
}

const inputs: readonly Mutant[] = [
  {
    what: 'byte lengths are not checked',
    file: 'src/standard/match-inputs.ts',
    from: 'if (areLengths && (data === undefined || data.byteLength === bytes)) return undefined;',
    to: 'if (areLengths) return undefined;',
    feature: 'byte-length',
  },
  {
    what: 'fewer bytes than the shape has are taken',
    file: 'src/standard/match-inputs.ts',
    from: 'data.byteLength === bytes',
    to: 'data.byteLength <= bytes',
    feature: 'absurd-shapes',
  },
  {
    what: 'types are not checked',
    file: 'src/standard/match-inputs.ts',
    from: 'const isOfType = given.type === type;',
    to: 'const isOfType = true;',
    feature: 'wrong-type',
  },
  {
    what: 'an input that is missing is a runtime error',
    file: 'src/standard/match-inputs.ts',
    from: 'const names = missing',
    to: "if (missing.length > 0) throw new Error('missing');\n  const names = missing",
    feature: 'missing-input',
  },
  {
    what: 'an unknown name means the first input',
    file: 'src/standard/tensor.ts',
    from: 'return byName;',
    to: 'return byName ?? tensors[0];',
    feature: 'unknown-input',
  },
  {
    what: 'positions mean nothing',
    file: 'src/standard/tensor.ts',
    from: 'return tensors[Number(name)];',
    to: 'return undefined;',
    feature: 'positions',
  },
  {
    what: 'an input may be given twice',
    file: 'src/standard/match-inputs.ts',
    from: 'if (matched.has(name))',
    to: 'if (name === undefined)',
    feature: 'unknown-input',
  },
  {
    what: 'inputs of any rank must be scalars',
    file: 'src/standard/match-inputs.ts',
    from: 'if (shape.length === 0) return true;',
    to: 'if (shape.length === 0) return dimensions.length === 0;',
    feature: 'dynamic-shapes',
  },
];

const tensors: readonly Mutant[] = [
  {
    what: 'outputs come in the reverse order',
    file: 'src/backends/echo.ts',
    from: '[...inputs]',
    to: '[...inputs].toReversed()',
    feature: 'order',
  },
  {
    what: 'the last of many outputs is lost',
    file: 'src/backends/echo.ts',
    from: '[...inputs]',
    to: '[...inputs].slice(0, 63)',
    feature: 'echo',
  },
  {
    what: 'BF16 is as wide as FP32',
    file: 'src/standard/tensor.ts',
    from: 'BF16: 2',
    to: 'BF16: 4',
    feature: 'echo',
  },
  {
    what: 'a tensor loses its first byte',
    file: 'src/bindings/wit.ts',
    from: '({ data }) => data)',
    to: '({ data }) => data.slice(1))',
    feature: 'tensor',
  },
  {
    what: "a tensor's axes come in the reverse order",
    file: 'src/bindings/wit.ts',
    from: 'Uint32Array.from(this.#held.tensor.dimensions)',
    to: 'Uint32Array.from(this.#held.tensor.dimensions.toReversed())',
    feature: 'tensor',
  },
  {
    what: 'a tensor forgets its type',
    file: 'src/bindings/wit.ts',
    from: 'return this.#held.tensor.type;',
    to: "return 'U8';",
    feature: 'tensor',
  },
  {
    what: "onnxruntime's shapes are reversed",
    file: 'src/backends/onnx/tensors.ts',
    from: 'dimensions: tensor.dims,',
    to: 'dimensions: tensor.dims.toReversed(),',
    feature: 'onnx',
  },
  {
    what: '64-bit integers go to onnxruntime as numbers with a point',
    file: 'src/backends/onnx/tensors.ts',
    from: "I64: 'int64',\n} as const",
    to: "I64: 'float64',\n} as const",
    feature: 'onnx',
  },
  {
    what: 'a byte order mark is dropped from names',
    file: 'src/transpiler/amend-glue.ts',
    from: '{ ignoreBOM: true })";',
    to: '{ ignoreBOM: false })";',
    feature: 'names',
  },
  {
    what: 'tensors get the bytes of others on their way to and from a thread that blocks',
    file: 'src/rpc/message-stream.ts',
    from: 'arrays.push(array);',
    to: 'arrays.unshift(array);',
    feature: 'echo',
    waiting: 'block',
  },
  {
    what: 'a piece of a long tensor is turned round on its way to and from a thread that blocks',
    file: 'src/rpc/mailbox.ts',
    from: 'target.set(part);',
    to: 'target.set(part.byteLength < target.byteLength ? part.toReversed() : part);',
    feature: 'echo',
    waiting: 'block',
  },
];

const errors: readonly Mutant[] = [
  {
    what: 'every error is of an unknown kind',
    file: 'src/bindings/wit-error.ts',
    from: 'return this.#code;',
    to: "return 'unknown';",
    feature: 'name-errors',
  },
  {
    what: 'errors have no text',
    file: 'src/bindings/wit-error.ts',
    from: '  data(): string {\n    return this.#data;',
    to: "  data(): string {\n    return '';",
    feature: 'errors',
  },
  {
    what: 'the code of an error is lost between threads',
    file: 'src/standard/plain-error.ts',
    from: "isErrorCode(code) ? code : 'unknown'",
    to: "isErrorCode(code) ? 'unknown' : 'unknown'",
    feature: 'load-errors',
  },
  {
    what: 'an unregistered name is a runtime error',
    file: 'src/models/registry.ts',
    from: "    'not-found',",
    to: "    'runtime-error',",
    feature: 'name-errors',
  },
  {
    what: 'bytes that are refused are a runtime error',
    file: 'src/backends/choose-backend.ts',
    from: "new Kind('invalid-encoding', remedy",
    to: "new Kind('runtime-error', remedy",
    feature: 'load-errors',
  },
  {
    what: 'no builder at all is an encoding that is wrong',
    file: 'src/backends/choose-backend.ts',
    from: "new WasiNNError('invalid-argument', 'load: no graph builder came",
    to: "new WasiNNError('invalid-encoding', 'load: no graph builder came",
    feature: 'load-errors',
  },
  {
    what: 'a model that does not parse is a runtime error',
    file: 'src/backends/onnx/errors.ts',
    from: "[7, 'invalid-encoding'],",
    to: "[7, 'runtime-error'],",
    feature: 'load-errors',
  },
  {
    what: 'ONNX is not recognised',
    file: 'src/backends/sniff.ts',
    from: 'startsLikeOnnx(bytes)]',
    to: 'bytes.length < 0 && startsLikeOnnx(bytes)]',
    feature: 'load',
  },
];

const contexts: readonly Mutant[] = [
  {
    what: 'a graph goes though a context needs it',
    file: 'src/bindings/lease.ts',
    from: '--this.#holders === 0',
    to: '--this.#holders <= 1',
    feature: 'contexts',
  },
  {
    what: 'inputs that were set are forgotten',
    file: 'src/bindings/wit.ts',
    from: '() => this.#lease.compute([...this.#inputs], { keepsInputs: true }),',
    to: '() => { const given = [...this.#inputs]; this.#inputs.clear(); return this.#lease.compute(given); },',
    feature: 'set-input',
    abi: 'wit 08-19',
  },
  {
    what: 'an unknown output is the first one',
    file: 'src/bindings/wit.ts',
    from: 'if (output) return output[1];',
    to: 'if (output ?? outputs[0]) return (output ?? outputs[0]!)[1];',
    feature: 'get-output',
    abi: 'wit 08-19',
  },
  {
    what: 'outputs cannot be got by their position',
    file: 'src/bindings/wit.ts',
    from: 'findTensor(named, name)?.index',
    to: 'named.find((tensor) => tensor.name === name)?.index',
    feature: 'get-output',
    abi: 'wit 06-25',
  },
  {
    what: 'no outputs yet is a wrong argument',
    file: 'src/bindings/wit.ts',
    from: "'runtime-error',\n      'get-output",
    to: "'invalid-argument',\n      'get-output",
    feature: 'get-output',
    abi: 'wit 06-25',
  },
  {
    what: 'a guest cannot make errors of its own',
    file: 'src/bindings/wit-error.ts',
    from: 'constructor(code: ErrorCode, data: string) {\n    this.#code = code;',
    to: "constructor(_code: ErrorCode, data: string) {\n    this.#code = 'unknown';",
    feature: 'errors',
    abi: 'wit 06-25',
  },
];

const coreModules: readonly Mutant[] = [
  {
    what: 'pointers are not checked',
    file: 'src/bindings/guest-memory.ts',
    from: 'if (pointer + byteLength <= size) return;',
    to: 'if (pointer + byteLength <= size || size > 0) return;',
    feature: 'memory',
  },
  {
    what: 'misaligned structures are read',
    file: 'src/bindings/guest-memory.ts',
    from: 'if (pointer % 4 !== 0)',
    to: 'if (pointer % 1 !== 0)',
    feature: 'memory',
  },
  {
    what: 'names need not be UTF-8',
    file: 'src/bindings/guest-memory.ts',
    from: 'fatal: true',
    to: 'fatal: false',
    feature: 'memory',
  },
  {
    what: 'a buffer that is too small is no error',
    file: 'src/bindings/witx.ts',
    from: 'if (fits) return;\n    throw new WasiNNError(',
    to: 'if (fits || !fits) return;\n    throw new WasiNNError(',
    feature: 'get-output',
  },
  {
    what: "the guest gets the buffer's size, not the output's",
    file: 'src/bindings/witx.ts',
    from: 'place.setUint32(0, output.byteLength, true);',
    to: 'place.setUint32(0, target.byteLength, true);',
    feature: 'get-output',
  },
  {
    what: 'dimensions are read the wrong way round',
    file: 'src/bindings/witx.ts',
    from: 'view.getUint32(axis * 4, true)',
    to: 'view.getUint32(axis * 4, false)',
    feature: 'echo',
  },
  {
    what: 'tensors of many axes are refused',
    file: 'src/bindings/witx.ts',
    from: 'const maxRank = 64;',
    to: 'const maxRank = 16;',
    feature: 'echo',
  },
  {
    what: 'inputs are not copied when they are set',
    file: 'src/bindings/witx.ts',
    from: 'session.setInput(context, index, { type: reading.type, dimensions, data: data.slice() });',
    to: 'session.setInput(context, index, { type: reading.type, dimensions, data: data as Uint8Array<ArrayBuffer> });',
    feature: 'set-input',
  },
  {
    what: 'ONNX has the number of OpenVINO',
    file: 'src/bindings/witx.ts',
    from: "'openvino',\n  'onnx',",
    to: "'onnx',\n  'openvino',",
    feature: 'load',
  },
  {
    what: 'a target that is none means the CPU',
    file: 'src/bindings/witx.ts',
    from: 'targets[target];',
    to: "targets[target] ?? 'cpu';",
    feature: 'numbers',
  },
  {
    what: 'a type that is none means bytes',
    file: 'src/bindings/witx-tensor-types.ts',
    from: 'if (!current) throw',
    to: "if (!current) return { type: 'U8' };\n  if (!current) throw",
    feature: 'numbers',
  },
  {
    what: 'all contexts have one handle',
    file: 'src/bindings/core-module-session.ts',
    from: 'this.#nextContext++',
    to: 'this.#nextContext',
    feature: 'handles',
  },
  {
    what: 'all graphs have one handle',
    file: 'src/bindings/core-module-session.ts',
    from: 'this.#nextGraph++',
    to: 'this.#nextGraph',
    feature: 'handles',
  },
  {
    what: 'a handle that means nothing is a runtime error',
    file: 'src/bindings/core-module-session.ts',
    from: "return new WasiNNError('invalid-argument', `",
    to: "return new WasiNNError('runtime-error', `",
    feature: 'handles',
  },
  {
    what: 'inputs go to the engine as they were set, not by their numbers',
    file: 'src/bindings/core-module-session.ts',
    from: '.toSorted(([a], [b]) => a - b)',
    to: '.toSorted(() => 0)',
    feature: 'set-input',
  },
].map((mutant) => ({ ...mutant, abi: 'witx' }));

/** Encodings that are converted to ONNX. */
const imported: readonly Mutant[] = [
  {
    what: 'OpenVINO is not recognised',
    file: 'src/backends/sniff.ts',
    from: "rootOf(text) === 'net'",
    to: "rootOf(text) === 'network'",
    feature: 'imported',
  },
  {
    what: 'PyTorch is not recognised',
    file: 'src/backends/sniff.ts',
    from: "'a zip archive (TorchScript)'), isTorchArchive]",
    to: "'a zip archive (TorchScript)'), (sample) => sample.text === '' && isTorchArchive(sample)]",
    feature: 'imported',
  },
  {
    what: 'TensorFlow is not recognised',
    file: 'src/backends/sniff.ts',
    from: '=> startsLikeTensorFlowGraph(bytes)',
    to: '=> bytes.length < 0 && startsLikeTensorFlowGraph(bytes)',
    feature: 'imported',
  },
  {
    what: 'the parts of an OpenVINO model are taken as they come',
    file: 'src/backends/imported/imported.ts',
    from: 'isTopology[1] && !isTopology[0] ? parts.toReversed() : parts',
    to: 'isTopology.length < 0 ? parts.toReversed() : parts',
    feature: 'imported',
  },
  {
    what: 'a PyTorch program is converted for the first shapes alone',
    file: 'src/backends/imported/specialised-graph.ts',
    from: 'const key = JSON.stringify(shapes);',
    to: "const key = 'any';",
    feature: 'imported',
  },
  {
    what: 'the positions of inputs mean nothing to a PyTorch program',
    file: 'src/backends/imported/specialised-graph.ts',
    from: 'model.inputs[index]?.name ?? String(index)',
    to: 'String(index)',
    feature: 'imported',
  },
  {
    what: 'unknown operators are a runtime error',
    file: 'src/importers/unsupported.ts',
    from: "'unsupported-operation',",
    to: "'runtime-error',",
    feature: 'imported-errors',
  },
  {
    what: 'bytes that are no PyTorch model are a runtime error',
    file: 'src/importers/pytorch/archive.ts',
    from: "'invalid-encoding',\n    `load: the PyTorch archive",
    to: "'runtime-error',\n    `load: the PyTorch archive",
    feature: 'imported-errors',
  },
  {
    what: 'further parts of a PyTorch model are ignored',
    file: 'src/backends/imported/imported.ts',
    from: '!archive || parts.length > 1',
    to: '!archive',
    feature: 'imported-errors',
  },
];

export const mutants: readonly Mutant[] = [...inputs, ...tensors, ...errors, ...contexts, ...coreModules, ...imported];
