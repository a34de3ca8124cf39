/** Something under way that several wait for. */
interface Shared<Result, Notice> {
  readonly result: Promise<Result>;
  readonly controller: AbortController;
  readonly listeners: Set<(notice: Notice) => void>;
}

export interface Participant<Notice> {
  readonly signal: AbortSignal;
  onNotice(notice: Notice): void;
}

/** Carries out one action at a time for each key; who asks for it meanwhile gets the same result. */
export interface Sharing<Result, Notice> {
  isUnderway(key: string): boolean;
  /**
   * @param action is aborted when all who wait for it have gone
   * @returns `isFirst` for the one whose action it was: what must not be shared, like a buffer, is its own
   * @throws what the action throws; the signal's reason
   */
  join(
    key: string,
    participant: Participant<Notice>,
    action: (signal: AbortSignal, notify: (notice: Notice) => void) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly isFirst: boolean }>;
}

export function createSharing<Result, Notice>(): Sharing<Result, Notice> {
  const underway = new Map<string, Shared<Result, Notice>>();

  return {
    isUnderway: (key) => underway.has(key),
    join(key, { signal, onNotice }, action) {
      if (signal.aborted) return Promise.reject(signal.reason);
      const known = underway.get(key);
      const shared = known ?? start(key, action);
      const listener = (notice: Notice) => onNotice(notice);
      shared.listeners.add(listener);

      return new Promise((resolve, reject) => {
        const leave = () => {
          reject(signal.reason);
          shared.listeners.delete(listener);
          if (shared.listeners.size > 0) return;
          // Whoever asks from now on starts over.
          if (underway.get(key) === shared) underway.delete(key);
          shared.controller.abort(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        const stay = () => signal.removeEventListener('abort', leave);
        shared.result.then(stay, stay);
        shared.result.then((result) => resolve({ result, isFirst: known === undefined }), reject);
      });
    },
  };

  function start(
    key: string,
    action: (signal: AbortSignal, notify: (notice: Notice) => void) => Promise<Result>,
  ): Shared<Result, Notice> {
    const controller = new AbortController();
    const listeners = new Set<(notice: Notice) => void>();
    const notify = (notice: Notice) => {
      for (const listener of listeners) listener(notice);
    };
    const result = action(controller.signal, notify);
    const shared = { result, controller, listeners };
    underway.set(key, shared);
    const end = () => {
      if (underway.get(key) === shared) underway.delete(key);
    };
    result.then(end, end);
    return shared;
  }
}
