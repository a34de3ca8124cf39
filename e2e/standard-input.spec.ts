import type { Waiting } from '../src/index.js';
import { expect, test } from './test.js';

/** How the page provides what a guest reads. */
type Kind = 'stream' | 'failing function';

interface Ending {
  readonly exitCode: number;
  /** What `cat` printed of its input. */
  readonly input: string;
  readonly stderr: string;
  /** The page's own account: what `stdout` had when each piece was asked for. */
  readonly printed: readonly string[];
  readonly faults: readonly string[];
}

test('guests read a stream, and a function of the page, piece by piece, however they wait', async ({ blank }) => {
  const endings = await blank.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN();
    const faults: string[] = [];
    nn.addEventListener('fault', ({ detail: { functionName, error } }) => {
      faults.push(`${functionName}: ${error.message}`);
    });
    const long = 'x'.repeat(100_000);
    const after = (text: string) => text.split('input\n')[1] ?? '';

    async function run(guest: string, waiting: Waiting, kind: Kind): Promise<Ending> {
      let output = '';
      let wake = () => {};
      const printed: string[] = [];
      const decoder = new TextDecoder();
      const waitForOutput = async (text: string) => {
        while (!after(output).includes(text)) await new Promise<void>((resolve) => (wake = resolve));
      };
      let calls = 0;
      const next = async () => {
        calls++;
        // The guest has printed the piece before when it asks for the next.
        if (calls === 2) await waitForOutput('first\n');
        printed.push(after(output).slice(0, 10));
        if (calls === 2 && kind === 'failing function') throw new Error('the line is dead');
        return ['first\n', new TextEncoder().encode(`${long}\n`), undefined][calls - 1];
      };
      const stream = () =>
        new ReadableStream<string | Uint8Array<ArrayBuffer>>(
          {
            async pull(controller) {
              const piece = await next();
              if (piece === undefined) controller.close();
              else controller.enqueue(piece);
            },
          },
          { highWaterMark: 0 },
        );
      const { exitCode, stderr, stdout } = await nn.run(`/guests/${guest}`, {
        stdin: kind === 'stream' ? stream() : next,
        waiting,
        stdout(bytes) {
          output += decoder.decode(bytes, { stream: true });
          wake();
        },
      });
      const input = after(stdout).replace(long, 'LONG');
      return { exitCode, input, stderr, printed, faults: faults.splice(0) };
    }

    const endings: Record<string, Ending> = {};
    for (const guest of ['cat.wasm', 'cat.component.wasm']) {
      for (const waiting of ['suspend', 'block'] as const) {
        for (const kind of ['stream', 'failing function'] as const) {
          endings[`${guest}, ${waiting}, ${kind}`] = await run(guest, waiting, kind);
        }
      }
    }
    return endings;
  });
  expect(Object.keys(endings)).toHaveLength(8);
  for (const [way, ending] of Object.entries(endings)) {
    const isWhole = { exitCode: 0, input: 'first\nLONG\n', stderr: '', faults: [] };
    const isBroken = { exitCode: 1, input: 'first\n', faults: ['stdin: stdin: the line is dead'] };
    expect(ending, way).toMatchObject(way.includes('failing') ? isBroken : isWhole);
    expect(ending.printed.slice(0, 2), way).toEqual(['', 'first\n']);
  }
});

test('a stream that a guest has not read to its end is cancelled when the guest ends', async ({ blank }) => {
  const reason = await blank.evaluate(async () => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { exitCode } = await createWasiNN().run('/guests/exit.wasm', {
      args: ['3'],
      stdin: new ReadableStream({ cancel: resolve }),
    });
    return `${exitCode}: ${await promise}`;
  });
  expect(reason).toContain('3: WasiNNError: stdin: the guest has ended');
});
