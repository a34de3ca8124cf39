import type { Guest, GuestExports } from '../page/guest-interface.js';
import type { GuestResource } from '../page/remote-resources.js';
import type { EnvironmentOptions, RunResult } from '../page/run.js';
import type { WasiNN } from '../page/wasi-nn-interface.js';

/** What `import guest from './classify.component.wasm'` gives. */
export interface GuestModule<Exports extends object> {
  /**
   * Starts the guest in a worker of its own.
   *
   * @throws WasiNNError where the guest needs what is not there; its message says what
   */
  instantiate(nn: WasiNN, options?: EnvironmentOptions): Promise<Guest<Exports>>;
  /**
   * Runs the guest to its end, where it is a program.
   *
   * @throws WasiNNError as `instantiate`; GuestTrap when the program traps
   */
  run(nn: WasiNN, options?: EnvironmentOptions): Promise<RunResult>;
}

/** What `import guest from './plain.wasm?guest'` gives: nothing is known of what it exports. */
export interface UntypedGuestModule extends GuestModule<GuestExports> {
  /** @typeParam Exports the exported functions as the guest's author knows them; nothing checks that it is so */
  instantiate<Exports extends object = GuestExports>(nn: WasiNN, options?: EnvironmentOptions): Promise<Guest<Exports>>;
}

/** What the classes of exported resources extend in a guest's types. It tells them from records. */
export declare abstract class ExportedResource {
  private readonly kind: 'resource';
}

/**
 * The exports of a guest, of what jco declares them to be: functions, resources, and interfaces by their full names.
 * They answer from the guest's thread, with promises. Of a resource the page has a handle, see `GuestResource`.
 */
export type ExportsOf<Root> = Members<Root> & {
  readonly [Name in keyof Root as Name extends `${string}:${string}` ? Name : never]: Members<Root[Name]>;
};

type Members<Holder> = Functions<Holder> & {
  readonly [Name in keyof Holder as IsResource<Holder[Name]> extends true ? Name : never]: ResourceExport<Holder[Name]>;
};

type Functions<Holder> = {
  readonly [Name in keyof Holder as IsFunction<Holder[Name]> extends true ? Name : never]: Remote<Holder[Name]>;
};

type IsFunction<Member> = Member extends (...values: never[]) => unknown ? true : false;

/** Functions have a `prototype` too; classes cannot be called. */
type IsResource<Member> =
  IsFunction<Member> extends true ? false : Member extends { readonly prototype: ExportedResource } ? true : false;

/** A resource's constructor as `create`, unless a static function has that name, and its static functions. */
type ResourceExport<Class> = Omit<Constructor<Class>, keyof Functions<Class>> & Functions<Class>;

type Constructor<Class> = Class extends new (
  ...values: infer Values
) => infer Resource
  ? { create(...values: Passed<Values>): Promise<Passed<Resource>> }
  : unknown;

type Remote<Declared> = Declared extends (...values: infer Values) => infer Value
  ? (...values: Passed<Values>) => Promise<Passed<Awaited<Value>>>
  : never;

type Handle<Resource> = Omit<GuestResource, keyof Functions<Resource>> & Functions<Resource>;

/** A value as the page passes or gets it: with handles in place of resources, wherever they are in it. */
type Passed<Value> = Value extends ExportedResource
  ? Handle<Value>
  : Value extends string | number | bigint | boolean | undefined | ArrayBufferView
    ? Value
    : { [Key in keyof Value]: Passed<Value[Key]> };
