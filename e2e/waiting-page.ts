import type { Page, Worker } from '@playwright/test';
import { field, int, model, node, value } from '../src/backends/onnx/model.fixture.js';
import type { Guest, GuestInput, GuestMemory, Waiting, WasiNN, WasiNNOptions } from '../src/index.js';
import { joinBytes } from '../src/standard/join-bytes.js';
import { patchWorkers } from './browsers/worker-script.js';
import type { Site } from './site.js';

/** What the tests of waiting have on their page. */
interface WaitingPage {
  readonly nn: WasiNN;
  /** Guests that stay, by the names that a test gives them. */
  readonly probes: Record<string, ProbeExports>;
  /** Starts the probe and loads a model in it, which is graph 0 then. */
  startProbe(
    model: string,
    options: { readonly waiting?: Waiting; readonly signal?: AbortSignal },
  ): Promise<ProbeExports>;
  startWitxProbe(waiting?: Waiting): Promise<Guest<WitxProbeExports> & { readonly memory: GuestMemory }>;
  start(source: GuestInput, waiting?: Waiting): Promise<Guest>;
  tensor(name: string, dimensions: readonly number[], ty: string, data: Uint8Array): ProbeTensor;
  /** Opens a channel, and waits until it receives what others send: the browser connects it after its constructor has returned. */
  openChannel(name: string): Promise<BroadcastChannel>;
}

interface ProbeTensor {
  readonly name: string;
  readonly dimensions: Uint32Array;
  readonly ty: string;
  readonly data: Uint8Array;
}

export interface ProbeExports {
  load(builders: Uint8Array[], encoding: string, target: string): Promise<number>;
  loadByName(name: string): Promise<number>;
  compute(graph: number, inputs: ProbeTensor[], keepContext: boolean): Promise<ProbeTensor[]>;
  unload(graph: number): Promise<void>;
}

type WitxProbeExports = Readonly<Record<string, (...values: number[]) => Promise<number>>>;

declare global {
  var waitingPage: WaitingPage;
}

/** The model of which an output is the input, bytes of any number. */
const identity = model({ nodes: [node('Identity', ['x'], ['y'])], inputs: [bytes('x')], outputs: [bytes('y')] });

/** A model that takes a while: a matrix is multiplied by itself again and again. */
const slow = model({
  nodes: Array.from({ length: 40 }, (_, step) => {
    return node('MatMul', [step === 0 ? 'x' : `x${step}`, 'x'], [step === 39 ? 'y' : `x${step + 1}`]);
  }),
  inputs: [value('x', [384, 384])],
  outputs: [value('y', [384, 384])],
});

function bytes(name: string): Uint8Array {
  const uint8 = 2;
  const shape = field(1, field(2, 'length'));
  return joinBytes([field(1, name), field(2, field(1, joinBytes([int(1, uint8), field(2, shape)])))]);
}

/** Opens a page with an engine that knows the models `digits`, `identity` and `slow`. */
export async function openPage(page: Page, site: Site, options: Omit<WasiNNOptions, 'models'> = {}): Promise<void> {
  site.answer('/identity.onnx', (_, response) => response.end(identity));
  site.answer('/slow.onnx', (_, response) => response.end(slow));
  await page.goto(`${site.origin}/blank.html`);
  await page.evaluate(async (options) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const models = {
      digits: '/models/digits.onnx',
      identity: '/identity.onnx',
      slow: '/slow.onnx',
    };
    const nn = createWasiNN({ ...options, models });
    globalThis.waitingPage = {
      nn,
      probes: {},
      async startProbe(model, options) {
        const { exports } = await nn.instantiate<ProbeExports>('/guests/probe.component.wasm', options);
        await exports.loadByName(model);
        return exports;
      },
      async startWitxProbe(waiting) {
        const guest = await nn.instantiate<WitxProbeExports>('/guests/witx-probe.wasm', waiting ? { waiting } : {});
        if (!guest.memory) throw new Error('the witx probe has no memory');
        return { ...guest, memory: guest.memory };
      },
      start: (source, waiting) => nn.instantiate(source, waiting ? { waiting } : {}),
      tensor: (name, dimensions, ty, data) => ({ name, dimensions: Uint32Array.from(dimensions), ty, data }),
      async openChannel(name) {
        const channel = new BroadcastChannel(name);
        const other = new BroadcastChannel(name);
        await new Promise((resolve) => {
          channel.addEventListener('message', resolve, { once: true });
          other.postMessage('connected');
        });
        other.close();
        return channel;
      },
    };
  }, options);
}

/** Takes JSPI away: from the page, now and when it is loaded again, and from the guests' workers that it starts later. */
export async function removeJspi(page: Page, site: Site): Promise<void> {
  const remove = () => void Reflect.deleteProperty(WebAssembly, 'Suspending');
  await page.addInitScript(remove);
  await page.evaluate(remove);
  patchWorkers(site, 'guest-worker', 'delete WebAssembly.Suspending');
}

/**
 * Runs a script in the engines' workers before their own: in each, or in as many as `times` says. The first is the one for
 * the CPU.
 */
export function patchEngine(site: Site, script: string, options: { readonly times?: number } = {}): void {
  patchWorkers(site, 'engine-worker', script, options);
}

/** The threads of guests that are there now. */
export function guestThreads(page: Page): Worker[] {
  return page.workers().filter((worker) => worker.url().includes('/guest-worker-'));
}

/** The error with which a guest is refused, or `started`. */
export function startError(page: Page, guest: string, waiting?: Waiting): Promise<string> {
  return page.evaluate(
    async ({ guest, waiting }) => {
      try {
        await waitingPage.start(`/guests/${guest}`, waiting);
        return 'started';
      } catch (cause) {
        return cause instanceof Error ? `${Reflect.get(cause, 'code')}: ${cause.message}` : String(cause);
      }
    },
    { guest, waiting },
  );
}
