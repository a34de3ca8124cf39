import { describe, expect, it } from 'vitest';
import { createWitBinding } from '../bindings/wit.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import { emptyEnvironment } from '../rpc/program-environment.js';
import { grantWasiNN, refuseUngranted } from './granted-interfaces.js';
import { createPreview2 } from './wasi-preview2.js';

const refuse = (): never => {
  throw new Error('not to be called');
};
const client: InferenceClient = {
  load: refuse,
  loadByName: refuse,
  compute: refuse,
  unload: refuse,
  readTensor: refuse,
  releaseTensor: refuse,
  startText: refuse,
  readText: refuse,
  stopText: refuse,
};

const interfaces = new Map([
  ...createPreview2(emptyEnvironment, () => undefined).interfaces,
  ...grantWasiNN(createWitBinding(client), ['prompt']),
]);

describe('what a component may import', () => {
  it.each([
    'wasi:nn/graph@0.2.0-rc-2024-06-25',
    'wasi:nn/tensor@0.2.0-rc-2024-08-19',
    'wasi:nn/errors@0.2.0-rc-2024-10-28',
    'wasi:cli/environment@0.2.0',
    'wasi:io/poll@0.2.12',
    'wasi:random/insecure-seed@0.2.3',
  ])('includes %s', (name) => {
    expect(() => refuseUngranted([name])).not.toThrow();
  });

  it.each([
    'wasi:http/types@0.2.3',
    'wasi:http/outgoing-handler@0.2.0',
    'wasi:sockets/tcp@0.2.0',
    'wasi:sockets/instance-network@0.2.12',
    'wasi:io/streams',
    'wasi:io/streams@0.3.0',
    'wasi:io/streams@0.2.0-rc-2023-11-10',
    'wasi:io/streams@0.2.3@0.2.3',
    'wasi:io/streams/x@0.2.3',
    'WASI:IO/streams@0.2.3',
    'wasi:io/STREAMS@0.2.3',
    ' wasi:io/streams@0.2.3',
    'wasi:io/streams@0.2.3 ',
    'wasi:io/streams@0.2.3\n',
    'wasi:nn/graph@0.2.0',
    'wasi:nn/prompt@0.2.0',
    'wasi:nn/graph@0.2.0-rc-2024-10-28x',
    'wasi:clocks/timezone@0.2.0',
    'wasi:cli/run@0.2.0',
    'constructor/constructor@0.2.0',
    '__proto__/x@0.2.0',
    'unlocked-dep=<wasi:io/streams@0.2.3>',
    'run',
    '',
  ])('does not include %j', (name) => {
    expect(() => refuseUngranted(['wasi:io/streams@0.2.3', name])).toThrow(
      expect.objectContaining({
        code: 'unsupported-operation',
        message: expect.stringContaining(`imports ${JSON.stringify(name)}, which`),
      }),
    );
  });

  it.each(['wasi:nn/prompt@0.2.0-rc-2024-06-25', 'wasi:nn/prompt@0.2.0-rc-2024-10-28'])(
    'includes the proposed %s where the page wants it so',
    (name) => {
      expect(() => refuseUngranted([name], ['prompt'])).not.toThrow();
      expect(() => refuseUngranted([name])).toThrow("give the option proposals: ['prompt']");
      expect(grantWasiNN(createWitBinding(client)).has('wasi:nn/prompt')).toBe(false);
    },
  );

  it('is explained by a short error, however much is refused', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => `${'x'.repeat(1000)}${index}`);
    const text = expect.stringMatching(/and 99980 others/);
    expect(() => refuseUngranted(names)).toThrow(expect.objectContaining({ message: text }));
  });
});

describe('a granted interface', () => {
  const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

  it.each([...interfaces])('%s has nothing but its members', (_name, members) => {
    expect(Object.getPrototypeOf(members)).toBeNull();
    expect(Object.isFrozen(members)).toBe(true);
    for (const name of inherited) expect(Reflect.get(members, name)).toBeUndefined();
  });

  const resources = [...interfaces.values()].flatMap((members) => {
    return Object.entries(members).filter(([name]) => /^[A-Z]/.test(name));
  });

  it.each(resources)('has a resource %s with its methods alone', (_name, type) => {
    const prototype: unknown = Reflect.get(Object(type), 'prototype');
    for (const holder of [type, prototype]) {
      expect(Object.getPrototypeOf(holder)).toBeNull();
      expect(Object.isFrozen(holder)).toBe(true);
      for (const name of inherited) expect(Reflect.get(Object(holder), name)).toBeUndefined();
    }
    expect(Object.getOwnPropertyNames(type).sort()).toEqual(['length', 'name', 'prototype']);
  });

  it('makes a tensor of what WIT says, and nothing else', () => {
    const type = interfaces.get('wasi:nn/tensor')?.Tensor;
    if (typeof type !== 'function') throw new Error('there is no Tensor');
    const held = { tensor: { type: 'U8', dimensions: [9], data: new Uint8Array(9) }, release: refuse };
    const tensor: object = Reflect.construct(type, [Uint32Array.of(2), 'U8', Uint8Array.of(1, 2), held]);
    expect(tensor instanceof type).toBe(true);
    expect(Reflect.apply(Reflect.get(tensor, 'dimensions'), tensor, [])).toEqual(Uint32Array.of(2));
  });

  it.each([
    ['wasi:nn/graph', 'Graph'],
    ['wasi:nn/inference', 'GraphExecutionContext'],
    ['wasi:filesystem/types', 'Descriptor'],
    ['wasi:io/streams', 'OutputStream'],
  ])('of %s makes no %s', (name, resource) => {
    const type = interfaces.get(name)?.[resource];
    if (typeof type !== 'function') throw new Error(`there is no ${resource}`);
    expect(() => Reflect.construct(type, [{ hold: refuse }])).toThrow(TypeError);
  });

  it('bounds how many random bytes are asked for at once', () => {
    const { getRandomBytes } = { ...interfaces.get('wasi:random/random') };
    if (typeof getRandomBytes !== 'function') throw new Error('there is no getRandomBytes');
    expect(Reflect.apply(getRandomBytes, undefined, [100n])).toHaveLength(100);
    expect(() => Reflect.apply(getRandomBytes, undefined, [1n << 32n])).toThrow(/4294967296 random bytes/);
  });
});
