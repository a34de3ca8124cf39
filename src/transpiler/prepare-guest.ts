import { mayWait } from '../rpc/component-interface.js';
import type {
  GuestSource,
  PreparationOptions,
  PreparedComponent,
  PreparedGuest,
  PreparedModule,
} from '../rpc/prepared-guest.js';
import type { TranspiledGuest } from '../rpc/transpiled-guest.js';
import { type ComponentWaiting, chooseWaiting, type Waiting } from '../rpc/waiting.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { fetchBytes, fetchGuest, inWords, peek, readBody } from './fetch-bytes.js';
import { openComponent } from './open-component.js';
import { transpile } from './transpile.js';
import { transpileOnce } from './transpile-cache.js';

/** The first eight bytes of a core module: the magic number and version 1 (layer 0). */
const corePreamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Runs the work on one component after another. */
export type TakeTurn = (work: () => Promise<PreparedGuest>) => Promise<PreparedGuest>;

/**
 * Prepares a guest: fetches it, tells a component from a core module, transpiles the component and compiles the core
 * modules.
 *
 * @throws WasiNNError `invalid-argument` for what is neither, `unsupported-operation` for a component that has no way to
 *   wait; what `fetchBytes` throws
 */
export async function prepareGuest(
  source: GuestSource,
  options: PreparationOptions,
  takeTurn: TakeTurn,
  signal: AbortSignal,
): Promise<PreparedGuest> {
  if ('transpiled' in source) return prepareTranspiled(source.transpiled, options, signal);
  const fetched = 'url' in source ? await prepareFetched(source.url, signal) : await bytesOf(source);
  if (!isBytes(fetched)) return fetched;
  if (isCoreModule(fetched)) return prepareModule(fetched);
  return takeTurn(() => prepareComponent(fetched, options));
}

/**
 * Fetches a guest. A core module compiles while it comes, where the server says that it is WebAssembly.
 *
 * @returns the bytes of anything else
 */
async function prepareFetched(url: string, signal: AbortSignal): Promise<PreparedModule | Uint8Array<ArrayBuffer>> {
  const response = await fetchGuest(url, signal);
  const isWasm = /^application\/wasm$/i.test(response.headers.get('Content-Type') ?? '');
  const begins = isWasm && (await inWords(url, signal, () => peek(response, corePreamble.length)));
  if (!begins || !isCoreModule(begins)) return readBody(response, url, signal);
  const module = await compile('the module', () => inWords(url, signal, () => WebAssembly.compileStreaming(response)));
  return { kind: 'module', module };
}

async function bytesOf(source: { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly blob: Blob }) {
  return 'bytes' in source ? source.bytes : new Uint8Array(await source.blob.arrayBuffer());
}

function isBytes(fetched: PreparedModule | Uint8Array<ArrayBuffer>): fetched is Uint8Array<ArrayBuffer> {
  return fetched instanceof Uint8Array;
}

/** Whether bytes begin as a core module does. */
export function isCoreModule(bytes: Uint8Array): boolean {
  return corePreamble.every((byte, index) => bytes[index] === byte);
}

async function prepareModule(bytes: Uint8Array<ArrayBuffer>): Promise<PreparedModule> {
  return { kind: 'module', module: await compile('the module', () => WebAssembly.compile(bytes)) };
}

async function prepareComponent(
  bytes: Uint8Array<ArrayBuffer>,
  { wish, supported, outputsMayStay, inputWaits }: PreparationOptions,
): Promise<PreparedComponent> {
  const opened = openComponent(bytes);
  const { component } = opened;
  const suspending = outputsMayStay || inputWaits ? 'suspend-reading' : 'suspend';
  const choose = (): Waiting => chooseWaiting(wish, supported);
  const waiting: ComponentWaiting = mayWait(component, inputWaits) && choose() === 'suspend' ? suspending : 'block';
  return transpileOnce<PreparedComponent>(bytes, waiting, {
    transpile: () => transpile(opened, waiting),
    async load({ script, coreModules }) {
      const compiled = await compileAll(coreModules, async (core) => core);
      return { kind: 'component', component, glue: { script }, coreModules: compiled, waiting };
    },
  });
}

/** Prepares a component that was transpiled in a build step. */
async function prepareTranspiled(
  { glue, coreModules, component }: TranspiledGuest,
  { wish, supported, inputWaits }: PreparationOptions,
  signal: AbortSignal,
): Promise<PreparedComponent> {
  const suspends = mayWait(component, inputWaits) && chooseWaiting(wish, supported) === 'suspend';
  return {
    kind: 'component',
    component,
    glue: { url: suspends ? glue.suspend : glue.block },
    coreModules: await compileAll(Object.entries(coreModules), (url) => fetchBytes(url, signal)),
    waiting: suspends ? 'suspend-reading' : 'block',
  };
}

async function compileAll<Source>(
  sources: Iterable<readonly [name: string, source: Source]>,
  read: (source: Source) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<ReadonlyMap<string, WebAssembly.Module>> {
  const compiled = Array.from(sources, async ([name, source]) => {
    const bytes = await read(source);
    return [name, await compile(`the component's module ${name}`, () => WebAssembly.compile(bytes))] as const;
  });
  return new Map(await Promise.all(compiled));
}

async function compile(what: string, action: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await action();
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    throw new WasiNNError('invalid-argument', `instantiate: ${what} cannot be compiled: ${messageOf(cause)}`, {
      cause,
    });
  }
}
