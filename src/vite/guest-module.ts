import path from 'node:path';
import type { GuestParts } from './transpile-guest.js';

/** Puts a file where the page can fetch it, and answers with a JavaScript expression for its URL. */
export type Publish = (name: string, content: string | Uint8Array) => string;

/** The source of the ES module that importing a component gives (`GuestModule` in `types.ts`). */
export function componentModule(file: string, { glue, coreModules, component }: GuestParts, publish: Publish): string {
  const name = path.basename(file).replace(/(\.component)?\.wasm$/, '');
  const compiled = [...coreModules].map(([asked, bytes]) => {
    return `    ${JSON.stringify(asked)}: ${publish(
      asked.replace(/^guest/, () => name),
      bytes,
    )},`;
  });
  return guestModule(`{
  glue: {
    suspend: ${publish(`${name}.suspend.js`, glue.suspend)},
    block: ${publish(`${name}.block.js`, glue.block)},
  },
  coreModules: {
${compiled.join('\n')}
  },
  component: {
    imports: ${JSON.stringify(component.imports)},
    functions: ${JSON.stringify(component.functions)},
    interfaces: new Map(${JSON.stringify([...component.interfaces])}),
  },
}`);
}

/** The source of the ES module that importing a core module gives: it is passed on by its URL. */
export function coreModule(file: string, bytes: Uint8Array, publish: Publish): string {
  return guestModule(publish(path.basename(file), bytes));
}

function guestModule(source: string): string {
  return `const source = ${source};
export default {
  instantiate: (nn, options) => nn.instantiate(source, options),
  run: (nn, options) => nn.run(source, options),
};
`;
}
