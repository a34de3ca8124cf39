//! The suite as a component for wasi-nn 0.2.0-rc-2024-08-19.

use std::process::ExitCode;

#[path = "../wit.rs"]
mod wit;
#[path = "../wit_older.rs"]
mod wit_older;

wit_bindgen::generate!({
    path: "../../wit/wasi-nn/0.2.0-rc-2024-08-19",
    world: "ml",
    generate_all,
});

fn main() -> ExitCode {
    conformance::main(wit_older::cases())
}
