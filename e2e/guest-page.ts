// The browsers of these tests have `Uint8Array.fromBase64`, which some of those that the library supports do not.
/// <reference lib="esnext.typedarrays" />

import type { Page } from '@playwright/test';
import type { BackendsOption, Guest, Limits, ModelOptions, Waiting, WasiNN } from '../src/index.js';

/** A tensor as the probes take and return it. */
export interface PlainTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly ty: string;
  readonly data: Uint8Array;
}

/** What `createWasiNN` takes, as far as it can be passed to a page. */
export interface PageOptions {
  readonly models: Readonly<Record<string, string | PageModel>>;
  readonly allowSoftwareAdapter?: boolean;
  readonly limits?: Partial<Limits>;
  readonly backends?: BackendsOption;
}

export type PageModel = ({ readonly url: string } | { readonly parts: readonly string[] }) &
  Omit<ModelOptions, 'data' | 'url' | 'urls' | 'parts'>;

/** A call's outcome: the value, or the wasi-nn error that the guest met. */
export type Outcome<Value> = { readonly ok: Value } | { readonly code: string; readonly text: string };

/** What {@link openGuests} leaves on the page. */
interface GuestPage {
  readonly nn: WasiNN;
  readonly guests: Readonly<Record<string, Guest>>;
  readonly events: unknown[];
  readonly GuestError: typeof import('../src/index.js').GuestError;
  /** Bytes travel between Node and the browser as base64. */
  pack(value: unknown): unknown;
  unpack(value: unknown): unknown;
}

declare global {
  var guestPage: GuestPage;
}

/**
 * Runs guests on a page, on one engine.
 *
 * @param guests their files in `guests/`, by the names that {@link ask} knows them by
 */
export async function openGuests(
  page: Page,
  guests: Readonly<Record<string, string>>,
  options: PageOptions,
  waiting?: Waiting,
): Promise<void> {
  await page.evaluate(
    async ({ guests, options, how }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN, GuestError }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN(options);
      const events: unknown[] = [];
      for (const type of ['load', 'fallback'] as const) nn.addEventListener(type, ({ detail }) => events.push(detail));
      const started = Object.entries(guests).map(
        async ([name, file]) => [name, await nn.instantiate(`/guests/${file}`, how)] as const,
      );

      function pack(value: unknown): unknown {
        if (value instanceof Uint8Array) return { base64: value.toBase64() };
        if (value instanceof Uint32Array) return [...value];
        if (Array.isArray(value)) return value.map(pack);
        if (typeof value !== 'object' || value === null) return value;
        return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pack(member)]));
      }
      function unpack(value: unknown): unknown {
        if (Array.isArray(value)) return value.map(unpack);
        if (typeof value !== 'object' || value === null) return value;
        if ('base64' in value) return Uint8Array.fromBase64(String(value.base64));
        return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unpack(member)]));
      }
      globalThis.guestPage = {
        nn,
        guests: Object.fromEntries(await Promise.all(started)),
        events,
        GuestError,
        pack,
        unpack,
      };
    },
    { guests, options, how: waiting ? { waiting } : {} },
  );
}

/** Calls an exported function of a guest. What the function returns is the test's word. */
export async function ask<Value>(
  page: Page,
  guest: string,
  name: string,
  ...values: readonly unknown[]
): Promise<Outcome<Value>> {
  const outcome = await page.evaluate(
    async ({ guest, name, values }) => {
      const { guests, GuestError, pack, unpack } = globalThis.guestPage;
      const call: unknown = Reflect.get(guests[guest]?.exports ?? {}, name);
      if (typeof call !== 'function') throw new Error(`the guest ${guest} exports no function ${name}`);
      const given = unpack(values);
      try {
        return { ok: pack(await Reflect.apply(call, undefined, Array.isArray(given) ? given : [])) };
      } catch (cause) {
        if (cause instanceof GuestError) return cause.payload;
        throw cause;
      }
    },
    { guest, name, values: values.map(pack) },
  );
  return unpack(outcome) as Outcome<Value>;
}

export async function openProbe(page: Page, options: PageOptions): Promise<void> {
  await openGuests(page, { probe: 'probe.component.wasm' }, options);
}

export function loadByName(page: Page, name: string): Promise<Outcome<number>> {
  return ask(page, 'probe', 'loadByName', name);
}

export function compute(page: Page, graph: number, inputs: readonly PlainTensor[]): Promise<Outcome<PlainTensor[]>> {
  return ask(page, 'probe', 'compute', graph, inputs, true);
}

/** The events that the page got of graphs that were loaded and of fallbacks. */
export function events(page: Page): Promise<unknown[]> {
  return page.evaluate(() => globalThis.guestPage.events);
}

/** The value of an outcome that must be one. */
export function succeeded<Value>(outcome: Outcome<Value>): Value {
  if ('ok' in outcome) return outcome.ok;
  throw new Error(`the guest met ${outcome.code}: ${outcome.text}`);
}

function pack(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, pack(member)]));
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  if ('base64' in value) return new Uint8Array(Buffer.from(String(value.base64), 'base64'));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unpack(member)]));
}
