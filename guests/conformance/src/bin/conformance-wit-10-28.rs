//! The suite as a component for wasi-nn 0.2.0-rc-2024-10-28.

use std::process::ExitCode;

use conformance::api::{Api, Code, Encoding, Failure, Output, Target, Type, Value, expect, expect_failure};
use conformance::{Case, Check, cases, ours};

use crate::wasi::nn::graph::Graph;
use crate::wasi::nn::inference::GraphExecutionContext;

#[path = "../wit.rs"]
mod wit;

wit_bindgen::generate!({
    path: "../../wit/wasi-nn/0.2.0-rc-2024-10-28",
    world: "ml",
    generate_all,
});

struct Wit;

impl Api for Wit {
    type Graph = Graph;
    type Context = GraphExecutionContext;

    const HAS_NAMES: bool = true;
    const HAS_LENGTHS: bool = true;
    const TYPES: &'static [Type] = &Type::ALL;

    fn load(parts: &[&[u8]], encoding: Encoding, target: Target) -> Result<Graph, Failure> {
        wit::load(parts, encoding, target)
    }

    fn load_by_name(name: &str) -> Result<Graph, Failure> {
        wit::load_by_name(name)
    }

    fn context(graph: &Graph) -> Result<GraphExecutionContext, Failure> {
        Ok(graph.init_execution_context()?)
    }

    fn compute(
        context: &GraphExecutionContext,
        inputs: &[(&str, &Value)],
        _outputs: &[(&str, usize)],
    ) -> Result<Vec<Output>, Failure> {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), wit::tensor(value))).collect();
        let outputs = context.compute(inputs)?;
        Ok(outputs
            .into_iter()
            .map(|(name, tensor)| {
                let Value { ty, dimensions, data } = wit::value(&tensor);
                Output { name: Some(name), ty: Some(ty), dimensions: Some(dimensions), data }
            })
            .collect())
    }
}

fn main() -> ExitCode {
    let mut cases = cases::all::<Wit>();
    cases.extend(wit::cases());
    let argument = ours(Code::InvalidArgument);
    cases.push(Case::refused("unknown-input/given-twice", argument, twice).loads("echo"));
    cases.push(Case::refused("unknown-input/one-too-many", argument, one_too_many).loads("identity-U8-cpu"));
    cases.push(Case::refused("contexts/inputs-are-not-kept", argument, not_kept).loads("identity-U8-cpu"));
    cases.push(Case::once("contexts/outputs-go-in-again", outputs_as_inputs).loads("echo"));
    conformance::main(cases)
}

fn twice(code: Code) -> Check {
    let context = Wit::context(&Wit::load_by_name("echo")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect_failure(Wit::compute(&context, &[("a", &value), ("a", &value)], &[]), code)
}

fn one_too_many(code: Code) -> Check {
    let context = Wit::context(&Wit::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect_failure(Wit::compute(&context, &[("in", &value), ("more", &value)], &[]), code)
}

fn not_kept(code: Code) -> Check {
    let context = Wit::context(&Wit::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect::<Wit>(&context, &[("in", &value)], &[("out", &value)])?;
    expect_failure(Wit::compute(&context, &[], &[]), code)
}

/// A tensor that the host made is as good as one that the guest made.
fn outputs_as_inputs() -> Check {
    let context = Wit::context(&Wit::load_by_name("echo")?)?;
    let value = Value::patterned(Type::Fp32, &[3], 1);
    let mut tensors = vec![("a".to_owned(), wit::tensor(&value)), ("b".to_owned(), wit::tensor(&value))];
    for _ in 0..5 {
        tensors = context.compute(tensors).map_err(|error| error.data())?;
    }
    if tensors.len() == 2 && tensors.iter().all(|(_, tensor)| wit::value(tensor) == value) {
        return Ok(());
    }
    Err("the tensors are others after five computations".into())
}
