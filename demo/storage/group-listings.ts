import type { ModelListing } from '../../src/index.js';

/** The names of a file: a model that is registered for three targets is kept once. */
export interface ListedFile {
  readonly names: readonly string[];
  readonly url: string;
  readonly cached: ModelListing['cached'];
  readonly cachedBytes: number;
  readonly size: number | undefined;
  readonly lastUsed: Date | undefined;
}

/** Puts together the models that share their files. */
export function groupListings(listings: readonly ModelListing[]): ListedFile[] {
  const urls = new Set(listings.map(({ urls }) => urls.join(' ')));
  return [...urls].map((url) => {
    const all = listings.filter((listing) => listing.urls.join(' ') === url);
    const times = all.flatMap(({ lastUsed }) => (lastUsed ? [lastUsed.getTime()] : []));
    return {
      names: all.map(({ name }) => name),
      url,
      cached: all[0]?.cached ?? 'no',
      cachedBytes: Math.max(...all.map(({ cachedBytes }) => cachedBytes)),
      size: all[0]?.size,
      lastUsed: times.length > 0 ? new Date(Math.max(...times)) : undefined,
    };
  });
}
