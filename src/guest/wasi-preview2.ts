import { createCli } from '@bytecodealliance/preview2-shim/cli';
import { createFilesystem, type FileData, InMemoryFilesystemAdapter } from '@bytecodealliance/preview2-shim/filesystem';
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation';
import { type Folder, type OutputSink, type OutputStream, type ProgramEnvironment, toFolder } from './program.js';

/** The interfaces of WASI 0.2 for one component: no network, files in memory. */
export function createPreview2(environment: ProgramEnvironment, output: OutputSink): Record<string, unknown> {
  const { env, args, stdin, files } = environment;
  const root = toFileData(toFolder(files));
  const shim = new WASIShim({
    cli: createCli({
      environment: { ...env },
      arguments: [...args],
      stdin: readFrom(stdin),
      stdout: writeTo('stdout', output),
      stderr: writeTo('stderr', output),
    }),
    filesystem: createFilesystem({ adapter: new InMemoryFilesystemAdapter(), preopens: { '/': root, '.': root } }),
    sandbox: { enableNetwork: false },
  });
  return { ...shim.getImportObject() };
}

/** The exit code, where what was thrown is the shim's way to end a component; otherwise nothing. */
export function exitCodeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('exitError' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'number' ? thrown.code : undefined;
}

function toFileData(folder: Folder): FileData {
  return {
    dir: Object.fromEntries(
      [...folder].map(([name, entry]) => [name, entry instanceof Map ? toFileData(entry) : { source: entry }]),
    ),
  };
}

function readFrom(bytes: Uint8Array) {
  let position = 0;
  return {
    blockingRead(length: bigint): Uint8Array {
      if (position >= bytes.byteLength) throw { tag: 'closed' };
      const chunk = bytes.slice(position, position + Number(length));
      position += chunk.byteLength;
      return chunk;
    },
  };
}

function writeTo(stream: OutputStream, output: OutputSink) {
  return {
    write(bytes: Uint8Array): bigint {
      output(stream, new Uint8Array(bytes));
      return 0n;
    },
    blockingFlush(): void {},
  };
}
