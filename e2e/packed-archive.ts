import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeProject } from './packed-project.js';

const run = promisify(execFile);
const environment = {
  ...process.env,
  ASTRO_TELEMETRY_DISABLED: '1',
  NEXT_TELEMETRY_DISABLED: '1',
  NO_COLOR: '1',
  // npx asks nobody whether to install a package.
  npm_config_yes: 'true',
};

/** Whether npm can install what is not in this repository. */
export function reachesRegistry(): Promise<boolean> {
  return npm(os.tmpdir(), 'view', 'webpack', 'version', '--fetch-retries=0').then(
    () => true,
    () => false,
  );
}

/**
 * Makes an archive of the files that npm would publish, in a folder. `npm pack` would compress it, which takes long.
 *
 * @returns the path of the archive
 */
export async function packPackage(folder: string): Promise<string> {
  const packed = path.join(folder, 'packed');
  await makeProject(packed);
  const archive = path.join(folder, 'wasi-nn-web.tar');
  await run('tar', ['-cf', archive, '-C', path.join(packed, 'node_modules'), 'wasi-nn-web']);
  await rm(packed, { recursive: true });
  return archive;
}

/** @throws with what npm prints, where it fails */
export async function npm(cwd: string, ...parameters: string[]): Promise<void> {
  const options = { cwd, env: environment, maxBuffer: 1 << 26, shell: process.platform === 'win32' };
  await run('npm', parameters, options);
}

/** Runs lines of a shell. @throws with what they print, where one fails */
export async function shell(cwd: string, lines: string): Promise<void> {
  await run('sh', ['-e', '-c', `${missingCommands}\n${lines}`], { cwd, env: environment, maxBuffer: 1 << 26 });
}

const copy = `
  const { cpSync, statSync } = require('node:fs');
  const target = process.argv.at(-1);
  const isFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory();
  for (const file of process.argv.slice(1, -1)) {
    cpSync(file, isFolder ? require('node:path').join(target, require('node:path').basename(file)) : target);
  }`;

/** Where only Node and a shell are, Node does what lines of documents do with other commands. */
const missingCommands = `
command -v mkdir >/dev/null || mkdir() { node -e 'require("node:fs").mkdirSync(process.argv[1])' "$@"; }
command -v cp >/dev/null || cp() { node -e '${copy.replaceAll("'", '"')}' "$@"; }`;

/**
 * Starts a server of static files or for development, which prints its address.
 *
 * @param command a line of a shell
 * @returns the address, with a slash at its end; the server ends when this is disposed of
 */
export async function startServer(cwd: string, command: string): Promise<AsyncDisposable & { readonly url: string }> {
  // In a group of its own: npx passes no signal on.
  const server = spawn('sh', ['-c', command], { cwd, env: environment, detached: true });
  const ended = once(server, 'exit');
  const url = await addressOf(server);
  return {
    url,
    async [Symbol.asyncDispose]() {
      if (server.pid !== undefined) process.kill(-server.pid);
      await ended;
    },
  };
}

function addressOf(server: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (piece) => {
        output += piece;
        const [address] = /http:\/\/(localhost|127\.0\.0\.1):\d+/.exec(output) ?? [];
        if (address) resolve(`${address}/`);
      });
    }
    server.on('exit', () => reject(new Error(`the server ended: ${output}`)));
  });
}
