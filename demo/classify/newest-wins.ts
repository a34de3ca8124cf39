/** Runs one request at a time; of those that come meanwhile only the newest waits. */
export interface NewestWins<Request, Answer> {
  /** Answers, or resolves with `undefined` where a newer request or {@link withdraw} has made the answer pointless. */
  submit(request: Request): Promise<Answer | undefined>;
  /** Makes the answers still to come pointless. */
  withdraw(): void;
}

export function newestWins<Request, Answer>(run: (request: Request) => Promise<Answer>): NewestWins<Request, Answer> {
  let newest = 0;
  let running: Promise<unknown> = Promise.resolve();

  return {
    async submit(request) {
      newest += 1;
      const ticket = newest;
      // All that wait wake when the run ends; only the newest stays, so never two run.
      await running;
      if (ticket !== newest) return undefined;
      const answer = run(request);
      running = answer.catch(() => undefined);
      try {
        const value = await answer;
        return ticket === newest ? value : undefined;
      } catch (error) {
        if (ticket === newest) throw error;
        return undefined;
      }
    },
    withdraw() {
      newest += 1;
    },
  };
}
