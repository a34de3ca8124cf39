import type { EnvironmentOptions, Guest, Waiting, WasiNN } from '../../src/index.js';

/** A tensor as the probes take and return it. */
interface ProbeTensor {
  readonly name: string;
  readonly dimensions: Uint32Array;
  readonly ty: string;
  readonly data: Uint8Array;
}

/** What every probe component exports; those before 10-28 also take the names of the outputs to get. */
export interface ProbeExports {
  load(builders: readonly Uint8Array[], encoding: string, target: string): Promise<number>;
  loadByName(name: string): Promise<number>;
  compute(graph: number, inputs: readonly ProbeTensor[], ...rest: readonly unknown[]): Promise<ProbeTensor[]>;
  unload(graph: number): Promise<void>;
  initContext(graph: number): Promise<number>;
  roundTrip(tensor: ProbeTensor): Promise<ProbeTensor>;
  trap(): Promise<void>;
}

/** A guest of the ABIs for core modules. */
interface CoreModuleGuest {
  call(name: string, ...values: readonly number[]): Promise<number>;
  /** Takes some of the guest's memory for bytes. @returns their address */
  place(bytes: Uint8Array): Promise<number>;
  read(address: number, length: number): Promise<Uint8Array>;
}

/** How a program ended. What it printed of scores is apart, since numbers may differ in the last digits. */
interface Ending {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The files that it made or changed, with their text. */
  readonly written: readonly (readonly [path: string, text: string])[];
  readonly best: readonly (readonly [classNumber: number, score: number])[];
}

/** What cases find on their page. */
interface CasePage {
  readonly nn: WasiNN;
  start<Exports extends object>(file: string): Promise<Guest<Exports>>;
  startCoreModule(file: string): Promise<CoreModuleGuest>;
  run(file: string, options: EnvironmentOptions): Promise<Ending>;
  /** The input of the model `digits`: a made-up image. */
  image(): ProbeTensor;
  tensor(name: string, ty: string, dimensions: readonly number[], data: Uint8Array): ProbeTensor;
  /** 32-bit numbers as a guest has them in its memory. */
  words(...values: readonly number[]): Uint8Array;
  floats(bytes: Uint8Array | undefined): number[];
  /** The error that a call must end with: its name, and its code where it has one. */
  failure(call: Promise<unknown>): Promise<string>;
}

declare global {
  var casePage: CasePage;
}

export interface PageSetting {
  readonly waiting: Waiting;
}

/** Makes {@link CasePage}; runs in the page. */
export async function preparePage({ waiting }: PageSetting): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN, GuestError }: typeof import('../../src/index.js') = await import(library);
  const nn = createWasiNN({
    models: {
      digits: { url: '/models/digits.onnx', immutable: true },
      'digits on the GPU': { url: '/models/digits.onnx', immutable: true, target: 'gpu' },
      identity: '/identity.onnx',
    },
  });
  const options = { waiting };

  function start<Exports extends object>(file: string): Promise<Guest<Exports>> {
    return nn.instantiate<Exports>(`/guests/${file}`, options);
  }

  async function startCoreModule(file: string): Promise<CoreModuleGuest> {
    const { exports, memory } = await start<Record<string, (...values: readonly number[]) => Promise<number>>>(file);
    if (!memory) throw new Error(`${file} has no memory`);
    const call = async (name: string, ...values: readonly number[]) => {
      const answer = await exports[name]?.(...values);
      if (answer === undefined) throw new Error(`${file} exports no function ${name}`);
      return answer;
    };
    return {
      call,
      async place(bytes) {
        const address = await call('allocate', bytes.byteLength);
        await memory.write(address, bytes);
        return address;
      },
      read: (address, length) => memory.read(address, length),
    };
  }

  async function run(file: string, runOptions: EnvironmentOptions): Promise<Ending> {
    const { files, ...ending } = await nn.run(`/guests/${file}`, { ...options, ...runOptions });
    const ranked = /^\d\.\) \[(\d+)\]\((.+)\)\n/gm;
    return {
      ...ending,
      stdout: ending.stdout.replace(ranked, ''),
      written: Object.entries(files).map(([path, bytes]) => [path, new TextDecoder().decode(bytes)] as const),
      best: Array.from(ending.stdout.matchAll(ranked), ([, first, score]) => [Number(first), Number(score)] as const),
    };
  }

  function tensor(name: string, ty: string, dimensions: readonly number[], data: Uint8Array): ProbeTensor {
    return { name, ty, dimensions: Uint32Array.from(dimensions), data };
  }

  function image(): ProbeTensor {
    const pixels = Float32Array.from({ length: 28 * 28 }, (_, index) => (index % 28) / 28);
    return tensor('image', 'FP32', [1, 1, 28, 28], new Uint8Array(pixels.buffer));
  }

  async function failure(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return 'none';
    } catch (cause) {
      if (!(cause instanceof Error)) return String(cause);
      const described = cause instanceof GuestError ? cause.payload : cause;
      const hasCode = typeof described === 'object' && described !== null && 'code' in described;
      return hasCode ? `${cause.name}: ${described.code}` : cause.name;
    }
  }

  globalThis.casePage = {
    nn,
    start,
    startCoreModule,
    run,
    image,
    tensor,
    words: (...values) => new Uint8Array(Uint32Array.from(values).buffer),
    floats: (bytes = new Uint8Array()) => Array.from(new Float32Array(bytes.slice().buffer)),
    failure,
  };
}
