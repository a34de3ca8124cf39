//! wasi-nn as components have it, as far as its versions agree.

use conformance::api::{Code, Encoding, Failure, Target, Type, Value};
use conformance::{Case, Check, standard};

use crate::wasi::nn::errors::{Error, ErrorCode};
use crate::wasi::nn::graph::{
    ExecutionTarget, Graph, GraphEncoding, load as load_graph, load_by_name as load_graph_by_name,
};
use crate::wasi::nn::tensor::{Tensor, TensorType};

pub fn load(parts: &[&[u8]], encoding: Encoding, target: Target) -> Result<Graph, Failure> {
    let builders: Vec<_> = parts.iter().map(|part| part.to_vec()).collect();
    Ok(load_graph(&builders, encoding.into(), target.into())?)
}

pub fn load_by_name(name: &str) -> Result<Graph, Failure> {
    Ok(load_graph_by_name(name)?)
}

pub fn tensor(value: &Value) -> Tensor {
    Tensor::new(&value.dimensions, value.ty.into(), &value.data)
}

pub fn value(tensor: &Tensor) -> Value {
    Value { ty: tensor.ty().into(), dimensions: tensor.dimensions(), data: tensor.data() }
}

/// Cases that only components have: tensors are resources.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in Type::ALL {
        for shape in conformance::tensors::small_shapes() {
            cases.push(Case::once(format!("tensor/{}/{}", ty.name(), shape.name), move || {
                round_trip(&Value::patterned(ty, &shape.dimensions, 9))
            }));
        }
        let large = conformance::tensors::mebibyte_shapes(ty).remove(1);
        cases.push(Case::once(format!("tensor/{}/{}", ty.name(), large.name), move || {
            round_trip(&Value::patterned(ty, &large.dimensions, 9))
        }));
    }
    cases.push(Case::once("tensor/read-many-times", || {
        let value = Value::patterned(Type::Fp32, &[2, 3], 9);
        let tensor = tensor(&value);
        (0..100).try_for_each(|_| same(&tensor, &value))
    }));
    cases.push(Case::once("tensor/many-at-once", || {
        let values: Vec<_> = (0..500).map(|seed| Value::patterned(Type::U8, &[seed % 7], seed)).collect();
        let tensors: Vec<_> = values.iter().map(tensor).collect();
        tensors.iter().zip(&values).try_for_each(|(tensor, value)| same(tensor, value))
    }));
    cases.push(Case::once("tensor/wrong-length-is-kept", || {
        same(
            &tensor(&Value { ty: Type::Fp32, dimensions: vec![9], data: vec![1, 2, 3] }),
            &Value { ty: Type::Fp32, dimensions: vec![9], data: vec![1, 2, 3] },
        )
    }));
    let not_found = standard(Code::NotFound);
    cases.push(Case::refused("errors/text-names-what-was-asked-for", not_found, |_| {
        match load_graph_by_name("a model of no one") {
            Ok(_) => Err("it succeeded".into()),
            Err(error) if error.data().contains("a model of no one") => Ok(()),
            Err(error) => Err(error.data()),
        }
    }));
    cases.push(Case::refused("errors/read-many-times", not_found, |_| match load_graph_by_name("nobody") {
        Ok(_) => Err("it succeeded".into()),
        Err(error) => {
            let first = error.data();
            let same = (0..10).all(|_| error.data() == first && error.code() == ErrorCode::NotFound);
            if same { Ok(()) } else { Err("the error changed".into()) }
        }
    }));
    cases
}

fn round_trip(expected: &Value) -> Check {
    same(&tensor(expected), expected)
}

fn same(tensor: &Tensor, expected: &Value) -> Check {
    if value(tensor) == *expected { Ok(()) } else { Err("the tensor is another than it was made as".into()) }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.code() {
            ErrorCode::InvalidArgument => Code::InvalidArgument,
            ErrorCode::InvalidEncoding => Code::InvalidEncoding,
            ErrorCode::RuntimeError => Code::RuntimeError,
            ErrorCode::UnsupportedOperation => Code::UnsupportedOperation,
            ErrorCode::TooLarge => Code::TooLarge,
            ErrorCode::NotFound => Code::NotFound,
            _ => Code::Other,
        };
        Self { code, text: Some(error.data()) }
    }
}

impl From<Encoding> for GraphEncoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Openvino => Self::Openvino,
            Encoding::Onnx => Self::Onnx,
            Encoding::Tensorflow => Self::Tensorflow,
            Encoding::Pytorch => Self::Pytorch,
            Encoding::Tensorflowlite => Self::Tensorflowlite,
            Encoding::Autodetect => Self::Autodetect,
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

impl From<Type> for TensorType {
    fn from(ty: Type) -> Self {
        match ty {
            Type::Fp16 => Self::Fp16,
            Type::Fp32 => Self::Fp32,
            Type::Fp64 => Self::Fp64,
            Type::Bf16 => Self::Bf16,
            Type::U8 => Self::U8,
            Type::I32 => Self::I32,
            Type::I64 => Self::I64,
        }
    }
}

impl From<TensorType> for Type {
    fn from(ty: TensorType) -> Self {
        match ty {
            TensorType::Fp16 => Self::Fp16,
            TensorType::Fp32 => Self::Fp32,
            TensorType::Fp64 => Self::Fp64,
            TensorType::Bf16 => Self::Bf16,
            TensorType::U8 => Self::U8,
            TensorType::I32 => Self::I32,
            TensorType::I64 => Self::I64,
        }
    }
}
