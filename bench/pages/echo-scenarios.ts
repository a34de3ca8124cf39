import { fourCopies, portRoundTrip } from './baselines.js';
import type { Input } from './input.js';
import type { Plan } from './measure.js';
import { componentGuest, coreGuest } from './ours.js';
import { relay } from './relay.js';
import type { Scenarios } from './scenario.js';

const large = 16 << 20;
/** Several at a time: the page passes the input to the guest with each call. */
const largeEcho: Plan = { pairs: 12, times: 5, warmUp: 5 };
const smallEcho: Plan = { pairs: 60, times: 500, warmUp: 10_000 };

const echo = (byteLength: number): Input => ({
  name: '0',
  ty: 'U8',
  dimensions: [byteLength],
  data: new Uint8Array(byteLength).fill(7),
});

const suspend = { waiting: 'suspend' } as const;
const block = { waiting: 'block' } as const;

/** The way to the engine and back, on a backend that computes nothing. */
export const echoScenarios: Scenarios = {
  'c-16MiB': {
    ...largeEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', [echo(large)]),
      baseline: await fourCopies(large),
    }),
  },
  'c-16MiB-core': {
    ...largeEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(large), large),
      baseline: await fourCopies(large),
    }),
  },
  'c-16MiB-port': {
    ...largeEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(large), large, block),
      baseline: await portRoundTrip(large),
    }),
  },
  'c-4B-message': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(4), 4, suspend),
      baseline: await relay('port'),
    }),
  },
  'c-4B-blocking': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(4), 4, block),
      baseline: await relay('memory'),
    }),
  },
  'c-4B-message-component': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', [echo(4)], suspend),
      baseline: await relay('port'),
    }),
  },
  'c-4B-blocking-component': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', [echo(4)], block),
      baseline: await relay('memory'),
    }),
  },
};
