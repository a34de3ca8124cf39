//! A guest that passes everything on to the host unchanged and reports what came back: what `probe` is, for the
//! versions of wasi-nn in which inputs are set and outputs are got one by one.
#![expect(clippy::too_many_arguments, reason = "what is generated for compute takes each list as two")]

use std::cell::OnceCell;
use std::rc::Rc;

use numbered::Numbered;
use wasi::nn::errors::Error;
use wasi::nn::graph::{self, Graph};
use wasi::nn::inference::GraphExecutionContext;
use wasi::nn::tensor::Tensor;

#[cfg(not(feature = "wasi-nn-06-25"))]
wit_bindgen::generate!({
    path: ["../../wit/wasi-nn/0.2.0-rc-2024-08-19", "../../wit/guests/probe-08-19"],
    world: "wasi-nn-web:probe/probe",
    generate_all,
});

#[cfg(feature = "wasi-nn-06-25")]
wit_bindgen::generate!({
    path: ["../../wit/wasi-nn/0.2.0-rc-2024-06-25", "../../wit/guests/probe-06-25"],
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

    fn compute(
        number: GraphNumber,
        inputs: Vec<PlainTensor>,
        outputs: Vec<String>,
        keep_context: bool,
    ) -> Result<Vec<PlainTensor>, Failure> {
        let loaded = loaded(number)?;
        if keep_context {
            return compute(loaded.kept_context()?, inputs, outputs);
        }
        compute(&loaded.graph.init_execution_context()?, inputs, outputs)
    }

    fn unload(number: GraphNumber) {
        drop(GRAPHS.with(|graphs| graphs.take(number)));
    }

    fn init_context(number: GraphNumber) -> Result<ContextNumber, Failure> {
        let context = loaded(number)?.graph.init_execution_context()?;
        Ok(CONTEXTS.with(|contexts| contexts.keep(context)))
    }

    fn set_input(number: ContextNumber, tensor: PlainTensor) -> Result<(), Failure> {
        set_input(&*context(number)?, tensor)
    }

    fn run(number: ContextNumber) -> Result<(), Failure> {
        Ok(context(number)?.compute()?)
    }

    fn get_output(number: ContextNumber, name: String) -> Result<PlainTensor, Failure> {
        get_output(&*context(number)?, name)
    }

    fn drop_context(number: ContextNumber) {
        drop(CONTEXTS.with(|contexts| contexts.take(number)));
    }

    fn round_trip(tensor: PlainTensor) -> PlainTensor {
        let made = tensor.to_host();
        PlainTensor::from_host(tensor.name, &made)
    }

    #[cfg(feature = "wasi-nn-06-25")]
    fn make_error(code: ErrorCode, text: String) -> Failure {
        Error::new(code, &text).into()
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

fn context(number: ContextNumber) -> Result<Rc<GraphExecutionContext>, Failure> {
    CONTEXTS.with(|contexts| contexts.get(number)).ok_or_else(|| Failure::unknown("context", number))
}

fn compute(
    context: &GraphExecutionContext,
    inputs: Vec<PlainTensor>,
    outputs: Vec<String>,
) -> Result<Vec<PlainTensor>, Failure> {
    inputs.into_iter().try_for_each(|input| set_input(context, input))?;
    context.compute()?;
    outputs.into_iter().map(|name| get_output(context, name)).collect()
}

fn set_input(context: &GraphExecutionContext, tensor: PlainTensor) -> Result<(), Failure> {
    let made = tensor.to_host();
    Ok(context.set_input(&tensor.name, made)?)
}

fn get_output(context: &GraphExecutionContext, name: String) -> Result<PlainTensor, Failure> {
    let tensor = context.get_output(&name)?;
    Ok(PlainTensor::from_host(name, &tensor))
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
