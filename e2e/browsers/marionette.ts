import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { memberOf } from './web-driver.js';

/** Firefox's own remote control: the commands of WebDriver over a socket. */
export interface Marionette {
  /** Sends one command. @returns what it is answered with. @throws Error where the browser refuses it or has gone */
  send(command: string, parameters?: object): Promise<unknown>;
  close(): void;
}

interface Pending {
  resolve(result: unknown): void;
  reject(cause: Error): void;
}

// A command is [0, id, name, parameters], its answer [1, id, error, result]; each is preceded by its length in bytes
// and a colon. The first message is a greeting.

export async function connectMarionette(port: number): Promise<Marionette> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const pending = new Map<unknown, Pending>();
  let nextId = 0;

  receiveMessages(socket, (message) => {
    if (!Array.isArray(message)) return;
    const [, id, error, result] = message;
    const command = pending.get(id);
    pending.delete(id);
    if (error) command?.reject(new Error(`Firefox: ${memberOf(error, 'error')}: ${memberOf(error, 'message')}`));
    else command?.resolve(result);
  });
  // An error closes the socket too.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const command of pending.values()) command.reject(new Error('Firefox has closed the connection'));
    pending.clear();
  });

  return {
    send(command, parameters = {}) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error(`${command}: Firefox has closed the connection`));
        const id = nextId++;
        const text = JSON.stringify([0, id, command, parameters]);
        pending.set(id, { resolve, reject });
        socket.write(`${Buffer.byteLength(text)}:${text}`);
      });
    },
    close: () => socket.destroy(),
  };
}

function receiveMessages(socket: Socket, take: (message: unknown) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (;;) {
      const start = received.indexOf(':') + 1;
      const end = start + Number(received.subarray(0, start - 1).toString());
      if (start === 0 || received.byteLength < end) return;
      const text = received.subarray(start, end).toString();
      received = received.subarray(end);
      take(JSON.parse(text));
    }
  });
}
