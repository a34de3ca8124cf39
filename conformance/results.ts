import type { KnownFailure } from './known-failures.js';
import type { Setting } from './rows.js';
import { featureOf, type Report } from './tap.js';

export type Status = 'passed' | 'failed' | 'known' | 'skipped';

export interface RowName extends Setting {
  readonly browser: string;
}

/** One run of a guest, and what came of its cases. */
export interface Run extends RowName {
  readonly reports: readonly (Report & { readonly verdict: Status })[];
}

export interface Results {
  readonly rows: readonly (RowName & Readonly<Record<Status, number>>)[];
  /** `status` has one entry for each row; `null` where the row's ABI does not have the case. */
  readonly cases: readonly {
    readonly id: string;
    readonly feature: string;
    readonly status: readonly (Status | null)[];
  }[];
}

/** What a test attaches its {@link Run} as, in JSON, for the reporter that puts all rows together. */
export const attachmentName = 'conformance';

export function nameOf({ browser, abi, target, waiting }: RowName): string {
  return `${browser} ${abi} ${target} ${waiting}`;
}

/** Judges what a guest reported by what is known to fail. */
export function judge(row: RowName, reports: readonly Report[], known: readonly KnownFailure[]): Run {
  const here = known.filter(({ rows }) => {
    return Object.entries(rows).every(([member, value]) => Reflect.get(row, member) === value);
  });
  const judged = reports.map((report) => {
    const isKnown = here.some(({ cases }) => report.id.startsWith(cases));
    if (!isKnown || report.status === 'skipped') return { ...report, verdict: report.status };
    if (report.status === 'failed') return { ...report, verdict: 'known' as const };
    return {
      ...report,
      verdict: 'failed' as const,
      reason: 'it passes, although known-failures.ts says that it fails',
    };
  });
  return { ...row, reports: judged };
}

export function count({ reports }: Run): Record<Status, number> {
  const counts = { passed: 0, failed: 0, known: 0, skipped: 0 };
  for (const { verdict } of reports) counts[verdict]++;
  return counts;
}

export function summarise(runs: readonly Run[]): Results {
  const verdicts = runs.map(({ reports }) => new Map(reports.map(({ id, verdict }) => [id, verdict])));
  const ids = [...new Set(verdicts.flatMap((verdictsOfRow) => [...verdictsOfRow.keys()]))].sort();
  return {
    rows: runs.map((run) => {
      const { browser, abi, target, waiting } = run;
      return { browser, abi, target, waiting, ...count(run) };
    }),
    cases: ids.map((id) => ({
      id,
      feature: featureOf(id),
      status: verdicts.map((verdictsOfRow) => verdictsOfRow.get(id) ?? null),
    })),
  };
}

/** The page `docs/compatibility.md`. */
export function toMarkdown({ rows, cases }: Results, known: readonly KnownFailure[]): string {
  const features = [...new Set(cases.map(({ feature }) => feature))].sort();
  const distinct = cases.filter(({ feature }) => feature !== 'unreported').length;
  const matrix = rows.map(({ browser, abi, target, waiting, passed, failed, known, skipped }) => {
    return `| ${browser} | ${abi} | ${target} | ${waiting} | ${passed} | ${failed} | ${known} | ${skipped} |`;
  });
  const byFeature = features.map((feature) => {
    const own = cases.filter((candidate) => candidate.feature === feature);
    const statuses = own.flatMap(({ status }) => status);
    const of = (wanted: Status) => statuses.filter((status) => status === wanted).length;
    return `| ${feature} | ${own.length} | ${of('passed')} | ${of('failed')} | ${of('known')} |`;
  });
  return `# Compatibility

What the conformance suite found: ${distinct} cases, performed by guests (\`guests/conformance\`) in every browser, through
every ABI, for every execution target and way of waiting. \`npm run conformance\` writes this page; which case has which
outcome in which row is in \`e2e/results/conformance.json\`. A case that is the same for every target is run for \`cpu\`
alone, and counted as skipped for the others.

| browser | ABI | target | waiting | passed | failed | known failures | skipped |
| --- | --- | --- | --- | --- | --- | --- | --- |
${matrix.join('\n')}

## Known failures

${known.map(({ cases, rows, reason }) => `- \`${cases}\` (${describe(rows)}): ${reason}`).join('\n') || 'None.'}

## Features

| feature | cases | passed | failed | known failures |
| --- | --- | --- | --- | --- |
${byFeature.join('\n')}
`;
}

function describe(rows: object): string {
  const members = Object.entries(rows).map(([member, value]) => `${member} ${value}`);
  return members.length === 0 ? 'everywhere' : members.join(', ');
}
