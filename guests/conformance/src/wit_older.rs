//! wasi-nn as components had it before 0.2.0-rc-2024-10-28: inputs are set and outputs got one by one.

use conformance::api::{Api, Code, Encoding, Failure, Output, Target, Type, Value, expect, expect_failure};
use conformance::{Case, Check, cases, ours, standard};

use crate::wasi::nn::graph::Graph;
use crate::wasi::nn::inference::GraphExecutionContext;
use crate::wit;

pub struct Wit;

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
        outputs: &[(&str, usize)],
    ) -> Result<Vec<Output>, Failure> {
        for (name, value) in inputs {
            context.set_input(name, wit::tensor(value))?;
        }
        context.compute()?;
        outputs.iter().map(|(name, _)| output(context, name)).collect()
    }
}

fn output(context: &GraphExecutionContext, name: &str) -> Result<Output, Failure> {
    let Value { ty, dimensions, data } = wit::value(&context.get_output(name)?);
    Ok(Output { name: None, ty: Some(ty), dimensions: Some(dimensions), data })
}

pub fn cases() -> Vec<Case> {
    let mut cases = cases::all::<Wit>();
    cases.extend(wit::cases());
    cases.extend(one_by_one().into_iter().map(|case| case.loads("identity-U8-cpu")));
    cases
}

/// Cases of inputs that are set one by one, and of outputs that are got so.
fn one_by_one() -> Vec<Case> {
    vec![
        Case::once("set-input/kept-for-the-next", kept),
        Case::once("set-input/replaced", replaced),
        Case::refused("set-input/wrong-one-replaces-nothing", standard(Code::InvalidArgument), |code| {
            let context = Wit::context(&Wit::load_by_name("identity-U8-cpu")?)?;
            let right = Value::patterned(Type::U8, &[3], 1);
            expect::<Wit>(&context, &[("in", &right)], &[("out", &right)])?;
            let wrong = Value::patterned(Type::I32, &[3], 1);
            expect_failure(context.set_input("in", wit::tensor(&wrong)).map_err(Failure::from), code)?;
            expect::<Wit>(&context, &[], &[("out", &right)])
        }),
        Case::refused("get-output/before-compute", ours(Code::RuntimeError), |code| {
            let context = Wit::context(&Wit::load_by_name("identity-U8-cpu")?)?;
            expect_failure(output(&context, "out"), code)
        }),
        Case::refused("get-output/unknown-name", standard(Code::InvalidArgument), |code| {
            let context = computed()?;
            expect_failure(output(&context, "in"), code)
        }),
        Case::refused("get-output/position-too-far", ours(Code::InvalidArgument), |code| {
            let context = computed()?;
            expect_failure(output(&context, "1"), code)
        }),
        Case::once("get-output/by-position", || {
            let context = computed()?;
            let expected = Value::patterned(Type::U8, &[3], 1);
            expect::<Wit>(&context, &[], &[("0", &expected)])
        }),
        Case::once("get-output/repeated", || {
            let context = computed()?;
            (0..10).try_for_each(|_| output(&context, "out").map(drop))?;
            Ok(())
        }),
    ]
}

fn computed() -> Result<GraphExecutionContext, String> {
    let context = Wit::context(&Wit::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect::<Wit>(&context, &[("in", &value)], &[("out", &value)])?;
    Ok(context)
}

fn kept() -> Check {
    let context = computed()?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect::<Wit>(&context, &[], &[("out", &value)])
}

fn replaced() -> Check {
    let context = computed()?;
    let other = Value::patterned(Type::U8, &[5], 2);
    expect::<Wit>(&context, &[("in", &other)], &[("out", &other)])
}
