import type { BackendUrls } from '../backends/resolve-backends.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { PlainError } from '../standard/plain-error.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { EngineEvent } from './engine.js';
import type { GraphInfo } from './link.js';

export { fromPlainError, type PlainError, toPlainError } from '../standard/plain-error.js';

/**
 * What is said between threads. A page tells its engine worker, by the worker's own channel, how to be, where the models
 * are and which guests come and go ({@link PageMessage}), and hears of what happens ({@link EngineMessage}). A guest has a port to
 * the engine: each {@link Request} gets one {@link Reply} with the same id, in any order. A guest that blocks gets its
 * replies through shared memory instead, which a {@link MailboxMessage} names first (`mailbox.ts`).
 */

export type PageMessage =
  | { readonly type: 'configure'; readonly configuration: EngineConfiguration }
  | { readonly type: 'models'; readonly port: MessagePort }
  | { readonly type: 'connect'; readonly guest: number; readonly port: MessagePort }
  | { readonly type: 'disconnect'; readonly guest: number };

export interface EngineConfiguration {
  readonly allowSoftwareAdapter: boolean;
  /** Backends that the page brings along; they come before the built-in ones. */
  readonly backends: BackendUrls;
}

export interface EngineMessage {
  readonly type: 'event';
  readonly event: EngineEvent;
}

export type Operation =
  | {
      readonly operation: 'load';
      readonly parts: readonly GraphBuilder[];
      readonly encoding: GraphEncoding;
      readonly target: ExecutionTarget;
    }
  | { readonly operation: 'loadByName'; readonly name: string }
  | { readonly operation: 'compute'; readonly graph: number; readonly inputs: readonly NamedTensor[] }
  | { readonly operation: 'unload'; readonly graph: number };

export type Request = Operation & { readonly id: number };

export type Result = GraphInfo | readonly NamedTensor[] | undefined;

export type Outcome = { readonly result: Result } | { readonly error: PlainError };

export type Reply = Outcome & { readonly id: number };

/** From a guest that blocks: where its replies go from now on, or that it has taken a piece out and wants the next. */
export interface MailboxMessage {
  readonly mailbox: SharedArrayBuffer | 'next';
}

export function isPageMessage(data: unknown): data is PageMessage {
  return (
    isObjectWith(data, 'type') && ['configure', 'models', 'connect', 'disconnect'].some((type) => type === data.type)
  );
}

export function isEngineMessage(data: unknown): data is EngineMessage {
  return isObjectWith(data, 'type') && data.type === 'event' && 'event' in data;
}

export function isRequest(data: unknown): data is Request {
  return isObjectWith(data, 'id') && typeof data.id === 'number' && 'operation' in data;
}

export function isMailboxMessage(data: unknown): data is MailboxMessage {
  return isObjectWith(data, 'mailbox');
}

export function isReply(data: unknown): data is Reply {
  return isObjectWith(data, 'id') && typeof data.id === 'number' && ('result' in data || 'error' in data);
}

export function isGraphInfo(result: Result): result is GraphInfo {
  return result !== undefined && 'device' in result;
}

export function isNamedTensors(result: Result): result is readonly NamedTensor[] {
  return Array.isArray(result);
}

function isObjectWith<Key extends string>(data: unknown, key: Key): data is Record<Key, unknown> {
  return typeof data === 'object' && data !== null && key in data;
}
