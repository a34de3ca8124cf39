const last = new Map<string, Promise<unknown>>();

/** Carries out one action at a time for each name, in the order in which they are asked for. */
export function takeTurns<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
  const turn = (last.get(name) ?? Promise.resolve()).then(action);
  const end = turn.catch(() => undefined);
  last.set(name, end);
  end.then(() => last.get(name) === end && last.delete(name));
  return turn;
}
