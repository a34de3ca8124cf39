;; Every function of wasi_ephemeral_nn, WasmEdge's among them, passed on with its arguments as they come: what the tests
;; reach a host with as a core module would. Its memory is that of memory.wat; without that file it has none.

(import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "load_by_name_with_config"
  (func $load_by_name_with_config (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "init_execution_context" (func $init_execution_context (param i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "set_input" (func $set_input (param i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
(import "wasi_ephemeral_nn" "get_output" (func $get_output (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "compute_single" (func $compute_single (param i32) (result i32)))
(import "wasi_ephemeral_nn" "get_output_single" (func $get_output_single (param i32 i32 i32 i32 i32) (result i32)))
(import "wasi_ephemeral_nn" "fini_single" (func $fini_single (param i32) (result i32)))
(import "wasi_ephemeral_nn" "finalize_execution_context"
  (func $finalize_execution_context (param i32) (result i32)))
(import "wasi_ephemeral_nn" "unload" (func $unload (param i32) (result i32)))

(func (export "load")
  (param $builders i32) (param $count i32) (param $encoding i32) (param $target i32) (param $graph i32) (result i32)
  (call $load
    (local.get $builders) (local.get $count) (local.get $encoding) (local.get $target) (local.get $graph)))

(func (export "load_by_name") (param $name i32) (param $length i32) (param $graph i32) (result i32)
  (call $load_by_name (local.get $name) (local.get $length) (local.get $graph)))

(func (export "load_by_name_with_config")
  (param $name i32) (param $length i32) (param $config i32) (param $config_length i32) (param $graph i32) (result i32)
  (call $load_by_name_with_config
    (local.get $name) (local.get $length) (local.get $config) (local.get $config_length) (local.get $graph)))

(func (export "init_execution_context") (param $graph i32) (param $context i32) (result i32)
  (call $init_execution_context (local.get $graph) (local.get $context)))

(func (export "set_input") (param $context i32) (param $index i32) (param $tensor i32) (result i32)
  (call $set_input (local.get $context) (local.get $index) (local.get $tensor)))

(func (export "compute") (param $context i32) (result i32)
  (call $compute (local.get $context)))

(func (export "get_output")
  (param $context i32) (param $index i32) (param $buffer i32) (param $room i32) (param $written i32) (result i32)
  (call $get_output
    (local.get $context) (local.get $index) (local.get $buffer) (local.get $room) (local.get $written)))

(func (export "compute_single") (param $context i32) (result i32)
  (call $compute_single (local.get $context)))

(func (export "get_output_single")
  (param $context i32) (param $index i32) (param $buffer i32) (param $room i32) (param $written i32) (result i32)
  (call $get_output_single
    (local.get $context) (local.get $index) (local.get $buffer) (local.get $room) (local.get $written)))

(func (export "fini_single") (param $context i32) (result i32)
  (call $fini_single (local.get $context)))

(func (export "finalize_execution_context") (param $context i32) (result i32)
  (call $finalize_execution_context (local.get $context)))

(func (export "unload") (param $graph i32) (result i32)
  (call $unload (local.get $graph)))

;; Sets the first input, computes and gets the first output, many times: what benchmarks measure. Stops at an error.
(func (export "compute_repeatedly")
  (param $context i32) (param $tensor i32) (param $buffer i32) (param $room i32) (param $written i32) (param $times i32)
  (result i32)
  (local $errno i32)
  (loop $again
    (local.set $errno (call $set_input (local.get $context) (i32.const 0) (local.get $tensor)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $errno (call $compute (local.get $context)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $errno
      (call $get_output
        (local.get $context) (i32.const 0) (local.get $buffer) (local.get $room) (local.get $written)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $times (i32.sub (local.get $times) (i32.const 1)))
    (br_if $again (local.get $times)))
  (i32.const 0))

;; Generates so many tokens and reads each, as a program does that prints them; ends early with the errno of what fails.
(func (export "compute_single_repeatedly")
  (param $context i32) (param $buffer i32) (param $room i32) (param $written i32) (param $times i32)
  (result i32)
  (local $errno i32)
  (loop $again
    (local.set $errno (call $compute_single (local.get $context)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $errno
      (call $get_output_single
        (local.get $context) (i32.const 0) (local.get $buffer) (local.get $room) (local.get $written)))
    (if (local.get $errno) (then (return (local.get $errno))))
    (local.set $times (i32.sub (local.get $times) (i32.const 1)))
    (br_if $again (local.get $times)))
  (i32.const 0))
