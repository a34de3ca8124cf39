import { isObjectWith } from '../standard/is-object-with.js';

/** The name of the library's policy, for `trusted-types` in a Content-Security-Policy. */
export const policyName = 'wasi-nn-web';

type TrustUrl = (url: string) => unknown;

let trust: TrustUrl | undefined;

/**
 * Marks the URL of a worker's script as trusted, which a page with `require-trusted-types-for 'script'` wants. Only the
 * library's own scripts go through this policy.
 *
 * @returns a TrustedScriptURL; the URL itself where the browser has no Trusted Types, or the page does not allow the policy
 */
export function trustedScriptUrl(url: string): unknown {
  trust ??= createPolicy() ?? ((untrusted) => untrusted);
  return trust(url);
}

function createPolicy(): TrustUrl | undefined {
  const factory: unknown = Reflect.get(globalThis, 'trustedTypes');
  if (!isObjectWith(factory, 'createPolicy') || typeof factory.createPolicy !== 'function') return undefined;
  try {
    const rules = { createScriptURL: (url: string) => url };
    const policy: unknown = Reflect.apply(factory.createPolicy, factory, [policyName, rules]);
    if (!isObjectWith(policy, 'createScriptURL') || typeof policy.createScriptURL !== 'function') return undefined;
    const { createScriptURL } = policy;
    return (url) => Reflect.apply(createScriptURL, policy, [url]);
  } catch {
    // The page does not allow it. Where it wants trusted URLs too, the start of the worker says so.
    return undefined;
  }
}

/** Has the workers that runtimes start in this thread go through the policy too: a runtime's threads. */
export function trustWorkersOfRuntimes(): void {
  globalThis.Worker = new Proxy(globalThis.Worker, {
    construct(native, [script, ...options]: [string | URL, ...unknown[]], target) {
      return Reflect.construct(native, [trustedScriptUrl(String(script)), ...options], target);
    },
  });
}
