import type { WitBinding } from '../bindings/wit.js';
import { promptBinding } from '../bindings/wit-prompt.js';
import type { Proposal } from '../rpc/program-environment.js';
import { quote, WasiNNError } from '../standard/error.js';
import { grantInterface, grantResource, type Interface } from './grant.js';

/** The versions of wasi-nn that were published for components. */
const nnVersions = ['0.2.0-rc-2024-06-25', '0.2.0-rc-2024-08-19', '0.2.0-rc-2024-10-28'];

/** What a component may import, by packages. Everything else is refused by its name. */
const granted: Readonly<Record<string, { readonly interfaces: readonly string[]; readonly version: RegExp }>> = {
  'wasi:cli': {
    interfaces: [
      ...['environment', 'exit', 'stderr', 'stdin', 'stdout'],
      ...['terminal-input', 'terminal-output', 'terminal-stderr', 'terminal-stdin', 'terminal-stdout'],
    ],
    version: /^0\.2\.\d+$/,
  },
  'wasi:clocks': { interfaces: ['monotonic-clock', 'wall-clock'], version: /^0\.2\.\d+$/ },
  'wasi:filesystem': { interfaces: ['preopens', 'types'], version: /^0\.2\.\d+$/ },
  'wasi:io': { interfaces: ['error', 'poll', 'streams'], version: /^0\.2\.\d+$/ },
  'wasi:nn': {
    interfaces: ['errors', 'graph', 'inference', 'tensor'],
    version: new RegExp(`^(?:${nnVersions.map((version) => version.replaceAll('.', '\\.')).join('|')})$`),
  },
  'wasi:random': { interfaces: ['insecure', 'insecure-seed', 'random'], version: /^0\.2\.\d+$/ },
};

/** How many names a message shows. */
const maxNames = 20;

/**
 * Checks that a component imports nothing but what it is granted.
 *
 * @param proposals the interfaces that are granted besides, where the page wants it so
 * @throws WasiNNError `unsupported-operation`
 */
export function refuseUngranted(imports: readonly string[], proposals: readonly Proposal[] = []): void {
  const refused = [...new Set(imports)].filter((name) => !isGranted(name, proposals));
  if (refused.length === 0) return;
  const missing = refused.map(proposalOf).find((proposal) => proposal !== undefined);
  if (missing) {
    const text = `instantiate: the component imports wasi:nn/${missing}, which is only proposed for wasi-nn: give the option proposals: ['${missing}']`;
    throw new WasiNNError('unsupported-operation', text);
  }
  const names = refused.slice(0, maxNames).map(quote).join(', ');
  const others = refused.length > maxNames ? ` and ${refused.length - maxNames} others` : '';
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the component imports ${names}${others}, which nothing here provides: guests get wasi-nn, clocks, random numbers, standard streams and files of WASI 0.2, and no network. Compose it with a component that provides the rest`,
  );
}

function isGranted(name: string, proposals: readonly Proposal[]): boolean {
  const proposal = proposalOf(name);
  if (proposal) return proposals.includes(proposal);
  const [, packageName = '', interfaceName = '', version = ''] = /^([^/]+)\/([^/@]+)@([^@]+)$/.exec(name) ?? [];
  const entry = Object.hasOwn(granted, packageName) ? granted[packageName] : undefined;
  return entry?.interfaces.includes(interfaceName) === true && entry.version.test(version);
}

/** The proposed interface that a name stands for, in a version of wasi-nn that its authors may have built upon. */
function proposalOf(name: string): Proposal | undefined {
  const [, interfaceName, version = ''] = /^wasi:nn\/([^/@]+)@([^@]+)$/.exec(name) ?? [];
  return interfaceName === 'prompt' && nnVersions.includes(version) ? 'prompt' : undefined;
}

/**
 * The interfaces of `wasi:nn`, by the names that jco's glue asks for: without versions.
 *
 * @param proposals the interfaces that are granted besides those that were published
 */
export function grantWasiNN(
  { tensor, errors, graph, inference }: WitBinding,
  proposals: readonly Proposal[] = [],
): ReadonlyMap<string, Interface> {
  const { load, loadByName } = graph;
  const interfaces: Record<string, Interface> = {
    // The class takes more than WIT says, which is not the guest's to give.
    'wasi:nn/tensor': {
      Tensor: grantResource(tensor.Tensor, (values) => Reflect.construct(tensor.Tensor, values.slice(0, 3))),
    },
    'wasi:nn/errors': { Error: grantResource(errors.Error, (values) => Reflect.construct(errors.Error, values)) },
    'wasi:nn/graph': { Graph: grantResource(graph.Graph), load, loadByName },
    'wasi:nn/inference': { GraphExecutionContext: grantResource(inference.GraphExecutionContext) },
    ...(proposals.includes('prompt') && {
      'wasi:nn/prompt': { Context: grantResource(promptBinding.Context), init: promptBinding.init },
    }),
  };
  return new Map(Object.entries(interfaces).map(([name, members]) => [name, grantInterface(members)]));
}
