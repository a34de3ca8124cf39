import type { CDPSession, JSHandle, Page } from '@playwright/test';
import type { Waiting } from '../src/index.js';
import { expect, test } from './test.js';

/** The handle of a classifier, as `wit/guests/classifiers` has it. */
interface Classifier {
  models(): Promise<string[]>;
  classify(pixels: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

type Ticket = Pick<Classifier, 'dispose'>;

interface Labelled {
  readonly label: string;
  readonly classifier: Classifier;
}

interface Api {
  readonly Classifier: {
    create(model: string): Promise<Classifier>;
    merge(classifiers: readonly Classifier[]): Promise<Classifier>;
  };
  readonly Eager: { create(model: string): Promise<Ticket> };
  same(one: Classifier, other: Classifier): Promise<boolean>;
  take(classifier: Classifier): Promise<string[]>;
  find(model: string): Promise<Classifier | undefined>;
  createAll(models: readonly string[]): Promise<Classifier[]>;
  swap(pair: [Labelled[], Classifier | undefined]): Promise<[Classifier | undefined, Labelled[]]>;
  judge(classifier: Classifier, good: boolean): Promise<Classifier>;
  issue(number: number): Promise<Ticket>;
  redeem(ticket: Ticket): Promise<number>;
  living(): Promise<number>;
}

interface ResourcePage {
  /** Starts a guest, and answers with what it exports. */
  start(): Promise<Api>;
  readonly pixels: Float32Array;
  /** How something was refused: `invalid-argument: the text`. */
  refusal(outcome: Promise<unknown>): Promise<string>;
}

declare global {
  var resourcePage: ResourcePage;
}

async function openPage(page: Page, waiting: Waiting): Promise<void> {
  await page.evaluate(async (waiting) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { digits: '/models/digits.onnx' } });
    const name = 'wasi-nn-web:classifiers/api@0.1.0';
    globalThis.resourcePage = {
      async start() {
        const guest = '/guests/classifiers.component.wasm';
        const { exports } = await nn.instantiate<{ [name]: Api }>(guest, { waiting });
        return exports[name];
      },
      pixels: Float32Array.from({ length: 784 }, (_, index) => (index % 28) / 28),
      refusal: (outcome) =>
        outcome.then(
          () => 'not refused',
          (cause) => `${cause.code ?? cause.name}: ${cause.message}`,
        ),
    };
  }, waiting);
}

/** What resources do, each with a guest of its own. The first is the one that measures the page's memory. */
const cases: Readonly<Record<string, (page: Page, waiting: Waiting) => Promise<void>>> = {
  'leave nothing behind, though 1,000 come and go': expectNothingLeft,
  'are made, asked and dropped': expectDropped,
  'are passed, lent and given back, wherever they are in a value': expectPassed,
  'are used up where they are given away': expectUsedUp,
  'refuse what is no longer theirs, and leave the guest whole': expectRefusals,
  'are not dropped while a method of theirs computes': expectKeptWhileComputing,
  'may wait for the engine in their constructors where the thread blocks': expectWaitingConstructor,
};

for (const waiting of ['suspend', 'block'] as const) {
  test(`resources of a guest (${waiting})`, async ({ blank }) => {
    await openPage(blank, waiting);
    for (const [what, check] of Object.entries(cases)) await test.step(what, () => check(blank, waiting));
  });
}

async function expectDropped(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { start, pixels } = resourcePage;
    const api = await start();
    const classifier = await api.Classifier.create('digits');
    const scores = await classifier.classify(pixels);
    const again = await classifier.classify(pixels);
    const living = [await api.living()];
    await classifier.dispose();
    await classifier.dispose();
    living.push(await api.living());
    return { scores: [...scores], isSame: scores.every((score, index) => score === again[index]), living };
  });
  expect(outcome.scores).toHaveLength(10);
  expect(outcome.scores.every(Number.isFinite)).toBe(true);
  expect(outcome).toMatchObject({ isSame: true, living: [1, 0] });
}

async function expectPassed(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const api = await resourcePage.start();
    const [a, b, c] = await api.createAll(['a', 'b', 'c']);
    if (!a || !b || !c) throw new Error('three classifiers were asked for');
    const same = [await api.same(a, b), await api.same(a, a)];
    const [option, list] = await api.swap([[{ label: 'x', classifier: a }], b]);
    const [none, empty] = await api.swap([[], undefined]);
    const judged = await api.judge(c, true);
    const names = [
      await list[0]?.classifier.models(),
      await option?.models(),
      await judged.models(),
      await (await api.find('d'))?.models(),
    ];
    const failure = await api.judge(judged, false).catch((cause) => cause.payload);
    names.push(await failure.classifier.models(), await api.take(failure.classifier));
    const ticket = await api.issue(7);
    return {
      names,
      same,
      label: [list[0]?.label, failure.label],
      nothing: [none, empty, await api.find('')],
      number: await api.redeem(ticket),
      living: await api.living(),
    };
  });
  expect(outcome).toEqual({
    names: [['a'], ['b'], ['c'], ['d'], ['c'], ['c']],
    same: [false, true],
    label: ['x', 'bad'],
    nothing: [undefined, [], undefined],
    number: 7,
    // Those of a, b and d, and the ticket.
    living: 4,
  });
}

async function expectUsedUp(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { start, pixels } = resourcePage;
    const api = await start();
    const parts = [await api.Classifier.create('digits'), await api.Classifier.create('digits')];
    const [alone] = await Promise.all(parts.map((part) => part.classify(pixels)));
    const merged = await api.Classifier.merge(parts);
    const together = await merged.classify(pixels);
    await Promise.all(parts.map((part) => part.dispose()));
    const models = await merged.models();
    return {
      isSame: together.every((score, index) => score === alone?.[index]),
      models,
      living: await api.living(),
    };
  });
  expect(outcome).toEqual({ isSame: true, models: ['digits', 'digits'], living: 1 });
}

async function expectRefusals(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { start, refusal } = resourcePage;
    const [api, other] = [await start(), await start()];
    const [a, taken, disposed] = await api.createAll(['a', 'b', 'c']);
    if (!a || !taken || !disposed) throw new Error('three classifiers were asked for');
    await api.take(taken);
    await disposed.dispose();
    const ticket = await api.issue(1);
    const wrong = (value: unknown) => value as Classifier;
    const refusals = {
      disposed: await refusal(disposed.models()),
      taken: await refusal(taken.models()),
      argument: await refusal(api.same(a, taken)),
      nested: await refusal(api.Classifier.merge([a, disposed])),
      foreign: await refusal(other.take(a)),
      borrowedKind: await refusal(api.same(a, wrong(ticket))),
      ownedKind: await refusal(api.take(wrong(ticket))),
      record: await refusal(api.take(wrong({}))),
      forged: await refusal(api.take(wrong({ '#resource': 0, type: '' }))),
      receiver: await refusal(Reflect.apply(a.models, ticket, [])),
      unbound: await refusal(Reflect.apply(a.models, undefined, [])),
      twice: await refusal(api.Classifier.merge([await api.Classifier.create('d')].flatMap((one) => [one, one]))),
    };
    return { refusals, models: await a.models(), number: await api.redeem(ticket) };
  });
  for (const text of Object.values(outcome.refusals)) expect(text).toMatch(/^invalid-argument: /);
  const { disposed, taken, foreign, ownedKind } = outcome.refusals;
  expect([disposed, taken]).toEqual(Array(2).fill(expect.stringContaining('disposed of, or given to the guest')));
  expect(foreign).toContain('another guest');
  expect(ownedKind).toContain('expected a handle of a Classifier');
  expect(outcome).toMatchObject({ models: ['a'], number: 1 });
}

async function expectKeptWhileComputing(page: Page): Promise<void> {
  const outcome = await page.evaluate(async () => {
    const { start, pixels } = resourcePage;
    const api = await start();
    const classifier = await api.Classifier.create('digits');
    const underway = classifier.classify(pixels);
    const [scores] = await Promise.all([underway, classifier.dispose()]);
    return [scores.length, await api.living()];
  });
  expect(outcome).toEqual([10, 0]);
}

async function expectWaitingConstructor(page: Page, waiting: Waiting): Promise<void> {
  const text = await page.evaluate(async () => {
    const { start, refusal } = resourcePage;
    const api = await start();
    return refusal(api.Eager.create('digits'));
  });
  if (waiting === 'block') expect(text).toBe('not refused');
  else expect(text).toMatch(/^unsupported-operation: .*waiting: 'block'/);
}

async function expectNothingLeft(page: Page): Promise<void> {
  const api = await page.evaluateHandle(() => resourcePage.start());
  const session = await page.context().newCDPSession(page);
  await comeAndGo(page, api, 200);
  const before = await heapSize(session);
  expect(await comeAndGo(page, api, 1000)).toBe(0);
  expect((await heapSize(session)) - before).toBeLessThan(100_000);
}

/** Makes classifiers and disposes of each. @returns how many live afterwards */
function comeAndGo(page: Page, api: JSHandle<Api>, times: number): Promise<number> {
  return page.evaluate(
    async ({ api, times }) => {
      for (let time = 0; time < times; time++) await (await api.Classifier.create('digits')).dispose();
      return api.living();
    },
    { api, times },
  );
}

/** The bytes that live objects of the page take, after all garbage is collected. */
async function heapSize(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize;
}
