;; Every function of WAMR's wasi_nn, passed on with its arguments as they come: what witx-probe is for
;; wasi_ephemeral_nn.

(import "wasi_nn" "load" (func $load (param i32 i32 i32 i32) (result i32)))
(import "wasi_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
(import "wasi_nn" "init_execution_context" (func $init_execution_context (param i32 i32) (result i32)))
(import "wasi_nn" "set_input" (func $set_input (param i32 i32 i32) (result i32)))
(import "wasi_nn" "compute" (func $compute (param i32) (result i32)))
(import "wasi_nn" "get_output" (func $get_output (param i32 i32 i32 i32) (result i32)))

(func (export "load") (param $builders i32) (param $encoding i32) (param $target i32) (param $graph i32) (result i32)
  (call $load (local.get $builders) (local.get $encoding) (local.get $target) (local.get $graph)))

(func (export "load_by_name") (param $name i32) (param $length i32) (param $graph i32) (result i32)
  (call $load_by_name (local.get $name) (local.get $length) (local.get $graph)))

(func (export "init_execution_context") (param $graph i32) (param $context i32) (result i32)
  (call $init_execution_context (local.get $graph) (local.get $context)))

(func (export "set_input") (param $context i32) (param $index i32) (param $tensor i32) (result i32)
  (call $set_input (local.get $context) (local.get $index) (local.get $tensor)))

(func (export "compute") (param $context i32) (result i32)
  (call $compute (local.get $context)))

(func (export "get_output") (param $context i32) (param $index i32) (param $buffer i32) (param $size i32) (result i32)
  (call $get_output (local.get $context) (local.get $index) (local.get $buffer) (local.get $size)))
