import { describe, expect, it } from 'vitest';
import { createRemoteExports } from './remote-resources.js';

const type = 'a:b/c#Thing';
const refused = expect.objectContaining({ code: 'invalid-argument' });

/** The signal of a guest that has not ended. */
const running = new AbortController().signal;

const functions = [
  'plain',
  'a:b/c#f',
  'a:b/c#[static]thing.create',
  'a:b/c#[constructor]thing',
  'a:b/c#[constructor]other',
  'a:b/c#[method]other.dispose',
  '[resource-drop]',
];

/** Exports whose calls answer with what `answer` says, and the calls. */
function open(answer: (name: string) => unknown) {
  const calls: (readonly [string, readonly unknown[]])[] = [];
  const remote = createRemoteExports(async (name, values) => {
    calls.push([name, values]);
    return answer(name);
  }, running);
  const exports = remote.arrange(functions);
  /** Calls what a path of names leads to, on what it is a member of. */
  const call = (path: readonly string[], ...values: unknown[]): Promise<unknown> => {
    const owner = path.slice(0, -1).reduce<unknown>((holder, name) => Reflect.get(Object(holder), name), exports);
    return callMember(owner, path.at(-1) ?? '', ...values);
  };
  return { exports, calls, call };
}

async function callMember(owner: unknown, name: string | symbol, ...values: unknown[]): Promise<unknown> {
  const member: unknown = Reflect.get(Object(owner), name);
  if (typeof member !== 'function') throw new Error(`no function ${String(name)}`);
  return Reflect.apply(member, owner, values);
}

describe('exports on the page', () => {
  const names = [
    '[method]r.x',
    '[method]R.x',
    '[resource-drop]',
    '__proto__',
    'constructor',
    'then',
    'a#b',
    'a#b#c',
    '',
  ];

  it('have the names of a core module as they are, and nothing else', async () => {
    const exports = createRemoteExports(async (name) => name, running).arrangeModule(names);
    expect(Object.getPrototypeOf(exports)).toBeNull();
    expect(Object.keys(exports).sort()).toEqual([...names].sort());
    for (const name of names) expect(await callMember(exports, name)).toBe(name);
    expect(Object.keys(Object(await exports))).not.toContain('then');
  });

  it('stand whatever a component calls its functions', async () => {
    const remote = createRemoteExports(async (name) => name, running);
    const hostile = [
      ...names,
      '[method]R.x',
      '[method]r.then',
      '[method]r.constructor',
      '[static]r.prototype',
      '[static]r.then',
    ];
    const exports = remote.arrange([...hostile, ...hostile.map((name) => `a:b/c#${name}`)]);
    const holder: unknown = Reflect.get(exports, 'a:b/c');
    for (const object of [exports, holder, Reflect.get(Object(holder), 'R')]) {
      expect(Object.getPrototypeOf(object)).toBeNull();
      expect(Object.keys(Object(await object))).not.toContain('then');
    }
  });

  it('resolve to a handle that has a method then', async () => {
    const functions = ['[constructor]r', '[method]r.then'];
    const remote = createRemoteExports(async () => ({ '#resource': 1, type: 'R' }), running);
    const exports = remote.arrange(functions);
    const handle = await callMember(Reflect.get(exports, 'R'), 'create');
    expect(handle).toBeTypeOf('object');
  });

  it('stand under their interfaces, and those of resources under these', () => {
    const { exports } = open(() => undefined);
    const member = expect.any(Function);
    expect(exports).toEqual({
      plain: member,
      'a:b/c': { f: member, Thing: { create: member }, Other: { create: member } },
    });
  });

  it('may have the names of properties that every object has', () => {
    const remote = createRemoteExports(async () => undefined, running);
    const names = ['__proto__', 'constructor', 'toString', 'a:b/c#__proto__', '__proto__#f', 'constructor#f'];
    const exports = remote.arrange(names);
    const member = expect.any(Function);
    expect(Object.entries(exports)).toEqual([
      ['__proto__', { f: member }],
      ['constructor', { f: member }],
      ['toString', member],
      ['a:b/c', expect.anything()],
    ]);
    expect(Object.keys(Reflect.get(exports, 'a:b/c'))).toEqual(['__proto__']);
    expect(Reflect.get(exports, 'valueOf')).toBeUndefined();
  });

  it('prefer a static function create to the constructor', async () => {
    const { calls, call } = open(() => undefined);
    await call(['a:b/c', 'Thing', 'create'], 1);
    expect(calls).toEqual([['a:b/c#[static]thing.create', [1]]]);
  });

  it('pass handles as records, wherever they are', async () => {
    const { calls, call } = open(() => [{ '#resource': 7, type }]);
    const handles = await call(['plain']);
    await call(['a:b/c', 'f'], { inner: handles });
    expect(calls[1]).toEqual(['a:b/c#f', [{ inner: [{ '#resource': 7, type }] }]]);
  });

  it('refuse handles of another guest, and what looks like a record', async () => {
    const one = open(() => ({ '#resource': 7, type }));
    const other = open(() => undefined);
    await expect(other.call(['plain'], await one.call(['plain']))).rejects.toEqual(refused);
    await expect(other.call(['plain'], { '#resource': 7, type })).rejects.toEqual(refused);
    expect(other.calls).toEqual([]);
  });
});

describe('a handle', () => {
  it('is dropped by its number', async () => {
    const { calls, call } = open(() => ({ '#resource': 7, type: '' }));
    await callMember(await call(['plain']), 'dispose');
    expect(calls[1]).toEqual(['[resource-drop]', [7]]);
  });

  it('has the methods of its resource, even one that is called dispose', async () => {
    const { calls, call } = open(() => ({ '#resource': 7, type: 'a:b/c#Other' }));
    const handle = await call(['plain']);
    await callMember(handle, 'dispose', 'now');
    await callMember(handle, Symbol.asyncDispose ?? Symbol.for('asyncDispose'));
    expect(calls.slice(1)).toEqual([
      ['a:b/c#[method]other.dispose', [{ '#resource': 7, type: 'a:b/c#Other' }, 'now']],
      ['[resource-drop]', [7]],
    ]);
  });
});
