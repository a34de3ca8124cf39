import { type GuestFunction, qualify } from '../rpc/guest-exports.js';
import {
  type HandleRecord,
  isHandleRecord,
  parseMember,
  type ResourceMember,
  replaceObjects,
} from '../rpc/handle-record.js';
import { WasiNNError } from '../standard/error.js';

/**
 * The resources of a guest that the page holds, in the guest's thread. jco makes an object of each, with a method
 * `Symbol.dispose` of its own that it replaces once the guest has taken the resource back.
 */
export interface Resources {
  /**
   * A function that a component or one of its interfaces exports, by its name in camel case. It takes and gives
   * {@link HandleRecord}s in place of resources; a method takes its resource first.
   *
   * @param nameInGlue its name in the glue, in camel case. Default: the same
   * @throws WasiNNError `runtime-error` where there is no such function
   */
  find(holder: unknown, name: string, interfaceName?: string, nameInGlue?: string): GuestFunction;
  /** Drops the resource of a number, once the calls before have ended; one that has gone already is passed over. */
  drop(number: unknown): Promise<void>;
  /** How many resources the page holds. */
  readonly size: number;
}

interface Entry {
  readonly resource: object;
  readonly drop: () => unknown;
}

const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');

export function createResources(): Resources {
  const entries = new Map<number, Entry>();
  const typeNames = new Map<unknown, string>();
  let nextNumber = 0;
  let lastTurn: Promise<unknown> = Promise.resolve();

  /** Runs one thing after another: a destructor must not run while a method of its resource is suspended. */
  function takeTurn<Result>(run: () => Result | Promise<Result>): Promise<Result> {
    const turn = lastTurn.then(run);
    lastTurn = turn.catch(() => undefined);
    return turn;
  }

  function toRecord(resource: object): HandleRecord | undefined {
    const drop = disposerOf(resource);
    if (!drop) return undefined;
    const number = nextNumber++;
    entries.set(number, { resource, drop });
    return { '#resource': number, type: typeNames.get(Object.getPrototypeOf(resource)) ?? '' };
  }

  function toResource(record: object, given: Set<number>): object | undefined {
    if (!isHandleRecord(record)) return undefined;
    const number = record['#resource'];
    const entry = entries.get(number);
    if (!entry) throw gone();
    given.add(number);
    return entry.resource;
  }

  /** A resource that was passed as `own` is the guest's again. */
  function forgetTaken(given: ReadonlySet<number>): void {
    for (const number of given) {
      const entry = entries.get(number);
      if (entry && disposerOf(entry.resource) !== entry.drop) entries.delete(number);
    }
  }

  async function call(guestFunction: GuestFunction, values: readonly unknown[]): Promise<unknown> {
    const given = new Set<number>();
    const toRecords = (value: unknown) => replaceObjects(value, toRecord);
    const resources = values.map((value) => replaceObjects(value, (object) => toResource(object, given)));
    try {
      return toRecords(await guestFunction(...resources));
    } catch (cause) {
      throw explain(cause, toRecords);
    } finally {
      forgetTaken(given);
    }
  }

  return {
    find(holder, name, interfaceName, nameInGlue = name) {
      const member = parseMember(name);
      const memberInGlue = parseMember(nameInGlue);
      const found = memberInGlue ? findMember(holder, memberInGlue) : expectFunction(holder, nameInGlue);
      if (member && memberInGlue) {
        const { resource } = member;
        const typeName = interfaceName === undefined ? resource : qualify(interfaceName, resource);
        typeNames.set(Reflect.get(expectFunction(holder, memberInGlue.resource), 'prototype'), typeName);
      }
      return (...values) => takeTurn(() => call((...resources) => Reflect.apply(found, undefined, resources), values));
    },
    drop: (number) =>
      takeTurn(() => {
        const entry = typeof number === 'number' ? entries.get(number) : undefined;
        if (!entry) return;
        entries.delete(Number(number));
        Reflect.apply(entry.drop, entry.resource, []);
      }),
    get size() {
      return entries.size;
    },
  };
}

type AnyFunction = (...values: readonly unknown[]) => unknown;

function disposerOf(resource: object): AnyFunction | undefined {
  const drop: unknown = Reflect.get(resource, dispose);
  return isFunction(drop) ? drop : undefined;
}

/** jco has a class for each resource; its methods are asked of the class, so that nothing else is taken for it. */
function findMember(holder: unknown, { kind, resource, name }: ResourceMember): AnyFunction {
  const owner = expectFunction(holder, resource);
  switch (kind) {
    case 'constructor':
      return (...values) => Reflect.construct(owner, values);
    case 'static': {
      const found = expectFunction(owner, name);
      return (...values) => Reflect.apply(found, owner, values);
    }
    case 'method': {
      const method = expectFunction(Reflect.get(owner, 'prototype'), name);
      return (self, ...values) => {
        if (self instanceof owner) return Reflect.apply(method, self, values);
        throw new WasiNNError('invalid-argument', `${resource}.${name}: called on something else than a ${resource}`);
      };
    }
  }
}

/** A member of what jco made, where it may be a class: the function itself, not a bound one. */
function expectFunction(holder: unknown, name: string): AnyFunction {
  const isHolder = (typeof holder === 'object' && holder !== null) || typeof holder === 'function';
  const member: unknown = isHolder ? Reflect.get(holder, name) : undefined;
  if (isFunction(member)) return member;
  throw new WasiNNError('runtime-error', `instantiate: the transpiled component has no function ${name}`);
}

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

/** Says in this host's words what the glue says in its own; resources in the error of a WIT result become records. */
function explain(cause: unknown, toRecords: (value: unknown) => unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (Object.hasOwn(cause, 'payload')) {
    return Object.assign(new Error(cause.message), { payload: toRecords(Reflect.get(cause, 'payload')) });
  }
  if (cause.constructor.name === 'SuspendError') return constructorWaited(cause);
  if (cause instanceof TypeError && unfit.test(cause.message)) {
    const text = `the values of the call do not fit the types of the function: ${cause.message}`;
    return new WasiNNError('invalid-argument', text, { cause });
  }
  const [, kind] = /^Resource error: Not a valid "(.+)" resource/.exec(cause.message) ?? [];
  return kind === undefined ? cause : notAHandle(kind, cause);
}

/** What the glue says of a value of the page that is not of the type in WIT. */
const unfit =
  /^(?:a record has no field |expected a string, received \[|invalid [usf]\d+ value \[|".*" is not one of the cases of )/s;

function gone(): WasiNNError {
  return new WasiNNError(
    'invalid-argument',
    'a handle was passed whose resource is gone: it was disposed of, or given to the guest in an earlier call',
  );
}

function notAHandle(kind: string, cause: Error): WasiNNError {
  const text = `expected a handle of a ${kind}, but something else was passed, or the same handle twice to be given away`;
  return new WasiNNError('invalid-argument', text, { cause });
}

function constructorWaited(cause: Error): WasiNNError {
  return new WasiNNError(
    'unsupported-operation',
    "a constructor waited for the engine, which it cannot where WebAssembly is suspended (JSPI), and the guest has ended by that: instantiate it with waiting: 'block', or load and compute in methods",
    { cause },
  );
}
