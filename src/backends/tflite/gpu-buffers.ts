import type { LiteRtTensorBuffer, LiteRtTensorType } from './litert-module.js';
import type { Runtime } from './runtimes.js';

/** A tensor buffer of LiteRT, and how to give back what it needs besides itself. */
export interface PlacedBuffer {
  readonly buffer: LiteRtTensorBuffer;
  release(): void;
}

/** WebGPU copies in units of four bytes. */
const padded = (bytes: number) => Math.ceil(bytes / 4) * 4;

/** Copies elements to a device. */
export function placeOnGPU(
  runtime: Runtime,
  device: GPUDevice,
  type: LiteRtTensorType,
  elements: Uint8Array,
): PlacedBuffer {
  const { litert } = runtime;
  const gpuBuffer = device.createBuffer({
    size: padded(elements.byteLength),
    usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST | GPUBufferUsage.STORAGE,
    mappedAtCreation: true,
  });
  new Uint8Array(gpuBuffer.getMappedRange()).set(elements);
  gpuBuffer.unmap();
  const pointer = litert.WebGPU.importJsBuffer(gpuBuffer);
  const buffer = litert.LiteRtTensorBuffer.createFromWebGpuBuffer(
    runtime.environment(device),
    type,
    litert.LiteRtTensorBufferType.WEB_GPU_BUFFER_PACKED,
    pointer,
    gpuBuffer.size,
  );
  return {
    buffer,
    release() {
      buffer.delete();
      litert.wgpuBufferRelease(pointer);
      gpuBuffer.destroy();
    },
  };
}

/** Copies a buffer's elements from its device. */
export async function readFromGPU(
  { litert }: Runtime,
  device: GPUDevice,
  buffer: LiteRtTensorBuffer,
): Promise<Uint8Array<ArrayBuffer>> {
  const source = litert.WebGPU.getJsObject(buffer.getWebGpuBuffer());
  const bytes = buffer.packedSize();
  const target = device.createBuffer({
    size: source.size,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, source.size);
    device.queue.submit([encoder.finish()]);
    await target.mapAsync(GPUMapMode.READ);
    return new Uint8Array(target.getMappedRange().slice(buffer.offset(), buffer.offset() + bytes));
  } finally {
    target.destroy();
  }
}
