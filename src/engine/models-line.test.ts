import { describe, expect, it, onTestFinished } from 'vitest';
import { openUncachedModels } from '../models/models.fixture.js';
import { serveModels } from '../models/serve-models.js';
import { WasiNNError } from '../standard/error.js';
import { createModelsLine } from './models-line.js';

const data = new Uint8Array([1, 2, 3]);
const gone = new WasiNNError('runtime-error', 'the models worker broke down');

/** A line, and the end of it that a page has. */
function start() {
  let asked = 0;
  const line = createModelsLine(() => {
    asked++;
  });
  function attach(isServed = true): void {
    const { port1, port2 } = new MessageChannel();
    if (isServed) serveModels(port2, openUncachedModels({ m: { data } }));
    onTestFinished(() => {
      port1.close();
      port2.close();
    });
    line.attach(port1);
  }
  return { line, attach, asked: () => asked };
}

describe('createModelsLine', () => {
  it('asks for a port when it is first needed, and once', async () => {
    const { line, attach, asked } = start();
    expect(asked()).toBe(0);
    const opened = [line.open('m'), line.open('m')];
    expect(asked()).toBe(1);
    attach();
    for (const { parts } of await Promise.all(opened)) expect(parts).toEqual([data]);
    expect((await line.open('m')).parts).toEqual([data]);
    expect(asked()).toBe(1);
  });

  it('fails what waits where no port can be had, and asks again the next time', async () => {
    const { line, attach, asked } = start();
    const refused = line.open('m');
    line.lose(gone);
    await expect(refused).rejects.toBe(gone);

    const opened = line.open('m');
    expect(asked()).toBe(2);
    attach();
    expect((await opened).parts).toEqual([data]);
  });

  it('fails what is under way when the other end is gone', async () => {
    const { line, attach, asked } = start();
    attach(false);
    const opened = line.open('m');
    // The call is posted when the promise of the port has been heard.
    await Promise.resolve();
    line.lose(gone);
    await expect(opened).rejects.toBe(gone);
    expect(asked()).toBe(0);
  });
});
