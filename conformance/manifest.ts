import type { ExecutionTarget } from '../src/index.js';
import { type ExpectedError, listCases } from './list-cases.js';
import { type Abi, abis, guests, modelTypes, targets } from './rows.js';
import type { Files } from './run-command.js';

/** The file `manifest.json` of the packed suite. `suite/manifest.schema.json` describes it. */
export interface Manifest {
  readonly $schema: string;
  readonly version: string;
  readonly guests: readonly GuestEntry[];
  readonly models: readonly ModelEntry[];
  readonly files: readonly FileEntry[];
  readonly cases: readonly CaseEntry[];
}

export interface GuestEntry {
  readonly abi: Abi;
  /** What the guest imports wasi-nn from. */
  readonly imports: string;
  readonly kind: 'component' | 'module';
  readonly file: string;
}

/** A model that the host must have under a name. One without a file answers with its inputs, whatever they are. */
export interface ModelEntry {
  readonly name: string;
  readonly file?: string;
  readonly encoding?: 'onnx';
  readonly target?: ExecutionTarget;
}

export interface FileEntry {
  readonly path: string;
  readonly byteLength: number;
  readonly sha256: string;
}

export interface CaseEntry {
  readonly id: string;
  readonly feature: string;
  readonly abi: Abi;
  /** The guest's file. */
  readonly guest: string;
  readonly target: ExecutionTarget;
  readonly arguments: readonly string[];
  /** The names of the models that it loads by name. */
  readonly models: readonly string[];
  /** The files that it reads, in the folder `files`. */
  readonly files: readonly string[];
  readonly expected: { readonly outcome: 'success' } | ({ readonly outcome: 'error' } & ExpectedError);
}

const imports: Readonly<Record<Abi, string>> = {
  'wit 10-28': 'wasi:nn@0.2.0-rc-2024-10-28',
  'wit 08-19': 'wasi:nn@0.2.0-rc-2024-08-19',
  'wit 06-25': 'wasi:nn@0.2.0-rc-2024-06-25',
  witx: 'wasi_ephemeral_nn',
  wasmedge: 'wasi_ephemeral_nn',
  wamr: 'wasi_nn',
};

export function guestEntries(): GuestEntry[] {
  return abis.map((abi) => ({
    abi,
    imports: imports[abi],
    kind: guests[abi].endsWith('.component.wasm') ? 'component' : 'module',
    file: `guests/${guests[abi]}`,
  }));
}

export function modelEntries(): ModelEntry[] {
  const identities = modelTypes.flatMap((type) =>
    targets.map((target): ModelEntry => {
      const name = `identity-${type}-${target}`;
      return { name, file: `models/${name}/model.onnx`, encoding: 'onnx', target };
    }),
  );
  return [{ name: 'echo' }, ...identities];
}

/**
 * The cases of a guest, for each execution target that means anything to them.
 *
 * @param wasm the guest, which is asked
 * @param files the files that it finds
 */
export function caseEntries({ abi, file: guest }: GuestEntry, wasm: Uint8Array, files: Files): CaseEntry[] {
  return listCases(wasm, files).flatMap(({ id, models, files, eachTarget, error }) =>
    targets
      .filter((target) => eachTarget || target === 'cpu')
      .map((target): CaseEntry => {
        return {
          id,
          feature: id.split('/')[0] ?? id,
          abi,
          guest,
          target,
          arguments: ['--target', target, '--case', id],
          models: models.map((name) => name.replace('{target}', target)),
          files,
          expected: error ? { outcome: 'error', ...error } : { outcome: 'success' },
        };
      }),
  );
}
