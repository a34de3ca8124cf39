import { runIn, type Tab } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { serveGuest } from './hostile/assemble.js';
import { exportingModule, importingModule, preview1Module } from './hostile/modules.js';
import { importingComponent, networkComponent } from './hostile/network-component.js';
import { type Attempts, expectResponsive, openSession, serveSession } from './hostile/session-page.js';
import type { Site } from './site.js';

// Hostile guests in a page with a session. Each test asserts what the server saw, what reached the page, that the page
// goes on, and what the caller got.

/** Starts a guest, calls its function `run` where it gets that far, and has an honest guest run afterwards. */
async function startAndRun(path: string): Promise<unknown> {
  const { nn, waiting, outcome, reached } = sessionPage;
  const call = nn
    .instantiate<{ run?: () => Promise<unknown> }>(path, { waiting })
    .then(({ exports }) => exports.run?.());
  const ended = await outcome(call);
  const { exitCode } = await nn.run('/guests/exit.wasm', { args: ['7'], waiting });
  return { ended, reached, exitCode };
}

/** A page with a session that is open. */
interface Session {
  readonly tab: Tab;
  readonly site: Site;
  readonly attempts: Attempts;
}

/** Starts guests, one after another. Each is to be refused, and nothing is asked for. */
async function expectRefusals(
  { tab, site, attempts }: Session,
  guests: readonly (readonly [text: string, error: RegExp])[],
): Promise<void> {
  for (const [index, [text, error]] of guests.entries()) {
    const path = await serveGuest(site, text, `/hostile-${index}.wasm`);
    expect(await runIn(tab, startAndRun, path)).toEqual(refusal(error));
    expect(attempts.requests).toEqual([]);
  }
  await expectResponsive(tab);
}

/** What is to be seen of a guest that was refused. */
function refusal(text: RegExp) {
  return { ended: expect.stringMatching(text), reached: [], exitCode: 7 };
}

const guestCases: Readonly<Record<string, (session: Session) => Promise<void>>> = {
  'a core module cannot import what a prototype has': expectNoPrototypes,
  'a component cannot import what is not granted': expectNoInterfaces,
  'a component with wasi:http reaches no server': expectNoServer,
  'a core module can export functions of any names': expectAnyNames,
  'a core module that exports very many functions is refused': expectFewFunctions,
  'a core module that traps before it is called rejects with its trap': expectTraps,
  'preview 1 answers absurd arguments with errors, and the guest goes on': expectPreview1,
  'programs find and write files named as what objects have': expectFiles,
};

test('hostile guests reach nothing, and their page goes on', async ({ tab, site, waiting }) => {
  const attempts = serveSession(site);
  await openSession(tab, site, waiting);
  for (const [what, check] of Object.entries(guestCases)) {
    await test.step(what, () => check({ tab, site, attempts }));
  }
});

const prototypeNames = [
  ['constructor', 'constructor'],
  ['constructor', 'fromEntries'],
  ['wasi_nn', 'constructor'],
  ['wasi_ephemeral_nn', 'hasOwnProperty'],
  ['wasi_snapshot_preview1', 'toString'],
  ['wasi_snapshot_preview1', '__proto__'],
  ['__proto__', 'constructor'],
  ['toString', 'call'],
  ['wasi_snapshot_preview1', '__defineGetter__'],
  ['env', 'fetch'],
] as const;

async function expectNoPrototypes(session: Session): Promise<void> {
  const guests = prototypeNames.map(([from, name]) => {
    const text = new RegExp(`^WasiNNError unsupported-operation: .*"${from}\\.${name}"`);
    return [importingModule(from, name), text] as const;
  });
  await expectRefusals(session, guests);
}

const interfaceNames = [
  ['wasi:nn/graph@0.2.0-rc-2024-10-28', 'constructor'],
  ['wasi:nn/errors@0.2.0-rc-2024-10-28', 'to-string'],
  ['wasi:io/streams@0.2.3', 'has-own-property'],
  ['wasi:random/random@0.2.3', 'value-of'],
  ['wasi:cli/exit@0.2.3', 'is-prototype-of'],
  ['wasi:sockets/instance-network@0.2.3', 'instance-network'],
  ['wasi:sockets/tcp-create-socket@0.2.0', 'create-tcp-socket'],
  ['wasi:http/types@0.2.0', 'http-error-code'],
  ['wasi:http/outgoing-handler@0.3.0', 'handle'],
  ['wasi:io/streams@0.3.0', 'create'],
  ['wasi:clocks/timezone@0.2.0', 'display'],
  ['wasi:nn/graph@0.2.0', 'load'],
  ['wasi:keyvalue/store@0.2.0', 'open'],
  ['evil:code/run@1.0.0', 'run'],
] as const;

async function expectNoInterfaces(session: Session): Promise<void> {
  const guests = interfaceNames.map(([interfaceName, name]) => {
    return [importingComponent(interfaceName, name), /^WasiNNError unsupported-operation: /] as const;
  });
  await expectRefusals(session, guests);
}

async function expectNoServer({ tab, site, attempts }: Session): Promise<void> {
  const { host } = new URL(site.origin);
  const path = await serveGuest(site, networkComponent(host, '/private'));
  expect(await runIn(tab, startAndRun, path)).toEqual(
    refusal(/^WasiNNError unsupported-operation: .*"wasi:http\/types@0\.2\.3", "wasi:http\/outgoing-handler@0\.2\.3"/),
  );
  expect(attempts.requests).toEqual([]);
  await expectResponsive(tab);
}

const exportNames = [
  ...['[method]r.x', '[method]R.x', '[constructor]r', '[static]r.prototype', '[resource-drop]', '[method]r.then'],
  ...['then', 'constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'valueOf'],
  ...['', '#', 'a#b', 'a#b#c', 'a#then', 'foo_bar', 'fooBar', 'foo-bar', '\u2028', "'", '\\', '*/', '`x`', 'run'],
];

async function expectAnyNames({ tab, site, attempts }: Session): Promise<void> {
  const path = await serveGuest(site, exportingModule(exportNames));
  expect(await runIn(tab, callAll, { path, names: exportNames })).toEqual({
    answers: exportNames.map((_, index) => index),
    awaited: exportNames.map((name, index) => (name === 'then' ? null : index)),
  });
  expect(attempts.requests).toEqual([]);
  await expectResponsive(tab);
}

async function callAll({ path, names }: { path: string; names: readonly string[] }): Promise<unknown> {
  const { nn, waiting } = sessionPage;
  const guest = await nn.instantiate<Record<string, () => Promise<number>>>(path, { waiting });
  const callThem = (exports: Record<string, () => Promise<number>>) =>
    Promise.all(names.map((name) => exports[name]?.()));
  // A promise calls a function `then`, which would never answer.
  const awaited = await Promise.resolve(guest.exports);
  return { answers: await callThem(guest.exports), awaited: await callThem(awaited) };
}

async function expectFewFunctions({ tab, site }: Session): Promise<void> {
  const path = await serveGuest(site, exportingModule(Array.from({ length: 30_000 }, (_, index) => `f${index}`)));
  expect(await runIn(tab, startAndRun, path)).toEqual(refusal(/^WasiNNError too-large: .*30000 functions/));
  await expectResponsive(tab);
}

const traps = {
  'in its start function': '(module (func $start unreachable) (start $start))',
  'in _initialize': '(module (func (export "_initialize") unreachable))',
  'by an endless recursion in _initialize': '(module (func $f (export "_initialize") (call $f)))',
};

async function expectTraps({ tab, site }: Session): Promise<void> {
  for (const [index, [where, text]] of Object.entries(traps).entries()) {
    const path = await serveGuest(site, text, `/trap-${index}.wasm`);
    const { ended } = { ...Object(await runIn(tab, startAndRun, path)) };
    expect(ended, where).toMatch(/^GuestTrap: instantiate: the guest trapped in (_initialize|its start function)/);
    expect(ended, where).not.toMatch(/engine/);
  }
  await expectResponsive(tab);
}

async function expectPreview1({ tab, site, attempts }: Session): Promise<void> {
  const path = await serveGuest(site, preview1Module());
  expect(await runIn(tab, callPreview1, path)).toEqual({
    hugeListOfBuffers: 28,
    listOutsideOfMemory: 21,
    bufferOutsideOfMemory: 21,
    negativePointer: 21,
    randomBytesOutsideOfMemory: 21,
    pathOutsideOfMemory: 21,
    hugePath: 37,
    pathOutOfTheFolder: 76,
    socket: 57,
    noDescriptor: 8,
    allocate: 51,
    allocateWithOverflow: 51,
    setSize: 51,
    writeFarAway: 51,
    seekFarAway: 0,
    writeAfterTheSeek: 51,
    readFarAway: [0, 0],
    listingWithAnAbsurdCookie: 21,
    tooManyDescriptors: 33,
    write: 0,
  });
  expect(attempts.requests).toEqual([]);
  await expectResponsive(tab);
}

async function callPreview1(path: string): Promise<unknown> {
  const { nn, waiting } = sessionPage;
  type Call = (...values: readonly (number | bigint)[]) => Promise<number>;
  const { exports, memory } = await nn.instantiate<Record<string, Call>>(path, { waiting });
  const call = (name: string, ...values: readonly (number | bigint)[]) => exports[name]?.(...values);
  const write = (address: number, bytes: Uint8Array) => memory?.write(address, new Uint8Array(bytes));
  const words = (...values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer);
  await write(0, words(1024, 8));
  await write(16, words(0xfffffff0, 0xff));
  await write(1024, new TextEncoder().encode('file.txt'));
  await write(2048, new TextEncoder().encode('a/../../b'));
  const open = (out: number) => call('path_open', 3, 0, 1024, 8, 1, 0n, 0n, 0, out);
  await open(512);
  const [fd = 0] = new Uint32Array((await memory?.read(512, 4))?.slice().buffer ?? new ArrayBuffer(4));
  const report = {
    hugeListOfBuffers: await call('fd_write', 1, 0, 0x7fffffff, 600),
    listOutsideOfMemory: await call('fd_write', 1, 65532, 1, 600),
    bufferOutsideOfMemory: await call('fd_write', 1, 16, 1, 600),
    negativePointer: await call('fd_filestat_get', fd, -8),
    randomBytesOutsideOfMemory: await call('random_get', 0, -1),
    pathOutsideOfMemory: await call('path_filestat_get', 3, 0, 65530, 100, 600),
    hugePath: await call('path_filestat_get', 3, 0, 0, 5000, 600),
    pathOutOfTheFolder: await call('path_filestat_get', 3, 0, 2048, 9, 600),
    socket: await call('sock_send', 1, 0, 1, 0, 600),
    noDescriptor: await call('fd_write', 77, 0, 1, 600),
    allocate: await call('fd_allocate', fd, 0n, 1n << 40n),
    allocateWithOverflow: await call('fd_allocate', fd, (1n << 63n) - 1n, (1n << 63n) - 1n),
    setSize: await call('fd_filestat_set_size', fd, 1n << 40n),
    writeFarAway: await call('fd_pwrite', fd, 0, 1, 1n << 40n, 600),
    seekFarAway: await call('fd_seek', fd, 1n << 62n, 0, 600),
    writeAfterTheSeek: await call('fd_write', fd, 0, 1, 600),
    readFarAway: [await call('fd_read', fd, 0, 1, 600), (await memory?.read(600, 1))?.[0]],
    listingWithAnAbsurdCookie: await call('fd_readdir', 3, 4096, 4096, -5n, 600),
    tooManyDescriptors: 0,
    write: 0,
  };
  for (let index = 0; index < 1100 && report.tooManyDescriptors === 0; index++) {
    report.tooManyDescriptors = (await open(512)) ?? -1;
  }
  report.write = (await call('fd_write', 1, 0, 1, 600)) ?? -1;
  return report;
}

async function expectFiles({ tab }: Session): Promise<void> {
  for (const kind of ['cat.wasm', 'cat.component.wasm']) {
    for (const name of ['constructor', '__proto__', 'toString']) {
      const seen = await runIn(tab, catFile, { kind, name });
      expect(seen, `${kind}, ${name}`).toEqual({ exitCode: 0, found: 2, written: 2 });
    }
  }
}

/** The tree is listed twice, since it has two names. */
async function catFile({ kind, name }: { kind: string; name: string }): Promise<unknown> {
  const { nn, waiting } = sessionPage;
  const { exitCode, stdout, stderr } = await nn.run(`/guests/${kind}`, {
    files: Object.fromEntries([[`folder/${name}/${name}`, new TextEncoder().encode('from the page')]]),
    args: ['--write', name, 'from the guest'],
    waiting,
  });
  if (exitCode !== 0) return { exitCode, stderr };
  const count = (text: string) => stdout.split(text).length - 1;
  return { exitCode, found: count('from the page'), written: count(`from the guest`) - 1 };
}
