//! A model of the host, loaded when it is first computed.

use std::cell::OnceCell;

use crate::wasi::nn::errors::Error;
use crate::wasi::nn::graph::{Graph, load_by_name};
use crate::wasi::nn::inference::GraphExecutionContext;
use crate::wasi::nn::tensor::{Tensor, TensorType};

pub struct Model {
    pub name: String,
    loaded: OnceCell<Loaded>,
}

/// A graph and the context that it is computed in. The fields are dropped in this order.
struct Loaded {
    context: GraphExecutionContext,
    _graph: Graph,
}

impl Model {
    pub fn named(name: String) -> Self {
        Self { name, loaded: OnceCell::new() }
    }

    /// The numbers of the model's first output for a square image.
    pub fn compute(&self, pixels: &[f32]) -> Result<Vec<f32>, String> {
        let context = &self.loaded()?.context;
        let side = pixels.len().isqrt() as u32;
        let data: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        let image = Tensor::new(&[1, 1, side, side], TensorType::Fp32, &data);
        let outputs = context.compute(vec![("image".into(), image)]).map_err(text)?;
        let (_, scores) = outputs.first().ok_or("the model has no output")?;
        let data = scores.data();
        let (numbers, _) = data.as_chunks();
        Ok(numbers.iter().copied().map(f32::from_le_bytes).collect())
    }

    fn loaded(&self) -> Result<&Loaded, String> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let graph = load_by_name(&self.name).map_err(text)?;
        let context = graph.init_execution_context().map_err(text)?;
        Ok(self.loaded.get_or_init(|| Loaded { context, _graph: graph }))
    }
}

fn text(error: Error) -> String {
    error.data()
}
