import { quote } from '../standard/error.js';

/** What a model or a registry document can be fetched from. */
const schemes = ['http:', 'https:', 'blob:', 'data:'];

/** An absolute URL, or why a text is none: the text, and words to put behind it. */
export type ModelUrl =
  | { readonly href: string; readonly shown?: never; readonly problem?: never }
  | { readonly href?: never; readonly shown: string; readonly problem: string };

/** @param base the URL that a relative one is resolved against; a user name and a password in it are not inherited */
export function parseModelUrl(text: string, base: string): ModelUrl {
  const url = URL.parse(text, withoutCredentials(base));
  if (!url) return { shown: quote(text), problem: 'is no URL' };
  if (url.username !== '' || url.password !== '') {
    // Guests read some errors: none shows a password.
    const shown = quote(`${url.protocol}//…@${url.host}${url.pathname}`);
    return { shown, problem: 'is no URL without user name and password' };
  }
  if (schemes.includes(url.protocol)) return { href: url.href };
  return { shown: quote(text), problem: 'is no http, https, blob or data URL' };
}

/** A URL as messages show it: a data URL may be as long as a model. */
export function shownUrl(url: string): string {
  return url.length > 200 ? `${url.slice(0, 200)}…` : url;
}

function withoutCredentials(base: string): string {
  const url = URL.parse(base);
  if (!url) return base;
  url.username = '';
  url.password = '';
  return url.href;
}
