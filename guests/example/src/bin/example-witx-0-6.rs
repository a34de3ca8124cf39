//! The example as a core module of today: wasi-nn 0.6, to which F64 is tensor type 2, U8 is 3 and I32 is 4.

use std::process::ExitCode;

use wasi_nn_0_6 as wasi_nn;

#[path = "../witx.rs"]
mod witx;

fn main() -> ExitCode {
    example::main(|task| witx::compute(task, |builder, name| Ok(builder.build_from_cache(name)?)))
}
