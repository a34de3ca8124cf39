//! The example as a core module of the first days: wasi-nn 0.4, to which U8 is tensor type 2 and I32 is 3.

use std::process::ExitCode;

use wasi_nn_0_4 as wasi_nn;

#[path = "../witx.rs"]
mod witx;

fn main() -> ExitCode {
    example::main(|task| witx::compute(task, |_, _| Err("wasi-nn 0.4 cannot load by name".into())))
}
