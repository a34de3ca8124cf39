import record from '../training/wonderland/wonderland.json' with { type: 'json' };
import { expect, test } from './test.js';

/** The language model that the project carries, through the page's interface. */

const model = '/models/wonderland.gguf';

test("the project's language model writes what was recorded when it was trained", async ({ blank }) => {
  const prompts = record.greedy.map(({ prompt }) => prompt);
  const answers = await blank.evaluate(
    async ({ model, prompts }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN({ models: { wonderland: model }, measure: true });
      const rates: (number | undefined)[] = [];
      nn.addEventListener('measure', ({ detail }) => {
        if (detail.operation === 'generate') rates.push(detail.tokensPerSecond);
      });
      const graph = await nn.loadByName('wonderland');
      const ends: unknown[] = [];
      const write = async (prompt: Parameters<typeof graph.generate>[0], maxTokens = 60) => {
        let text = '';
        const options = { maxTokens, temperature: 0, onEnd: (end: unknown) => ends.push(end) };
        for await (const piece of graph.generate(prompt, options)) text += piece;
        return text;
      };
      const texts: string[] = [];
      for (const prompt of prompts) texts.push(await write(prompt));

      const question = { role: 'user', content: 'Who are you?' } as const;
      const chats = [
        await write({ messages: [question] }, 20),
        await write('"Who are you?" said Alice.\n\n"', 20),
        await write({ messages: [question, { role: 'assistant', content: 'A cat."' }, question] }, 20),
        await write('"Who are you?" said Alice.\n\n"A cat."\n\n"Who are you?" said Alice.\n\n"', 20),
      ];
      const refusals: string[] = [];
      const note = (cause: { code: string; message: string }) => refusals.push(`${cause.code}: ${cause.message}`);
      for (const wrong of [{ messages: [] }, { messages: [{ role: 'cat', content: '' }] }]) {
        await write(wrong as Parameters<typeof graph.generate>[0]).catch(note);
      }
      await graph.embed('cat '.repeat(400)).catch(note);

      const embeddings = await Promise.all(
        ['the Cheshire Cat', 'the Cheshire Cat', 'soup'].map((text) => graph.embed(text)),
      );
      texts.push(await write(prompts[0] ?? ''));
      nn.dispose();
      return { texts, ends, chats, refusals, rates, embeddings: embeddings.map((embedding) => [...embedding]) };
    },
    { model, prompts },
  );

  const recorded = record.greedy.map(({ text }) => text);
  expect(answers.texts).toEqual([...recorded, recorded[0]]);
  const [chat, sameAsPrompt, longer, longerAsPrompt] = answers.chats;
  expect([chat, longer]).toEqual([sameAsPrompt, longerAsPrompt]);
  expect(answers.ends.slice(recorded.length, recorded.length + 4)).toEqual(
    Array(4).fill({ reason: 'length', endToken: '', inputTokens: expect.any(Number), outputTokens: 20 }),
  );
  expect(answers.refusals).toEqual([
    expect.stringMatching(/^invalid-argument: generate: expected messages/),
    expect.stringMatching(/^invalid-argument: generate: expected messages/),
    expect.stringMatching(/^too-large: embed: the prompt has \d+ tokens/),
  ]);
  const [cat, same, soup] = answers.embeddings;
  expect([cat?.length, same]).toEqual([96, cat]);
  expect(Math.hypot(...(soup ?? []))).toBeCloseTo(1, 4);
  expect(soup).not.toEqual(cat);
  const rates = answers.rates.slice(0, recorded.length);
  expect(rates).toHaveLength(recorded.length);
  for (const rate of rates) expect(rate).toBeGreaterThan(0);
});

test('a text ends at once where it is given up, whatever it waits for', async ({ blank }) => {
  const answers = await blank.evaluate(async (model) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { wonderland: model } });
    const graph = await nn.loadByName('wonderland');

    /** How long it takes a call to reject once it is given up, in ms. */
    async function timeToGiveUp(call: (signal: AbortSignal, giveUp: () => void) => Promise<unknown>): Promise<number> {
      const stopping = new AbortController();
      let given = 0;
      const giveUp = () => {
        given = performance.now();
        stopping.abort(new Error('enough'));
      };
      const reason = await call(stopping.signal, giveUp).then(() => 'it has ended', String);
      if (reason !== 'Error: enough') throw new Error(reason);
      return performance.now() - given;
    }
    const begin = async (prompt: string, signal: AbortSignal) => {
      for await (const _piece of graph.generate(prompt, { signal })) throw new Error('a piece has come');
    };

    const times: Record<string, number> = {};
    times.loading = await timeToGiveUp((signal, giveUp) => {
      const loading = nn.loadByName('wonderland', { signal });
      giveUp();
      return loading;
    });
    times.prompt = await timeToGiveUp((signal, giveUp) => {
      const text = begin('Alice and the Queen '.repeat(40), signal);
      setTimeout(giveUp);
      return text;
    });
    times.generation = await timeToGiveUp(async (signal, giveUp) => {
      for await (const _piece of graph.generate('Alice', { signal })) giveUp();
    });
    async function countPieces(maxTokens: number): Promise<number> {
      let pieces = 0;
      for await (const _piece of graph.generate('Alice', { temperature: 0, maxTokens })) pieces++;
      return pieces;
    }
    const before = countPieces(40);
    times.queued = await timeToGiveUp((signal, giveUp) => {
      const text = begin('Alice', signal);
      setTimeout(giveUp);
      return text;
    });
    const pieces = [await before, await countPieces(5)];
    nn.dispose();
    return { times, pieces };
  }, model);
  expect(answers.pieces).toEqual([40, 5]);
  for (const [phase, milliseconds] of Object.entries(answers.times)) expect(milliseconds, phase).toBeLessThan(200);
});
