//! The suite as a component for wasi-nn 0.2.0-rc-2024-06-25.

use std::process::ExitCode;

use conformance::{Case, Check};

use crate::wasi::nn::errors::{Error, ErrorCode};

#[path = "../wit.rs"]
mod wit;
#[path = "../wit_older.rs"]
mod wit_older;

wit_bindgen::generate!({
    path: "../../wit/wasi-nn/0.2.0-rc-2024-06-25",
    world: "ml",
    generate_all,
});

fn main() -> ExitCode {
    let mut cases = wit_older::cases();
    // Only this version lets a guest make an error.
    for (id, code) in [
        ("invalid-argument", ErrorCode::InvalidArgument),
        ("invalid-encoding", ErrorCode::InvalidEncoding),
        ("timeout", ErrorCode::Timeout),
        ("runtime-error", ErrorCode::RuntimeError),
        ("unsupported-operation", ErrorCode::UnsupportedOperation),
        ("too-large", ErrorCode::TooLarge),
        ("not-found", ErrorCode::NotFound),
        ("security", ErrorCode::Security),
        ("unknown", ErrorCode::Unknown),
    ] {
        cases.push(Case::once(format!("errors/made/{id}"), move || made(code)));
    }
    conformance::main(cases)
}

fn made(code: ErrorCode) -> Check {
    let error = Error::new(code, "größe");
    if error.code() == code && error.data() == "größe" {
        return Ok(());
    }
    Err(format!("{:?} {:?}", error.code(), error.data()))
}
