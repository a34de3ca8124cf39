;; The memory of a probe, which its caller fills. The probe itself uses none of it.

(memory (export "memory") 1)

;; Where the next room begins, always a multiple of 8. Never 0, which is how allocate says that it cannot.
(global $end (mut i32) (i32.const 8))

;; Answers with the address of that many bytes, a multiple of 8, or with 0. Nothing is ever freed.
(func (export "allocate") (param $size i32) (result i32)
  (local $start i32)
  (local $next i64)
  (local $missing i64)
  (local.set $start (global.get $end))
  ;; 64 bits: the sum may be more than an address can be.
  (local.set $next
    (i64.and
      (i64.add (i64.extend_i32_u (local.get $start)) (i64.add (i64.extend_i32_u (local.get $size)) (i64.const 7)))
      (i64.const -8)))
  (if (i64.ge_u (local.get $next) (i64.const 0x1_0000_0000)) (then (return (i32.const 0))))
  (local.set $missing
    (i64.sub
      (i64.shr_u (i64.add (local.get $next) (i64.const 0xffff)) (i64.const 16))
      (i64.extend_i32_u (memory.size))))
  (if (i64.gt_s (local.get $missing) (i64.const 0))
    (then
      (if (i32.eq (memory.grow (i32.wrap_i64 (local.get $missing))) (i32.const -1))
        (then (return (i32.const 0))))))
  (global.set $end (i32.wrap_i64 (local.get $next)))
  (local.get $start))

;; Grows the memory by that many pages. Answers with the number that it had, or with -1.
(func (export "grow") (param $pages i32) (result i32)
  (memory.grow (local.get $pages)))
