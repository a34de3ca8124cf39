/**
 * A component that asks the server of a page for something, by `wasi:http`, when its function `run` is called.
 *
 * @param authority `127.0.0.1:8080`
 */
export function networkComponent(authority: string, path: string): string {
  return `(component
  (import "wasi:http/types@0.2.3" (instance $types
    (export "fields" (type (sub resource)))
    (export "outgoing-request" (type (sub resource)))
    (export "request-options" (type (sub resource)))
    (export "future-incoming-response" (type (sub resource)))
    (type (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type (eq 4)))
    (export "[constructor]fields" (func (result (own 0))))
    (export "[constructor]outgoing-request" (func (param "headers" (own 0)) (result (own 1))))
    (export "[method]outgoing-request.set-scheme"
      (func (param "self" (borrow 1)) (param "scheme" (option 5)) (result (result))))
    (export "[method]outgoing-request.set-authority"
      (func (param "self" (borrow 1)) (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.set-path-with-query"
      (func (param "self" (borrow 1)) (param "path-with-query" (option string)) (result (result))))))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "request-options" (type $options))
  (alias export $types "future-incoming-response" (type $future))
  (import "wasi:http/outgoing-handler@0.2.3" (instance $handler
    (alias outer 1 $request (type $r)) (export "outgoing-request" (type (eq $r)))
    (alias outer 1 $options (type $o)) (export "request-options" (type (eq $o)))
    (alias outer 1 $future (type $f)) (export "future-incoming-response" (type (eq $f)))
    (export "handle" (func (param "request" (own 1)) (param "options" (option (own 3))) (result (result (own 5)))))))
  (core module $storage
    (memory (export "memory") 1)
    (data (i32.const 64) "${authority}")
    (data (i32.const 256) "${path}"))
  (core instance $storage (instantiate $storage))
  (alias core export $storage "memory" (core memory $memory))
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $request (canon lower (func $types "[constructor]outgoing-request")))
  (core func $scheme (canon lower (func $types "[method]outgoing-request.set-scheme") (memory $memory)))
  (core func $authority (canon lower (func $types "[method]outgoing-request.set-authority") (memory $memory)))
  (core func $path (canon lower (func $types "[method]outgoing-request.set-path-with-query") (memory $memory)))
  (core func $handle (canon lower (func $handler "handle") (memory $memory)))
  (core module $main
    (import "http" "fields" (func $fields (result i32)))
    (import "http" "request" (func $request (param i32) (result i32)))
    (import "http" "scheme" (func $scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "http" "authority" (func $authority (param i32 i32 i32 i32) (result i32)))
    (import "http" "path" (func $path (param i32 i32 i32 i32) (result i32)))
    (import "http" "handle" (func $handle (param i32 i32 i32 i32)))
    (func (export "run") (local $sent i32)
      (local.set $sent (call $request (call $fields)))
      (drop (call $scheme (local.get $sent) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $authority (local.get $sent) (i32.const 1) (i32.const 64) (i32.const ${authority.length})))
      (drop (call $path (local.get $sent) (i32.const 1) (i32.const 256) (i32.const ${path.length})))
      (call $handle (local.get $sent) (i32.const 0) (i32.const 0) (i32.const 1024))))
  (core instance $main (instantiate $main (with "http" (instance
    (export "fields" (func $fields)) (export "request" (func $request)) (export "scheme" (func $scheme))
    (export "authority" (func $authority)) (export "path" (func $path)) (export "handle" (func $handle))))))
  (func (export "run") (canon lift (core func $main "run"))))`;
}

/**
 * A component that imports a function of an interface, and calls it when its function `run` is called.
 *
 * @param interfaceName `wasi:io/poll@0.2.3`
 */
export function importingComponent(interfaceName: string, functionName: string): string {
  return `(component
  (import "${interfaceName}" (instance $imported (export "${functionName}" (func (result u32)))))
  (core func $call (canon lower (func $imported "${functionName}")))
  (core module $main
    (import "host" "call" (func $call (result i32)))
    (func (export "run") (result i32) (call $call)))
  (core instance $main (instantiate $main (with "host" (instance (export "call" (func $call))))))
  (func (export "run") (result u32) (canon lift (core func $main "run"))))`;
}
