import type { PythonValue } from './values.js';

// The syntax of the code in TorchScript archives: the part of Python that PyTorch prints.

export type Expression =
  | { readonly kind: 'constant'; readonly value: PythonValue }
  | { readonly kind: 'name'; readonly name: string }
  /** A list or a tuple. */
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'dictionary'; readonly entries: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'subscript'; readonly object: Expression; readonly index: Expression }
  | { readonly kind: 'slice'; readonly start: Expression | undefined; readonly end: Expression | undefined }
  | {
      readonly kind: 'call';
      readonly callee: Expression;
      readonly positional: readonly Expression[];
      readonly named: readonly (readonly [name: string, value: Expression])[];
    }
  | { readonly kind: 'negative'; readonly operand: Expression }
  | {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    };

export type Statement =
  | { readonly kind: 'pass' }
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'assignment'; readonly target: Expression; readonly value: Expression | undefined }
  | { readonly kind: 'return'; readonly value: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly whenTrue: readonly Statement[];
      readonly whenFalse: readonly Statement[];
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: 'for'; readonly target: string; readonly items: Expression; readonly body: readonly Statement[] }
  | FunctionDefinition
  | ClassDefinition;

export interface Parameter {
  readonly name: string;
  readonly byDefault: Expression | undefined;
}

export interface FunctionDefinition {
  readonly kind: 'function';
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

export interface ClassDefinition {
  readonly kind: 'class';
  readonly name: string;
  /** `Module`, `NamedTuple`, `Enum`, or empty. */
  readonly base: string;
  readonly body: readonly Statement[];
}
