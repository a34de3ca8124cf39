/**
 * onnxruntime's builds for WebGPU and WebNN call the browser through Emscripten's embind. For each kind of call, embind
 * makes a function of text, by `new Function`. A Content-Security-Policy without 'unsafe-eval' forbids that. The text has
 * one form alone, so this module makes the same function without it.
 */

type Call = (...values: unknown[]) => unknown;

/** What the text calls, and the value that it is called on. */
type Callee = 'cast' | 'constructor' | 'function' | 'method';

interface InvokerText {
  readonly callee: Callee;
  /** How many arguments it reads, 8 bytes apart. */
  readonly count: number;
  /** Whether it answers with the value of the call, in embind's form. */
  readonly returns: boolean;
}

const callees: ReadonlyMap<string, Callee> = new Map([
  ['', 'cast'],
  ['new (toValue(handle))', 'constructor'],
  ['toValue(handle)', 'function'],
  ['toValue(handle)[getStringOrSymbol(methodName)]', 'method'],
]);

const wholeText = /^return function \(handle, methodName, destructorsRef, args\) \{\s*(?<expression>.*?)\s*\}$/s;
const returning = /^return emval_returnValue\(toReturnWire, destructorsRef, (?<call>.*)\)$/;
const calling = /^(?<callee>.*?)\((?<values>(?:argFromPtr\d+\(args(?:\+\d+)?\),?)*)\)$/;

/**
 * Has `Function` make embind's functions without the text. Any other text is still for the browser to make. Minifiers leave
 * `new` out, so it must not matter.
 */
export function makeInvokersWithoutText(): void {
  globalThis.Function = new Proxy(Function, {
    construct: (native, parameters: unknown[], target) =>
      makerOf(parameters) ?? Reflect.construct(native, parameters, target),
    apply: (native, _, parameters: unknown[]) => makerOf(parameters) ?? Reflect.construct(native, parameters),
  });
}

/** The function that embind makes of text: it takes the values that the text names, and answers with an invoker. */
function makerOf([names, body]: readonly unknown[]): Call | undefined {
  const text = readInvoker(String(body));
  if (text === undefined) return undefined;
  const keys = String(names).split(',');
  return (...values) => createInvoker(text, new Map(keys.map((key, index) => [key, values[index]])));
}

function readInvoker(body: string): InvokerText | undefined {
  const expression = wholeText.exec(body)?.groups?.expression;
  if (expression === undefined) return undefined;
  const returned = returning.exec(expression)?.groups?.call;
  const { callee: name, values } = calling.exec(returned ?? expression)?.groups ?? {};
  const callee = name === undefined ? undefined : callees.get(name);
  if (callee === undefined || values === undefined) return undefined;
  const expected = Array.from({ length: values === '' ? 0 : values.split(',').length }, argumentText);
  if (values !== expected.join()) return undefined;
  return { callee, count: expected.length, returns: returned !== undefined };
}

function argumentText(_: unknown, index: number): string {
  return `argFromPtr${index}(args${index === 0 ? '' : `+${8 * index}`})`;
}

function createInvoker({ callee, count, returns }: InvokerText, scope: ReadonlyMap<string, unknown>): Call {
  const named = (name: string): Call => {
    const value = scope.get(name);
    if (typeof value !== 'function') throw new TypeError(`embind has no ${name}`);
    return (...values) => Reflect.apply(value, undefined, values);
  };
  const toValue = named('toValue');
  const getName = callee === 'method' ? named('getStringOrSymbol') : undefined;
  const readers = Array.from({ length: count }, (_, index) => named(`argFromPtr${index}`));

  const call = (handle: unknown, methodName: unknown, address: number): unknown => {
    const read = () => readers.map((reader, index) => reader(address + 8 * index));
    if (callee === 'cast') return read()[0];
    const target = toValue(handle);
    if (getName) return callMethod(target, getName(methodName), read);
    if (typeof target !== 'function') throw new TypeError('embind calls what is no function');
    return callee === 'constructor' ? Reflect.construct(target, read()) : Reflect.apply(target, undefined, read());
  };
  if (!returns) return (handle, methodName, _, address) => void call(handle, methodName, Number(address));
  const answer = named('emval_returnValue');
  const toReturnWire = scope.get('toReturnWire');
  return (handle, methodName, destructors, address) =>
    answer(toReturnWire, destructors, call(handle, methodName, Number(address)));
}

function callMethod(target: unknown, name: unknown, read: () => unknown[]): unknown {
  if (typeof name !== 'string' && typeof name !== 'symbol') throw new TypeError('embind names no method');
  const method: unknown = Reflect.get(Object(target), name);
  if (typeof method !== 'function') throw new TypeError(`embind calls ${String(name)}, which is no method`);
  return Reflect.apply(method, target, read());
}
