import type { MeasureEvent } from '../../src/index.js';

/** A call of the guest, as the page saw it. */
export interface AnsweredCall {
  /** The name of the model that the guest computed with. */
  readonly model: string;
  /** In ms since 1970. */
  readonly start: number;
  readonly milliseconds: number;
}

/** What a call of the guest spent its time on, in ms. The parts add up to `total`. */
export interface CallTimes {
  readonly model: string;
  readonly total: number;
  /** The model was loaded during the call. 0 where it was there already. */
  readonly load: number;
  /** From the page's call to the guest's request: the guest makes a tensor of the picture. */
  readonly before: number;
  /** The request waited for its turn. */
  readonly queue: number;
  /** The request went to the engine, and the response back. */
  readonly dispatch: number;
  /** The backend computed. */
  readonly backend: number;
  /** From the end of the computation to the page: the guest makes an answer of the scores. */
  readonly after: number;
}

type Measure = Pick<MeasureEvent, 'operation' | 'name' | 'start' | 'milliseconds' | 'waited' | 'worked'>;

/** Puts together what the page and the library measure. Either may come first. */
export interface CallTimesCollector {
  takeMeasure(measure: Measure): void;
  takeCall(call: AnsweredCall): void;
}

/** The clocks of two threads may differ by so much, in ms. */
const tolerance = 2;

/** Calls and measures that have found no partner are forgotten when so many newer ones have come. */
const most = 64;

export function createCallTimes(onTimes: (times: CallTimes) => void): CallTimesCollector {
  let measures: Measure[] = [];
  let calls: AnsweredCall[] = [];

  function matchAll(): void {
    measures = measures.slice(-most);
    calls = calls.slice(-most).filter((call) => {
      const own = measures.filter((measure) => isDuring(measure, call));
      const times = timesOf(call, own);
      if (!times) return true;
      measures = measures.filter((measure) => !own.includes(measure));
      onTimes(times);
      return false;
    });
  }

  return {
    takeMeasure(measure) {
      measures.push(measure);
      matchAll();
    },
    takeCall(call) {
      calls.push(call);
      matchAll();
    },
  };
}

function isDuring({ name, start, milliseconds }: Measure, call: AnsweredCall): boolean {
  if (name !== call.model) return false;
  const end = call.start + call.milliseconds;
  return start >= call.start - tolerance && start + milliseconds <= end + tolerance;
}

function timesOf(call: AnsweredCall, measures: readonly Measure[]): CallTimes | undefined {
  const compute = measures.findLast(({ operation }) => operation === 'compute');
  if (!compute) return undefined;
  const loads = measures.filter(({ operation }) => operation === 'load');
  const load = loads.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const beforeAll = compute.start - call.start;
  const queue = Math.max(0, compute.waited);
  const engine = Math.max(0, compute.milliseconds - compute.waited);
  const before = Math.max(0, beforeAll - load);
  const backend = Math.min(engine, compute.worked ?? engine);
  const dispatch = engine - backend;
  const after = Math.max(0, call.milliseconds - load - before - queue - engine);
  const total = load + before + queue + engine + after;
  return { model: call.model, total, load, before, queue, dispatch, backend, after };
}
