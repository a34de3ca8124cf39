import type { ModelEntry } from './manifest.js';
import type { Abi } from './rows.js';

/** An engine that is run on the command line. Its working folder is the suite's folder `files`. */
export interface Engine {
  /** The program, which is looked for on the PATH. */
  readonly command: string;
  /** The ABIs that it may have. */
  readonly abis: readonly Abi[];
  /** Whether it takes a list of the models that guests load by name. */
  readonly hasNamedModels: boolean;
  /** What must be installed, in words. */
  readonly needs: string;
  /** What stands on its command line before the guest's own arguments. */
  arguments(guest: string, models: readonly ModelEntry[]): string[];
}

export const engines: Readonly<Record<string, Engine>> = {
  wasmtime: {
    command: 'wasmtime',
    abis: ['wit 10-28', 'witx'],
    hasNamedModels: true,
    needs: 'Wasmtime that was built with the features wasi-nn and wasmtime-wasi-nn/onnx',
    arguments(guest, models) {
      // The name of a model is that of its folder.
      const graphs = models.flatMap(({ name, file }) => (file ? ['-S', `nn-graph=onnx::../models/${name}`] : []));
      return ['run', '-S', 'nn', ...graphs, '--dir', '.', guest];
    },
  },
  wasmedge: {
    command: 'wasmedge',
    abis: ['witx', 'wasmedge'],
    hasNamedModels: true,
    needs: 'WasmEdge with its plug-in WASI-NN and a backend for ONNX',
    arguments(guest, models) {
      const graphs = models.flatMap(({ name, file, target = 'cpu' }) =>
        file ? ['--nn-preload', `${name}:ONNX:${target.toUpperCase()}:../${file}`] : [],
      );
      return ['--dir', '.:.', ...graphs, guest];
    },
  },
  wamr: {
    command: 'iwasm',
    abis: ['witx', 'wamr'],
    hasNamedModels: false,
    needs:
      "WAMR's iwasm, built with WAMR_BUILD_WASI_NN=1 and WAMR_BUILD_WASI_NN_ONNX=1 (for the ABI witx also with WAMR_BUILD_WASI_EPHEMERAL_NN=1), and the folder of its libraries in LD_LIBRARY_PATH",
    arguments: (guest) => ['--dir=.', guest],
  },
};
