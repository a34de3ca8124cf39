import { WasiNNError } from '../standard/error.js';
import { refuseUnknown } from '../standard/refuse-unknown.js';

/**
 * What guests may use. A call that asks for more fails: with `too-large`, or with `timeout` where it takes too long. Graphs
 * for `cpu` and graphs for the other targets are counted apart, and so are the calls on them.
 */
export interface Limits {
  /** The bytes of one model, all its parts together. Default 2 GiB. */
  readonly modelBytes: number;
  /** The bytes of the inputs of one computation, and those of its outputs. Default 1 GiB. */
  readonly tensorBytes: number;
  /**
   * The bytes of one guest's tensors that stay on devices at a time. What does not fit comes as bytes, as if its graph
   * were registered without `outputs: 'device'`. Default 1 GiB.
   */
  readonly deviceBytes: number;
  /** The graphs that one guest has loaded at a time. Default 1000. */
  readonly graphs: number;
  /** The calls of one guest that wait or are under way at a time. Default 100. */
  readonly queuedCalls: number;
  /**
   * How long it may take to make a graph of a model's bytes, in ms, waiting for a download or a turn not included. What
   * takes longer is ended, with its engine, which has the graphs for `cpu` or those for the other targets; another engine
   * takes over. Default 300 000.
   */
  readonly loadMilliseconds: number;
  /**
   * How long one computation may take, in ms, waiting for its turn not included; as `loadMilliseconds`. So long may it
   * also take to read a tensor that has stayed on a device. Default 60 000.
   */
  readonly computeMilliseconds: number;
  /**
   * How long an engine's worker may take to start, in ms, fetching its script included, and how long its thread may take no
   * message while no call runs on it; then it is replaced. Other workers have as long to start, but at least the default.
   * Default 30 000.
   */
  readonly startMilliseconds: number;
  /** How long it may take to transpile one component in the page, in ms. Default 60 000. */
  readonly transpileMilliseconds: number;
}

export const defaultLimits: Limits = {
  modelBytes: 2 ** 31,
  tensorBytes: 2 ** 30,
  deviceBytes: 2 ** 30,
  graphs: 1000,
  queuedCalls: 100,
  loadMilliseconds: 300_000,
  computeMilliseconds: 60_000,
  startMilliseconds: 30_000,
  transpileMilliseconds: 60_000,
};

/**
 * Fills in the limits that a page leaves open.
 *
 * @throws WasiNNError `invalid-argument` for one that is unknown, or is no positive number
 */
export function toLimits(limits: Partial<Limits>): Limits {
  refuseUnknown('limits', limits, Object.keys(defaultLimits));
  for (const [name, limit] of Object.entries(limits)) {
    if (typeof limit === 'number' && limit > 0) continue;
    throw new WasiNNError('invalid-argument', `limits: ${name} is ${String(limit)}, not a positive number`);
  }
  return { ...defaultLimits, ...limits };
}

/**
 * The execution contexts that one guest has at a time. They are kept in the guest's own thread, where no page can say
 * how many; core modules of the standard's own ABI cannot give any back, and some make one for each inference.
 */
export const maximumContexts = 10_000;

/** @throws WasiNNError `too-large` where `amount` is more than `limit` */
export function refuseMore(operation: string, amount: number, limit: number, what: string): void {
  if (amount <= limit) return;
  throw new WasiNNError('too-large', `${operation}: ${amount} ${what} are more than the ${limit} that the page allows`);
}
