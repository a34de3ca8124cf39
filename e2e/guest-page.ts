import type { Page } from '@playwright/test';
import type { ModelOptions, WasiNN } from '../src/index.js';

/** A tensor as the guest `probe` takes and returns it. */
export interface PlainTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly ty: string;
  readonly data: Uint8Array;
}

/** A tensor on its way between Node and the browser. */
type PostedTensor = Omit<PlainTensor, 'data'> & { readonly base64: string };

/** What `createWasiNN` takes, as far as it can be passed to a page. */
export interface PageOptions {
  readonly models: Readonly<Record<string, string | PageModel>>;
  readonly allowSoftwareAdapter?: boolean;
}

export type PageModel = { readonly url: string } & Omit<ModelOptions, 'data' | 'url'>;

/** A call's outcome: the value, or the wasi-nn error that the guest met. */
export type Outcome<Value> = { readonly ok: Value } | { readonly code: string; readonly text: string };

type GuestTensor = Omit<PlainTensor, 'dimensions'> & { readonly dimensions: Uint32Array };

/** What `guests/probe.component.wasm` exports. */
export interface ProbeExports {
  load(builders: Uint8Array[], encoding: string, target: string): Promise<number>;
  loadByName(name: string): Promise<number>;
  compute(graph: number, inputs: GuestTensor[], keepContext: boolean): Promise<GuestTensor[]>;
  unload(graph: number): Promise<void>;
  roundTrip(tensor: GuestTensor): Promise<GuestTensor>;
  trap(): Promise<void>;
}

/** What {@link openProbe} leaves on the page. */
interface ProbePage {
  readonly nn: WasiNN;
  readonly exports: ProbeExports;
  readonly events: unknown[];
  attempt<Value>(action: () => Promise<Value>): Promise<Outcome<Value>>;
  receive(tensor: PostedTensor): GuestTensor;
  post(tensor: GuestTensor): PostedTensor;
}

declare global {
  var probe: ProbePage;
}

/** Runs the guest `probe` on a page, where `globalThis.probe` then reaches it. */
export async function openProbe(page: Page, options: PageOptions): Promise<void> {
  await page.evaluate(async (options) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN, GuestError }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN(options);
    const events: unknown[] = [];
    for (const type of ['load', 'fallback'] as const) nn.addEventListener(type, ({ detail }) => events.push(detail));
    const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm');
    globalThis.probe = {
      nn,
      exports,
      events,
      async attempt(action) {
        try {
          return { ok: await action() };
        } catch (cause) {
          if (!(cause instanceof GuestError)) throw cause;
          const { code, text } = cause.payload as { code: string; text: string };
          return { code, text };
        }
      },
      receive: ({ name, dimensions, ty, base64 }) => {
        const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        return { name, dimensions: Uint32Array.from(dimensions), ty, data };
      },
      post({ name, dimensions, ty, data }) {
        const text = Array.from(data, (byte) => String.fromCharCode(byte)).join('');
        return { name, dimensions: [...dimensions], ty, base64: btoa(text) };
      },
    };
  }, options);
}

export function loadByName(page: Page, name: string): Promise<Outcome<number>> {
  return page.evaluate((name) => probe.attempt(() => probe.exports.loadByName(name)), name);
}

/** Loads the bytes found under the given URLs. */
export function load(page: Page, urls: readonly string[], encoding: string, target: string): Promise<Outcome<number>> {
  return page.evaluate(
    async ({ urls, encoding, target }) => {
      const builders = await Promise.all(
        urls.map(async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer())),
      );
      return probe.attempt(() => probe.exports.load(builders, encoding, target));
    },
    { urls, encoding, target },
  );
}

export async function compute(
  page: Page,
  graph: number,
  inputs: readonly PlainTensor[],
): Promise<Outcome<PlainTensor[]>> {
  const posted = inputs.map(({ data, ...rest }) => ({ ...rest, base64: Buffer.from(data).toString('base64') }));
  const outcome = await page.evaluate(
    ({ graph, posted }) =>
      probe.attempt(async () => {
        const outputs = await probe.exports.compute(graph, posted.map(probe.receive), true);
        return outputs.map(probe.post);
      }),
    { graph, posted },
  );
  if (!('ok' in outcome)) return outcome;
  return { ok: outcome.ok.map(({ base64, ...rest }) => ({ ...rest, data: Buffer.from(base64, 'base64') })) };
}

/** What the page was told of graphs that were loaded and of fallbacks. */
export function events(page: Page): Promise<unknown[]> {
  return page.evaluate(() => probe.events);
}

/** The value of an outcome that must be one. */
export function succeeded<Value>(outcome: Outcome<Value>): Value {
  if ('ok' in outcome) return outcome.ok;
  throw new Error(`the guest met ${outcome.code}: ${outcome.text}`);
}
