import type { ProviderOptions } from './runtime-module.js';

/** A WebGPU device and, for people, the adapter it belongs to. */
interface OpenDevice {
  readonly device: GPUDevice;
  readonly description: string;
}

/** Optional features that the runtimes' WebGPU kernels use where they are present. */
const usefulFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups'];

/** Limits whose default would keep large models out. */
const raisedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
  'maxTextureDimension2D',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** The element types that onnxruntime keeps in buffers of a device, of those that wasi-nn has a name for. */
export const gpuBufferTypes: ReadonlySet<string> = new Set(['float16', 'float32', 'uint8', 'int32', 'int64']);

let open: Promise<OpenDevice> | undefined;

/**
 * The device that all graphs on WebGPU share, so that they can share buffers too. A device of our own is the only way
 * to choose the adapter: onnxruntime-web ignores its `env.webgpu` settings in the builds that we use.
 *
 * @throws Error in words, where there is no WebGPU, no adapter, or only a software adapter that is not allowed
 */
export function openGPUDevice(options: ProviderOptions): Promise<OpenDevice> {
  open ??= requestDevice(options);
  const opening = open;
  const forget = () => {
    if (open === opening) open = undefined;
  };
  opening.then(({ device }) => device.lost.then(forget), forget);
  return opening;
}

async function requestDevice(options: ProviderOptions): Promise<OpenDevice> {
  const { adapter, description } = await findAdapter(options);
  const device = await adapter.requestDevice({
    requiredFeatures: usefulFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(raisedLimits.map((limit) => [limit, adapter.limits[limit]])),
  });
  return { device, description };
}

/**
 * The adapter that graphs run on.
 *
 * @throws Error in words, where there is no WebGPU, no adapter, or only a software adapter that is not allowed
 */
export async function findAdapter({
  allowSoftwareAdapter,
  powerPreference = 'high-performance',
}: ProviderOptions): Promise<{ readonly adapter: GPUAdapter; readonly description: string }> {
  if (!('gpu' in navigator)) throw new Error('this browser has no WebGPU in workers');
  const adapter = await navigator.gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new Error('WebGPU found no adapter');
  const { description, vendor, architecture, isFallbackAdapter } = adapter.info;
  if (isFallbackAdapter && !allowSoftwareAdapter) {
    throw new Error('WebGPU has only a software adapter, slower than WebAssembly (allowSoftwareAdapter permits it)');
  }
  return { adapter, description: description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed adapter' };
}
