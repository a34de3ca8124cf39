//! The graphs that this guest has loaded. Loading costs a download and a compilation, so each is loaded once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::wasi::nn::graph::{Graph, load_by_name};
use crate::wasi::nn::inference::{GraphExecutionContext, NamedTensor};
use crate::wasi::nn::tensor::Tensor;
use crate::{ErrorCode, Failure, Model};

thread_local! {
    /// By the model's name. Never borrowed during a call of the host, which may end in a trap.
    static KEPT: RefCell<BTreeMap<String, Rc<Kept>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A loaded graph and the context that it is computed in. The fields are dropped in this order.
pub struct Kept {
    context: GraphExecutionContext,
    _graph: Graph,
}

/// The graph of that name, loaded now if it was not before. A graph that fails to load is not kept.
pub fn kept(name: &str) -> Result<Rc<Kept>, Failure> {
    if let Some(kept) = KEPT.with_borrow(|all| all.get(name).cloned()) {
        return Ok(kept);
    }
    let graph = load_by_name(name)?;
    let context = graph.init_execution_context()?;
    let kept = Rc::new(Kept { context, _graph: graph });
    KEPT.with_borrow_mut(|all| all.insert(name.to_owned(), Rc::clone(&kept)));
    Ok(kept)
}

impl Kept {
    /// Computes the model on its one input.
    pub fn compute(&self, model: &Model, input: Tensor) -> Result<Vec<NamedTensor>, Failure> {
        self.context.compute(vec![(model.input.clone(), input)]).map_err(|error| {
            let failure = Failure::from(error);
            // A graph that timed out or broke may be gone from the host: the next call loads it anew.
            if failure.code != ErrorCode::InvalidArgument {
                KEPT.with_borrow_mut(|all| all.remove(&model.name));
            }
            failure
        })
    }
}
