//! How components speak to wasi-nn, as far as its versions agree.

use std::error::Error;
use std::fmt;

use example::{Encoding, Output, Target, Task, TensorType};

use crate::wasi::nn::errors;
use crate::wasi::nn::graph::{ExecutionTarget, Graph, GraphEncoding, load, load_by_name};
use crate::wasi::nn::tensor::{self, Tensor};

pub fn graph(task: &Task) -> Result<Graph, errors::Error> {
    let options = &task.options;
    let graph = match &options.name {
        Some(name) => load_by_name(name)?,
        None => load(&task.builders, options.encoding.into(), options.target.into())?,
    };
    println!("loaded the model");
    Ok(graph)
}

/// The name of the input, and the tensor for it.
pub fn input(task: &Task) -> (&str, Tensor) {
    let options = &task.options;
    let name = options.input.as_deref().unwrap_or("data");
    println!("input {name}: {:?} {:?}", options.ty, options.dimensions);
    (name, Tensor::new(&options.dimensions, options.ty.into(), &task.tensor))
}

pub fn output(name: &str, tensor: &Tensor) -> Result<Output, Box<dyn Error>> {
    let data = tensor.data();
    println!("got output {name}: {:?} {:?}, {} bytes", tensor.ty(), tensor.dimensions(), data.len());
    let ty = match tensor.ty() {
        tensor::TensorType::Fp16 => TensorType::F16,
        tensor::TensorType::Fp32 => TensorType::F32,
        tensor::TensorType::U8 => TensorType::U8,
        tensor::TensorType::I32 => TensorType::I32,
        other => return Err(format!("the example does not read {other:?}").into()),
    };
    Ok(Output { ty, data })
}

impl From<Encoding> for GraphEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Openvino => Self::Openvino,
            Encoding::Onnx => Self::Onnx,
            Encoding::Tensorflow => Self::Tensorflow,
            Encoding::Pytorch => Self::Pytorch,
            Encoding::TensorflowLite => Self::Tensorflowlite,
        }
    }
}

impl From<Target> for ExecutionTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::Cpu => Self::Cpu,
            Target::Gpu => Self::Gpu,
            Target::Tpu => Self::Tpu,
        }
    }
}

impl From<TensorType> for tensor::TensorType {
    fn from(ty: TensorType) -> Self {
        match ty {
            TensorType::F16 => Self::Fp16,
            TensorType::F32 => Self::Fp32,
            TensorType::U8 => Self::U8,
            TensorType::I32 => Self::I32,
        }
    }
}

impl fmt::Display for errors::Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.code(), self.data())
    }
}

impl Error for errors::Error {}
