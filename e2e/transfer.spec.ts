import type { ProbeExports } from './browsers/case-page.js';
import { expect, test } from './test.js';

test('bytes are copied into a guest, and handed over where they are marked, wherever they stand', async ({ blank }) => {
  const outcome = await blank.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN, transfer }: typeof import('../src/index.js') = await import(library);
    const guest = await createWasiNN().instantiate<ProbeExports>('/guests/probe.component.wasm');
    const pass = async (data: Uint8Array<ArrayBuffer>) => {
      const tensor = { name: 'any', ty: 'U8', dimensions: new Uint32Array([3]), data };
      return [...(await guest.exports.roundTrip(tensor)).data];
    };
    const copied = new Uint8Array([1, 2, 3]);
    const whole = new Uint8Array([0, 0, 4, 5, 6]);
    return {
      answers: [await pass(copied), await pass(copied), await pass(transfer(whole.subarray(2)))],
      left: [copied.length, whole.length],
      again: await pass(whole).then(String, (cause) => `${cause.code}: ${cause.message}`),
      afterwards: await pass(copied),
    };
  });
  expect(outcome).toEqual({
    answers: [
      [1, 2, 3],
      [1, 2, 3],
      [4, 5, 6],
    ],
    left: [3, 0],
    again: expect.stringMatching(/^invalid-argument: the values of the call cannot be passed on: .*detached/),
    afterwards: [1, 2, 3],
  });
});
