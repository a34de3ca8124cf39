import { WasiNNError } from '../standard/error.js';

/** How resources of a guest pass between its thread and the page, and what their functions are called. */

/** A resource on its way. No field of a WIT record has a name like this: they are made of letters and digits. */
export interface HandleRecord {
  readonly '#resource': number;
  /** The qualified name of its class, `my:package/api@1.0.0#Classifier`; empty for one that exports nothing else. */
  readonly type: string;
}

/** A function that belongs to a resource. */
export interface ResourceMember {
  readonly kind: 'constructor' | 'method' | 'static';
  /** The resource as JavaScript spells a class: `Classifier`. */
  readonly resource: string;
  /** The function's name; empty for a constructor. */
  readonly name: string;
}

/** Among a guest's functions, the one that drops the resource of a number: the Component Model's `resource.drop`. */
export const dropFunction = '[resource-drop]';

/** Reads a name of the Component Model, such as `[method]classifier.classify`. Names are in camel case already. */
export function parseMember(name: string): ResourceMember | undefined {
  const match = /^\[(constructor|method|static)\](\w)(\w*)(?:\.(\w+))?$/.exec(name);
  if (!match) return undefined;
  const [, kind, initial = '', rest = '', member = ''] = match;
  if (kind !== 'constructor' && kind !== 'method' && kind !== 'static') return undefined;
  return { kind, resource: initial.toUpperCase() + rest, name: member };
}

/**
 * Whether an object is a {@link HandleRecord}.
 *
 * @throws WasiNNError `invalid-argument` for what says that it is one, but is not whole
 */
export function isHandleRecord(value: object): value is HandleRecord {
  if (!Object.hasOwn(value, '#resource')) return false;
  if (Number.isSafeInteger(Reflect.get(value, '#resource')) && typeof Reflect.get(value, 'type') === 'string') {
    return true;
  }
  throw new WasiNNError('invalid-argument', 'a field named "#resource": no record of WIT has one');
}

/** Copies a value as far as records and lists go, with some of the objects in it replaced. */
export function replaceObjects(value: unknown, replace: (object: object) => object | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replaceObjects(item, replace));
  const replaced = replace(value);
  if (replaced) return replaced;
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, replaceObjects(member, replace)]));
}

/** Not bytes, maps and the like, which cross threads as they are. */
function isRecord(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}
