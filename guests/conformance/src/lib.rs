//! The cases, for every ABI, and the report of them in the Test Anything Protocol.

pub mod api;
pub mod cases;
pub mod core_module;
pub mod tensors;

use std::process::ExitCode;

use api::{Code, Target};

/// What a program was told.
pub struct Options {
    /// The execution target that graphs are loaded for.
    pub target: Target,
    /// Features that the host lacks: their cases are skipped.
    pub without: Vec<String>,
    /// The beginning of the ids of the cases to perform.
    only: String,
    /// The ids of the cases to perform. Empty for all.
    cases: Vec<String>,
    /// Whether cases are listed, not performed.
    list: bool,
}

pub enum Outcome {
    Passed,
    /// Why the case means nothing here.
    Skipped(&'static str),
    Failed(String),
}

pub type Check = Result<(), String>;

/// Whose rule it is that a fault is answered with a certain error.
#[derive(Clone, Copy)]
pub enum DefinedBy {
    /// The standard: its text gives the error code this meaning.
    Standard,
    /// WasmEdge, for the functions that it adds.
    Wasmedge,
    /// This suite: the standard leaves the error code open, or says nothing of the fault.
    Suite,
}

/// The error that a case provokes.
#[derive(Clone, Copy)]
pub struct ExpectedError {
    pub code: Code,
    pub defined_by: DefinedBy,
}

#[must_use]
pub fn standard(code: Code) -> ExpectedError {
    ExpectedError { code, defined_by: DefinedBy::Standard }
}

#[must_use]
pub fn ours(code: Code) -> ExpectedError {
    ExpectedError { code, defined_by: DefinedBy::Suite }
}

#[must_use]
pub fn wasmedge(code: Code) -> ExpectedError {
    ExpectedError { code, defined_by: DefinedBy::Wasmedge }
}

/// One case. Its feature is the first part of its id: `echo/FP32/rank-2/odd` is of the feature `echo`.
pub struct Case {
    pub id: String,
    /// The names that it loads graphs by. `{target}` in one stands for the execution target.
    models: Vec<String>,
    files: Vec<String>,
    error: Option<ExpectedError>,
    /// Whether it is performed for every execution target.
    each_target: bool,
    run: Box<dyn Fn(&Options) -> Check>,
}

impl Case {
    /// A case that is performed for every execution target.
    pub fn new(id: impl Into<String>, run: impl Fn(&Options) -> Check + 'static) -> Self {
        Self {
            id: id.into(),
            models: Vec::new(),
            files: Vec::new(),
            error: None,
            each_target: true,
            run: Box::new(run),
        }
    }

    /// A case that has nothing to do with devices, so that it is run for one target only.
    pub fn once(id: impl Into<String>, run: impl Fn() -> Check + 'static) -> Self {
        Self { each_target: false, ..Self::new(id, move |_| run()) }
    }

    /// A case that provokes an error. It must compare what comes with the code that it is given.
    pub fn refused(id: impl Into<String>, error: ExpectedError, run: impl Fn(Code) -> Check + 'static) -> Self {
        Self { error: Some(error), ..Self::once(id, move || run(error.code)) }
    }

    /// Says which model of the host's the case loads by its name.
    #[must_use]
    pub fn loads(mut self, name: impl Into<String>) -> Self {
        self.models.push(name.into());
        self
    }

    /// Says which file the case reads.
    #[must_use]
    pub fn reads(mut self, path: impl Into<String>) -> Self {
        self.files.push(path.into());
        self
    }

    fn feature(&self) -> &str {
        self.id.split('/').next().unwrap_or(&self.id)
    }

    fn perform(&self, options: &Options) -> Outcome {
        if options.without.iter().any(|feature| feature == self.feature()) {
            return Outcome::Skipped("the host lacks this feature");
        }
        if !self.each_target && options.target != Target::Cpu {
            return Outcome::Skipped("the same for every target");
        }
        (self.run)(options).map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }

    /// What the case is, as a line of JSON. Its names and paths are ASCII, which Rust quotes as JSON does.
    fn describe(&self) -> String {
        let Self { id, models, files, each_target, .. } = self;
        let error = self.error.map_or("null".to_owned(), |ExpectedError { code, defined_by }| {
            format!("{{\"code\":{:?},\"definedBy\":{:?}}}", code.name(), defined_by.name())
        });
        format!(
            "{{\"id\":{id:?},\"models\":{models:?},\"files\":{files:?},\"eachTarget\":{each_target},\"error\":{error}}}"
        )
    }
}

impl DefinedBy {
    fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Wasmedge => "wasmedge",
            Self::Suite => "suite",
        }
    }
}

/// Performs cases, and reports them on standard output.
///
/// Arguments: `--target cpu|gpu|tpu`, `--without FEATURE` (may be repeated), `--only PREFIX` of ids, `--case ID` (may be
/// repeated), and `--list`, which lists the cases in place of performing them.
pub fn main(mut cases: Vec<Case>) -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(reason) => {
            eprintln!("error: {reason}");
            return ExitCode::FAILURE;
        }
    };
    let is_named = |id: &String| options.cases.is_empty() || options.cases.contains(id);
    cases.retain(|case| case.id.starts_with(&options.only) && is_named(&case.id));
    if options.list {
        cases.iter().for_each(|case| println!("{}", case.describe()));
        return ExitCode::SUCCESS;
    }
    println!("TAP version 13\n1..{}", cases.len());
    let failed = cases.iter().zip(1..).filter(|(case, number)| !report(case, *number, &options)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// @returns whether it did not fail
fn report(case: &Case, number: usize, options: &Options) -> bool {
    let id = &case.id;
    match case.perform(options) {
        Outcome::Passed => println!("ok {number} - {id}"),
        Outcome::Skipped(reason) => println!("ok {number} - {id} # SKIP {reason}"),
        Outcome::Failed(reason) => {
            println!("not ok {number} - {id}\n  ---\n  message: {reason:?}\n  ...");
            return false;
        }
    }
    true
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options =
        Options { target: Target::Cpu, without: Vec::new(), only: String::new(), cases: Vec::new(), list: false };
    while let Some(name) = arguments.next() {
        if name == "--list" {
            options.list = true;
            continue;
        }
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--target" => options.target = Target::parse(&value).ok_or(format!("there is no target {value}"))?,
            "--without" => options.without.push(value),
            "--only" => options.only = value,
            "--case" => options.cases.push(value),
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(options)
}
