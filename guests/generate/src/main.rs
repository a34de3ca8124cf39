//! Has a language model write a text. It speaks `wasi_ephemeral_nn` with WasmEdge's additions.
//!
//! `generate MODEL PROMPT [SETTINGS]`: the name of the model, the beginning of the text, and settings as JSON. With the setting
//! `stream-stdout` the host prints each token as it comes. Otherwise the guest prints the whole text.

mod text_model;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use text_model::TextModel;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(prompt)) = (arguments.next(), arguments.next()) else {
        return Err("expected the arguments MODEL PROMPT [SETTINGS]".into());
    };
    let settings = arguments.next().unwrap_or_else(|| "{}".into());
    let model = TextModel::load(&model, &settings)?;
    model.set_prompt(&prompt)?;
    model.write()?;
    if !settings.contains("stream-stdout") {
        io::stdout().write_all(&model.text()?)?;
    }
    Ok(())
}
