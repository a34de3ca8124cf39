import { expect } from '@playwright/test';
import { runIn, type Tab } from './browser.js';

/** What a guest must answer, in every browser. */
export interface Case {
  readonly name: string;
  /** Whether it uses a model that is no part of the project. */
  readonly needsFixtures: boolean;
  /** Runs it on a page that `preparePage` has prepared. */
  answer(tab: Tab): Promise<unknown>;
  readonly expected: unknown;
}

interface CaseOptions<Argument> {
  readonly name: string;
  readonly needsFixtures?: boolean;
  /** What the page does. It is given `argument`, and finds `casePage`; nothing else of its module exists there. */
  readonly action: (argument: Argument) => Promise<unknown>;
  readonly argument: Argument;
  readonly expected: unknown;
}

export function makeCase<Argument>({
  name,
  needsFixtures = false,
  action,
  argument,
  expected,
}: CaseOptions<Argument>): Case {
  return { name, needsFixtures, answer: (tab) => runIn(tab, action, argument), expected };
}

/** Numbers that agree to four decimal places: browsers and thread counts add up in different orders. */
export function near(values: readonly number[]): unknown[] {
  return values.map((value) => expect.closeTo(value, 4));
}

/** What ONNX Runtime by itself answers to the model `digits` for the image of `preparePage`. */
export const scores = [
  1.25868, -13.45014, -5.16452, -2.6749, -9.15797, -5.21347, 1.71035, -8.46473, -0.83529, -8.19023,
];
