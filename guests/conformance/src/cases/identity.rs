//! Tensors go through an ONNX model of one Identity, `in` to `out`, and come back as they were: the whole of a runtime.

use std::fs;

use crate::api::{Api, Code, Encoding, Target, Type, Value, expect, expect_failure};
use crate::tensors::{Shape, mebibyte_shapes, small_shapes};
use crate::{Case, Check, standard};

/// The types that ONNX Runtime has.
const ONNX_TYPES: [Type; 6] = [Type::Fp16, Type::Fp32, Type::Fp64, Type::U8, Type::I32, Type::I64];

pub fn cases<A: Api>() -> Vec<Case> {
    let mut cases = Vec::new();
    for ty in ONNX_TYPES.into_iter().filter(|ty| A::TYPES.contains(ty)) {
        let name = ty.name();
        let mut shapes = small_shapes();
        shapes.extend(mebibyte_shapes(ty).into_iter().take(1));
        for Shape { name: shape, dimensions } in shapes {
            let case = Case::new(format!("onnx/{name}/{shape}"), move |options| {
                computed(&by_name::<A>(ty, options.target)?, ty, &dimensions)
            });
            cases.push(case.loads(format!("identity-{name}-{{target}}")));
        }
        for (id, encoding) in [("bytes", Encoding::Onnx), ("autodetect", Encoding::Autodetect)] {
            let case = Case::new(format!("load/{id}/{name}"), move |options| loaded::<A>(ty, encoding, options.target));
            cases.push(case.reads(path(ty)));
        }
        let case = Case::new(format!("dynamic-shapes/{name}"), move |options| dynamic::<A>(ty, options.target));
        cases.push(case.loads(format!("identity-{name}-{{target}}")));
        for given in A::TYPES.iter().copied().filter(|&given| given != ty) {
            let id = format!("wrong-type/{}-for-{name}", given.name());
            let case = Case::refused(id, standard(Code::InvalidArgument), move |code| wrong_type::<A>(ty, given, code));
            cases.push(case.loads(format!("identity-{name}-cpu")));
        }
    }
    cases
}

/// What holds a context also holds its graph.
struct Loaded<A: Api>(A::Graph);

fn by_name<A: Api>(ty: Type, target: Target) -> Result<Loaded<A>, String> {
    Ok(Loaded(A::load_by_name(&format!("identity-{}-{}", ty.name(), target.name()))?))
}

fn computed<A: Api>(Loaded(graph): &Loaded<A>, ty: Type, dimensions: &[u32]) -> Check {
    let value = Value::patterned(ty, dimensions, 3);
    expect::<A>(&A::context(graph)?, &[("in", &value)], &[("out", &value)])
}

/// The file of the model of a type.
pub fn path(ty: Type) -> String {
    format!("models/identity-{}.onnx", ty.name())
}

pub fn model(ty: Type) -> Result<Vec<u8>, String> {
    let path = path(ty);
    fs::read(&path).map_err(|error| format!("{path}: {error}"))
}

fn loaded<A: Api>(ty: Type, encoding: Encoding, target: Target) -> Check {
    let graph = A::load(&[&model(ty)?], encoding, target)?;
    computed(&Loaded::<A>(graph), ty, &[2, 3])
}

fn dynamic<A: Api>(ty: Type, target: Target) -> Check {
    let Loaded(graph) = by_name::<A>(ty, target)?;
    let context = A::context(&graph)?;
    for dimensions in [&[3][..], &[1, 2, 3], &[], &[5, 1], &[1, 1, 1, 1, 2], &[7]] {
        let value = Value::patterned(ty, dimensions, 5);
        expect::<A>(&context, &[("in", &value)], &[("out", &value)])?;
    }
    Ok(())
}

/// Numbers of bytes that fit the type that is given, so that it is the type alone that is wrong.
fn wrong_type<A: Api>(ty: Type, given: Type, code: Code) -> Check {
    let context = A::context(&A::load_by_name(&format!("identity-{}-cpu", ty.name()))?)?;
    let value = Value::patterned(given, &[3], 1);
    expect_failure(A::compute(&context, &[("in", &value)], &[("out", 24)]), code)?;
    let right = Value::patterned(ty, &[3], 1);
    expect::<A>(&context, &[("in", &right)], &[("out", &right)])
}
