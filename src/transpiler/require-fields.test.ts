import { describe, expect, it } from 'vitest';
import { checkFields } from './require-fields.js';

/** A script as jco makes it: a function that takes a record with an option, and one that takes a record with the same variables. */
const script = `
function first(arg0) {
  var {width: v1_0, colour: v1_1 } = arg0;
  use(toUint32(v1_0));
  var variant3 = v1_1;
  let variant3_0;
  let variant3_1;
  if (variant3 === null || variant3=== undefined) {
    variant3_0 = 0;
  }
}
function second(arg0) {
  var {height: v1_0, name: v1_1 } = arg0;
  use(toUint32(v1_0), v1_1);
}
`;

type Call = (record: unknown) => void;

function load(): { readonly first: Call; readonly second: Call } {
  const use = () => undefined;
  return new Function('use', 'toUint32', `${checkFields(script)}; return { first, second };`)(use, Number);
}

describe('checkFields', () => {
  it('lets records pass that have all fields, and those that lack an option', () => {
    const { first, second } = load();
    first({ width: 1, colour: 'red' });
    first({ width: 0 });
    first({ width: 0, colour: undefined, more: 1 });
    second({ height: 1, name: null });
  });

  it('names the first field that is missing', () => {
    const { first, second } = load();
    expect(() => first({ colour: 'red' })).toThrow(new TypeError('a record has no field width'));
    expect(() => second({ height: 1 })).toThrow(new TypeError('a record has no field name'));
  });

  it('leaves a script without records as it is', () => {
    expect(checkFields('let x;')).toBe('let x;');
  });
});
