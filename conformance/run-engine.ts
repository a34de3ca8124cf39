import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Engine, engines } from './engines.js';
import type { CaseEntry, Manifest } from './manifest.js';
import { type CaseResult, runCases, type Verdict, verdicts } from './run-cases.js';

// Runs the packed suite with an engine on the command line, and reports in the Test Anything Protocol: README.md.

const folder = import.meta.dirname;

/** How long one run of the engine may take. */
const timeoutMilliseconds = 600_000;
const maxOutputBytes = 64 << 20;

const usage = `node run.mjs ${Object.keys(engines).join('|')} [--abi ABI] [--target TARGET] [--only PREFIX] [--command PATH]`;

function main(): number {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      abi: { type: 'string' },
      target: { type: 'string', default: 'cpu' },
      only: { type: 'string', default: '' },
      command: { type: 'string' },
    },
  });
  const [name = ''] = positionals;
  const known = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!known) {
    console.error(`expected the name of an engine: ${usage}`);
    return 2;
  }
  const engine = { ...known, command: values.command ?? known.command };
  const version = versionOf(engine);
  if (version === undefined) {
    console.error(`${engine.command} is not on the PATH. The suite needs ${engine.needs}.`);
    return 2;
  }
  const manifest: Manifest = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
  const cases = manifest.cases.filter(({ id, abi, target }) => {
    const isWanted = engine.abis.includes(abi) && (values.abi === undefined || abi === values.abi);
    return isWanted && target === values.target && id.startsWith(values.only);
  });
  console.log(`TAP version 13\n1..${cases.length}\n# ${version}`);
  const results = engine.abis.flatMap((abi) =>
    runAbi(
      engine,
      manifest,
      cases.filter((entry) => entry.abi === abi),
    ),
  );
  report(results);
  return results.some(({ verdict }) => verdict === 'failed' || verdict === 'ended') ? 1 : 0;
}

function versionOf({ command }: Engine): string | undefined {
  const { error, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return error ? undefined : stdout.trim();
}

function runAbi(engine: Engine, { models }: Manifest, cases: readonly CaseEntry[]): CaseResult[] {
  const available = engine.hasNamedModels ? models.filter(({ file }) => file !== undefined) : [];
  const names = available.map(({ name }) => name);
  const missing = ({ models }: CaseEntry) => models.find((name) => !names.includes(name));
  const skipped = cases.flatMap((entry): CaseResult[] => {
    const name = missing(entry);
    return name === undefined ? [] : [{ case: entry, verdict: 'skipped', reason: `the engine has no model ${name}` }];
  });
  const guest = path.join('..', cases[0]?.guest ?? '');
  const performed = runCases(
    cases.filter((entry) => missing(entry) === undefined),
    (args) => {
      const { stdout } = spawnSync(engine.command, [...engine.arguments(guest, available), ...args], {
        cwd: path.join(folder, 'files'),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: timeoutMilliseconds,
        maxBuffer: maxOutputBytes,
      });
      return stdout;
    },
  );
  return [...performed, ...skipped];
}

const directives: Partial<Record<Verdict, string>> = { 'other-error': 'TODO', skipped: 'SKIP' };

function report(results: readonly CaseResult[]): void {
  for (const [index, { case: entry, verdict, reason = '' }] of results.entries()) {
    const isOk = verdict === 'passed' || verdict === 'skipped';
    const directive = directives[verdict];
    const line = `${isOk ? 'ok' : 'not ok'} ${index + 1} - ${entry.abi} ${entry.target} ${entry.id}`;
    console.log(directive ? `${line} # ${directive} ${reason}` : line);
    if (!isOk && !directive) console.log(`  ---\n  message: ${JSON.stringify(reason)}\n  ...`);
  }
  for (const abi of new Set(results.map((result) => result.case.abi))) {
    const ofOneAbi = results.filter((result) => result.case.abi === abi);
    const counts = verdicts.map(
      (verdict) => `${ofOneAbi.filter((result) => result.verdict === verdict).length} ${verdict}`,
    );
    console.log(`# ${abi}: ${counts.join(', ')}`);
  }
}

process.exitCode = main();
