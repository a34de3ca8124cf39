import { createWasiNN, type Device, type ExecutionTarget, type WasiNN } from '../../src/index.js';

/** What the graphs of each execution target run on here. */
export async function describeDevices(): Promise<Record<ExecutionTarget, string>> {
  const [cpu, gpu, tpu] = await Promise.all([deviceFor('cpu'), deviceFor('gpu'), deviceFor('tpu')]);
  return { cpu: cpu.description, gpu: gpu.description, tpu: tpu.description };
}

async function deviceFor(target: ExecutionTarget): Promise<Device> {
  const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target } }, allowSoftwareAdapter: true });
  const { device } = await nn.loadByName('digits');
  nn.dispose();
  return device;
}

/**
 * The device of the graph that is loaded next.
 *
 * @throws Error where it is another than what is to be measured
 */
export function nextDevice(nn: WasiNN, provider: Device['provider']): Promise<Device> {
  return new Promise((resolve, reject) => {
    const take = (device: Device) =>
      device.provider === provider
        ? resolve(device)
        : reject(new Error(`expected a graph on ${provider}, but it runs on ${device.description}`));
    nn.addEventListener('load', ({ detail }) => take(detail.device), { once: true });
  });
}

/** As many threads as the library's own graph has: the baseline gets the same. */
export function threadsOf({ description }: Device): number {
  const [, threads] = /(\d+) thread/.exec(description) ?? [];
  if (threads === undefined) throw new Error(`"${description}" names no number of threads`);
  return Number(threads);
}

export async function cpuThreads(): Promise<number> {
  return threadsOf(await deviceFor('cpu'));
}
