/**
 * Instantiates a core module of a component, in place of `WebAssembly.instantiate`: the glue passes plain objects, of which
 * a module is to get the members alone, and nothing that they inherit.
 */
export function instantiateCore(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports = {},
): Promise<WebAssembly.Instance> {
  const own: WebAssembly.Imports = Object.create(null);
  for (const [name, members] of Object.entries(imports)) own[name] = Object.assign(Object.create(null), members);
  return WebAssembly.instantiate(module, own);
}
