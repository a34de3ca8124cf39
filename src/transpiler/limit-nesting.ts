import type { Parser } from 'acorn';

/**
 * How deep functions of the parser that call themselves may be in one another. An expression in brackets takes four
 * levels. What jco makes of honest components stays below 80.
 */
const maxLevels = 300;

/** Each cycle of calls within the parser goes through one of these. */
const recursiveFunctions = [
  'parseStatement',
  'parseMaybeAssign',
  'parseExprOp',
  'parseMaybeUnary',
  'parseExprAtom',
  'parseBindingAtom',
];

/**
 * A plugin of acorn: refuses a script whose parts are nested too deeply.
 *
 * Without it the stack overflows. acorn catches that exception, and looks at its text by a regular expression. V8 has too
 * little stack left to compile it, and then ends the process, which is also the page's.
 */
export function limitNesting(Base: typeof Parser): typeof Parser {
  class LimitedParser extends Base {}
  let levels = 0;
  for (const name of recursiveFunctions) {
    const parseDeeper: unknown = Reflect.get(Base.prototype, name);
    if (typeof parseDeeper !== 'function') throw new Error(`expected a function ${name} in acorn's parser`);
    Reflect.set(LimitedParser.prototype, name, function parseWithinLimit(this: Parser, ...args: unknown[]): unknown {
      if (levels >= maxLevels) throw new RangeError(`its parts are nested more than ${maxLevels} levels deep`);
      levels++;
      try {
        return Reflect.apply(parseDeeper, this, args);
      } finally {
        levels--;
      }
    });
  }
  return LimitedParser;
}
