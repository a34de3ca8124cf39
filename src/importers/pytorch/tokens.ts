import { invalid } from './failure.js';

export interface Token {
  readonly kind: 'name' | 'integer' | 'float' | 'text' | 'sign' | 'newline' | 'indent' | 'dedent' | 'end';
  readonly text: string;
}

const pattern =
  /\n *(?:#.*)?(?=\n|$)|\n( *)|[ \t]+|#.*|(\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+)|(\d+)|([A-Za-z_]\w*)|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|(->|[()[\]{}:,.=*-])/gy;

/** Splits Python source into tokens, one at a time. Newlines inside of brackets are none. */
export class Tokens {
  readonly #source: string;
  readonly #indents = [0];
  readonly #waiting: Token[] = [];
  #at = 0;
  /** Where the last token begins. */
  #start = 0;
  #brackets = 0;

  constructor(source: string) {
    this.#source = `\n${source}`;
  }

  next(): Token {
    for (;;) {
      const waiting = this.#waiting.shift();
      if (waiting) return waiting;
      if (this.#at >= this.#source.length) return this.#end();
      this.#start = this.#at;
      pattern.lastIndex = this.#at;
      const match = pattern.exec(this.#source);
      if (!match) throw invalid(`its code has ${JSON.stringify(this.#source[this.#at])} in line ${this.line}`);
      this.#at = pattern.lastIndex;
      const token = this.#tokenOf(match);
      if (token) return token;
    }
  }

  /** Where the reading is, for error texts. */
  get line(): number {
    return this.#source.slice(0, this.#start).split('\n').length - 1;
  }

  #tokenOf([, indent, float, integer, name, double, single, sign]: RegExpExecArray): Token | undefined {
    if (indent !== undefined) return this.#newline(indent.length);
    if (float !== undefined) return { kind: 'float', text: float };
    if (integer !== undefined) return { kind: 'integer', text: integer };
    if (name !== undefined) return { kind: 'name', text: name };
    const text = double ?? single;
    if (text !== undefined) return { kind: 'text', text: unescapeText(text) };
    if (sign === undefined) return undefined;
    if ('([{'.includes(sign)) this.#brackets++;
    if (')]}'.includes(sign)) this.#brackets--;
    return { kind: 'sign', text: sign };
  }

  #newline(indent: number): Token | undefined {
    if (this.#brackets > 0) return undefined;
    if (indent > (this.#indents.at(-1) ?? 0)) {
      this.#indents.push(indent);
      this.#waiting.push({ kind: 'indent', text: '' });
    }
    this.#dedent(indent);
    return { kind: 'newline', text: '' };
  }

  #dedent(indent: number): void {
    while (indent < (this.#indents.at(-1) ?? 0)) {
      this.#indents.pop();
      this.#waiting.push({ kind: 'dedent', text: '' });
    }
  }

  #end(): Token {
    if (this.#indents.length === 1) return { kind: 'end', text: 'the end' };
    this.#dedent(0);
    return { kind: 'newline', text: '' };
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
]);

function unescapeText(text: string): string {
  return text.replace(/\\([0-7]{1,3}|.)/g, (_, escaped: string) =>
    /^[0-7]/.test(escaped) ? String.fromCharCode(Number.parseInt(escaped, 8)) : (escapes.get(escaped) ?? escaped),
  );
}
