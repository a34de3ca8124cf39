import { expect, it } from 'vitest';
import type { KnownFailure } from './known-failures.js';
import { count, judge, type RowName, summarise, toMarkdown } from './results.js';

const row: RowName = { browser: 'firefox', abi: 'witx', target: 'cpu', waiting: 'block' };
const passed = { id: 'echo/U8', status: 'passed' } as const;
const failed = { id: 'onnx/FP16', status: 'failed', reason: 'no' } as const;
const skipped = { id: 'onnx/I64', status: 'skipped', reason: 'lacks it' } as const;

const known = (cases: string, rows: KnownFailure['rows'] = {}): KnownFailure => ({ cases, rows, reason: 'because' });

it('counts what is known to fail apart', () => {
  const run = judge(row, [passed, failed, skipped], [known('onnx/FP16')]);
  expect(count(run)).toEqual({ passed: 1, failed: 0, known: 1, skipped: 1 });
});

it('counts what passes although it is known to fail as failed', () => {
  const run = judge(row, [passed], [known('echo/')]);
  expect(count(run)).toEqual({ passed: 0, failed: 1, known: 0, skipped: 0 });
  expect(run.reports[0]?.reason).toContain('although known-failures.ts says');
});

it('knows of failures in the rows that are named, and no others', () => {
  const here = known('onnx/', { browser: 'firefox', waiting: 'block' });
  expect(count(judge(row, [failed], [here])).known).toBe(1);
  expect(count(judge({ ...row, waiting: 'suspend' }, [failed], [here])).failed).toBe(1);
});

it('has one status for each row, none where the row does not have the case', () => {
  const results = summarise([judge(row, [passed], []), judge({ ...row, abi: 'wamr' }, [failed], [])]);
  expect(results.rows).toMatchObject([
    { browser: 'firefox', abi: 'witx', target: 'cpu', waiting: 'block', passed: 1, failed: 0, known: 0, skipped: 0 },
    { abi: 'wamr', passed: 0, failed: 1 },
  ]);
  expect(results.cases).toEqual([
    { id: 'echo/U8', feature: 'echo', status: ['passed', null] },
    { id: 'onnx/FP16', feature: 'onnx', status: [null, 'failed'] },
  ]);
  expect(toMarkdown(results, [known('onnx/', { browser: 'webkit' })])).toContain('- `onnx/` (browser webkit): because');
});
