/** What WebGPU runs on, in words. Playwright passes the text of this function to a page. */
export async function describeAdapter(): Promise<string> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return 'none';
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(' ') || 'unnamed';
  return isFallbackAdapter ? `${name} (software)` : name;
}
