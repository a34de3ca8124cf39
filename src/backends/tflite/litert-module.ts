import { WasiNNError } from '../../standard/error.js';

/**
 * The C++ bindings of LiteRT.js's WebAssembly module, as far as they are used here. The classes that `@litertjs/core`
 * builds on them take three element types, and one module for a thread; the bindings have no such limits.
 */
export interface LiteRtModule {
  /** The module's memory. It is another view after the memory has grown. */
  readonly HEAPU8: Uint8Array;
  /** @returns 0 where the memory is used up */
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  /** @param pointer where the model lies, as long as there is the model */
  loadModel(environment: Deletable, pointer: number, bytes: number): LiteRtModel;
  compileModel(
    environment: Deletable,
    model: LiteRtModel,
    options: CompileOptions,
  ): LiteRtCompiledModel | Promise<LiteRtCompiledModel>;
  wgpuBufferRelease(pointer: number): void;
  readonly LiteRtEnvironment: { create(device: GPUDevice | null): Deletable };
  readonly LiteRtTensorBuffer: {
    createManaged(environment: Deletable, place: EnumValue, type: LiteRtTensorType, bytes: number): LiteRtTensorBuffer;
    createFromWebGpuBuffer(
      environment: Deletable,
      type: LiteRtTensorType,
      place: EnumValue,
      buffer: number,
      bytes: number,
    ): LiteRtTensorBuffer;
  };
  readonly LiteRtTensorBufferType: { readonly HOST_MEMORY: EnumValue; readonly WEB_GPU_BUFFER_PACKED: EnumValue };
  readonly LiteRtTensorBufferLockMode: { readonly READ: EnumValue; readonly WRITE: EnumValue };
  readonly WebGPU: { getJsObject(pointer: number): GPUBuffer; importJsBuffer(buffer: GPUBuffer): number };
}

/** An object in the module's memory. */
export interface Deletable {
  delete(): void;
}

/** A C++ enum's value: one object for each. */
export interface EnumValue {
  readonly value: number;
}

export interface Vector<Element> extends Deletable {
  size(): number;
  get(index: number): Element;
}

export interface CompileOptions {
  readonly accelerator: 'wasm' | 'webgpu' | 'webnn';
  readonly cpuOptions: { readonly numThreads: number };
  readonly gpuOptions: { readonly precision: 'fp32' };
  readonly webNNOptions: { readonly devicePreference?: 'gpu' | 'npu'; readonly precision: 'fp32' };
}

export interface LiteRtModel extends Deletable {
  getSignature(signature: number): Deletable & { inputNames(): Vector<string>; outputNames(): Vector<string> };
  getInputTensorType(signature: number, index: number): LiteRtTensorType;
  getOutputTensorType(signature: number, index: number): LiteRtTensorType;
}

export interface LiteRtTensorType extends Deletable {
  bytes(): number;
}

export interface LiteRtCompiledModel extends Deletable {
  isFullyAccelerated(): boolean;
  getInputBufferRequirements(
    signature: number,
    index: number,
  ): Deletable & { supportedTypes(): Vector<EnumValue & Deletable> };
  /** Reports failures in the log alone: it answers with buffers whose numbers mean nothing. */
  run(
    signature: number,
    inputs: readonly LiteRtTensorBuffer[],
  ): readonly LiteRtTensorBuffer[] | Promise<readonly LiteRtTensorBuffer[]>;
}

export interface LiteRtTensorBuffer extends Deletable {
  /** @returns where the elements lie, until `unlock` */
  lock(mode: EnumValue): number;
  unlock(): void;
  isWebGpuMemory(): boolean;
  getWebGpuBuffer(): number;
  packedSize(): number;
  offset(): number;
}

/** The release whose files these bindings are those of. */
export const litertVersion = '~2.5.3';

/** What a page's author is to do where LiteRT.js is missing, or is of another release. */
export const installation = `install it (npm install @litertjs/core@${litertVersion}) and build the page again`;

const functions = ['_malloc', '_free', 'loadModel', 'compileModel', 'wgpuBufferRelease'];
const members = [
  'HEAPU8',
  'LiteRtEnvironment.create',
  'LiteRtTensorBuffer.createManaged',
  'LiteRtTensorBuffer.createFromWebGpuBuffer',
  'LiteRtTensorBufferType.HOST_MEMORY',
  'LiteRtTensorBufferType.WEB_GPU_BUFFER_PACKED',
  'LiteRtTensorBufferLockMode.READ',
  'LiteRtTensorBufferLockMode.WRITE',
  'WebGPU.getJsObject',
  'WebGPU.importJsBuffer',
  'LiteRtModel.prototype.getSignature',
  'LiteRtModel.prototype.getInputTensorType',
  'LiteRtCompiledModel.prototype.getInputBufferRequirements',
  'LiteRtCompiledModel.prototype.isFullyAccelerated',
];

/**
 * Checks that a module has what is used of it: its bindings are not documented, and another release may have others.
 *
 * @throws WasiNNError `unsupported-operation` that says what is missing and which release to install
 */
export function expectLiteRt(module: unknown): LiteRtModule {
  if (isLiteRt(module)) return module;
  throw otherRelease([...functions, ...members].filter((path) => memberOf(module, path) === undefined).join(', '));
}

export function otherRelease(missing: string): WasiNNError {
  const text = `load: the @litertjs/core that was found is of another release than ${litertVersion}: it has no ${missing}; ${installation}`;
  return new WasiNNError('unsupported-operation', text);
}

function isLiteRt(module: unknown): module is LiteRtModule {
  const has = (path: string) => memberOf(module, path) !== undefined;
  return functions.every((name) => typeof memberOf(module, name) === 'function') && members.every(has);
}

function memberOf(module: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    return isObject ? Reflect.get(value, name) : undefined;
  }, module);
}

/** The elements of a vector, which is deleted. */
export function take<Element>(vector: Vector<Element>): Element[] {
  const elements = Array.from({ length: vector.size() }, (_, index) => vector.get(index));
  vector.delete();
  return elements;
}
