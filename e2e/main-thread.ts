import type { Browser, Page } from '@playwright/test';

/** The longest task of a page's main thread, in ms. */
export interface LongestTask {
  /** The processor's time that it took. */
  readonly cpu: number;
  /** From its start to its end; on a machine with fewer cores than busy threads, waiting for a core included. */
  readonly wall: number;
}

/** A document that was open when the trace began. */
interface Frame {
  readonly url: string;
  readonly processId?: number;
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** In µs, as is `tdur`, the thread's own time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string; readonly data?: { readonly frames?: readonly Frame[] } };
}

/** Traces a page while something is done with it. */
export async function traceLongestTask(
  browser: Browser,
  page: Page,
  action: () => Promise<void>,
): Promise<LongestTask> {
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
  });
  await action();
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse((await browser.stopTracing()).toString());

  // The browser keeps a spare process ready, whose start is no task of the page.
  const frames = traceEvents.flatMap(({ args }) => args?.data?.frames ?? []);
  const processes = new Set(frames.filter(({ url }) => url === page.url()).map(({ processId }) => processId));
  const isMainThread = ({ name, pid, args }: TraceEvent) =>
    name === 'thread_name' && args?.name === 'CrRendererMain' && processes.has(pid);
  const mainThreads = new Set(traceEvents.filter(isMainThread).map(threadOf));
  const tasks = traceEvents.filter((event) => event.name === 'RunTask' && mainThreads.has(threadOf(event)));
  if (tasks.length === 0) throw new Error('the trace has no task of a main thread');
  return {
    cpu: Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000)),
    wall: Math.max(...tasks.map(({ dur = 0 }) => dur / 1000)),
  };
}

function threadOf({ pid, tid }: TraceEvent): string {
  return `${pid}/${tid}`;
}
