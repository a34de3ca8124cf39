import { expect, it } from 'vitest';
import { toChart, toMarkdown } from './report.js';
import { summarise } from './results.js';

const results = [
  summarise({ id: 'a', title: 'a ratio', target: 1.5 }, { ours: [3], baseline: [2] }),
  summarise({ id: 'f', title: 'memory', target: 10, unit: 'MB' }, { ours: [30], baseline: [10] }),
  summarise({ id: 'g', title: 'bytes', target: 12_000, unit: 'bytes' }, { ours: [11_000] }),
  summarise({ id: 'm', title: 'strokes', target: 100, isForEverySample: true }, { ours: [20, 30, 60] }),
];

it('writes a row for each scenario', () => {
  const environment = { browser: 'chromium', processor: 'some', cores: 2, load: 0.5, date: '2026-01-02' };
  const page = toMarkdown(environment, results);
  expect(page).toContain('| `a` | a ratio | 3 ms | 2 ms | 1.50 | 1.5 | yes |');
  expect(page).toContain('| `f` | memory | 30 MB | 10 MB | +20.0 MB | 10 | no |');
  expect(page).toContain('| `g` | bytes | 11,000 bytes |  |  | 12000 | yes |');
  expect(page).toContain('| `m` | strokes | 30 ms |  | worst 60.0 ms | 100 | yes |');
  expect(page).toContain('busy with 0.5 threads');
});

it('draws the ratios alone', () => {
  const chart = toChart(results);
  expect(chart.match(/<rect x=/g)).toHaveLength(1);
  expect(chart).toContain('>1.50</text>');
});

it('writes a ratio behind the mark of its target where they would overlap', () => {
  const met = summarise({ id: 'b', title: 'near its target', target: 1.1 }, { ours: [1], baseline: [1] });
  const chart = toChart([met]);
  const mark = Number(/<line x1="([\d.]+)" x2="[\d.]+" y1="6"/.exec(chart)?.[1]);
  expect(Number(/<text x="([\d.]+)" y="19">1.00/.exec(chart)?.[1])).toBeGreaterThan(mark);
});
