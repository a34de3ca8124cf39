/**
 * What guests may import, as objects without a prototype that have nothing else: a name that is no member leads nowhere.
 * Plain objects and classes have a `constructor`, from which one comes to `Function`.
 */

/** The members of an interface. */
export type Interface = Readonly<Record<string, unknown>>;

/** An interface with exactly these members. */
export function grantInterface(members: Interface): Interface {
  return Object.freeze(Object.assign(Object.create(null), members));
}

/**
 * A resource type for an interface: a function that has the prototype of a class, so that its objects are instances of
 * it, and nothing else. The methods lose what they inherit.
 *
 * @param construct makes a resource of the values that WIT's constructor takes. Default: WIT declares none
 */
export function grantResource(
  { prototype }: { readonly prototype: object },
  construct: (values: readonly unknown[]) => object = refuseConstruction,
): unknown {
  function ResourceType(...values: readonly unknown[]): object {
    return construct(values);
  }
  ResourceType.prototype = prototype;
  Reflect.deleteProperty(prototype, 'constructor');
  Object.setPrototypeOf(prototype, null);
  Object.setPrototypeOf(ResourceType, null);
  Object.freeze(prototype);
  return Object.freeze(ResourceType);
}

function refuseConstruction(): never {
  throw new TypeError('this resource has no constructor');
}
