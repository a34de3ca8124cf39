//! The suite as a core module for `wasi_nn`, which WAMR had before it took the standard's layouts: lists are passed by a
//! pointer to pointer and count, tensors come without the number of their bytes, and outputs are counted in words.

use std::process::ExitCode;

use conformance::api::{Api, Encoding, Failure, Output, Target, Type, Value};
use conformance::cases;
use conformance::core_module::{at, check, encoding_number, out, written};

mod nn {
    #[link(wasm_import_module = "wasi_nn")]
    unsafe extern "C" {
        pub fn load(builders: usize, encoding: u32, target: u32, graph: usize) -> u32;
        pub fn load_by_name(name: usize, length: usize, graph: usize) -> u32;
        pub fn init_execution_context(graph: u32, context: usize) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: usize) -> u32;
        pub fn compute(context: u32) -> u32;
        pub fn get_output(context: u32, index: u32, buffer: usize, size: usize) -> u32;
    }
}

#[repr(C)]
struct List {
    elements: usize,
    count: usize,
}

#[repr(C)]
struct Tensor {
    dimensions: usize,
    ty: u8,
    data: usize,
}

struct Wamr;

impl Api for Wamr {
    type Graph = u32;
    type Context = u32;

    const HAS_NAMES: bool = false;
    const HAS_LENGTHS: bool = false;
    const TYPES: &'static [Type] = &[Type::Fp16, Type::Fp32, Type::U8, Type::I32];

    fn load(parts: &[&[u8]], encoding: Encoding, target: Target) -> Result<u32, Failure> {
        let builders: Vec<_> =
            parts.iter().map(|part| List { elements: part.as_ptr().addr(), count: part.len() }).collect();
        let array = List { elements: builders.as_ptr().addr(), count: builders.len() };
        let graph = out();
        check(unsafe { nn::load(at(&array), encoding_number(encoding), target as u32, at(&*graph)) })?;
        Ok(written(&graph))
    }

    fn load_by_name(name: &str) -> Result<u32, Failure> {
        let graph = out();
        check(unsafe { nn::load_by_name(name.as_ptr().addr(), name.len(), at(&*graph)) })?;
        Ok(written(&graph))
    }

    fn context(graph: &u32) -> Result<u32, Failure> {
        let context = out();
        check(unsafe { nn::init_execution_context(*graph, at(&*context)) })?;
        Ok(written(&context))
    }

    fn compute(context: &u32, inputs: &[(&str, &Value)], outputs: &[(&str, usize)]) -> Result<Vec<Output>, Failure> {
        for ((_, value), index) in inputs.iter().zip(0..) {
            set_input(*context, index, value)?;
        }
        check(unsafe { nn::compute(*context) })?;
        outputs.iter().zip(0..).map(|((_, length), index)| get_output(*context, index, *length)).collect()
    }
}

fn set_input(context: u32, index: u32, value: &Value) -> Result<(), Failure> {
    let shape = List { elements: value.dimensions.as_ptr().addr(), count: value.dimensions.len() };
    let ty = Wamr::TYPES.iter().zip(0..).find(|(ty, _)| **ty == value.ty).map_or(u8::MAX, |(_, number)| number);
    let tensor = Tensor { dimensions: at(&shape), ty, data: value.data.as_ptr().addr() };
    check(unsafe { nn::set_input(context, index, at(&tensor)) })
}

/// The size that the host tells is rounded up to words, so that the last of them may have bytes that mean nothing.
fn get_output(context: u32, index: u32, length: usize) -> Result<Output, Failure> {
    let mut data = vec![0xa5_u8; length.next_multiple_of(4) + 4];
    let mut size = out();
    *size = data.len() as u32 / 4;
    check(unsafe { nn::get_output(context, index, data.as_mut_ptr().addr(), at(&*size)) })?;
    let bytes = written(&size) as usize * 4;
    data.truncate(if bytes == length.next_multiple_of(4) { length } else { bytes });
    Ok(Output { name: None, ty: None, dimensions: None, data })
}

fn main() -> ExitCode {
    conformance::main(cases::all::<Wamr>())
}
