import { createSharedMemory, isShared } from './shared-memory.js';

/**
 * What the engine is busy with, for a page that must notice a call that takes too long while the engine's thread stands
 * still. The engine writes down each call when a runtime begins to work on it; the page reads that as often as it wants:
 * in memory that both share, or, on a page that is not cross-origin isolated, in a copy that messages keep current.
 *
 * The first word says whether the page looks, the second which turn was the last to begin. Slots follow, one for each
 * runtime that is busy: the turn's number (0 while the slot is free), what it is, the guest, the guest's number for the
 * call, and when the turn began.
 */

/** What a runtime does; `read`: it brings a tensor back from a device. */
export type TurnKind = 'load' | 'compute' | 'read';

/** One call's time with a runtime. */
export interface Turn {
  /** No other turn has the same. */
  readonly number: number;
  readonly kind: TurnKind;
  readonly guest: number;
  readonly call: number;
  /** In ms; only differences from `clock()` mean something. */
  readonly begun: number;
}

const watchedWord = 0;
const lastTurnWord = 1;
const firstSlot = 2;
const slotWords = 5;

/** More than there are runtimes that can be busy at once. */
const slotCount = 8;

const boardWords = firstSlot + slotCount * slotWords;

const kinds: readonly TurnKind[] = ['load', 'compute', 'read'];

/** Makes a board that two threads can share, where they can share memory at all. */
export function createBoard(): Int32Array {
  if (!globalThis.crossOriginIsolated) return new Int32Array(boardWords);
  return new Int32Array(createSharedMemory(boardWords * Int32Array.BYTES_PER_ELEMENT));
}

/** The engine's end: what writes turns on a board. */
export interface TurnRecorder {
  /** Writes down that a turn begins; what is returned takes it off again. */
  begin(kind: TurnKind, guest: number, call: number): () => void;
}

/**
 * @param onChange called with the place and the words of a slot that was written; for a board that is not shared
 * @param onBusy called when a turn begins while nobody looks
 */
export function createTurnRecorder(
  board: Int32Array,
  onChange: (place: number, words: Int32Array) => void,
  onBusy: () => void,
): TurnRecorder {
  let last = 0;

  function changed(place: number): void {
    if (!isShared(board.buffer)) onChange(place, board.slice(place, place + slotWords));
  }

  return {
    begin(kind, guest, call) {
      const place = freeSlot(board);
      if (place === undefined) return () => undefined;
      last = (last + 1) & 0x7fffffff || 1;
      board.set([kinds.indexOf(kind), guest, call, clock()], place + 1);
      Atomics.store(board, place, last);
      Atomics.store(board, lastTurnWord, last);
      changed(place);
      if (Atomics.exchange(board, watchedWord, 1) === 0) onBusy();
      return () => {
        Atomics.store(board, place, 0);
        changed(place);
      };
    },
  };
}

function freeSlot(board: Int32Array): number | undefined {
  for (let place = firstSlot; place < boardWords; place += slotWords) if (board[place] === 0) return place;
  return undefined;
}

/** The page's end: which turns are under way. One that begins while it is read may be left out. */
export function readTurns(board: Int32Array): Turn[] {
  const turns: Turn[] = [];
  for (let place = firstSlot; place < boardWords; place += slotWords) {
    const number = Atomics.load(board, place);
    if (number === 0) continue;
    const [kind = 0, guest = 0, call = 0, begun = 0] = board.subarray(place + 1, place + slotWords);
    const isWhole = Atomics.load(board, place) === number;
    if (isWhole) turns.push({ number, kind: kinds[kind] ?? 'compute', guest, call, begun });
  }
  return turns;
}

/** The number of the turn that was the last to begin; 0 where none has. */
export function lastTurn(board: Int32Array): number {
  return Atomics.load(board, lastTurnWord);
}

/** The time in ms, the same in all threads, in as many bits as a word has. */
function clock(): number {
  return (performance.timeOrigin + performance.now()) | 0;
}

/** Takes over what a message says of a board that is not shared. */
export function updateBoard(board: Int32Array, place: number, words: Int32Array): void {
  board.set(words, place);
  const [turn = 0] = words;
  if (turn !== 0) board[lastTurnWord] = turn;
}

/** How often the page looks, in ms: a limit is kept to within that. */
const lookInterval = 25;

/** After how many looks at which nothing has happened the page stops looking. */
const patience = 40;

export interface TurnWatch {
  /** Begins to look, where it does not already. */
  wake(): void;
  stop(): void;
}

/**
 * Looks at a board while the engine is busy, and stops when it is not, until it is woken.
 *
 * @param limits how long a turn may take, in ms
 * @param onOverdue told of a turn that has taken longer; the watch has stopped then
 */
export function watchTurns(
  board: Int32Array,
  limits: Readonly<Record<TurnKind, number>>,
  onOverdue: (turn: Turn) => void,
): TurnWatch {
  let timer: ReturnType<typeof setInterval> | undefined;
  let lastTurn = 0;
  let quietLooks = 0;

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function look(): void {
    const turns = readTurns(board);
    const overdue = turns.find(({ kind, begun }) => ((clock() - begun) | 0) >= limits[kind]);
    if (overdue) {
      stop();
      onOverdue(overdue);
      return;
    }
    const hasChanged = Atomics.load(board, lastTurnWord) !== lastTurn;
    lastTurn = Atomics.load(board, lastTurnWord);
    quietLooks = turns.length > 0 || hasChanged ? 0 : quietLooks + 1;
    if (quietLooks >= patience) rest();
  }

  /** From here on the engine calls again, unless it has begun something before it could know. */
  function rest(): void {
    stop();
    Atomics.store(board, watchedWord, 0);
    if (Atomics.load(board, lastTurnWord) !== lastTurn) wake();
  }

  function wake(): void {
    if (timer !== undefined) return;
    quietLooks = 0;
    Atomics.store(board, watchedWord, 1);
    timer = setInterval(look, lookInterval);
    look();
  }

  return { wake, stop };
}
