/** What a guest reported of one case. */
export interface Report {
  readonly id: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason?: string;
}

/**
 * Reads what a guest wrote in the Test Anything Protocol. A case that was planned and is not reported, since the guest
 * trapped or the host did, stands under the id `unreported/<number>`.
 */
export function readTap(text: string): Report[] {
  const lines = text.split('\n');
  const [, planned] = /^1\.\.(\d+)$/m.exec(text) ?? [];
  if (planned === undefined)
    return [{ id: 'unreported/plan', status: 'failed', reason: 'the guest announced no cases' }];
  const reports = lines.flatMap((line, index) => readLine(line, lines[index + 2] ?? ''));
  const missing = Array.from({ length: Math.max(0, Number(planned) - reports.length) }, (_, index): Report => {
    return { id: `unreported/${reports.length + index + 1}`, status: 'failed', reason: 'the guest ended before' };
  });
  return [...reports, ...missing];
}

function readLine(line: string, detail: string): Report[] {
  const [, not, id, skipped] = /^(not )?ok \d+ - (\S+)(?: # SKIP (.*))?$/.exec(line) ?? [];
  if (id === undefined) return [];
  if (skipped !== undefined) return [{ id, status: 'skipped', reason: skipped }];
  if (not === undefined) return [{ id, status: 'passed' }];
  return [{ id, status: 'failed', reason: /^ {2}message: (.*)$/.exec(detail)?.[1] ?? 'without a reason' }];
}

/** What a case is a case of: the first part of its id. */
export function featureOf(id: string): string {
  return id.split('/')[0] ?? id;
}
