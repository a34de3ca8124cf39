import type { FileProgress } from './files.js';

/** How much of something there is, in bytes. */
export interface Amount {
  readonly loaded: number;
  /** Absent where the server does not send it. */
  readonly total?: number;
}

/** Where a model that is being fetched stands. */
export interface ModelProgress extends Amount {
  readonly name: string;
  /** `cache`: read from an earlier visit's; `download`: on its way; `wait`: another tab downloads it. */
  readonly phase: FileProgress['phase'];
  /** Bytes per second, over the last seconds of a download. */
  readonly rate?: number;
  /** All models that are under way, together. */
  readonly all: Amount;
}

/** Takes the progress of one model's files. */
export interface ProgressTracker {
  update(part: number, progress: FileProgress): void;
  end(): void;
}

/** The shortest time between two reports of a model's progress, in ms: a page that draws it would only be kept busy. */
const interval = 100;

/** How far back the rate looks, in ms. */
const rateWindow = 3000;

/** Gathers the progress of files into that of models, and of all of them. */
export function createProgress(
  report: (progress: ModelProgress) => void,
  now: () => number = () => performance.now(),
): (name: string, parts: number) => ProgressTracker {
  const amounts = new Set<{ amount: Amount; underway: boolean }>();

  function all(): Amount {
    return sum([...amounts].map(({ amount }) => amount));
  }

  return (name, parts) => {
    const files: (FileProgress | undefined)[] = new Array(parts).fill(undefined);
    const own = { amount: { loaded: 0 } as Amount, underway: true };
    const samples: { readonly time: number; readonly loaded: number }[] = [];
    let reportedAt = Number.NEGATIVE_INFINITY;
    let phase: FileProgress['phase'] | undefined;
    /** Runs where something has not been reported yet. */
    let timer: ReturnType<typeof setTimeout> | undefined;
    amounts.add(own);

    function reportNow(): void {
      clearTimeout(timer);
      timer = undefined;
      reportedAt = now();
      if (!phase) return;
      const rate = phase === 'download' ? rateOf(samples) : undefined;
      report({ name, phase, ...own.amount, ...(rate === undefined ? {} : { rate }), all: all() });
    }

    return {
      update(part, progress) {
        files[part] = progress;
        own.amount = sum(files);
        const time = now();
        samples.push({ time, loaded: own.amount.loaded });
        while (samples[0] && samples[0].time < time - rateWindow) samples.shift();
        const isSoon = progress.phase === phase && time - reportedAt < interval;
        phase = progress.phase;
        if (!isSoon || own.amount.loaded === own.amount.total) reportNow();
        else timer ??= setTimeout(reportNow, reportedAt + interval - time);
      },
      end() {
        if (timer !== undefined) reportNow();
        own.underway = false;
        if ([...amounts].every(({ underway }) => !underway)) amounts.clear();
      },
    };
  };
}

/** The total is known where all are. */
function sum(amounts: readonly (Amount | undefined)[]): Amount {
  const loaded = amounts.reduce((bytes, amount) => bytes + (amount?.loaded ?? 0), 0);
  let total = 0;
  for (const amount of amounts) {
    if (amount?.total === undefined) return { loaded };
    total += amount.total;
  }
  return { loaded, total };
}

function rateOf(samples: readonly { readonly time: number; readonly loaded: number }[]): number | undefined {
  const [first] = samples;
  const last = samples.at(-1);
  if (!first || !last || last.time === first.time) return undefined;
  return Math.max(0, ((last.loaded - first.loaded) * 1000) / (last.time - first.time));
}
