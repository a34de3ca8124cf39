//! A guest that passes everything on to the host unchanged and reports what came back.

use std::cell::OnceCell;
use std::rc::Rc;

use numbered::Numbered;
use wasi::nn::errors::Error;
use wasi::nn::graph::{self, Graph};
use wasi::nn::inference::GraphExecutionContext;
use wasi::nn::tensor::Tensor;

wit_bindgen::generate!({
    path: ["../../wit/wasi-nn/0.2.0-rc-2024-10-28", "../../wit/guests/probe"],
    world: "wasi-nn-web:probe/probe",
    generate_all,
});

thread_local! {
    static GRAPHS: Numbered<Loaded> = const { Numbered::new() };
    static CONTEXTS: Numbered<GraphExecutionContext> = const { Numbered::new() };
}

/// A graph and the context kept for it. The fields are dropped in this order.
struct Loaded {
    kept: OnceCell<GraphExecutionContext>,
    graph: Graph,
}

struct Probe;

export!(Probe);

impl Guest for Probe {
    fn load(builders: Vec<Vec<u8>>, encoding: GraphEncoding, target: ExecutionTarget) -> Result<GraphNumber, Failure> {
        Ok(keep(graph::load(&builders, encoding, target)?))
    }

    fn load_by_name(name: String) -> Result<GraphNumber, Failure> {
        Ok(keep(graph::load_by_name(&name)?))
    }

    fn compute(number: GraphNumber, inputs: Vec<PlainTensor>, keep_context: bool) -> Result<Vec<PlainTensor>, Failure> {
        let loaded = loaded(number)?;
        if keep_context {
            return compute(loaded.kept_context()?, inputs);
        }
        compute(&loaded.graph.init_execution_context()?, inputs)
    }

    fn unload(number: GraphNumber) {
        drop(GRAPHS.with(|graphs| graphs.take(number)));
    }

    fn init_context(number: GraphNumber) -> Result<ContextNumber, Failure> {
        let context = loaded(number)?.graph.init_execution_context()?;
        Ok(CONTEXTS.with(|contexts| contexts.keep(context)))
    }

    fn compute_in(number: ContextNumber, inputs: Vec<PlainTensor>) -> Result<Vec<PlainTensor>, Failure> {
        let context =
            CONTEXTS.with(|contexts| contexts.get(number)).ok_or_else(|| Failure::unknown("context", number))?;
        compute(&context, inputs)
    }

    fn compute_repeatedly(number: ContextNumber, inputs: Vec<PlainTensor>, times: u32) -> Result<(), Failure> {
        let context =
            CONTEXTS.with(|contexts| contexts.get(number)).ok_or_else(|| Failure::unknown("context", number))?;
        for _ in 0..times {
            let tensors: Vec<_> = inputs.iter().map(|input| (input.name.clone(), input.to_host())).collect();
            for (_, tensor) in context.compute(tensors)? {
                tensor.data();
            }
        }
        Ok(())
    }

    fn compute_chain(
        graphs: Vec<GraphNumber>,
        inputs: Vec<PlainTensor>,
        read: Vec<u32>,
    ) -> Result<Vec<PlainTensor>, Failure> {
        let mut tensors: Vec<_> = inputs.iter().map(|input| (input.name.clone(), input.to_host())).collect();
        for number in graphs {
            let outputs = loaded(number)?.graph.init_execution_context()?.compute(tensors)?;
            tensors = (0..).zip(outputs).map(|(position, (_, tensor))| (position.to_string(), tensor)).collect();
        }
        let is_read = |position: &u32| read.contains(position);
        let outputs = (0..).zip(tensors).filter(|(position, _)| is_read(position));
        Ok(outputs.map(|(_, (name, tensor))| PlainTensor::from_host(name, &tensor)).collect())
    }

    fn drop_context(number: ContextNumber) {
        drop(CONTEXTS.with(|contexts| contexts.take(number)));
    }

    fn round_trip(tensor: PlainTensor) -> PlainTensor {
        let made = tensor.to_host();
        PlainTensor::from_host(tensor.name, &made)
    }

    fn trap() {
        std::process::abort();
    }
}

fn keep(graph: Graph) -> GraphNumber {
    GRAPHS.with(|graphs| graphs.keep(Loaded { kept: OnceCell::new(), graph }))
}

fn loaded(number: GraphNumber) -> Result<Rc<Loaded>, Failure> {
    GRAPHS.with(|graphs| graphs.get(number)).ok_or_else(|| Failure::unknown("graph", number))
}

fn compute(context: &GraphExecutionContext, inputs: Vec<PlainTensor>) -> Result<Vec<PlainTensor>, Failure> {
    let inputs = inputs.into_iter().map(|input| (input.name.clone(), input.to_host())).collect();
    let outputs = context.compute(inputs)?;
    Ok(outputs.into_iter().map(|(name, tensor)| PlainTensor::from_host(name, &tensor)).collect())
}

impl Loaded {
    fn kept_context(&self) -> Result<&GraphExecutionContext, Failure> {
        if let Some(context) = self.kept.get() {
            return Ok(context);
        }
        let context = self.graph.init_execution_context()?;
        Ok(self.kept.get_or_init(|| context))
    }
}

impl PlainTensor {
    fn to_host(&self) -> Tensor {
        Tensor::new(&self.dimensions, self.ty, &self.data)
    }

    fn from_host(name: String, tensor: &Tensor) -> Self {
        Self { name, dimensions: tensor.dimensions(), ty: tensor.ty(), data: tensor.data() }
    }
}

impl Failure {
    fn unknown(what: &str, number: u32) -> Self {
        Self { code: ErrorCode::InvalidArgument, text: format!("the probe has no {what} {number}") }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: error.code(), text: error.data() }
    }
}
