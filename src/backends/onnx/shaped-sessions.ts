import type { InferenceSession } from 'onnxruntime-web';
import type { TensorInfo, TensorShape } from '../../standard/tensor.js';
import { hasAborted } from '../runtime-module.js';

/** Sessions of one model for different lengths of the axes that it leaves open, which WebNN must know beforehand. */
export interface ShapedSessions {
  /**
   * The session for these inputs, made where it is not there. Where that fails the general one serves.
   *
   * @throws what making it throws, where none has been made yet or the module is broken now
   */
  sessionFor(inputs: ReadonlyMap<string, TensorShape>): Promise<InferenceSession>;
  release(): Promise<void>;
}

export type Lengths = Readonly<Record<string, number>>;

/** How many sessions of a model are kept; of others, the one that was used longest ago goes. */
const maximumSessions = 4;

/** How many shapes that cannot be served are remembered. */
const maximumRefused = 100;

/** Whether all axes that a model leaves open have names, by which they can be fixed; false where none is open. */
export function canBeShaped(inputs: readonly TensorInfo[]): boolean {
  const open = inputs.flatMap(({ shape }) => shape.filter((length) => typeof length === 'string'));
  return open.length > 0 && !open.includes('?');
}

/**
 * @param create makes a session with axes of these lengths
 * @param release gives one back
 * @param general a session that takes all shapes
 */
export function createShapedSessions(
  inputs: readonly TensorInfo[],
  create: (lengths: Lengths) => Promise<InferenceSession>,
  release: (session: InferenceSession) => Promise<void>,
  general: InferenceSession,
): ShapedSessions {
  /** Those used last stand last. */
  const sessions = new Map<string, InferenceSession>();
  const refused = new Set<string>();

  async function make(key: string, lengths: Lengths): Promise<InferenceSession> {
    const session = await create(lengths);
    sessions.set(key, session);
    const [oldest] = sessions;
    if (sessions.size <= maximumSessions || !oldest) return session;
    sessions.delete(oldest[0]);
    await release(oldest[1]);
    return session;
  }

  return {
    async sessionFor(given) {
      const lengths = lengthsOf(inputs, given);
      const key = JSON.stringify(lengths);
      if (refused.has(key)) return general;
      const known = sessions.get(key);
      if (known) {
        sessions.delete(key);
        sessions.set(key, known);
        return known;
      }
      try {
        return await make(key, Object.fromEntries(lengths));
      } catch (cause) {
        if (sessions.size === 0 || hasAborted(cause)) throw cause;
        if (refused.size < maximumRefused) refused.add(key);
        return general;
      }
    },
    async release() {
      for (const session of sessions.values()) await release(session);
      sessions.clear();
    },
  };
}

/** The lengths of the axes that are left open, in the order of the model; the first tensor that has an axis counts. */
function lengthsOf(inputs: readonly TensorInfo[], given: ReadonlyMap<string, TensorShape>): [string, number][] {
  const lengths = new Map<string, number>();
  for (const { name, shape } of inputs) {
    for (const [axis, length] of shape.entries()) {
      const actual = given.get(name)?.dimensions[axis];
      if (typeof length === 'string' && actual !== undefined && !lengths.has(length)) lengths.set(length, actual);
    }
  }
  return [...lengths];
}
