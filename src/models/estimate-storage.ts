/** What the page's origin takes of the browser's storage and may take, in bytes, where the browser gives an estimate. */
export async function estimateStorage(): Promise<{ readonly usage: number; readonly quota: number } | undefined> {
  const { usage, quota } = (await globalThis.navigator?.storage?.estimate().catch(() => undefined)) ?? {};
  return usage === undefined || quota === undefined ? undefined : { usage, quota };
}
