//! The example of the article that introduced wasi-nn, "Machine Learning in WebAssembly: Using wasi-nn in Wasmtime":
//! classifies an image and prints the five best classes. Here is what is the same for every wasi-nn ABI; how each is
//! spoken to is in src/bin/.

mod options;
mod ranking;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

pub use options::{Encoding, Options, Target, TensorType, number};

/// What is to be done, all files read.
pub struct Task {
    pub options: Options,
    /// The model, empty where it is loaded by its name.
    pub builders: Vec<Vec<u8>>,
    pub tensor: Vec<u8>,
}

/// The output of the model, as it came.
pub struct Output {
    pub ty: TensorType,
    pub data: Vec<u8>,
}

/// Runs the program, which asks wasi-nn through `compute`.
pub fn main(compute: fn(&Task) -> Result<Output, Box<dyn Error>>) -> ExitCode {
    match run(compute) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(compute: fn(&Task) -> Result<Output, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let task = prepare(Options::parse(std::env::args().skip(1))?)?;
    let output = compute(&task)?;
    let scores = ranking::scores(&output)?;
    println!("{} scores; the best:", scores.len());
    for (rank, (class, score)) in (1..).zip(ranking::best(&scores)) {
        println!("{rank}.) [{class}]({score})");
    }
    Ok(())
}

fn prepare(options: Options) -> Result<Task, Box<dyn Error>> {
    let builders = match &options.name {
        Some(_) => Vec::new(),
        None => options.models.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
    };
    let tensor = read(&options.tensor)?;
    Ok(Task { options, builders, tensor })
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    println!("read {path}: {} bytes", bytes.len());
    Ok(bytes)
}
