//! The cases, for every ABI, and the report of them in the Test Anything Protocol.

pub mod api;
pub mod cases;
pub mod core_module;
pub mod tensors;

use std::process::ExitCode;

use api::Target;

/// What a program was told.
pub struct Options {
    /// The execution target that graphs are loaded for.
    pub target: Target,
    /// Features that the host lacks: their cases are skipped.
    pub without: Vec<String>,
}

pub enum Outcome {
    Passed,
    /// Why the case means nothing here.
    Skipped(&'static str),
    Failed(String),
}

pub type Check = Result<(), String>;

/// One case. Its feature is the first part of its id: `echo/FP32/rank-2/odd` is of the feature `echo`.
pub struct Case {
    pub id: String,
    run: Box<dyn Fn(&Options) -> Outcome>,
}

impl Case {
    pub fn new(id: impl Into<String>, run: impl Fn(&Options) -> Check + 'static) -> Self {
        Self {
            id: id.into(),
            run: Box::new(move |options| match run(options) {
                Ok(()) => Outcome::Passed,
                Err(reason) => Outcome::Failed(reason),
            }),
        }
    }

    /// A case that has nothing to do with devices, so that it is run for one target only.
    pub fn once(id: impl Into<String>, run: impl Fn() -> Check + 'static) -> Self {
        Self {
            id: id.into(),
            run: Box::new(move |options| match options.target {
                Target::Cpu => run().map_or_else(Outcome::Failed, |()| Outcome::Passed),
                _ => Outcome::Skipped("the same for every target"),
            }),
        }
    }

    fn feature(&self) -> &str {
        self.id.split('/').next().unwrap_or(&self.id)
    }
}

/// Performs cases, and reports them on standard output.
///
/// Arguments: `--target cpu|gpu|tpu`, `--without FEATURE` (may be repeated), `--only PREFIX` of ids.
pub fn main(mut cases: Vec<Case>) -> ExitCode {
    let (options, only) = match parse(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(reason) => {
            eprintln!("error: {reason}");
            return ExitCode::FAILURE;
        }
    };
    cases.retain(|case| case.id.starts_with(&only));
    println!("TAP version 13\n1..{}", cases.len());
    let failed = cases.iter().zip(1..).filter(|(case, number)| !report(case, *number, &options)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// @returns whether it did not fail
fn report(case: &Case, number: usize, options: &Options) -> bool {
    let id = &case.id;
    let is_missing = options.without.iter().any(|feature| feature == case.feature());
    let outcome = if is_missing { Outcome::Skipped("the host lacks this feature") } else { (case.run)(options) };
    match outcome {
        Outcome::Passed => println!("ok {number} - {id}"),
        Outcome::Skipped(reason) => println!("ok {number} - {id} # SKIP {reason}"),
        Outcome::Failed(reason) => {
            println!("not ok {number} - {id}\n  ---\n  message: {reason:?}\n  ...");
            return false;
        }
    }
    true
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Options, String), String> {
    let mut options = Options { target: Target::Cpu, without: Vec::new() };
    let mut only = String::new();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--target" => options.target = Target::parse(&value).ok_or(format!("there is no target {value}"))?,
            "--without" => options.without.push(value),
            "--only" => only = value,
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok((options, only))
}
