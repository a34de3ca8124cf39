import { excessive, invalid, unsupported } from './failure.js';
import { unpickleCall } from './pickle-calls.js';
import { FloatNumber, ModuleObject, type PythonValue, Reference } from './values.js';

/** Makes a storage of the persistent id that a pickle has in its place. */
export type LoadStorage = (id: PythonValue) => PythonValue;

/** Values and marks that one pickle may have: what is far above any model. A dictionary takes 200 bytes and more. */
const maximumValues = 250_000;

/**
 * Reads the subset of Python's pickles that TorchScript writes. Nothing is executed: the few constructors that are known
 * are functions of `pickle-calls.ts`, and every other name is refused.
 *
 * @throws {WasiNNError} `invalid-encoding` for what is no such pickle, `unsupported-operation` for tensors and objects
 *   that cannot be converted, `too-large` for a pickle of too many values
 * @see https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export function unpickle(bytes: Uint8Array, loadStorage: LoadStorage): PythonValue {
  return new Unpickler(bytes, loadStorage).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #loadStorage: LoadStorage;
  readonly #stack: PythonValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PythonValue>();
  readonly #text = new TextDecoder();
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array, loadStorage: LoadStorage) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#loadStorage = loadStorage;
  }

  run(): PythonValue {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === stop) return this.#pop();
      if (!this.#simple(opcode) && !this.#structure(opcode)) {
        throw invalid(
          `its pickle has the opcode 0x${opcode.toString(16)} at ${this.#at - 1}, which TorchScript never writes`,
        );
      }
    }
  }

  /** Values without parts, and the memo. */
  #simple(opcode: number): boolean {
    switch (opcode) {
      case 0x80: // PROTO
        this.#byte();
        return true;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#byte());
      case 0x4d: // BININT2
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case 0x4a: // BININT
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#byte()));
      case 0x47: // BINFLOAT, the only big-endian one
        return this.#push(new FloatNumber(this.#view.getFloat64(this.#take(8), false)));
      case 0x58: // BINUNICODE
        return this.#push(this.#string(this.#view.getUint32(this.#take(4), true)));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#string(this.#byte()));
      case 0x63: // GLOBAL
        return this.#push(new Reference(`${this.#line()}.${this.#line()}`));
      case 0x71: // BINPUT
        return this.#remember(this.#byte());
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#view.getUint32(this.#take(4), true));
      case 0x68: // BINGET
        return this.#recall(this.#byte());
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#view.getUint32(this.#take(4), true));
      default:
        return false;
    }
  }

  /** Lists, tuples, dictionaries and objects. */
  #structure(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#count();
        this.#marks.push(this.#stack.length);
        return true;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x74: // TUPLE
        return this.#push(this.#popToMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popSome(opcode - 0x84));
      case 0x61: // APPEND
        return this.#append(this.#popSome(1));
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      case 0x73: // SETITEM
        return this.#setItems(this.#popSome(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x51: // BINPERSID
        return this.#push(this.#loadStorage(this.#pop()));
      case 0x52: // REDUCE
        return this.#reduce();
      case 0x81: // NEWOBJ
        return this.#newObject();
      case 0x62: // BUILD
        return this.#build();
      default:
        return false;
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Passes by a number of bytes. @returns where they begin */
  #take(count: number): number {
    const start = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.byteLength) throw invalid('its pickle is cut short');
    return start;
  }

  #string(length: number): string {
    const start = this.#take(length);
    return this.#text.decode(this.#bytes.subarray(start, start + length));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw invalid('its pickle is cut short');
    const line = this.#string(end - this.#at);
    this.#at++;
    return line;
  }

  /** An integer of any length in two's complement. Those that no double holds become the nearest. */
  #long(length: number): number {
    const start = this.#take(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(this.#bytes[start + index] ?? 0);
    return Number(BigInt.asIntN(8 * length, value));
  }

  #push(value: PythonValue): true {
    this.#count();
    this.#stack.push(value);
    return true;
  }

  #count(): void {
    if (++this.#values > maximumValues) throw excessive(`has a pickle of more than ${maximumValues} values`);
  }

  #pop(): PythonValue {
    if (this.#stack.length === 0) throw invalid('its pickle takes a value where there is none');
    return this.#stack.pop();
  }

  #popSome(count: number): PythonValue[] {
    if (this.#stack.length < count) throw invalid('its pickle takes a value where there is none');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): PythonValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined || mark > this.#stack.length)
      throw invalid('its pickle takes values to a mark, and has none');
    return this.#stack.splice(mark);
  }

  #remember(key: number): true {
    this.#memo.set(key, this.#stack.at(-1));
    return true;
  }

  #recall(key: number): true {
    if (!this.#memo.has(key)) throw invalid(`its pickle recalls the value ${key}, and has not remembered it`);
    return this.#push(this.#memo.get(key));
  }

  #append(values: readonly PythonValue[]): true {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw invalid('its pickle appends to what is no list');
    for (const value of values) list.push(value);
    return true;
  }

  #setItems(pairs: readonly PythonValue[]): true {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map)) throw invalid('its pickle sets items of what is no dictionary');
    for (let index = 0; index + 1 < pairs.length; index += 2) map.set(pairs[index], pairs[index + 1]);
    return true;
  }

  #reduce(): true {
    const callArguments = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof Reference) || !Array.isArray(callArguments)) {
      throw invalid('its pickle calls what is no function');
    }
    return this.#push(unpickleCall(callee.path, callArguments));
  }

  #newObject(): true {
    this.#pop();
    const type = this.#pop();
    if (!(type instanceof Reference)) throw invalid('its pickle makes an object of what is no class');
    if (!type.path.startsWith('__torch__.'))
      throw invalid(`its pickle makes a ${type.path}, which no TorchScript does`);
    if (type.path.startsWith('__torch__.torch.classes.')) {
      const quantised = type.path.includes('.quantized.') || type.path.includes('.xnnpack.');
      throw unsupported(`it has a ${type.path}${quantised ? ': quantised models are not supported' : ''}`);
    }
    return this.#push(new ModuleObject(type.path));
  }

  #build(): true {
    const state = this.#pop();
    const object = this.#stack.at(-1);
    if (!(object instanceof ModuleObject)) throw invalid('its pickle builds what is no object');
    if (!(state instanceof Map)) throw unsupported(`${object.className} restores its state by code of its own`);
    for (const [name, value] of state) object.attributes.set(name, value);
    return true;
  }
}

const stop = 0x2e;

/** Names the modules of a model by where they are. Every module gets one name, and loops end. */
export function nameModules(root: ModuleObject): void {
  const seen = new Set<PythonValue>([root]);
  const waiting: ModuleObject[] = [root];
  for (let object = waiting.shift(); object; object = waiting.shift()) {
    for (const [name, value] of object.attributes) {
      if (!(value instanceof ModuleObject) || seen.has(value)) continue;
      seen.add(value);
      value.path = object.path === '' ? String(name) : `${object.path}.${name}`.slice(0, 200);
      waiting.push(value);
    }
  }
}
