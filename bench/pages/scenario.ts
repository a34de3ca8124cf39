import type { WasiNN } from '../../src/index.js';
import type { Runner } from './baselines.js';
import type { Plan } from './measure.js';

/** What is measured on one page, against what. */
export interface Scenario extends Plan {
  prepare(nn: WasiNN): Promise<{ readonly ours: Runner; readonly baseline: Runner }>;
}

export type Scenarios = Readonly<Record<string, Scenario>>;
