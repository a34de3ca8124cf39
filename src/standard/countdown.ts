/** How many timers make up a countdown. */
const slices = 8;

/**
 * Calls `onOver` after a time in which this thread reached its event loop several times. A thread that stands still, or
 * a computer that sleeps, therefore does not use up the time of another thread whose answer already waits in a queue.
 *
 * @returns stops the countdown
 */
export function countDown(milliseconds: number, onOver: () => void): () => void {
  let left = slices;
  let timer = setTimeout(next, milliseconds / slices);

  function next(): void {
    left--;
    if (left === 0) onOver();
    else timer = setTimeout(next, milliseconds / slices);
  }

  return () => clearTimeout(timer);
}
