import { isURL } from '../standard/brand-checks.js';
import { quote, WasiNNError } from '../standard/error.js';
import type { Entries, ModelEntry, ModelsOption } from './model-options.js';
import { parseModelUrl, shownUrl } from './model-url.js';
import { parseEntry } from './parse-entry.js';
import { matchesUrlPattern, parseUrlPattern } from './url-pattern.js';

export type { Entries, ModelsOption, ModelsTable } from './model-options.js';

/** What a page says of its models, ready to be posted to the worker that looks after them. */
export interface RegistryOptions {
  readonly entries: Entries;
  /** A JSON document with more entries, as an absolute URL. */
  readonly document?: string;
  /** Patterns of URLs that guests may load as if they were names, absolute. */
  readonly allowedUrls: readonly string[];
}

/** The registry at work. */
export interface Registry {
  /**
   * @throws WasiNNError `not-found` for a name that nothing is registered under, `security` for a URL that the page
   *   does not allow; where there is a document, also what {@link fetchDocument} throws
   */
  find(name: string): Promise<ModelEntry>;
  /** All that has a name. @throws WasiNNError where there is a document that cannot be had */
  entries(): Promise<Entries>;
  /** Adds entries, or replaces those of the same names. */
  add(entries: Entries): void;
}

/**
 * Checks a page's models and resolves their URLs.
 *
 * @param base the URL that relative ones are resolved against
 * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
 */
export function toRegistryOptions(
  models: ModelsOption,
  allowedUrls: readonly (string | URL)[],
  base: string,
): RegistryOptions {
  const common = { allowedUrls: allowedUrls.map((pattern) => parseUrlPattern(String(pattern), base)) };
  if (typeof models !== 'string' && !isURL(models)) return { entries: parseTable(models, base), ...common };

  const { href, shown, problem } = parseModelUrl(String(models), base);
  if (href !== undefined) return { entries: new Map(), document: href, ...common };
  throw new WasiNNError('invalid-argument', `models: ${shown} ${problem} of a registry document`);
}

/**
 * Checks a table of models.
 *
 * @param most how many it may have
 * @throws WasiNNError `invalid-argument`; `too-large` for more than it may have
 */
export function parseTable(models: unknown, base: string, most = Number.POSITIVE_INFINITY): Entries {
  if (typeof models !== 'object' || models === null || Array.isArray(models)) {
    throw new WasiNNError(
      'invalid-argument',
      'models: expected names with a URL or options each, or the URL of a document',
    );
  }
  const pairs = Object.entries(models);
  if (pairs.length <= most) return new Map(pairs.map(([name, options]) => [name, parseEntry(name, options, base)]));
  throw new WasiNNError(
    'too-large',
    `models: ${shownUrl(base)} has ${pairs.length} models, where a document may have ${most}: register others from code`,
  );
}

/** @param fetchDocument gets the entries of a registry document; asked again the next time where it rejects */
export function createRegistry(
  { entries, document, allowedUrls }: RegistryOptions,
  fetchDocument: (url: string) => Promise<Entries>,
): Registry {
  const own = new Map(entries);
  let fetching: Promise<Entries> | undefined;

  function documented(): Promise<Entries> {
    if (document === undefined) return Promise.resolve(new Map());
    fetching ??= fetchDocument(document).catch((cause) => {
      fetching = undefined;
      throw cause;
    });
    return fetching;
  }

  return {
    async find(name) {
      const entry = own.get(name) ?? (await documented()).get(name);
      if (entry) return entry;
      if (allowedUrls.length > 0 && URL.canParse(name)) return allowedEntry(name, allowedUrls);
      throw unknownName([...new Set([...own.keys(), ...(await documented()).keys()])], name);
    },
    entries: async () => new Map([...(await documented()), ...own]),
    add(added) {
      for (const [name, entry] of added) own.set(name, entry);
    },
  };
}

/** How many of the registered names an error text shows. */
const shownNames = 20;

function unknownName(names: readonly string[], name: string): WasiNNError {
  const known = names.slice(0, shownNames).map(quote).join(', ');
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  return new WasiNNError(
    'not-found',
    `load-by-name: no model is registered as ${quote(name)}; ${known ? `registered are ${known}${more}` : 'the registry is empty'}`,
  );
}

/** No server takes a longer one. */
const longestUrl = 8192;

/** @throws WasiNNError `security` for a URL that is none of those allowed, or too long */
function allowedEntry(name: string, allowedUrls: readonly string[]): ModelEntry {
  const { href } = new URL(name);
  if (href.length <= longestUrl && allowedUrls.some((pattern) => matchesUrlPattern(pattern, href))) {
    const entry = parseEntry(name, href, href);
    return { ...entry, sources: [{ urls: [href], immutable: false, allowedUrls }] };
  }
  throw new WasiNNError(
    'security',
    `load-by-name: the page does not allow ${quote(name)}; allowed are ${allowedUrls.slice(0, shownNames).map(quote).join(', ')}`,
  );
}
