import type { Page } from '@playwright/test';

/** A guest of the ABI for core modules on a page that `openGuests` has prepared, driven from the test. */
export interface CoreModuleGuest {
  /** Calls one of the guest's functions, which passes its arguments on to the host as they are. */
  call(name: string, ...args: readonly number[]): Promise<number>;
  /** Takes some of the guest's memory, 8-aligned, filled with `bytes`. */
  place(bytes: Uint8Array): Promise<number>;
  read(address: number, length: number): Promise<Uint8Array>;
  readU32(address: number): Promise<number>;
}

export function coreModuleGuest(page: Page, guest: string): CoreModuleGuest {
  async function read(address: number, length: number): Promise<Uint8Array> {
    const base64 = await page.evaluate(
      async ({ guest, address, length }) =>
        (await globalThis.guestPage.guests[guest]?.memory?.read(address, length))?.toBase64() ?? '',
      { guest, address, length },
    );
    return new Uint8Array(Buffer.from(base64, 'base64'));
  }

  async function call(name: string, ...args: readonly number[]): Promise<number> {
    const result: unknown = await page.evaluate(
      ({ guest, name, args }) => {
        const action: unknown = Reflect.get(globalThis.guestPage.guests[guest]?.exports ?? {}, name);
        if (typeof action !== 'function') throw new Error(`the guest ${guest} exports no function ${name}`);
        return Reflect.apply(action, undefined, args);
      },
      { guest, name, args },
    );
    if (typeof result !== 'number') throw new Error(`${name} answered ${String(result)}, not a number`);
    return result >>> 0;
  }

  return {
    call,
    read,
    async place(bytes) {
      const address = await page.evaluate(
        async ({ guest, length, base64 }) => {
          const { exports = {}, memory } = globalThis.guestPage.guests[guest] ?? {};
          const allocate: unknown = Reflect.get(exports, 'allocate');
          if (typeof allocate !== 'function') throw new Error(`the guest ${guest} exports no function allocate`);
          const address: unknown = await Reflect.apply(allocate, undefined, [length]);
          if (typeof address !== 'number') throw new Error(`allocate answered ${String(address)}, not a number`);
          if (address !== 0) await memory?.write(address >>> 0, Uint8Array.fromBase64(base64));
          return address >>> 0;
        },
        { guest, length: Math.max(8, bytes.byteLength), base64: Buffer.from(bytes).toString('base64') },
      );
      if (address === 0) throw new Error(`the guest has no ${bytes.byteLength} bytes left`);
      return address;
    },
    async readU32(address) {
      const [a = 0, b = 0, c = 0, d = 0] = await read(address, 4);
      return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
    },
  };
}

/** Numbers as the guest has them in its memory: 32 bits each, little-endian. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value >>> 0, index * 4);
  });
  return bytes;
}

/** Makes the 20-byte tensor of `wasi_ephemeral_nn` in the guest's memory. */
export async function placeTensor(
  guest: CoreModuleGuest,
  { dimensions, type, data }: { dimensions: readonly number[]; type: number; data: Uint8Array },
): Promise<number> {
  const dims = await guest.place(words(...dimensions));
  const bytes = await guest.place(data);
  // The three bytes after the type are what real guests leave there: anything.
  return guest.place(words(dims, dimensions.length, type | 0xa5a5a500, bytes, data.byteLength));
}

/** Loads a model by name and opens a context; both must succeed. */
export async function openContext(guest: CoreModuleGuest, model: string): Promise<{ graph: number; context: number }> {
  const name = new TextEncoder().encode(model);
  const out = await guest.place(words(0xffffffff));
  await expectSuccess(guest.call('load_by_name', await guest.place(name), name.byteLength, out));
  const graph = await guest.readU32(out);
  await expectSuccess(guest.call('init_execution_context', graph, out));
  return { graph, context: await guest.readU32(out) };
}

async function expectSuccess(errno: Promise<number>): Promise<void> {
  const code = await errno;
  if (code !== 0) throw new Error(`expected errno 0, but ${code} came`);
}
