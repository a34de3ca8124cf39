import type { Backend, Device, DeviceTensor, FallbackStep, LoadOptions } from '../backends/backend.js';
import { isDeviceTensor, type NamedComputedTensor } from '../backends/device-tensor.js';
import type { GraphBuilder } from '../standard/graph.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';

/** The shortest bytes that are taken for an ONNX model. */
export const onnxModel = (): GraphBuilder => Uint8Array.of(0x08, 0x07, 0x12, 0x00);

/** What a backend throws where a test sets it. */
interface Faults {
  load?: unknown;
  compute?: unknown;
  unload?: unknown;
  read?: unknown;
  release?: unknown;
}

export interface FakeBackend {
  readonly backend: Backend;
  readonly loads: { readonly parts: readonly GraphBuilder[]; readonly options: LoadOptions }[];
  readonly faults: Faults;
  /** `growth`: by how much the next call makes the heap grow. */
  readonly heap: { bytes: number; growth: number };
  /** What the next load reports to have tried first. */
  readonly fallback: FallbackStep[];
  /** Where it is set, the next computation moves its graph to WebAssembly. */
  move: FallbackStep[] | undefined;
  /** How many outputs a graph has for each input. */
  outputsPerInput: number;
  /** How many graphs are loaded. */
  graphs(): number;
  /** How many tensors are on the device. */
  tensors(): number;
  /** Makes calls wait, once they have begun, until the returned function is called. */
  hold(): () => void;
}

/**
 * A backend for all engines of a test. Its graphs add one to each byte of their inputs. Graphs for `gpu` have a device,
 * where outputs stay. The backend refuses to use a graph or a tensor that was given back.
 */
export function createFakeBackend(): FakeBackend {
  const present = new Map<DeviceTensor, Uint8Array<ArrayBuffer>>();
  const live = new Set<object>();
  let gate: Promise<void> | undefined;

  const backend: Backend = {
    name: 'fake',
    encodings: ['onnx'],
    heapBytes: () => fake.heap.bytes,
    async load(parts, options) {
      fake.loads.push({ parts, options });
      await work(fake.faults.load);
      const { target, outputs, onMove, tried } = options;
      const id = {};
      live.add(id);
      const provider = target === 'gpu' ? 'webgpu' : 'wasm';
      const onCpu: Device = { target: 'cpu', provider: 'wasm', description: 'fake cpu' };
      let device: Device = tried ? onCpu : { target, provider, description: `fake ${target}` };

      async function run(inputs: ReadonlyMap<string, TensorValue>): Promise<NamedTensor[]> {
        if (!live.has(id)) throw new Error('the graph was disposed of');
        await work(fake.faults.compute);
        if (fake.move) {
          device = onCpu;
          onMove?.(fake.move, device);
          fake.move = undefined;
        }
        return [...inputs].flatMap(([name, value]) =>
          Array.from({ length: fake.outputsPerInput }, (): NamedTensor => [name, increment(value)]),
        );
      }

      const graph = {
        inputs: 'any',
        outputs: 'any',
        fallback: [...(tried ?? fake.fallback)],
        get device() {
          return device;
        },
        compute: run,
        async dispose() {
          if (!live.delete(id)) throw new Error('the graph was disposed of before');
          if (fake.faults.unload) throw fake.faults.unload;
        },
      } as const;
      if (target !== 'gpu') return graph;
      return Object.assign(graph, {
        async computeOnDevice(inputs: ReadonlyMap<string, TensorValue | DeviceTensor>): Promise<NamedComputedTensor[]> {
          const values = [...inputs].map(([name, tensor]): NamedTensor => {
            if (!isDeviceTensor(tensor)) return [name, tensor];
            const { type, dimensions } = tensor;
            return [name, { type, dimensions, data: bytesOf(tensor) }];
          });
          const computed = await run(new Map(values));
          return outputs === 'device' ? computed.map(([name, value]) => [name, keep(value)]) : computed;
        },
      });
    },
  };

  async function work(fault: unknown): Promise<void> {
    fake.heap.bytes += fake.heap.growth;
    fake.heap.growth = 0;
    await gate;
    if (fault) throw fault;
  }

  function bytesOf(tensor: DeviceTensor): Uint8Array<ArrayBuffer> {
    const bytes = present.get(tensor);
    if (bytes) return bytes;
    throw new Error('the tensor is not on the device');
  }

  function keep({ type, dimensions, data }: TensorValue): DeviceTensor {
    const tensor: DeviceTensor = {
      type,
      dimensions,
      async read() {
        await work(fake.faults.read);
        return bytesOf(tensor).slice();
      },
      async dispose() {
        bytesOf(tensor);
        present.delete(tensor);
        if (fake.faults.release) throw fake.faults.release;
      },
    };
    present.set(tensor, data);
    return tensor;
  }

  const fake: FakeBackend = {
    backend,
    loads: [],
    faults: {},
    heap: { bytes: 0, growth: 0 },
    fallback: [],
    move: undefined,
    outputsPerInput: 1,
    graphs: () => live.size,
    tensors: () => present.size,
    hold() {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = () => {
          gate = undefined;
          resolve();
        };
      });
      return () => release();
    },
  };
  return fake;
}

function increment({ data, ...shape }: TensorValue): TensorValue {
  return { ...shape, data: data.map((byte) => byte + 1) };
}
