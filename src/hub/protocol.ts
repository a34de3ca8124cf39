import type { ModelsConfiguration, ModelsEvent } from '../models/protocol.js';
import type { EngineConfiguration } from '../rpc/engine-protocol.js';
import type { EngineStats, HubEvent } from '../rpc/events.js';
import type { Limits } from '../rpc/limits.js';
import type { Mailbox } from '../rpc/mailbox.js';
import type { FallbackPolicy } from '../standard/device.js';
import { isObjectWith } from '../standard/is-object-with.js';

/**
 * What the page and the hub's worker say to each other. The page calls the methods `configure`, `startEngine`, `connect`,
 * `disconnect`, `stats` and `models`. The hub calls `event`. A client has a port of its own to the hub (`hub/serve-client.ts`).
 */

export interface HubConfiguration {
  readonly engine: Omit<EngineConfiguration, 'workerLock'>;
  readonly models: ModelsConfiguration;
  readonly limits: Limits;
  /** How long the models worker may take to start. */
  readonly startMilliseconds: number;
  readonly fallback: FallbackPolicy;
  readonly measure: boolean;
  /** The lock that the hub holds as long as it lives (`worker-watch.ts`). */
  readonly workerLock: string;
}

/** Connects a client, which the page has numbered. */
export interface HubConnect {
  readonly client: number;
  readonly port: MessagePort;
  /** For a guest whose thread blocks. */
  readonly mailbox: Mailbox | undefined;
}

export type PageEvent = HubEvent | ModelsEvent;

export function isPageEvent(value: unknown): value is PageEvent {
  return isObjectWith(value, 'type') && typeof value.type === 'string';
}

export function isEngineStats(value: unknown): value is EngineStats {
  return isObjectWith(value, 'heapBytes') && isObjectWith(value, 'deviceBytes');
}
