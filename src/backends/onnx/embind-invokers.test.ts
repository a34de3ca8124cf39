import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeInvokersWithoutText } from './embind-invokers.js';

const NativeFunction = globalThis.Function;

/** Makes a function as embind does: of the names that its text refers to, their values, and the text. */
function make(expression: string, scope: Readonly<Record<string, unknown>>): (...values: unknown[]) => unknown {
  const body = `return function (handle, methodName, destructorsRef, args) {\n  ${expression}\n  }`;
  return Reflect.construct(globalThis.Function, [Object.keys(scope), body])(...Object.values(scope));
}

const memory = new Map([
  [64, 'first'],
  [72, 'second'],
]);
const read = (address: number) => memory.get(address);

describe('functions that embind makes of text', () => {
  beforeEach(makeInvokersWithoutText);
  afterEach(() => {
    globalThis.Function = NativeFunction;
  });

  it('call a function, a method and a constructor with the arguments in memory', () => {
    class Pair {
      readonly values: unknown[];
      constructor(...values: unknown[]) {
        this.values = values;
      }
      join(between: string) {
        return this.values.join(between);
      }
    }
    const pair = new Pair('a', 'b');
    const values = new Map<number, unknown>([
      [1, (...texts: unknown[]) => texts.join('+')],
      [2, pair],
      [3, Pair],
    ]);
    const scope = {
      toValue: (handle: number) => values.get(handle),
      argFromPtr0: read,
      argFromPtr1: read,
      getStringOrSymbol: (name: number) => (name === 9 ? 'join' : Symbol.iterator),
      toReturnWire: 'wire',
      emval_returnValue: (...parts: unknown[]) => parts,
    };
    const two = 'argFromPtr0(args),argFromPtr1(args+8)';
    const returning = (call: string) => make(`return emval_returnValue(toReturnWire, destructorsRef, ${call})`, scope);
    expect(returning(`toValue(handle)(${two})`)(1, 0, 5, 64)).toEqual(['wire', 5, 'first+second']);
    const method = returning('toValue(handle)[getStringOrSymbol(methodName)](argFromPtr0(args))');
    expect(method(2, 9, 5, 64)).toEqual(['wire', 5, 'afirstb']);
    expect(returning(`new (toValue(handle))(${two})`)(3, 0, 5, 64)).toEqual(['wire', 5, new Pair('first', 'second')]);
    expect(returning('(argFromPtr0(args))')(0, 0, 5, 64)).toEqual(['wire', 5, 'first']);
  });

  it('answer with nothing where the text returns nothing', () => {
    const called: unknown[] = [];
    const toValue =
      () =>
      (...values: unknown[]) =>
        called.push(values);
    expect(make('toValue(handle)()', { toValue })(1, 0, 0, 0)).toBeUndefined();
    expect(called).toEqual([[]]);
  });

  it('are made without `new` too', () => {
    const body = 'return function (handle, methodName, destructorsRef, args) {\n  toValue(handle)()\n  }';
    const make: unknown = Reflect.apply(globalThis.Function, undefined, [['toValue'], body]);
    expect(String(make)).not.toContain('toValue(handle)()');
  });

  it('are those of the browser for any other text', () => {
    expect(new globalThis.Function('a', 'b', 'return a + b')(1, 2)).toBe(3);
    expect(() => {}).toBeInstanceOf(globalThis.Function);
  });

  it.each(['jspi', 'webgpu'])('have the text that the build %s of onnxruntime-web writes', (build) => {
    const file = new URL(`../../../node_modules/onnxruntime-web/dist/ort.${build}.bundle.min.mjs`, import.meta.url);
    const source = readFileSync(file, 'utf8');
    expect(source).toMatch(/`argFromPtr\$\{\w+\}`/);
    expect(source).toMatch(/`\$\{\w+\}\(args\$\{\w+\?"\+"\+8\*\w+:""\}\)`/);
    expect(source.match(/new Function\(/g)).toHaveLength(1);
    for (const piece of pieces) expect(source).toContain(piece);
  });
});

/** What the text is made of. A release of onnxruntime-web that writes others needs another reader. */
const pieces = [
  '"toValue(handle)"',
  '"new (toValue(handle))"',
  '"toValue(handle)[getStringOrSymbol(methodName)]"',
  'return emval_returnValue(toReturnWire, destructorsRef, ${',
  'return function (handle, methodName, destructorsRef, args) {',
];
