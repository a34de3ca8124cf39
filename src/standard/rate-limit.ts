/** Allows a number of events a second on average, and short bursts of more (a token bucket). */
export interface RateLimit {
  /** How many ms remain until the next event is allowed; 0 where it is allowed now. */
  delay(): number;
  /** Counts an event. To be called only when {@link delay} gives 0, or for an event that happens in any case. */
  take(): void;
}

/**
 * @param burst how many events are allowed at once after a quiet time
 * @param now the time in ms
 */
export function createRateLimit(perSecond: number, burst: number, now = () => performance.now()): RateLimit {
  let tokens = burst;
  let refilled = now();

  function refill(): void {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - refilled) * perSecond) / 1000);
    refilled = time;
  }

  return {
    delay() {
      refill();
      return tokens >= 1 ? 0 : ((1 - tokens) * 1000) / perSecond;
    },
    take() {
      refill();
      tokens--;
    },
  };
}
