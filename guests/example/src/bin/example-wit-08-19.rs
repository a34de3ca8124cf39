//! The example as a component for wasi-nn 0.2.0-rc-2024-08-19.

use std::error::Error;
use std::process::ExitCode;

use example::{Output, Task};

#[path = "../wit.rs"]
mod wit;

wit_bindgen::generate!({
    path: "../../wit/wasi-nn/0.2.0-rc-2024-08-19",
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
    context.set_input(input, tensor)?;
    context.compute()?;
    println!("computed");

    let output = task.options.output.as_deref().unwrap_or("squeezenet0_flatten0_reshape0");
    wit::output(output, &context.get_output(output)?)
}
