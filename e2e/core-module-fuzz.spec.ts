import { coreModuleArities as functions } from '../src/bindings/core-module-arities.fixture.js';
import { coreModuleGuest, openContext, placeTensor, words } from './core-module-page.js';
import { openGuests } from './guest-page.js';
import { expect, test } from './test.js';

const calls = 20_000;

test(`${calls} calls with random arguments neither trap nor hang, and a correct inference follows`, async ({
  blank,
}) => {
  test.setTimeout(180_000);
  const seed = Number(process.env.FUZZ_SEED ?? 20241028);
  await openGuests(blank, { coreModule: 'witx-probe.wasm' }, { models: { digits: '/models/digits.onnx' } });
  const coreModule = coreModuleGuest(blank, 'coreModule');
  const before = await inference();

  const errnos = await blank.evaluate(
    async ({ functions, calls, seed }) => {
      const exports: object = globalThis.guestPage.guests.coreModule?.exports ?? {};
      let state = seed;
      /** A linear congruential generator: the same calls for the same seed. */
      const random = (below: number) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const edges = [0, 1, 2, 3, 4, 8, 20, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];
      const argument = () => {
        const kind = random(3);
        if (kind === 0) return edges[random(edges.length)];
        return kind === 1 ? random(16) : random(1 << 21);
      };
      const names = Object.entries(functions);
      const errnos: Record<string, number> = {};
      for (let call = 0; call < calls; call++) {
        const [name, arity] = names[random(names.length)] ?? ['compute', 1];
        const args = Array.from({ length: arity }, argument);
        const errno: unknown = await Reflect.apply(Reflect.get(exports, name), undefined, args);
        errnos[String(errno)] = (errnos[String(errno)] ?? 0) + 1;
      }
      return errnos;
    },
    { functions, calls, seed },
  );

  // 103: load_by_name_with_config finds no model, as in WasmEdge.
  const known = ['0', '1', '2', '4', '5', '6', '7', '8', '103'];
  expect(
    Object.keys(errnos).every((errno) => known.includes(errno)),
    `seed ${seed}: ${JSON.stringify(errnos)}`,
  ).toBe(true);
  expect(Object.values(errnos).reduce((sum, count) => sum + count, 0)).toBe(calls);
  expect(await inference()).toEqual(before);

  async function inference(): Promise<Uint8Array> {
    const { context } = await openContext(coreModule, 'digits');
    const data = new Uint8Array(28 * 28 * 4);
    const tensor = await placeTensor(coreModule, { dimensions: [1, 1, 28, 28], type: 1, data });
    const buffer = await coreModule.place(new Uint8Array(40));
    const written = await coreModule.place(words(0));
    expect(await coreModule.call('set_input', context, 0, tensor)).toBe(0);
    expect(await coreModule.call('compute', context)).toBe(0);
    expect(await coreModule.call('get_output', context, 0, buffer, 40, written)).toBe(0);
    return coreModule.read(buffer, 40);
  }
});
