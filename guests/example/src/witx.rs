//! How core modules speak to wasi-nn: the crate `wasi-nn`, of which each program has its own version.

use std::error::Error;

use example::{Encoding, Output, Target, Task, TensorType, number};

use crate::wasi_nn::{self, ExecutionTarget, Graph, GraphBuilder, GraphEncoding};

/// Loading by name is what the versions of the crate differ in.
pub type LoadByName = fn(GraphBuilder, &str) -> Result<Graph, Box<dyn Error>>;

pub fn compute(task: &Task, load_by_name: LoadByName) -> Result<Output, Box<dyn Error>> {
    let options = &task.options;
    let builder = GraphBuilder::new(encoding(options.encoding), target(options.target));
    let graph = match &options.name {
        Some(name) => load_by_name(builder, name)?,
        None => builder.build_from_bytes(&task.builders)?,
    };
    println!("loaded the model: {graph}");

    let mut context = graph.init_execution_context()?;
    println!("made a context: {context}");

    let input = number(options.input.as_deref().unwrap_or("0"))?;
    let dimensions: Vec<_> = options.dimensions.iter().map(|&length| length as usize).collect();
    context.set_input(input, tensor_type(options.ty), &dimensions, &task.tensor)?;
    println!("set input {input}: {:?} {dimensions:?}", options.ty);

    context.compute()?;
    println!("computed");

    let output = number(options.output.as_deref().unwrap_or("0"))?;
    let mut data = vec![0u8; options.output_bytes];
    let written = context.get_output(output, &mut data)?;
    println!("got output {output}: {written} bytes");
    data.truncate(written);
    Ok(Output { ty: options.output_type, data })
}

fn encoding(encoding: Encoding) -> GraphEncoding {
    match encoding {
        Encoding::Openvino => GraphEncoding::Openvino,
        Encoding::Onnx => GraphEncoding::Onnx,
        Encoding::Tensorflow => GraphEncoding::Tensorflow,
        Encoding::Pytorch => GraphEncoding::Pytorch,
        Encoding::TensorflowLite => GraphEncoding::TensorflowLite,
    }
}

fn target(target: Target) -> ExecutionTarget {
    match target {
        Target::Cpu => ExecutionTarget::CPU,
        Target::Gpu => ExecutionTarget::GPU,
        Target::Tpu => ExecutionTarget::TPU,
    }
}

fn tensor_type(ty: TensorType) -> wasi_nn::TensorType {
    match ty {
        TensorType::F16 => wasi_nn::TensorType::F16,
        TensorType::F32 => wasi_nn::TensorType::F32,
        TensorType::U8 => wasi_nn::TensorType::U8,
        TensorType::I32 => wasi_nn::TensorType::I32,
    }
}
