/** What the page asks the service worker for: to keep the site's files. The answer comes through the port. */
export const keepMessage = 'keep the site';

/** The answer: how many files are kept, or why not. */
export type KeepReply = { readonly files: number } | { readonly failure: string };
