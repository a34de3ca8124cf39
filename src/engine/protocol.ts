import type { Device, FallbackPolicy } from '../backends/backend.js';
import type { BackendUrls } from '../backends/resolve-backends.js';
import { type ExecutionTarget, type GraphEncoding, isExecutionTarget, type Verify } from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';
import type { EngineEvent, EngineStats } from './engine.js';
import { type Lane, lanes } from './lanes.js';
import type { Limits } from './limits.js';
import type { GraphInfo, ModelPart, NamedLinkTensor } from './link.js';
import type { FailedCall } from './loss.js';

export { fromPlainError, type PlainError, toPlainError } from '../standard/plain-error.js';

/**
 * What is said between threads. A page tells an engine worker, by the worker's own channel, how to be, where the
 * models are and which guests come and go ({@link PageMessage}), and hears of what happens ({@link EngineMessage}). A guest
 * has a line to the page, by which it sends a port for the engine of a lane ({@link OpenMessage}), hears when that engine is
 * gone ({@link LossMessage}), asks what a model is meant for ({@link TargetQuestion}) and reports calls that the engine leaves
 * without an answer ({@link UnansweredMessage}). Through the port each {@link Request} gets one {@link Reply} with the same id, in any order. A
 * guest that blocks gets its replies through shared memory instead, which a {@link MailboxMessage} names first
 * (`mailbox.ts`).
 */

export type PageMessage =
  | { readonly type: 'configure'; readonly configuration: EngineConfiguration }
  /** A port to the models, which the engine has asked for. */
  | { readonly type: 'models'; readonly port: MessagePort }
  /** That port is dead. */
  | { readonly type: 'models-lost'; readonly error: PlainError }
  | { readonly type: 'connect'; readonly guest: number; readonly port: MessagePort }
  | { readonly type: 'disconnect'; readonly guest: number }
  | { readonly type: 'stats' };

export interface EngineConfiguration {
  readonly allowSoftwareAdapter: boolean;
  /** When outputs are compared with WebAssembly's, unless the registry says otherwise. */
  readonly verify: Verify;
  /** Where graphs may fall back to, unless the registry says otherwise. */
  readonly fallback: FallbackPolicy;
  /** Backends that the page brings along; they come before the built-in ones. */
  readonly backends: BackendUrls;
  readonly limits: Limits;
  /** Whether calls are measured. */
  readonly measure: boolean;
  /** Where the engine writes what it works on (`turns.ts`). */
  readonly board: Int32Array;
  /** The lock that the engine holds as long as it lives (`worker-watch.ts`). */
  readonly workerLock: string;
}

export type EngineMessage =
  | { readonly type: 'event'; readonly event: EngineEvent }
  /** The engine needs a port to the models. */
  | { readonly type: 'models-wanted' }
  /** The engine has started. */
  | { readonly type: 'ready' }
  /** The answer to `stats`. */
  | { readonly type: 'stats'; readonly stats: EngineStats }
  /** Nothing is under way, and a fresh engine would take far less memory. */
  | { readonly type: 'outgrown'; readonly reason: string }
  /** The engine can do no more, though its thread lives. */
  | { readonly type: 'broken'; readonly reason: string }
  /** The engine has begun to work on a call, while the page was not looking. */
  | { readonly type: 'busy' }
  /** A part of the board has changed that the page cannot see for itself. */
  | { readonly type: 'turn'; readonly place: number; readonly words: Int32Array };

/** From a guest's link to the page: connect it with the engine that is there now for a lane. */
export type OpenMessage =
  /** By the other end of a port. */
  | { readonly lane: Lane; readonly port: MessagePort }
  /** By the oldest of its spare ports; the guest's thread blocks, and waits there. */
  | { readonly lane: Lane; readonly waitingPlace: WaitingPlace };

/** How long a link waits for an answer before it reports that it has none, and how often it does so from then on. */
export const unansweredMilliseconds = 1000;

/** From a guest's link to the page: a call to the engine of this lane has had no answer for a while. */
export interface UnansweredMessage {
  readonly unanswered: Lane;
}

/**
 * From the link of a guest that blocks to the page: the other end of a port for an engine to come. The page answers
 * through it at once, by any message, so that the guest knows that it is connected.
 */
export interface SpareMessage {
  readonly spare: MessagePort;
}

/** What a page needs to tell a thread that blocks that its engine is gone. */
export interface WaitingPlace {
  readonly mailbox: SharedArrayBuffer;
  readonly notice: SharedArrayBuffer;
}

/** From the page to a guest's link: this engine is gone, and these calls failed with it. All others can be made again. */
export interface LossMessage {
  readonly lane: Lane;
  readonly failed: readonly FailedCall[];
}

/** From a guest's link to the page: what is the model of this name meant for? */
export interface TargetQuestion {
  readonly name: string;
  /** A number for the answer, or where the guest's thread waits for it (`target-question.ts`). */
  readonly answer: number | SharedArrayBuffer;
}

export interface TargetAnswer {
  readonly answer: number;
  readonly target: ExecutionTarget;
}

export type Operation =
  | {
      readonly operation: 'load';
      readonly parts: readonly ModelPart[];
      readonly encoding: GraphEncoding;
      readonly target: ExecutionTarget;
    }
  | { readonly operation: 'loadByName'; readonly name: string }
  | { readonly operation: 'compute'; readonly graph: number; readonly inputs: readonly NamedLinkTensor[] }
  | { readonly operation: 'unload'; readonly graph: number }
  /** Answered with a list of one tensor, whose name means nothing. */
  | { readonly operation: 'readTensor'; readonly resident: number }
  | { readonly operation: 'releaseTensor'; readonly resident: number };

export type Request = Operation & { readonly id: number };

export type Result = GraphInfo | readonly NamedLinkTensor[] | undefined;

export type Outcome = { readonly result: Result } | { readonly error: PlainError };

export type Reply = Outcome & { readonly id: number; readonly moved?: Move };

/** A graph was computed on another device than the link was last told. */
export interface Move {
  readonly graph: number;
  readonly device: Device;
}

/** From a guest that blocks: where its replies go from now on, or that it has taken a piece out and wants the next. */
export interface MailboxMessage {
  readonly mailbox: SharedArrayBuffer | 'next';
}

export function isPageMessage(data: unknown): data is PageMessage {
  return (
    isObjectWith(data, 'type') &&
    ['configure', 'models', 'models-lost', 'connect', 'disconnect', 'stats'].some((type) => type === data.type)
  );
}

export function isEngineMessage(data: unknown): data is EngineMessage {
  const types = ['event', 'models-wanted', 'ready', 'stats', 'outgrown', 'broken', 'busy', 'turn'];
  return isObjectWith(data, 'type') && types.some((type) => type === data.type);
}

export function isOpenMessage(data: unknown): data is OpenMessage {
  return (isObjectWith(data, 'port') && data.port instanceof MessagePort) || isObjectWith(data, 'waitingPlace');
}

export function isSpareMessage(data: unknown): data is SpareMessage {
  return isObjectWith(data, 'spare') && data.spare instanceof MessagePort;
}

export function isUnansweredMessage(data: unknown): data is UnansweredMessage {
  return isObjectWith(data, 'unanswered') && lanes.some((lane) => lane === data.unanswered);
}

export function isLossMessage(data: unknown): data is LossMessage {
  return isObjectWith(data, 'failed') && Array.isArray(data.failed);
}

export function isTargetQuestion(data: unknown): data is TargetQuestion {
  return isObjectWith(data, 'name') && typeof data.name === 'string' && 'answer' in data;
}

export function isTargetAnswer(data: unknown): data is TargetAnswer {
  return isObjectWith(data, 'target') && isExecutionTarget(data.target) && 'answer' in data;
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

export function isNamedTensors(result: Result): result is readonly NamedLinkTensor[] {
  return Array.isArray(result);
}
