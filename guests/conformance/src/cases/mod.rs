//! What every ABI is tested with.

mod contexts;
mod echo;
mod errors;
mod identity;
mod imported;
mod models;
mod names;

use crate::Case;
use crate::api::Api;

pub fn all<A: Api>() -> Vec<Case> {
    [
        echo::cases::<A>(),
        names::cases::<A>(),
        contexts::cases::<A>(),
        identity::cases::<A>(),
        errors::cases::<A>(),
        models::cases::<A>(),
        imported::cases::<A>(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
