import { expect } from '@playwright/test';
import { type CoreModuleGuest, words } from './core-module-page.js';

/** The tiny model of the fixtures, and the 60 likeliest tokens after "ROMEO:", as PyTorch has them. */
export const tinyModel = '/fixtures/encodings/ggml/tiny-f16.gguf';
export const romeo = 'ROMEO:';
export const romeoText =
  '\nI am not, I am not, and,\nIs he is a pretty of the cold,\nAnd, and the very plainty of the country\nTo being the pretty of the cou';
export const greedy = { temp: 0, 'top-k': 1, 'n-predict': 60, threads: 1 };

const outputBytes = 16_384;

export const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The calls of a guest of WasmEdge's language models. */
export function wasmEdgeGuest(guest: CoreModuleGuest) {
  async function placeText(text: string): Promise<[address: number, length: number]> {
    return [await guest.place(encode(text)), encode(text).byteLength];
  }

  /** A tensor of text has the dimensions [1] there. */
  async function setInput(context: number, index: number, text: string): Promise<number> {
    const tensor = words(await guest.place(words(1)), 1, 2, ...(await placeText(text)));
    return guest.call('set_input', context, index, await guest.place(tensor));
  }

  async function output(context: number, index: number, name = 'get_output'): Promise<string> {
    const buffer = await guest.place(new Uint8Array(outputBytes));
    const out = await guest.place(words(0));
    expect(await guest.call(name, context, index, buffer, outputBytes, out)).toBe(0);
    return decode(await guest.read(buffer, await guest.readU32(out)));
  }

  async function load(name: string, configuration: string): Promise<{ errno: number; graph: number }> {
    const out = await guest.place(words(0));
    const texts = [...(await placeText(name)), ...(await placeText(configuration))];
    const errno = await guest.call('load_by_name_with_config', ...texts, out);
    return { errno, graph: await guest.readU32(out) };
  }

  async function openContext(graph: number): Promise<number> {
    const out = await guest.place(words(0));
    expect(await guest.call('init_execution_context', graph, out)).toBe(0);
    return guest.readU32(out);
  }

  async function open(settings: object): Promise<number> {
    const { errno, graph } = await load('tiny', JSON.stringify(settings));
    expect(errno).toBe(0);
    return openContext(graph);
  }

  /** Sets settings and a prompt, and generates a whole text. @returns what `compute` answers, and the text */
  async function generate(context: number, settings: object, prompt = romeo): Promise<[errno: number, text: string]> {
    expect(await setInput(context, 1, JSON.stringify(settings))).toBe(0);
    expect(await setInput(context, 0, prompt)).toBe(0);
    return [await guest.call('compute', context), await output(context, 0)];
  }

  /** Generates token by token, to the end of the text. @returns the tokens, and what ended them */
  async function generateSingly(context: number, most: number): Promise<[tokens: string[], errno: number]> {
    const tokens: string[] = [];
    for (;;) {
      const errno = tokens.length < most ? await guest.call('compute_single', context) : 0;
      if (errno !== 0 || tokens.length === most) return [tokens, errno];
      tokens.push(await output(context, 0, 'get_output_single'));
    }
  }

  return { call: guest.call, setInput, output, load, openContext, open, generate, generateSingly };
}

/** Functions of WAMR's `wasi_nn`, with the number of their parameters. */
const wamrFunctions = {
  load_by_name_with_config: 5,
  init_execution_context: 2,
  set_input: 3,
  compute: 1,
  get_output: 4,
};

/** A core module that exports the functions of WAMR as they are, with a memory. */
export function wamrModule(): string {
  const names = Object.keys(wamrFunctions);
  const imports = Object.entries(wamrFunctions).map(
    ([name, count]) => `(import "wasi_nn" "${name}" (func $${name} (param ${'i32 '.repeat(count)}) (result i32)))`,
  );
  return `(module
    ${imports.join('\n')}
    ${names.map((name) => `(export "${name}" (func $${name}))`).join('\n')}
    (memory (export "memory") 4)
    (global $end (mut i32) (i32.const 16))
    (func (export "allocate") (param $size i32) (result i32)
      (global.get $end)
      (global.set $end (i32.and (i32.add (i32.add (global.get $end) (local.get $size)) (i32.const 15)) (i32.const -16)))))`;
}
