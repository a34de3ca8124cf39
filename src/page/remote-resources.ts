import { pathOf, qualify } from '../rpc/guest-exports.js';
import {
  dropFunction,
  type HandleRecord,
  isHandleRecord,
  parseMember,
  type ResourceMember,
  replaceObjects,
} from '../rpc/handle-record.js';
import { WasiNNError } from '../standard/error.js';
import { asyncDispose } from './dispose-symbols.js';
import { untilAborted } from './until-aborted.js';

/** A resource of a guest that the page holds. Its methods are async functions, by their names in camel case. */
export interface GuestResource {
  /**
   * Drops the resource in the guest, once the calls before have ended; harmless for one that is gone already. Where
   * the resource has a method of that name this is the method, and `Symbol.asyncDispose` drops it.
   */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The exports of a guest as a page calls them. Their objects have no prototype, so that every name is one of the guest's,
 * and are no promises even where a guest exports a function `then`.
 */
export interface RemoteExports {
  /**
   * The functions of a component by their names; those of interfaces in an object for each interface, those of resources
   * likewise.
   */
  arrange(functions: readonly string[]): object;
  /** The functions of a core module by their names, whatever these are. */
  arrangeModule(functions: readonly string[]): object;
  /** A value as the guest's thread gave it, with handles in place of its resources. */
  toHandles(value: unknown): unknown;
}

type Call = (name: string, values: readonly unknown[]) => Promise<unknown>;

/** The handle of a resource: its number. Whether it is still there the guest's thread alone knows. */
class Handle implements GuestResource {
  readonly #call: Call;
  readonly #record: HandleRecord;
  readonly #ended: AbortSignal;

  constructor(call: Call, record: HandleRecord, ended: AbortSignal) {
    this.#call = call;
    this.#record = record;
    this.#ended = ended;
  }

  dispose(): Promise<void> {
    return this[asyncDispose]();
  }

  [asyncDispose](): Promise<void> {
    return untilAborted(this.#ended, async () => {
      await this.#call(dropFunction, [this.#record['#resource']]);
    });
  }

  /**
   * The record of a handle; of anything else, undefined.
   *
   * @throws WasiNNError `invalid-argument` for a handle of another guest, which is known by its calls
   */
  static recordOf(value: object, call: Call): HandleRecord | undefined {
    if (!(value instanceof Handle)) return undefined;
    if (value.#call === call) return value.#record;
    throw new WasiNNError('invalid-argument', 'a handle of another guest was passed: each guest has its own resources');
  }
}

/**
 * @param call calls into the guest's thread
 * @param ended aborted when the guest has ended: every call rejects with its reason
 */
export function createRemoteExports(call: Call, ended: AbortSignal): RemoteExports {
  /** The classes of handles, by the names of their types. */
  const classes = new Map<string, typeof Handle>();

  const toHandles = (value: unknown) => replaceObjects(value, toHandle);

  function toHandle(object: object): Handle | undefined {
    if (!isHandleRecord(object)) return undefined;
    return new (classes.get(object.type) ?? Handle)(call, object, ended);
  }

  function toRecord(object: object): HandleRecord | undefined {
    const record = Handle.recordOf(object, call);
    if (!record && Object.hasOwn(object, '#resource')) {
      throw new WasiNNError('invalid-argument', 'a field named "#resource" was passed: no record of WIT has one');
    }
    return record;
  }

  function callWith(name: string, values: readonly unknown[]): Promise<unknown> {
    return untilAborted(ended, async () => {
      const records = values.map((value) => replaceObjects(value, toRecord));
      return toHandles(await call(name, records));
    });
  }

  /**
   * Puts a method on the handles of its resource, all else on the object of the resource's name. A static function
   * `create` is found there even where the resource has a constructor.
   */
  function place(holder: Record<string, unknown>, typeName: string, member: ResourceMember, name: string): void {
    const handles = classes.get(typeName) ?? class extends Handle {};
    classes.set(typeName, handles);
    if (member.kind === 'method') {
      const method = function (this: unknown, ...values: unknown[]) {
        return callWith(name, [this, ...values]);
      };
      // Names that differ in their spelling alone become one: the last of them stays.
      if (member.name !== 'then')
        Object.defineProperty(handles.prototype, member.name, { value: method, configurable: true });
      return;
    }
    const given = (...values: unknown[]) => callWith(name, values);
    const others: object = Object(holder[member.resource]);
    holder[member.resource] =
      member.kind === 'constructor'
        ? toHolder({ create: given, ...others })
        : toHolder({ ...others, [member.name]: given });
  }

  return {
    toHandles,
    arrange(functions) {
      const exports = emptyHolder();
      const interfaces = new Map<string, Record<string, unknown>>();
      for (const name of functions.filter((candidate) => candidate !== dropFunction)) {
        const [first = name, nested] = pathOf(name);
        const holder = nested === undefined ? exports : (interfaces.get(first) ?? emptyHolder());
        if (nested !== undefined) interfaces.set(first, holder);
        const member = parseMember(nested ?? first);
        if (!member) holder[nested ?? first] = (...values: unknown[]) => callWith(name, values);
        else place(holder, nested === undefined ? member.resource : qualify(first, member.resource), member, name);
      }
      const nested = Array.from(interfaces, ([name, members]) => [name, toHolder(members)] as const);
      return toHolder({ ...exports, ...Object.fromEntries(nested) });
    },
    arrangeModule: (functions) =>
      toHolder(Object.fromEntries(functions.map((name) => [name, (...values: unknown[]) => call(name, values)]))),
  };
}

/** Guests name what they export, and may give it the name of a property that every object has. */
function emptyHolder(): Record<string, unknown> {
  return Object.create(null);
}

/** An object of members for the page. */
function toHolder(members: object): Record<string, unknown> {
  const entries = Object.entries(members);
  const others = createHolder(entries.filter(([name]) => name !== 'then'));
  const then: unknown = new Map(entries).get('then');
  return isFunction(then) ? createHolder([...entries, ['then', settleOrCall(then, others)]]) : others;
}

function createHolder(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.assign(emptyHolder(), Object.fromEntries(entries));
}

/**
 * A guest's function `then`, on an object that a page may await or return from an async function. A promise calls it with
 * functions, which no guest takes: it gets the other members then.
 */
function settleOrCall(then: AnyFunction, others: object): AnyFunction {
  return (...values) => (isFunction(values[0]) ? values[0](others) : then(...values));
}

type AnyFunction = (...values: unknown[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}
