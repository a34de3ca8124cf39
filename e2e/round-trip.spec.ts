import type { Page } from '@playwright/test';
import { coreModuleGuest, openContext, placeTensor, words } from './core-module-page.js';
import { ask, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import { type DataType, dataTypes, identityModel } from './onnx-model.js';
import { expect, test } from './test.js';

const widths = { FP16: 2, FP32: 4, FP64: 8, BF16: 2, U8: 1, I32: 4, I64: 8 } as const;

type TensorType = keyof typeof widths;

/** Bits that a careless conversion would not keep: NaNs with payloads, -0, subnormals, extremes. */
const patterns: Readonly<Record<TensorType, readonly bigint[]>> = {
  FP16: [0x7e01n, 0xfdffn, 0x7d01n, 0x8000n, 0x0001n, 0x83ffn, 0x7bffn, 0xfc00n],
  FP32: [0x7fc00001n, 0xffc12345n, 0x7fa00001n, 0x80000000n, 0x00000001n, 0x807fffffn, 0x7f7fffffn, 0xff800000n],
  FP64: [
    0x7ff8000000000001n,
    0xfff8123456789abcn,
    0x7ff4000000000001n,
    0x8000000000000000n,
    0x0000000000000001n,
    0x800fffffffffffffn,
    0x7fefffffffffffffn,
    0xfff0000000000000n,
  ],
  BF16: [0x7fc1n, 0xffc1n, 0x7fa1n, 0x8000n, 0x0001n, 0x807fn, 0x7f7fn, 0xff80n],
  U8: [0n, 1n, 0x7fn, 0x80n, 0xffn, 0xfen, 2n, 3n],
  I32: [0n, 1n, 0xffffffffn, 0x7fffffffn, 0x80000000n, 0x80000001n, 42n, 0xdeadbeefn],
  I64: [
    0n,
    1n,
    0xffffffffffffffffn,
    0x7fffffffffffffffn,
    0x8000000000000000n,
    0x0020000000000001n,
    0xffdfffffffffffffn,
    0x1234567890abcdefn,
  ],
};

const shapes: readonly (readonly number[])[] = [[], [8], [2, 4], [2, 2, 2], [0], [3, 0, 2], [1, 1, 1, 1, 8]];

/** The numbers of the types in `wasi_ephemeral_nn`, before and since F64 and I64 were added. */
const eraA = { FP16: 0, FP32: 1, U8: 2, I32: 3 } as const;
const eraB = { FP16: 0, FP32: 1, FP64: 2, U8: 3, I32: 4, I64: 5 } as const;

const types = Object.keys(dataTypes) as DataType[];

function tensorOf(name: string, ty: TensorType, dimensions: readonly number[]): PlainTensor {
  const count = dimensions.reduce((product, length) => product * length, 1);
  const data = Buffer.alloc(count * widths[ty]);
  for (let index = 0; index < count; index++) writeBits(data, index, widths[ty], patterns[ty][index % 8] ?? 0n);
  return { name, ty, dimensions, data: new Uint8Array(data) };
}

function writeBits(data: Buffer, index: number, width: number, bits: bigint): void {
  for (let byte = 0; byte < width; byte++) data[index * width + byte] = Number((bits >> BigInt(8 * byte)) & 0xffn);
}

test.beforeEach(({ site }) => {
  for (const type of types) {
    site.answer(`/${type}.onnx`, (_, response) => response.writeHead(200).end(identityModel(type)));
  }
});

const models = Object.fromEntries(types.map((type) => [type, `/${type}.onnx`]));

test('tensors of all types go to the host and back, and through a graph, unchanged', async ({ blank }) => {
  const components = ['probe', 'probe-06-25', 'probe-08-19'] as const;
  const files = Object.fromEntries(components.map((guest) => [guest, `${guest}.component.wasm`]));
  await openGuests(blank, { ...files, A: 'witx-probe.wasm', B: 'witx-probe.wasm' }, { models });
  for (const guest of components) await test.step(guest, () => expectUnchanged(blank, guest));
  for (const [era, numbers] of Object.entries({ A: eraA, B: eraB })) {
    await test.step(`wasi_ephemeral_nn, era ${era}`, () => expectUnchangedInCoreModule(blank, era, numbers));
  }
});

async function expectUnchanged(page: Page, guest: string): Promise<void> {
  for (const ty of Object.keys(widths) as TensorType[]) {
    for (const shape of shapes) {
      const tensor = tensorOf('any', ty, shape);
      expect(succeeded(await ask(page, guest, 'roundTrip', tensor))).toEqual(tensor);
    }
  }
  for (const ty of types) {
    const graph = succeeded(await ask<number>(page, guest, 'loadByName', ty));
    for (const shape of shapes) {
      const tensor = tensorOf('in', ty, shape);
      const names = guest === 'probe' ? [] : [['out']];
      const outputs = succeeded(await ask(page, guest, 'compute', graph, [tensor], ...names, true));
      expect(outputs).toEqual([{ ...tensor, name: 'out' }]);
    }
  }
}

/** @param numbers the numbers of the types, by their names */
async function expectUnchangedInCoreModule(
  page: Page,
  guest: string,
  numbers: Readonly<Partial<Record<DataType, number>>>,
): Promise<void> {
  const coreModule = coreModuleGuest(page, guest);
  for (const ty of types) {
    const type = numbers[ty];
    if (type === undefined) continue;
    const { context } = await openContext(coreModule, ty);
    for (const dimensions of shapes) {
      const { data } = tensorOf('in', ty, dimensions);
      const buffer = await coreModule.place(new Uint8Array(Math.max(8, data.byteLength)));
      const written = await coreModule.place(words(0xffffffff));
      const tensor = await placeTensor(coreModule, { dimensions, type, data });
      expect(await coreModule.call('set_input', context, 0, tensor), `${ty} [${dimensions}]`).toBe(0);
      expect(await coreModule.call('compute', context)).toBe(0);
      expect(await coreModule.call('get_output', context, 0, buffer, data.byteLength, written)).toBe(0);
      expect(await coreModule.readU32(written)).toBe(data.byteLength);
      expect(await coreModule.read(buffer, data.byteLength)).toEqual(data);
    }
  }
}
