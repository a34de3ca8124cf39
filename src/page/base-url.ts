/** What relative URLs are resolved against: the document's base, or in a worker the address of its script. */
export function baseURL(): string {
  return typeof document === 'undefined' ? globalThis.location.href : document.baseURI;
}
