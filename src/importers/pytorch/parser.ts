import type { WasiNNError } from '../../standard/error.js';
import { excessive, invalid } from './failure.js';
import type { Expression, FunctionDefinition, Parameter, Statement } from './syntax.js';
import { type Token, Tokens } from './tokens.js';
import { FloatNumber } from './values.js';

/** Of brackets and blocks in one another. PyTorch prints a dozen at most. */
const maximumDepth = 100;

/** Of expressions and statements in one file. */
const maximumNodes = 500_000;

/**
 * Parses one file of code.
 *
 * @throws {WasiNNError} `invalid-encoding` for what is no such code, `too-large` where it is absurdly long
 */
export function parse(source: string): Statement[] {
  return new Parser(source).file();
}

class Parser {
  readonly #tokens: Tokens;
  #token: Token;
  #depth = 0;
  #nodes = 0;

  constructor(source: string) {
    this.#tokens = new Tokens(source);
    this.#token = this.#tokens.next();
  }

  file(): Statement[] {
    const statements: Statement[] = [];
    while (this.#token.kind !== 'end') {
      if (!this.#acceptKind('newline')) statements.push(this.#statement());
    }
    return statements;
  }

  #statement(): Statement {
    this.#count();
    const { kind, text } = this.#token;
    const compound = kind === 'name' ? this.#compound(text) : undefined;
    if (compound) return compound;
    const simple = this.#simple();
    if (!this.#acceptKind('newline') && this.#token.kind !== 'end') this.#fail('the end of the line');
    return simple;
  }

  #compound(keyword: string): Statement | undefined {
    switch (keyword) {
      case 'class':
        this.#advance();
        return { kind: 'class', name: this.#name(), base: this.#base(), body: this.#block() };
      case 'def':
        this.#advance();
        return this.#function();
      case 'if':
      case 'elif':
        this.#advance();
        return { kind: 'if', condition: this.#expression(), whenTrue: this.#block(), whenFalse: this.#otherwise() };
      case 'while':
        this.#advance();
        return { kind: 'while', condition: this.#expression(), body: this.#block() };
      case 'for': {
        this.#advance();
        const target = this.#name();
        this.#expect('in');
        return { kind: 'for', target, items: this.#expression(), body: this.#block() };
      }
      default:
        return undefined;
    }
  }

  #simple(): Statement {
    if (this.#accept('pass')) return { kind: 'pass' };
    if (this.#accept('return')) {
      const nothing = this.#token.kind === 'newline';
      return { kind: 'return', value: nothing ? { kind: 'constant', value: null } : this.#expressions() };
    }
    const target = this.#expressions();
    if (this.#accept(':')) {
      this.#expression();
      return { kind: 'assignment', target, value: this.#accept('=') ? this.#expressions() : undefined };
    }
    if (this.#accept('=')) return { kind: 'assignment', target, value: this.#expressions() };
    return { kind: 'expression', expression: target };
  }

  #base(): string {
    if (!this.#accept('(')) return '';
    const base = this.#is(')') ? '' : this.#name();
    this.#expect(')');
    return base;
  }

  #otherwise(): Statement[] {
    if (this.#is('elif')) return [this.#nested(() => this.#statement())];
    return this.#accept('else') ? this.#block() : [];
  }

  #function(): FunctionDefinition {
    const name = this.#name();
    this.#expect('(');
    const parameters: Parameter[] = [];
    while (!this.#accept(')')) {
      if (!this.#accept('*')) parameters.push(this.#parameter());
      if (!this.#is(')')) this.#expect(',');
    }
    if (this.#accept('->')) this.#expression();
    return { kind: 'function', name, parameters, body: this.#block() };
  }

  #parameter(): Parameter {
    const name = this.#name();
    if (this.#accept(':')) this.#expression();
    return { name, byDefault: this.#accept('=') ? this.#expression() : undefined };
  }

  #block(): Statement[] {
    this.#expect(':');
    if (!this.#acceptKind('newline')) return [this.#statement()];
    if (!this.#acceptKind('indent')) this.#fail('an indented block');
    this.#enter();
    const statements: Statement[] = [];
    while (!this.#acceptKind('dedent')) {
      if (!this.#acceptKind('newline')) statements.push(this.#statement());
    }
    this.#depth--;
    return statements;
  }

  /** One expression, or a tuple without brackets. */
  #expressions(): Expression {
    const first = this.#expression();
    if (!this.#is(',')) return first;
    const items = [first];
    while (this.#accept(',')) {
      if (this.#is('=') || this.#is(')') || this.#token.kind === 'newline') break;
      items.push(this.#expression());
    }
    return { kind: 'list', items };
  }

  #expression(): Expression {
    this.#enter();
    const value = this.#operand();
    this.#depth--;
    if (!this.#accept('if')) return value;
    const condition = this.#expression();
    this.#expect('else');
    return { kind: 'conditional', condition, whenTrue: value, whenFalse: this.#expression() };
  }

  #operand(): Expression {
    this.#count();
    if (this.#accept('-')) return { kind: 'negative', operand: this.#nested(() => this.#operand()) };
    let value = this.#atom();
    for (let links = 0; ; links++) {
      if (links > maximumDepth) throw tooDeep();
      if (this.#accept('.')) value = { kind: 'attribute', object: value, name: this.#name() };
      else if (this.#accept('(')) value = this.#call(value);
      else if (this.#accept('[')) value = { kind: 'subscript', object: value, index: this.#index() };
      else return value;
      this.#count();
    }
  }

  #atom(): Expression {
    const { kind, text } = this.#token;
    if (kind === 'sign') return this.#bracketed(text);
    this.#advance();
    switch (kind) {
      case 'integer':
        return { kind: 'constant', value: Number(text) };
      case 'float':
        return { kind: 'constant', value: new FloatNumber(Number(text)) };
      case 'text':
        return { kind: 'constant', value: text };
      case 'name':
        return namedConstants.get(text) ?? { kind: 'name', name: text };
      default:
        return this.#fail('an expression', text || kind);
    }
  }

  #bracketed(sign: string): Expression {
    if (this.#accept('[')) return { kind: 'list', items: this.#items(']') };
    if (this.#accept('{')) return this.#dictionary();
    if (!this.#accept('(')) this.#fail('an expression', sign);
    if (this.#accept(')')) return { kind: 'list', items: [] };
    const value = this.#expressions();
    this.#expect(')');
    return value;
  }

  #items(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.#accept(end)) {
      items.push(this.#expression());
      if (!this.#is(end)) this.#expect(',');
    }
    return items;
  }

  #dictionary(): Expression {
    const entries: [Expression, Expression][] = [];
    while (!this.#accept('}')) {
      const key = this.#expression();
      this.#expect(':');
      entries.push([key, this.#expression()]);
      if (!this.#is('}')) this.#expect(',');
    }
    return { kind: 'dictionary', entries };
  }

  #call(callee: Expression): Expression {
    const positional: Expression[] = [];
    const named: [string, Expression][] = [];
    while (!this.#accept(')')) {
      const value = this.#expression();
      if (value.kind === 'name' && this.#accept('=')) named.push([value.name, this.#expression()]);
      else positional.push(value);
      if (!this.#is(')')) this.#expect(',');
    }
    return { kind: 'call', callee, positional, named };
  }

  /** An index, a range of a tuple, or the parameters of a type. */
  #index(): Expression {
    const start = this.#is(':') ? undefined : this.#expressions();
    if (this.#accept(']')) return start ?? this.#fail('an index');
    this.#expect(':');
    const end = this.#is(']') ? undefined : this.#expression();
    this.#expect(']');
    return { kind: 'slice', start, end };
  }

  #nested<Result>(read: () => Result): Result {
    this.#enter();
    const result = read();
    this.#depth--;
    return result;
  }

  #enter(): void {
    if (++this.#depth > maximumDepth) throw tooDeep();
  }

  #count(): void {
    if (++this.#nodes > maximumNodes) throw excessive(`has a file of code with more than ${maximumNodes} expressions`);
  }

  #name(): string {
    const { kind, text } = this.#token;
    if (kind !== 'name') this.#fail('a name');
    this.#advance();
    return text;
  }

  #is(text: string): boolean {
    return this.#token.text === text && (this.#token.kind === 'sign' || this.#token.kind === 'name');
  }

  #accept(text: string): boolean {
    const found = this.#is(text);
    if (found) this.#advance();
    return found;
  }

  #acceptKind(kind: Token['kind']): boolean {
    const found = this.#token.kind === kind;
    if (found) this.#advance();
    return found;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail(JSON.stringify(text));
  }

  #advance(): void {
    this.#token = this.#tokens.next();
  }

  #fail(expected: string, found = this.#token.text || this.#token.kind): never {
    throw invalid(
      `its code has ${JSON.stringify(found.slice(0, 50))} where ${expected} should be, in line ${this.#tokens.line}`,
    );
  }
}

function tooDeep(): WasiNNError {
  return excessive(`has code that nests deeper than ${maximumDepth}`);
}

const namedConstants: ReadonlyMap<string, Expression> = new Map([
  ['None', { kind: 'constant', value: null }],
  ['True', { kind: 'constant', value: true }],
  ['False', { kind: 'constant', value: false }],
  ['inf', { kind: 'constant', value: new FloatNumber(Number.POSITIVE_INFINITY) }],
  ['nan', { kind: 'constant', value: new FloatNumber(Number.NaN) }],
]);
