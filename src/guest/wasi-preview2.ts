import type { Awaitable } from '../rpc/awaitable.js';
import type { OutputSink, OutputStream, ProgramEnvironment } from '../rpc/program-environment.js';
import { grantInterface, grantResource, type Interface } from './grant.js';
import { emptyInput, InputError, type PageInput } from './page-input.js';
import { createFilesystem } from './preview2-filesystem.js';
import {
  createCli,
  insecure,
  insecureSeed,
  monotonicClock,
  poll,
  random,
  streams,
  wallClock,
} from './preview2-shim.js';
import { IoError } from './preview2-streams.js';

/** The most random bytes of one call. */
const maxRandomBytes = 16 << 20;

/** WASI 0.2 for one component. */
export interface Preview2 {
  /** By the names that jco's glue asks for: without versions. */
  readonly interfaces: ReadonlyMap<string, Interface>;
  /** The bytes of a file, by its path in the guest's tree; nothing where there is none. */
  readFile(path: string): Uint8Array<ArrayBuffer> | undefined;
  /** The files that the guest has made or changed, by their paths. @throws WasiNNError `too-large` */
  writtenFiles(): ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * The interfaces of WASI 0.2 for one component, function by function: its arguments, variables, standard streams and
 * files, clocks and random numbers. There is no network.
 *
 * @param input the standard input where the environment leaves it to the page
 */
export function createPreview2(environment: ProgramEnvironment, output: OutputSink, input = emptyInput): Preview2 {
  const filesystem = createFilesystem(environment);
  const interfaces: Record<string, Interface> = {
    ...commandInterfaces(environment, output, input),
    'wasi:clocks/monotonic-clock': pick(monotonicClock, ['now', 'resolution', 'subscribeDuration', 'subscribeInstant']),
    'wasi:clocks/wall-clock': pick(wallClock, ['now', 'resolution']),
    'wasi:filesystem/preopens': filesystem.preopens,
    'wasi:filesystem/types': {
      Descriptor: grantResource(filesystem.types.Descriptor),
      DirectoryEntryStream: grantResource(filesystem.types.DirectoryEntryStream),
      filesystemErrorCode: filesystem.types.filesystemErrorCode,
    },
    'wasi:io/error': { Error: grantResource(IoError) },
    'wasi:io/poll': { Pollable: grantResource(poll.Pollable), poll: poll.poll },
    'wasi:io/streams': {
      InputStream: grantResource(streams.InputStream),
      OutputStream: grantResource(streams.OutputStream),
    },
    'wasi:random/insecure': {
      getInsecureRandomBytes: (length: bigint) => insecure.getInsecureRandomBytes(checkLength(length)),
      getInsecureRandomU64: () => insecure.getInsecureRandomU64(),
    },
    'wasi:random/insecure-seed': { insecureSeed: () => insecureSeed.insecureSeed() },
    'wasi:random/random': {
      getRandomBytes: (length: bigint) => random.getRandomBytes(checkLength(length)),
      getRandomU64: () => random.getRandomU64(),
    },
  };
  return {
    interfaces: new Map(Object.entries(interfaces).map(([name, members]) => [name, grantInterface(members)])),
    readFile: filesystem.readFile,
    writtenFiles: filesystem.writtenFiles,
  };
}

function commandInterfaces(
  { env, args, stdin }: ProgramEnvironment,
  output: OutputSink,
  input: PageInput,
): Record<string, Interface> {
  const cli = createCli({
    environment: { ...env },
    arguments: [...args],
    stdin: stdin === 'page' ? readFromPage(input) : readFrom(stdin),
    stdout: writeTo('stdout', output),
    stderr: writeTo('stderr', output),
  });
  class TerminalInput {}
  class TerminalOutput {}
  return {
    'wasi:cli/environment': pick(cli.environment, ['getArguments', 'getEnvironment', 'initialCwd']),
    'wasi:cli/exit': pick(cli.exit, ['exit', 'exitWithCode']),
    'wasi:cli/stdin': pick(cli.stdin, ['getStdin']),
    'wasi:cli/stdout': pick(cli.stdout, ['getStdout']),
    'wasi:cli/stderr': pick(cli.stderr, ['getStderr']),
    'wasi:cli/terminal-input': { TerminalInput: grantResource(TerminalInput) },
    'wasi:cli/terminal-output': { TerminalOutput: grantResource(TerminalOutput) },
    'wasi:cli/terminal-stdin': { getTerminalStdin: () => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: () => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: () => undefined },
  };
}

/** The exit code, where what was thrown is the shim's way to end a component; otherwise nothing. */
export function exitCodeOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('exitError' in thrown) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'number' ? thrown.code : undefined;
}

/** Some functions of one of the library's objects, which they are called on. */
function pick(holder: object, names: readonly string[]): Interface {
  return Object.fromEntries(
    names.map((name) => {
      const member: unknown = Reflect.get(holder, name);
      if (typeof member !== 'function') throw new TypeError(`the library has no function ${name}`);
      return [name, (...values: readonly unknown[]) => Reflect.apply(member, holder, values)];
    }),
  );
}

/** The type has no error to answer with: a guest that asks for more than this ends with a trap. */
function checkLength(length: bigint): bigint {
  if (length <= maxRandomBytes) return length;
  throw new RangeError(`the guest asked for ${length} random bytes at once; the most are ${maxRandomBytes}`);
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

/** The functions answer with promises where the guest is suspended. */
function readFromPage(input: PageInput) {
  function take(byteLength: number): Uint8Array {
    const bytes = attempt(() => input.take(byteLength));
    if (!bytes) throw { tag: 'closed' };
    return bytes;
  }

  function read(length: bigint): Awaitable<Uint8Array> {
    const waiting = input.ready();
    return waiting === undefined ? take(Number(length)) : waiting.then(() => take(Number(length)));
  }

  function skip(length: bigint): Awaitable<bigint> {
    const bytes = read(length);
    return bytes instanceof Uint8Array ? BigInt(bytes.byteLength) : bytes.then((came) => BigInt(came.byteLength));
  }

  const handler = { blockingRead: (length: bigint) => take(Number(length)) };
  // The library passes on what these answer, though its types know of no promises.
  Object.assign(handler, { read, blockingRead: read, skip, blockingSkip: skip });
  return handler;
}

/** The error of a stream, as WASI has it. */
function attempt<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof InputError) throw { tag: 'last-operation-failed', val: new IoError(cause.message) };
    throw cause;
  }
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
