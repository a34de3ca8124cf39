import { describe, expect, it } from 'vitest';
import type { TextConfiguration } from '../../standard/text-configuration.js';
import type { TextGeneration } from '../backend.js';
import type { Chunk } from './answers.js';
import type { Llama } from './llama.js';
import { createTextRunner } from './text-graph.js';

const encoder = new TextEncoder();
const marker = '<__media__>';
const request = (prompt: string, settings: TextConfiguration = {}) => ({
  prompt: encoder.encode(prompt),
  configuration: encoder.encode(JSON.stringify(settings)),
});

/** A model that counts: each token is the next letter. The context takes 32 tokens, and "z" ends a text. */
function createLlama(overrides: Partial<Llama> = {}) {
  const asked: unknown[] = [];
  let exits = 0;
  const llama: Llama = {
    model: { isLoaded: true, contextTokens: 32, trainedTokens: 32, endTokens: [25] },
    threads: 1,
    async complete({ prompt, images }, parameters, onChunk, signal) {
      asked.push([prompt, parameters, ...images]);
      const send = (chunk: Chunk) => {
        signal.throwIfAborted();
        onChunk(chunk);
      };
      const inputTokens = prompt.length;
      send({ text: '', inputTokens });
      const most = Number(parameters.max_tokens);
      for (let token = 0; ; token++) {
        await Promise.resolve();
        const isEnd = token === 25 && parameters.grammar !== undefined;
        const count = token + 1;
        send({ text: isEnd ? '' : String.fromCharCode(97 + (token % 26)), token });
        const finishReason = isEnd ? 'stop' : count === most || inputTokens + count >= 32 ? 'length' : undefined;
        if (finishReason) return send({ text: '', finishReason, inputTokens, outputTokens: count });
      }
    },
    embed: async (prompt) => ({ values: [0.5, -0.25], inputTokens: prompt.length }),
    exit: () => exits++,
    ...overrides,
  };
  return { llama, asked, exits: () => exits };
}

function createRunner(overrides: Partial<Llama> = {}, configuration: TextConfiguration = {}) {
  const made = createLlama(overrides);
  const opened: TextConfiguration[] = [];
  const runner = createTextRunner({
    configuration,
    llama: made.llama,
    tokenText: (token) => `<${token}>`,
    async open(settings) {
      opened.push(settings);
      return made.llama;
    },
  });
  return { ...made, runner, opened };
}

async function readAll(generation: TextGeneration) {
  let text = '';
  for (;;) {
    const { pieces, end } = await generation.read(1000);
    text += pieces.join('');
    if (end) return { text, ...end };
  }
}

describe('a text', () => {
  it('has as many tokens as were asked for', async () => {
    const { runner, asked } = createRunner({}, { temp: 0 });
    expect(await readAll(runner.generate(request('abc', { 'n-predict': 3 })))).toEqual({
      text: 'abc',
      reason: 'length',
      endToken: '',
      inputTokens: 3,
      outputTokens: 3,
    });
    expect(asked).toEqual([['abc', { temperature: 0, max_tokens: 3 }]]);
  });

  it.each([
    ['what the model ends', { grammar: 'g' }, 'abc', { reason: 'stop', endToken: '<25>', outputTokens: 26 }],
    ['a full context', {}, 'x'.repeat(20), { reason: 'context-full', outputTokens: 12, text: 'abcdefghijkl' }],
    ['nothing', { 'n-predict': 0 }, 'abc', { reason: 'length', outputTokens: 0, text: '' }],
    ['a reverse prompt', { 'reverse-prompt': 'de' }, 'abc', { reason: 'stop', outputTokens: 5, text: 'abcde' }],
    ['a prompt that is too long', {}, 'x'.repeat(29), { reason: 'prompt-too-long', inputTokens: 29, text: '' }],
  ])('ends with %s', async (_, settings, prompt, expected) => {
    expect(await readAll(createRunner().runner.generate(request(prompt, settings)))).toMatchObject(expected);
  });

  it('is too long for a prompt that llama.cpp refuses', async () => {
    const refusal = new Error(
      'request (421 tokens) exceeds the available context size (192 tokens), try increasing it',
    );
    const { runner } = createRunner({ complete: () => Promise.reject(refusal) });
    const end = { reason: 'prompt-too-long', inputTokens: 421, outputTokens: 0 };
    expect(await readAll(runner.generate(request('long')))).toMatchObject(end);
  });

  it('answers in a chat, whose counts come after the reason of its end', async () => {
    const prompts: unknown[] = [];
    const { runner } = createRunner({
      async complete({ prompt }, _parameters, onChunk) {
        prompts.push(prompt);
        onChunk({ text: 'Hello', token: 1, inputTokens: 9 });
        onChunk({ text: '', finishReason: 'stop' });
        onChunk({ text: '', inputTokens: 9, outputTokens: 2 });
      },
    });
    const messages = [{ role: 'user', content: 'Hi' }];
    const answer = await readAll(runner.generate({ ...request(JSON.stringify(messages)), isChat: true }));
    expect(answer).toEqual({ text: 'Hello', reason: 'stop', endToken: '', inputTokens: 9, outputTokens: 2 });
    expect(prompts).toEqual([messages]);
  });

  it('has images, in the places that the prompt marks', async () => {
    const { llama } = createLlama();
    const { runner, asked } = createRunner({ model: { ...llama.model, mediaMarker: marker } });
    const images = [Uint8Array.of(1), Uint8Array.of(2)];
    await readAll(runner.generate({ ...request('a<image><image>', { 'n-predict': 1 }), images }));
    await readAll(runner.generate(request(`<image>${marker}`, { 'n-predict': 1 })));
    expect(asked).toEqual([
      [`a${marker}${marker}`, { max_tokens: 1 }, ...images],
      ['<image> ', { max_tokens: 1 }],
    ]);
    expect(() => runner.generate({ ...request('<image>'), images })).toThrowError('but 1 mark and 2 images came');
    const embedding = runner.generate({ ...request('<image><image>', { embedding: true }), images });
    await expect(readAll(embedding)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('has no images where the model takes none', () => {
    const { runner } = createRunner();
    expect(() => runner.generate({ ...request('<image>'), images: [Uint8Array.of(1)] })).toThrowError(
      'compute: the prompt has an image, but the model takes none',
    );
  });

  it.each(['', '[]', '{}', '[{ "role": "cat", "content": "" }]', '[{ "role": "user" }]'])(
    'does not answer where there are no messages: %s',
    (messages) => {
      const chat = { ...request(messages), isChat: true };
      expect(() => createRunner().runner.generate(chat)).toThrowError(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('expected messages') }),
      );
    },
  );

  it('waits for those before it, and says so', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { llama } = createLlama();
    const { runner } = createRunner({ complete: (...values) => gate.then(() => llama.complete(...values)) });
    const first = runner.generate(request('abc', { 'n-predict': 2 }));
    const second = runner.generate(request('abc', { 'n-predict': 4 }));
    expect(await second.read(0)).toMatchObject({ pieces: [], hasBegun: false });
    open();
    expect((await readAll(second)).text).toBe('abcd');
    expect((await readAll(first)).text).toBe('ab');
  });

  it('ends when it is stopped, before or after it has begun', async () => {
    const { runner, asked } = createRunner();
    const first = runner.generate(request('first'));
    const second = runner.generate(request('second'));
    await first.read(1000);
    first.stop();
    second.stop();
    expect((await readAll(runner.generate(request('third', { 'n-predict': 1 })))).text).toBe('a');
    expect(asked.map((call) => Array.isArray(call) && call[0])).toEqual(['first', 'third']);
  });
});

describe('settings', () => {
  it('have the model loaded again where they say so, and only then', async () => {
    const { runner, opened, exits } = createRunner({}, { 'ctx-size': 32 });
    const embedded = await readAll(runner.generate(request('ab', { embedding: true })));
    expect(embedded).toMatchObject({ text: '{"n_embedding": 2, "embedding": [0.5,-0.25]}', inputTokens: 2 });
    await readAll(runner.generate(request('ab', { embedding: true, 'ctx-size': 64 })));
    expect([opened, exits()]).toEqual([[{ 'ctx-size': 32, embedding: true }], 1]);
  });

  it.each([
    ['{', 'invalid-encoding'],
    ['{"temp":"hot"}', 'invalid-argument'],
  ])('are refused: %j', (json, code) => {
    const { runner } = createRunner();
    const generate = () => runner.generate({ ...request('a'), configuration: encoder.encode(json) });
    expect(generate).toThrowError(expect.objectContaining({ code }));
  });

  it('and prompts are UTF-8', () => {
    const { runner } = createRunner();
    const generate = () => runner.generate({ ...request('a'), prompt: Uint8Array.of(0xff) });
    expect(generate).toThrowError('compute: the prompt is not UTF-8');
  });
});

describe('a failure', () => {
  it.each([
    ['Failed to initialize samplers: failed to parse grammar', 'invalid-argument'],
    ['Failed to load image or audio file', 'invalid-argument'],
    ['something else', 'runtime-error'],
  ])('has a code: %j', async (message, code) => {
    const { runner, exits } = createRunner({ complete: () => Promise.reject(new Error(message)) });
    await expect(readAll(runner.generate(request('a')))).rejects.toMatchObject({ code });
    expect(exits()).toBe(0);
  });

  it('of the module has the model loaded again', async () => {
    const broken = Object.assign(new Error('memory access out of bounds'), { name: 'RuntimeError' });
    const { runner, opened, exits } = createRunner({ complete: () => Promise.reject(broken) });
    await expect(readAll(runner.generate(request('a')))).rejects.toMatchObject({ code: 'runtime-error' });
    expect(exits()).toBe(1);
    await expect(readAll(runner.generate(request('a')))).rejects.toMatchObject({ code: 'runtime-error' });
    expect(opened).toEqual([{}]);
  });

  it('ends texts where the graph is disposed of', async () => {
    const { runner, exits } = createRunner();
    runner.dispose();
    expect(exits()).toBe(1);
    await expect(readAll(runner.generate(request('a')))).rejects.toMatchObject({ message: /unloaded/ });
  });
});
