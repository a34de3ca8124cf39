import {
  ConsoleStdout,
  Directory,
  File,
  type Inode,
  OpenFile,
  PreopenDirectory,
  WASI,
  WASIProcExit,
} from '@bjorn3/browser_wasi_shim';
import { type Folder, type OutputSink, type ProgramEnvironment, toFolder } from './program.js';

/** WASI preview 1 for one core module. */
export interface Preview1 {
  /** The functions of the import module `wasi_snapshot_preview1`. */
  readonly imports: WebAssembly.ModuleImports;
  /** Must be called with the instance before it runs. */
  attach(memory: WebAssembly.Memory): void;
  /** The exit code, where what was thrown is the guest's way out; otherwise nothing. */
  exitCode(thrown: unknown): number | undefined;
}

export function createPreview1(environment: ProgramEnvironment, output: OutputSink): Preview1 {
  const contents = toContents(toFolder(environment.files));
  const wasi = new WASI(
    [...environment.args],
    Object.entries(environment.env).map(([name, value]) => `${name}=${value}`),
    [
      new OpenFile(new File(environment.stdin)),
      new ConsoleStdout((bytes) => output('stdout', bytes.slice())),
      new ConsoleStdout((bytes) => output('stderr', bytes.slice())),
      // One tree under two names: which of them a relative path is looked up in depends on the guest's C library.
      new PreopenDirectory('/', contents),
      new PreopenDirectory('.', contents),
    ],
    { debug: false },
  );
  return {
    imports: wasi.wasiImport as WebAssembly.ModuleImports,
    attach(memory) {
      wasi.inst = { exports: { memory } };
    },
    exitCode: (thrown) => (thrown instanceof WASIProcExit ? thrown.code : undefined),
  };
}

function toContents(folder: Folder): Map<string, Inode> {
  return new Map(
    [...folder].map(([name, entry]) => [
      name,
      entry instanceof Map ? new Directory(toContents(entry)) : new File(entry),
    ]),
  );
}
