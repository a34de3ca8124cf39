/** The functions of the ABI for core modules, WasmEdge's among them, with the number of their arguments. */
export const coreModuleArities = {
  load: 5,
  load_by_name: 3,
  init_execution_context: 2,
  set_input: 3,
  compute: 1,
  get_output: 5,
  load_by_name_with_config: 5,
  unload: 1,
  finalize_execution_context: 1,
  compute_single: 1,
  get_output_single: 5,
  fini_single: 1,
} as const;
