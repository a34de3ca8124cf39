import type { Name } from './component-assembler.fixture.js';
import { type Place, places } from './every-name.fixture.js';
import { type Trick, tricks } from './hostile-names.fixture.js';

/** A component by the tricks that it is made with. */
export interface HostileComponent {
  readonly names: Partial<Readonly<Record<Place, Name>>>;
  /** What tells it from all others: `core export: trick-17`. */
  readonly title: string;
}

type Choice = readonly [place: Place, trick: Trick];

/**
 * Chooses hostile components. Four in five have one trick: each trick is there, and each place has many. The others have
 * two or three. The same seed gives the same.
 */
export function hostileComponents(amount: number, seed: number): readonly HostileComponent[] {
  const next = numbers(seed);
  const any = (): Choice => [itemAt(places, next(places.length)), itemAt(tricks, next(tricks.length))];
  return Array.from({ length: amount }, (_, index) => {
    return toComponent(index < amount * 0.8 ? [single(index)] : Array.from({ length: 2 + next(2) }, any));
  });
}

/** Steps that share no factor with the number of tricks reach them all, each time at another place. */
function single(index: number): Choice {
  return [itemAt(places, index + Math.floor(index / tricks.length)), itemAt(tricks, index * 7)];
}

function toComponent(choices: readonly Choice[]): HostileComponent {
  return {
    names: Object.fromEntries(choices.map(([place, { name }]) => [place, name])),
    title: choices.map(([place, { label }]) => `${place}: ${label}`).join(', '),
  };
}

function itemAt<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}

/** Numbers below a limit, of which the next depends on the last (a linear congruence). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
