import { type CacheDatabase, openCacheDatabase } from './cache-database.js';

/** A connection to the cache's database that is opened again after it was lost. */
export interface CacheConnection {
  /**
   * Runs an action on the database. Where the connection turns out to be lost, the action runs once more on a new one.
   *
   * @throws what the action throws; an error where the browser does not answer in time
   */
  run<Result>(action: (database: CacheDatabase) => Promise<Result>): Promise<Result>;
}

/** How long the browser may take for one action, in ms: some versions leave a request unanswered for ever. */
const defaultTimeout = 30_000;

/**
 * What IndexedDB throws where a connection is closed (`InvalidStateError`), where it closes while a transaction runs
 * (`AbortError`), where the stores are gone (`NotFoundError`) and where the files are damaged (`UnknownError`).
 */
const lossNames = ['InvalidStateError', 'AbortError', 'NotFoundError', 'UnknownError'];

/** @throws (rejects) as {@link openCacheDatabase} */
export async function openCacheConnection(timeout = defaultTimeout): Promise<CacheConnection> {
  let opening: Promise<CacheDatabase> | undefined;
  /** An action that the browser has not answered in time. Others would only wait as long, so they fail at once. */
  let unanswered: Promise<unknown> | undefined;

  function connect(): Promise<CacheDatabase> {
    if (opening) return opening;
    const opened = openCacheDatabase({ onLost: () => forget(opened) });
    opened.catch(() => forget(opened));
    opening = opened;
    return opened;
  }

  function forget(opened: Promise<CacheDatabase>): void {
    if (opening === opened) opening = undefined;
  }

  async function attempt<Result>(action: (database: CacheDatabase) => Promise<Result>): Promise<Result> {
    const opened = connect();
    try {
      return await action(await opened);
    } catch (cause) {
      if (!isLoss(cause)) throw cause;
      forget(opened);
      opened.then((database) => database.close()).catch(() => undefined);
      return action(await connect());
    }
  }

  async function run<Result>(action: (database: CacheDatabase) => Promise<Result>): Promise<Result> {
    if (unanswered) throw noAnswer(timeout);
    const result = attempt(action);
    const signal = AbortSignal.timeout(timeout);
    return new Promise((resolve, reject) => {
      signal.onabort = () => {
        reject(noAnswer(timeout));
        unanswered = result;
        const recover = () => {
          if (unanswered === result) unanswered = undefined;
        };
        result.then(recover, recover);
      };
      const end = () => {
        signal.onabort = null;
      };
      result.then(resolve, reject);
      result.then(end, end);
    });
  }

  await run(async () => undefined);
  return { run };
}

function isLoss(cause: unknown): boolean {
  return cause instanceof DOMException && lossNames.includes(cause.name);
}

function noAnswer(timeout: number): Error {
  return new Error(`the browser's storage has not answered for ${timeout} ms`);
}
