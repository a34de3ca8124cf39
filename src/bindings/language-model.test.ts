import { describe, expect, it } from 'vitest';
import type { TextEnd } from '../standard/text.js';
import {
  createTestGuest,
  echoModel,
  echoName,
  FakeEngine,
  type FakeLanguageModel,
  TestMemory,
} from './guest.fixture.js';

const encoder = new TextEncoder();

/** A model that answers with the letters of the prompt, and the settings that end a text. */
const letters: FakeLanguageModel = (prompt, settings) => {
  const most = typeof settings['n-predict'] === 'number' && settings['n-predict'] >= 0 ? settings['n-predict'] : 99;
  const pieces = [...prompt].slice(0, most);
  const counts = { inputTokens: prompt.length, outputTokens: pieces.length };
  if (prompt.length > 20) return { pieces: [], end: { ...counts, reason: 'prompt-too-long', endToken: '' } };
  if (prompt.endsWith('!')) return { pieces, end: { ...counts, reason: 'context-full', endToken: '' } };
  const end: TextEnd =
    pieces.length === most
      ? { ...counts, reason: 'length', endToken: '' }
      : { ...counts, reason: 'stop', endToken: '</s>', outputTokens: pieces.length + 1 };
  return { pieces, end };
};

function start({ asynchronous = false, takesImages = false } = {}) {
  const engine = new FakeEngine({ asynchronous, languageModel: letters, takesImages });
  const memory = new TestMemory();
  const files = new Map([['cat.png', Uint8Array.of(4, 5)]]);
  const guest = createTestGuest({ engine, memory, files });
  const out = memory.words(0);
  const buffer = memory.room(512);

  /** A tensor of text has the dimensions [1] in WasmEdge. */
  const setInput = (context: number, index: number, text: string) => {
    const data = encoder.encode(text);
    const tensor = memory.words(memory.words(1), 1, 2, memory.data(data), data.byteLength);
    return guest.nn('set_input', context, index, tensor);
  };

  async function output(context: number, index: number, name = 'get_output'): Promise<string> {
    expect(await guest.nn(name, context, index, buffer, 512, out)).toBe(0);
    return String.fromCharCode(...memory.read(buffer, memory.readWord(out)));
  }

  async function open(configuration: string): Promise<number> {
    const texts = [...memory.text(echoName), ...memory.text(configuration)];
    expect(await guest.nn('load_by_name_with_config', ...texts, out)).toBe(0);
    expect(await guest.nn('init_execution_context', memory.readWord(out), out)).toBe(0);
    return memory.readWord(out);
  }

  return { engine, ...guest, memory, out, buffer, setInput, output, open };
}

describe.each([{ asynchronous: false }, { asynchronous: true }])("WasmEdge's language models (%j)", (how) => {
  it('generate a text, and count tokens before and after', async () => {
    const { nn, open, setInput, output, engine } = start(how);
    const context = await open('{"temp":0}');
    expect(setInput(context, 0, 'abc')).toBe(0);
    const counts = (output: number) =>
      `{"input_tokens": 3, "output_tokens": ${output}, "llama_build_number": 11364, "llama_commit": "46ca246"}`;
    expect(await output(context, 1)).toBe(counts(0));
    expect(await nn('compute', context)).toBe(0);
    expect(await output(context, 0)).toBe('abc</s>');
    expect(await output(context, 1)).toBe(counts(4));
    expect(engine.callsOf('loadByName')).toEqual([['loadByName', echoName, '{"temp":0}']]);
    expect(engine.callsOf('startText').at(-1)).toEqual(['startText', 100, 'abc', '{"temp":0}']);
  });

  it('generate a text token by token, to its end', async () => {
    const { nn, open, setInput, output, errors, engine } = start(how);
    const context = await open('{"n-predict":2,"reverse-prompt":"b"}');
    await setInput(context, 0, 'abc');
    expect(await output(context, 0, 'get_output_single')).toBe('');
    const tokens: string[] = [];
    for (const expected of [0, 0, 0, 100, 0]) {
      expect(await nn('compute_single', context)).toBe(expected);
      tokens.push(await output(context, 0, 'get_output_single'));
    }
    expect(tokens).toEqual(['a', 'b', 'c', '</s>', 'a']);
    // The engine would take those of the load in their place.
    const [, , , settings = ''] = engine.callsOf('startText').at(-1) ?? [];
    expect(JSON.parse(String(settings))).toEqual({ 'n-predict': -1, 'reverse-prompt': '' });
    expect(errors).toEqual([]);
  });

  it('write to standard output as the text comes', async () => {
    const { nn, open, setInput, printed } = start(how);
    const context = await open('{"stream-stdout":true}');
    await setInput(context, 0, 'abc');
    expect(await nn('compute', context)).toBe(0);
    expect(printed).toEqual(['a', 'b', 'c', '</s>']);
  });

  it('keep the text of a full context', async () => {
    const { nn, open, setInput, output } = start(how);
    const context = await open('');
    await setInput(context, 0, 'abc!');
    expect(await nn('compute', context)).toBe(101);
    expect(await output(context, 0)).toBe('abc!');
    await setInput(context, 0, 'ab!');
    for (const expected of [0, 0, 0, 101]) expect(await nn('compute_single', context)).toBe(expected);
  });

  it('say that a prompt is too long, and how long it is', async () => {
    const { nn, open, setInput, output } = start(how);
    const context = await open('{}');
    await setInput(context, 0, 'x'.repeat(21));
    expect(await nn('compute', context)).toBe(102);
    expect(await nn('compute_single', context)).toBe(102);
    expect(JSON.parse(await output(context, 1))).toMatchObject({ input_tokens: 21 });
  });

  it('take an image in the prompt, or in a file of the guest', async () => {
    const { nn, open, setInput, output, engine } = start({ ...how, takesImages: true });
    const context = await open('{"image":"cat.png"}');
    const sent = () => engine.callsOf('startText').at(-1)?.slice(2);
    expect(setInput(context, 0, '<image>?')).toBe(0);
    expect(await nn('compute', context)).toBe(0);
    expect(sent()).toEqual(['<image>?', '{"image":"cat.png"}', [4, 5]]);
    expect(setInput(context, 0, 'A <img src="data:image/png;base64,AQID">')).toBe(0);
    expect(JSON.parse(await output(context, 1))).toMatchObject({ input_tokens: 9 });
    expect(sent()).toEqual(['A <image>', '{"image":"cat.png","n-predict":1}', [1, 2, 3]]);
    expect(await nn('compute_single', context)).toBe(0);
    expect(sent()).toEqual(['A <image>', '{"image":"cat.png","n-predict":-1,"reverse-prompt":""}', [1, 2, 3]]);
    expect(setInput(context, 1, '{"image":""}')).toBe(0);
    expect(setInput(context, 0, 'no <image>')).toBe(0);
    expect(await nn('compute', context)).toBe(0);
    expect(sent()).toEqual(['no <image>', '{"image":""}']);
  });

  it.each([
    ['damaged base64', '<img src="data:image/png;base64,A">', '{}'],
    ['a file that is not there', '<image>', '{"image":"dog.png"}'],
    ['too few marks', 'none', '{"image":"cat.png"}'],
    ['too many marks', '<image> <img src="data:image/png;base64,AQID">', '{}'],
  ])('refuse an image when the prompt is set: %s', async (_, prompt, settings) => {
    const { open, setInput, errors } = start({ ...how, takesImages: true });
    expect(setInput(await open(settings), 0, prompt)).toBe(1);
    expect(errors).toEqual([expect.stringContaining('set_input: invalid-argument: set_input: ')]);
  });

  it('refuse a prompt with an image that the model does not take, and keep the one before', async () => {
    const { nn, open, setInput, output, errors } = start(how);
    const context = await open('{}');
    await setInput(context, 0, 'abc');
    expect(setInput(context, 0, 'What is <b>this</b>? <img src="data:image/png;base64,iVBORw0KGgo=">')).toBe(1);
    expect(errors).toEqual([expect.stringContaining('register its projector')]);
    expect(await nn('compute', context)).toBe(0);
    expect(await output(context, 0)).toBe('abc</s>');
    expect(setInput(context, 0, 'An <img src="cat.png">')).toBe(0);
  });

  it('end a text where another prompt comes, or the context or the graph goes', async () => {
    const { nn, open, setInput, engine } = start(how);
    const begin = async (context: number) => {
      await setInput(context, 0, 'abcdef');
      expect(await nn('compute_single', context)).toBe(0);
      expect(engine.texts.size).toBe(1);
    };
    const [first, second] = [await open('{}'), await open('{}')];
    await begin(first);
    await setInput(first, 0, 'abc');
    await Promise.resolve();
    expect(engine.texts.size).toBe(0);
    await begin(first);
    expect(nn('fini_single', first)).toBe(0);
    await Promise.resolve();
    expect(engine.texts.size).toBe(0);
    await begin(first);
    expect(nn('finalize_execution_context', first)).toBe(0);
    await Promise.resolve();
    await begin(second);
    expect(nn('unload', 1)).toBe(0);
    await Promise.resolve();
    expect(engine.texts.size).toBe(0);
  });
});

describe('settings at input 1', () => {
  it('are those of the context, or of all contexts of the graph', async () => {
    const { nn, open, setInput, memory, out, engine } = start();
    const first = await open('{"temp":0.5}');
    expect(nn('init_execution_context', 0, out)).toBe(0);
    const second = memory.readWord(out);
    expect(setInput(first, 1, '{"n-predict":1,"top-k":3}')).toBe(0);
    for (const context of [first, second]) {
      await setInput(context, 0, 'ab');
      expect(await nn('compute', context)).toBe(0);
    }
    const sent = engine.callsOf('startText').map(([, , , settings]) => JSON.parse(String(settings)));
    expect(sent).toEqual([
      { temp: 0.5, 'top-k': 3, 'n-predict': 1 },
      { temp: 0.5, 'top-k': 3 },
    ]);
  });

  it.each([
    ['{', 2],
    ['{"temp":"hot"}', 1],
    ['{"tts":true}', 6],
  ])('are refused: %s', async (settings, errno) => {
    const { open, setInput } = start();
    expect(setInput(await open('{}'), 1, settings)).toBe(errno);
  });
});

describe('a language model', () => {
  it('needs a prompt, and has two outputs', async () => {
    const { nn, open, out, buffer } = start();
    const context = await open('{}');
    expect(await nn('compute', context)).toBe(1);
    expect(await nn('compute_single', context)).toBe(1);
    expect(await nn('get_output', context, 2, buffer, 512, out)).toBe(1);
  });

  it('says how much room an output needs', async () => {
    const { nn, open, setInput, memory, out, buffer } = start();
    const context = await open('{}');
    await setInput(context, 0, 'abc');
    await nn('compute', context);
    expect(await nn('get_output', context, 0, buffer, 6, out)).toBe(7);
    expect(memory.readWord(out)).toBe(7);
  });

  it('is loaded from bytes with its configuration behind it', async () => {
    const { nn, memory, out, engine } = start();
    const parts = [encoder.encode('GGUF'), encoder.encode('{"temp":0}')];
    expect(await nn('load', ...memory.builders(...parts), 5, 0, out)).toBe(1);
    expect(engine.callsOf('load')).toHaveLength(1);
    expect(await nn('load', ...memory.builders(echoModel), 5, 0, out)).toBe(0);
  });
});

describe("WAMR's language models", () => {
  function open(configuration: string) {
    const started = start();
    const { wamr, memory, out } = started;
    const texts = [...memory.text(echoName), ...memory.text(configuration)];
    expect(wamr('load_by_name_with_config', ...texts, out)).toBe(0);
    expect(wamr('init_execution_context', 0, out)).toBe(0);
    const setInput = (text: string, index = 0) =>
      wamr('set_input', 0, index, memory.wamrTensor([1], 2, encoder.encode(`${text}\0`)));
    return { ...started, setInput };
  }

  it('count the prompt among the tokens, and take the likeliest', async () => {
    const { wamr, setInput, memory, out, buffer, engine } = open('{"n-predict":4,"temp":2,"stream-stdout":false}');
    expect(setInput('abc')).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    const settings = JSON.parse(String(engine.callsOf('startText').at(-1)?.[3]));
    expect(settings).toEqual({ 'n-predict': 2, temp: 0, 'top-k': 1, 'stream-stdout': false });
    const size = memory.words(512);
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(String.fromCharCode(...memory.read(buffer, memory.readWord(size)))).toBe('ab');
    expect(wamr('get_output', 0, 1, buffer, memory.words(512))).toBe(0);
    const counts = '{"input_tokens":3, "output_tokens":2, "llama_build_number":11364,"llama_commit":"46ca246"}';
    expect(String.fromCharCode(...memory.read(buffer, counts.length))).toBe(counts);
    expect(memory.readWord(out)).toBe(0);
  });

  it('refuse other inputs, more tokens than the context has, and a buffer that is too small', () => {
    const { wamr, setInput, memory, buffer } = open('{"n-predict":4}');
    expect(setInput('abc', 1)).toBe(1);
    expect(setInput('abc')).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    const size = memory.words(1);
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(7);
    expect(memory.readWord(size)).toBe(1);
    expect(open('{"n-predict":65}').setInput('abc')).toBe(5);
    // 512 tokens, where no configuration says so or none can be read.
    expect(open('no JSON').setInput('abc')).toBe(5);
  });

  it('refuse a prompt that is longer than the text may be', () => {
    const { wamr, setInput } = open('{"n-predict":2}');
    expect(setInput('abc')).toBe(0);
    expect(wamr('compute', 0)).toBe(102);
  });
});
