//! A guest that has its inference compiled in: SqueezeNet on tract. It calls no wasi-nn.

use std::cell::RefCell;
use std::io::Cursor;
use std::slice;
use std::sync::Arc;

use tract_onnx::prelude::*;

const SHAPE: [usize; 4] = [1, 3, 224, 224];

thread_local! {
    static MODEL: RefCell<Option<Arc<TypedRunnableModel>>> = const { RefCell::new(None) };
}

/// Memory that the caller fills. It is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    // Numbers of 32 bits are read from it.
    Vec::leak(vec![0_u64; length.div_ceil(8)]).as_mut_ptr().cast()
}

/// Loads an ONNX model with one input and one output. Traps where tract cannot.
///
/// # Safety
///
/// The model lies in memory from `allocate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn load(model: *const u8, length: usize) {
    let bytes = unsafe { slice::from_raw_parts(model, length) };
    let model = optimised(bytes).expect("tract loads the model");
    MODEL.set(Some(model));
}

/// Computes so many times. Each time makes a tensor from the caller's numbers, and copies the output to the caller.
///
/// # Safety
///
/// The input and `output_length` numbers of the output lie in memory from `allocate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn compute_repeatedly(input: *const f32, output: *mut f32, output_length: usize, times: u32) {
    let input = unsafe { slice::from_raw_parts(input, SHAPE.iter().product()) };
    let output = unsafe { slice::from_raw_parts_mut(output, output_length) };
    MODEL.with_borrow(|model| {
        let model = model.as_ref().expect("a model is loaded");
        for _ in 0..times {
            compute(model, input, output).expect("tract computes");
        }
    });
}

fn optimised(bytes: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut Cursor::new(bytes))?
        .with_input_fact(0, f32::fact(SHAPE).into())?
        .into_optimized()?
        .into_runnable()
}

fn compute(model: &Arc<TypedRunnableModel>, input: &[f32], output: &mut [f32]) -> TractResult<()> {
    let outputs = model.run(tvec!(Tensor::from_shape(&SHAPE, input)?.into()))?;
    output.copy_from_slice(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?);
    Ok(())
}
