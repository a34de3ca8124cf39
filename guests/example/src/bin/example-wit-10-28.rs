//! The example as a component for wasi-nn 0.2.0-rc-2024-10-28.

use std::error::Error;
use std::process::ExitCode;

use example::{Output, Task};

#[path = "../wit.rs"]
mod wit;

wit_bindgen::generate!({
    path: "../../wit/wasi-nn/0.2.0-rc-2024-10-28",
    world: "ml",
    generate_all,
});

fn main() -> ExitCode {
    example::main(compute)
}

fn compute(task: &Task) -> Result<Output, Box<dyn Error>> {
    let graph = wit::graph(task)?;
    let context = graph.init_execution_context()?;
    println!("made a context");

    let (input, tensor) = wit::input(task);
    let outputs = context.compute(vec![(input.to_owned(), tensor)])?;
    println!("computed");

    let wanted = task.options.output.as_deref();
    let (name, tensor) = outputs
        .iter()
        .find(|(name, _)| wanted.is_none_or(|wanted| name == wanted))
        .ok_or("the model has no such output")?;
    wit::output(name, tensor)
}
