//! Tensors go to the host and come back as they were, of every type, rank and size.

use crate::api::{Api, Type, Value, expect};
use crate::tensors::{Shape, large_shape, mebibyte_shapes, small_shapes};
use crate::{Case, Check};

pub fn cases<A: Api>() -> Vec<Case> {
    let mut cases = Vec::new();
    for &ty in A::TYPES {
        let mut shapes = small_shapes();
        shapes.extend(mebibyte_shapes(ty));
        shapes.push(large_shape(ty));
        for Shape { name, dimensions } in shapes {
            cases.push(Case::once(format!("echo/{}/{name}", ty.name()), move || round_trip::<A>(ty, &dimensions)));
        }
        cases.push(Case::once(format!("echo/{}/long-axes", ty.name()), move || round_trip::<A>(ty, &[1; 32])));
    }
    for count in [0, 1, 2, 3, 7, 16, 64] {
        cases.push(Case::once(format!("echo/many/{count}"), move || many::<A>(count)));
    }
    cases.into_iter().map(|case| case.loads("echo")).collect()
}

fn round_trip<A: Api>(ty: Type, dimensions: &[u32]) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let value = Value::patterned(ty, dimensions, 1);
    expect::<A>(&context, &[("0", &value)], &[("0", &value)])
}

/// Tensors of all types at once, each of another length.
fn many<A: Api>(count: u32) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let names: Vec<_> = (0..count).map(|number| number.to_string()).collect();
    let values: Vec<_> = (0..count)
        .map(|number| Value::patterned(A::TYPES[number as usize % A::TYPES.len()], &[number], number))
        .collect();
    let named: Vec<_> = names.iter().map(String::as_str).zip(&values).collect();
    expect::<A>(&context, &named, &named)
}
