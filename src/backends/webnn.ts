import { isObjectWith } from '../standard/is-object-with.js';
import type { ProviderOptions } from './runtime-module.js';

/** The parts of WebNN that are used here: its types are in no library of TypeScript yet. */
interface ML {
  createContext(options: { deviceType?: string; powerPreference: string }): Promise<object>;
}

const contexts = new Map<string, Promise<object>>();

/**
 * The WebNN context for one kind of device, shared by all graphs on it.
 *
 * @throws Error in words, where there is no WebNN or it refuses this kind of device
 */
export function openMLContext(deviceType: 'npu' | 'gpu', options: ProviderOptions): Promise<object> {
  const known = contexts.get(deviceType);
  if (known !== undefined) return known;
  const opening = createContext(deviceType, options);
  contexts.set(deviceType, opening);
  opening.catch(() => contexts.delete(deviceType));
  return opening;
}

async function createContext(
  deviceType: 'npu' | 'gpu',
  { powerPreference: preferredGPU = 'high-performance' }: ProviderOptions,
): Promise<object> {
  if (!('ml' in navigator)) throw new Error('this browser has no WebNN');
  const ml: unknown = navigator.ml;
  if (!isML(ml)) throw new Error('this browser has no usable WebNN');
  const powerPreference = deviceType === 'npu' ? 'low-power' : preferredGPU;
  try {
    return await ml.createContext({ deviceType, powerPreference });
  } catch (cause) {
    // The specification dropped deviceType; a browser that follows it may refuse the member.
    if (!(cause instanceof TypeError)) throw cause;
    return ml.createContext({ powerPreference });
  }
}

/**
 * The element types of outputs that a context can keep, which differ from device to device; none where it does not list them.
 * WebNN and onnxruntime have the same names for them.
 */
export function outputTypes(context: object): ReadonlySet<string> {
  const limits = tellsLimits(context) ? context.opSupportLimits() : undefined;
  const output = isObjectWith(limits, 'output') ? limits.output : undefined;
  const types = isObjectWith(output, 'dataTypes') ? output.dataTypes : undefined;
  return new Set(Array.isArray(types) ? types : []);
}

function tellsLimits(context: object): context is { opSupportLimits(): unknown } {
  return 'opSupportLimits' in context && typeof context.opSupportLimits === 'function';
}

function isML(value: unknown): value is ML {
  return (
    typeof value === 'object' && value !== null && 'createContext' in value && typeof value.createContext === 'function'
  );
}

/** A `MLGraphBuilder` prototype, as far as it is watched. */
interface GraphBuilderPrototype {
  build(this: object, ...operands: unknown[]): Promise<unknown>;
}

let graphsBuilt = 0;
let watching = false;
let refused: string | undefined;

/** The last of WebNN's operations that threw while `countGraphsBuilt` ran last, by its method of `MLGraphBuilder`. */
export function refusedOperation(): string | undefined {
  return refused;
}

/**
 * Runs `create` and counts the graphs that were built with WebNN on the way. onnxruntime reports success also when
 * WebNN took no operator of a model and the CPU will run all of it; this is the only way to know.
 */
export async function countGraphsBuilt<Result>(create: () => Promise<Result>): Promise<[Result, number]> {
  watchBuilder();
  refused = undefined;
  const before = graphsBuilt;
  const result = await create();
  return [result, graphsBuilt - before];
}

function watchBuilder(): void {
  if (watching) return;
  const builder: unknown = Reflect.get(globalThis, 'MLGraphBuilder');
  if (typeof builder !== 'function' || !isGraphBuilderPrototype(builder.prototype)) return;
  const prototype = builder.prototype;
  const build = prototype.build;
  for (const name of Object.getOwnPropertyNames(prototype)) watchOperation(prototype, name);
  prototype.build = function (...operands) {
    graphsBuilt++;
    return build.apply(this, operands);
  };
  watching = true;
}

/** Takes note where a method of a builder throws. */
function watchOperation(prototype: object, name: string): void {
  const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
  if (name === 'constructor' || typeof method !== 'function') return;
  const watched = function (this: unknown, ...operands: unknown[]): unknown {
    try {
      return Reflect.apply(method, this, operands);
    } catch (cause) {
      refused = name;
      throw cause;
    }
  };
  Reflect.set(prototype, name, watched);
}

function isGraphBuilderPrototype(value: unknown): value is GraphBuilderPrototype {
  return typeof value === 'object' && value !== null && 'build' in value && typeof value.build === 'function';
}
