import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that a test has started, which ends with this process at the latest. */
export class Program {
  readonly child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<unknown[]>;
  readonly #kill = () => this.child.kill();

  constructor(name: string, args: readonly string[], options: SpawnOptions) {
    this.#name = name;
    this.child = spawn(name, args, options);
    this.#ended = once(this.child, 'exit');
    this.#ended.catch(() => undefined);
    process.once('exit', this.#kill);
  }

  /** Waits for what the program is to do. @throws Error where it ends before, or cannot be started */
  async wait<Value>(event: Promise<Value>): Promise<Value> {
    const early = this.#ended.then(([code, signal]) => {
      throw new Error(`${this.#name} has ended (${code ?? signal})`);
    });
    return Promise.race([event, early]);
  }

  /** Ends it, where it has not ended by itself. */
  async end(): Promise<void> {
    process.off('exit', this.#kill);
    this.#kill();
    await this.#ended.catch(() => undefined);
  }
}
