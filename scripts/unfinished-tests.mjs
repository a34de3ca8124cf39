// A reporter for Vitest: when a signal ends the run (SIGTERM), it names the files whose tests were still running.

/** @implements {import('vitest/node').Reporter} */
export default class UnfinishedTests {
  #running = new Set();

  onInit() {
    process.once('SIGTERM', () => {
      const files = Array.from(this.#running, ({ relativeModuleId }) => relativeModuleId);
      console.error(`\nTests that had not ended: ${files.join(', ') || 'none'}`);
      process.exit(1);
    });
  }

  onTestModuleQueued(file) {
    this.#running.add(file);
  }

  onTestModuleEnd(file) {
    this.#running.delete(file);
  }
}
