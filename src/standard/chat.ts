import { WasiNNError } from './error.js';
import { isObjectWith } from './is-object-with.js';

/** One message of a chat. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

const roles: readonly unknown[] = ['system', 'user', 'assistant'] satisfies readonly ChatMessage['role'][];

/**
 * Reads the messages of a chat.
 *
 * @throws WasiNNError `invalid-argument` for what is no list of messages
 */
export function parseMessages(json: string): readonly ChatMessage[] {
  const messages = parse(json);
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return messages;
  const expected = 'expected messages, each with a role (system, user or assistant) and a content (text)';
  throw new WasiNNError('invalid-argument', `generate: ${expected}, such as [{ role: 'user', content: 'Hello' }]`);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is ChatMessage {
  return (
    isObjectWith(value, 'role') &&
    roles.includes(value.role) &&
    isObjectWith(value, 'content') &&
    typeof value.content === 'string'
  );
}
