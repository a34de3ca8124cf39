import { expect, it } from 'vitest';
import type { CaseEntry } from './manifest.js';
import { runCases } from './run-cases.js';

function entry(id: string, expected: CaseEntry['expected'] = { outcome: 'success' }): CaseEntry {
  const args = ['--target', 'cpu', '--case', id];
  const about = { feature: 'a', abi: 'witx', guest: 'guests/a.wasm', target: 'cpu', models: [], files: [] } as const;
  return { id, ...about, arguments: args, expected };
}

const open = { outcome: 'error', code: 'runtime-error', definedBy: 'suite' } as const;
const standard = { ...open, definedBy: 'standard' } as const;

it('judges what the guest reports by whose rule the expected error is', () => {
  const results = runCases([entry('a/1'), entry('a/2', open), entry('a/3', standard)], (args) => {
    expect(args).toEqual(['--target', 'cpu', '--case', 'a/1', '--case', 'a/2', '--case', 'a/3']);
    const failed = (number: number) => `not ok ${number} - a/${number}\n  ---\n  message: "wrong"\n  ...\n`;
    return `TAP version 13\n1..3\nok 1 - a/1\n${failed(2)}${failed(3)}`;
  });
  expect(results.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['passed', undefined],
    ['other-error', '"wrong"'],
    ['failed', '"wrong"'],
  ]);
});

it('goes on after the case in which the engine ended', () => {
  const outputs = ['TAP version 13\n1..3\nok 1 - a/1\n', 'TAP version 13\n1..1\nok 1 - a/3\n'];
  const runs: (readonly string[])[] = [];
  const results = runCases([entry('a/1'), entry('a/2'), entry('a/3')], (args) => {
    runs.push(args);
    return outputs[runs.length - 1] ?? '';
  });
  expect(runs[1]).toEqual(['--target', 'cpu', '--case', 'a/3']);
  expect(results.map(({ case: { id }, verdict }) => [id, verdict])).toEqual([
    ['a/1', 'passed'],
    ['a/2', 'ended'],
    ['a/3', 'passed'],
  ]);
});

it('counts every case as ended where the engine does not start', () => {
  const results = runCases([entry('a/1'), entry('a/2')], () => '');
  expect(results.map(({ verdict }) => verdict)).toEqual(['ended', 'ended']);
});
