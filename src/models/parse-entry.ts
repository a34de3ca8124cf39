import { isBlob, isUint8Array, isURL } from '../standard/brand-checks.js';
import { quote, WasiNNError } from '../standard/error.js';
import {
  executionTargets,
  graphEncodings,
  isExecutionTarget,
  isGraphEncoding,
  isVerify,
  outputPlaces,
  verifications,
} from '../standard/graph.js';
import {
  type FallbackProvider,
  fallbackProviders,
  graphOptimizations,
  isFallbackList,
  type LocalPart,
  type ModelEntry,
  type PartSource,
} from './model-options.js';
import { parseModelUrl } from './model-url.js';

export { type FallbackProvider, fallbackProviders, isFallbackList } from './model-options.js';

const credentialModes = ['omit', 'same-origin', 'include'] as const satisfies readonly RequestCredentials[];

/** The members of an entry, of a part and of `fetch`: anything else is a slip that would go unnoticed. */
const partMembers = ['url', 'urls', 'data', 'sha256', 'size', 'immutable'];
const entryMembers = [
  ...partMembers,
  'parts',
  'backend',
  'encoding',
  'target',
  'freeDimensions',
  'graphOptimization',
  'fallback',
  'warmup',
  'verify',
  'outputs',
  'fetch',
];
const fetchMembers = ['credentials', 'headers', 'retries', 'stallTimeout', 'minimumRate'];

/** A model, and as many files of external data as one can name. */
const maximumParts = 4097;

/** A timer of a longer time would end at once. */
const longestTimer = 2 ** 31 - 1;

/** What is wrong with an entry; `parseEntry` adds the name of the entry. */
class Fault extends Error {}

/**
 * Checks an entry of a registry, from code or from a document, and fills in its defaults.
 *
 * @param base the URL that relative ones are resolved against
 * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
 */
export function parseEntry(name: string, options: unknown, base: string): ModelEntry {
  try {
    return toEntry(options, base);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new WasiNNError('invalid-argument', `models: entry ${quote(name)}: ${cause.message}`, { cause });
  }
}

function toEntry(options: unknown, base: string): ModelEntry {
  if (isUrl(options)) return toEntry({ url: options }, base);
  const entry = membersOf('it', options, entryMembers);
  const { encoding = 'autodetect', target = 'cpu', graphOptimization = 'all' } = entry;
  if (!isGraphEncoding(encoding)) throw fault('its encoding', oneOf(graphEncodings), encoding);
  if (!isExecutionTarget(target)) throw fault('its target', oneOf(executionTargets), target);
  if (!isOneOf(graphOptimizations, graphOptimization))
    throw fault('its graphOptimization', oneOf(graphOptimizations), graphOptimization);
  return {
    ...toSources(entry, base),
    encoding,
    target,
    freeDimensions: toDimensions(entry.freeDimensions),
    graphOptimization,
    ...(entry.fallback === undefined ? {} : { fallback: toFallback(entry.fallback) }),
    ...toSwitches(entry),
    fetch: toFetchOptions(entry.fetch),
  };
}

function toSources(entry: Members, base: string): Pick<ModelEntry, 'sources' | 'backend'> {
  const { parts, backend } = entry;
  if (parts === undefined && backend === undefined) return { sources: [toSource('it', entry, base)] };
  const replaced = parts === undefined ? 'backend' : 'parts';
  const stray = ['backend', ...partMembers].find((member) => member !== replaced && entry[member] !== undefined);
  if (stray) throw new Fault(`it has both ${replaced} and ${stray}`);
  if (parts === undefined) {
    if (backend === 'echo') return { sources: [], backend };
    throw fault('its backend', 'one that needs no model (echo)', backend);
  }
  if (!Array.isArray(parts) || parts.length === 0) throw fault('its parts', 'a list of at least one file', parts);
  if (parts.length > maximumParts) throw new Fault(`it has ${parts.length} parts, more than ${maximumParts}`);
  const sources = parts.map((part: unknown, index) => {
    const what = `its part ${index}`;
    return isUrl(part) ? toSource(what, { url: part }, base) : toSource(what, membersOf(what, part, partMembers), base);
  });
  return { sources };
}

function toSource(what: string, part: Members, base: string): PartSource {
  const { url, urls, data, sha256, size } = part;
  const given = [url, urls, data].filter((source) => source !== undefined);
  if (given.length !== 1) throw new Fault(`${what} needs one of url, urls and data`);
  if (data !== undefined) {
    const stray = ['sha256', 'size', 'immutable'].find((member) => part[member] !== undefined);
    if (stray) throw new Fault(`${what} has both data and ${stray}, which is for what is fetched`);
    return toLocalPart(what, data);
  }

  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)))
    throw fault(`the sha256 of ${what}`, '64 hexadecimal digits', sha256);
  if (size !== undefined && !isLength(size)) throw fault(`the size of ${what}`, 'a number of bytes', size);
  const { immutable = sha256 !== undefined } = part;
  if (typeof immutable !== 'boolean') throw fault(`"immutable" of ${what}`, 'true or false', immutable);
  if (urls !== undefined && !Array.isArray(urls)) throw fault(`the urls of ${what}`, 'a list', urls);
  const [first, ...others] = (Array.isArray(urls) ? urls : [url]).map((one: unknown) => resolve(what, one, base));
  if (first === undefined) throw new Fault(`the urls of ${what} are none: name at least one`);
  return {
    urls: [first, ...others],
    immutable,
    ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    ...(size === undefined ? {} : { size }),
  };
}

function toLocalPart(what: string, data: unknown): LocalPart {
  if (isUint8Array(data) || isBlob(data)) return { data };
  throw fault(`the data of ${what}`, 'a Uint8Array or a Blob', data);
}

function resolve(what: string, url: unknown, base: string): string {
  if (!isUrl(url)) throw fault(`the url of ${what}`, 'text or a URL', url);
  const { href, shown, problem } = parseModelUrl(String(url), base);
  if (href === undefined) throw new Fault(`the url of ${what}, ${shown}, ${problem}`);
  return href;
}

function toDimensions(dimensions: unknown = {}): Record<string, number> {
  const lengths = Object.entries(membersOf('its freeDimensions', dimensions)).map(([axis, length]) => {
    if (!isLength(length)) throw fault(`the length of its axis ${quote(axis)}`, 'a whole number', length);
    return [axis, length] as const;
  });
  return Object.fromEntries(lengths);
}

function toSwitches({ warmup, verify, outputs }: Members): Pick<ModelEntry, 'warmup' | 'verify' | 'outputs'> {
  if (warmup !== undefined && typeof warmup !== 'boolean') throw fault('its warmup', 'true or false', warmup);
  if (verify !== undefined && !isVerify(verify))
    throw fault('its verify', `${oneOf(verifications)}, true or false`, verify);
  if (outputs !== undefined && !isOneOf(outputPlaces, outputs))
    throw fault('its outputs', oneOf(outputPlaces), outputs);
  return {
    ...(warmup === undefined ? {} : { warmup }),
    ...(verify === undefined ? {} : { verify }),
    ...(outputs === undefined ? {} : { outputs }),
  };
}

function toFallback(fallback: unknown): boolean | FallbackProvider[] {
  if (typeof fallback === 'boolean') return fallback;
  if (isFallbackList(fallback)) return [...fallback];
  throw fault('its fallback', `true, false or a list of ${fallbackProviders.join(', ')}`, fallback);
}

function toFetchOptions(options: unknown = {}): ModelEntry['fetch'] {
  const {
    credentials = 'same-origin',
    headers = {},
    retries = 4,
    stallTimeout = 30_000,
    minimumRate = 1024,
  } = membersOf('its fetch', options, fetchMembers);
  if (!isOneOf(credentialModes, credentials)) throw fault('its fetch.credentials', oneOf(credentialModes), credentials);
  if (!isLength(retries)) throw fault('its fetch.retries', 'a whole number', retries);
  if (!isLength(stallTimeout) || stallTimeout === 0 || stallTimeout > longestTimer)
    throw fault('its fetch.stallTimeout', `a number of milliseconds from 1 to ${longestTimer}`, stallTimeout);
  if (!isLength(minimumRate)) throw fault('its fetch.minimumRate', 'a number of bytes per second', minimumRate);
  return { credentials, headers: toHeaders(headers), retries, stallTimeout, minimumRate };
}

function toHeaders(headers: unknown): Record<string, string> {
  const pairs = Object.entries(membersOf('its fetch.headers', headers)).map(([header, value]) => {
    if (typeof value !== 'string') throw fault(`its fetch.headers, ${quote(header)}`, 'text', value);
    if (/^(range|if-range)$/i.test(header)) throw new Fault(`its fetch.headers set ${header}, which resuming needs`);
    return [header, value] as const;
  });
  const result = Object.fromEntries(pairs);
  try {
    new Headers(result);
  } catch (cause) {
    throw new Fault(`its fetch.headers are no HTTP headers (${cause instanceof Error ? cause.message : 'refused'})`);
  }
  return result;
}

type Members = Readonly<Record<string, unknown>>;

/** @param known the members that it may have; any, where it is left out */
function membersOf(what: string, value: unknown, known?: readonly string[]): Members {
  if (!isRecord(value)) throw fault(what, known ? `an object with ${known.join(', ')}` : 'an object', value);
  const stray = known && Object.keys(value).find((member) => !known.includes(member));
  if (stray !== undefined) throw new Fault(`${what} has ${quote(stray)}; known are ${known?.join(', ')}`);
  return value;
}

function isRecord(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isUrl(value: unknown): value is string | URL {
  return typeof value === 'string' || isURL(value);
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isOneOf<Value extends string>(values: readonly Value[], value: unknown): value is Value {
  return values.some((known) => known === value);
}

function oneOf(values: readonly string[]): string {
  return `one of ${values.join(', ')}`;
}

function fault(what: string, expected: string, came: unknown): Fault {
  const shown =
    came === null || typeof came !== 'object' ? quote(String(came)) : Array.isArray(came) ? 'a list' : 'an object';
  return new Fault(`${what} is ${shown}, not ${expected}`);
}
