//! Graphs and contexts live apart from one another, and as long as they are used.

use crate::api::{Api, Type, Value, expect};
use crate::{Case, Check};

pub fn cases<A: Api>() -> Vec<Case> {
    let cases = [
        Case::once("contexts/reused", reused::<A>),
        Case::once("contexts/reused-with-other-shapes", other_shapes::<A>),
        Case::once("contexts/of-one-graph-interleaved", interleaved::<A>),
        Case::once("contexts/of-many-graphs-interleaved", many_graphs::<A>),
        Case::once("contexts/hundred-of-one-graph", hundred::<A>),
        Case::once("contexts/outlive-their-graph", outlive::<A>),
        Case::once("contexts/dropped-before-their-graph", dropped_first::<A>),
        Case::once("contexts/dropped-unused", unused::<A>),
        Case::once("graphs/loaded-twice-by-name", loaded_twice::<A>),
        Case::once("graphs/dropped-and-loaded-again", again::<A>),
        Case::once("graphs/fifty-at-once", fifty::<A>),
        Case::once("contexts/computed-a-thousand-times", thousand::<A>),
    ];
    cases.into_iter().map(|case| case.loads("echo")).collect()
}

fn echo<A: Api>(context: &A::Context, seed: u32, dimensions: &[u32]) -> Check {
    let value = Value::patterned(Type::I32, dimensions, seed);
    expect::<A>(context, &[("0", &value)], &[("0", &value)])
}

fn reused<A: Api>() -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    (0..10).try_for_each(|seed| echo::<A>(&context, seed, &[4]))
}

fn other_shapes<A: Api>() -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    [[4, 1], [1, 4], [0, 9], [64, 64], [2, 2]].iter().try_for_each(|shape| echo::<A>(&context, shape[0], shape))
}

fn interleaved<A: Api>() -> Check {
    let graph = A::load_by_name("echo")?;
    let (first, second) = (A::context(&graph)?, A::context(&graph)?);
    (0..5).try_for_each(|seed| echo::<A>(&first, seed, &[3]).and_then(|()| echo::<A>(&second, seed + 100, &[5])))
}

fn many_graphs<A: Api>() -> Check {
    let contexts = (0..5).map(|_| A::context(&A::load_by_name("echo")?)).collect::<Result<Vec<_>, _>>()?;
    for round in 0..3 {
        for (context, seed) in contexts.iter().zip(1..) {
            echo::<A>(context, seed + round * 10, &[seed])?;
        }
    }
    Ok(())
}

fn hundred<A: Api>() -> Check {
    let graph = A::load_by_name("echo")?;
    let contexts = (0..100).map(|_| A::context(&graph)).collect::<Result<Vec<_>, _>>()?;
    contexts.iter().zip(0..).try_for_each(|(context, seed)| echo::<A>(context, seed, &[2]))
}

fn outlive<A: Api>() -> Check {
    let graph = A::load_by_name("echo")?;
    let context = A::context(&graph)?;
    drop(graph);
    echo::<A>(&context, 1, &[3])
}

fn dropped_first<A: Api>() -> Check {
    let graph = A::load_by_name("echo")?;
    echo::<A>(&A::context(&graph)?, 1, &[3])?;
    echo::<A>(&A::context(&graph)?, 2, &[3])
}

fn unused<A: Api>() -> Check {
    let graph = A::load_by_name("echo")?;
    drop(A::context(&graph)?);
    echo::<A>(&A::context(&graph)?, 1, &[3])
}

fn loaded_twice<A: Api>() -> Check {
    let (first, second) = (A::load_by_name("echo")?, A::load_by_name("echo")?);
    let context = A::context(&second)?;
    drop(first);
    drop(second);
    echo::<A>(&context, 1, &[3])
}

fn again<A: Api>() -> Check {
    (0..5).try_for_each(|seed| echo::<A>(&A::context(&A::load_by_name("echo")?)?, seed, &[3]))
}

fn fifty<A: Api>() -> Check {
    let graphs = (0..50).map(|_| A::load_by_name("echo")).collect::<Result<Vec<_>, _>>()?;
    graphs.iter().zip(0..).try_for_each(|(graph, seed)| echo::<A>(&A::context(graph)?, seed, &[1]))
}

fn thousand<A: Api>() -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    (0..1000).try_for_each(|seed| echo::<A>(&context, seed, &[1]))
}
