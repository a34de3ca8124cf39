//! A guest that classifies images: it makes a model's input from an image, has the host compute, and ranks the scores.

mod arguments;
mod graphs;
mod image;
mod input;
mod probabilities;

use wasi::nn::errors::Error;
use wasi::nn::tensor::{Tensor, TensorType};

wit_bindgen::generate!({
    path: ["../../wit/wasi-nn/0.2.0-rc-2024-10-28", "../../wit/guests/classify"],
    world: "wasi-nn-web:classify/classify",
    generate_all,
});

struct Classify;

export!(Classify);

impl Guest for Classify {
    fn classify(image: Image, model: Model, top: u32) -> Result<Vec<Guess>, Failure> {
        arguments::check(&image, &model)?;
        let outputs = graphs::kept(&model.name)?.compute(&model, input::tensor(&image, &model))?;
        let mut scores = scores(&outputs)?;
        if model.softmax {
            probabilities::softmax(&mut scores);
        }
        probabilities::top(&scores, top)
    }
}

/// The numbers of the model's first output, whatever its shape.
fn scores(outputs: &[(String, Tensor)]) -> Result<Vec<f32>, Failure> {
    let (name, tensor) = outputs
        .first()
        .ok_or_else(|| Failure::invalid("the model has no output; one with a score for each class is needed".into()))?;
    if tensor.ty() != TensorType::Fp32 {
        let text = format!("the scores must be FP32; the output \"{name}\" is {:?}", tensor.ty());
        return Err(Failure::invalid(text));
    }
    let data = tensor.data();
    let (numbers, []) = data.as_chunks() else {
        let text = format!("FP32 takes 4 bytes a score; the output \"{name}\" has {} bytes", data.len());
        return Err(Failure::invalid(text));
    };
    Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
}

impl Failure {
    /// The caller passed something that does not fit, or chose a model that does not.
    fn invalid(text: String) -> Self {
        Self { code: ErrorCode::InvalidArgument, text }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code(), text: error.data() }
    }
}
