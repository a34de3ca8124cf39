//! Counts the resources that have not been dropped.

use std::cell::Cell;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// A part of each resource, dropped with it.
pub struct Living(());

impl Living {
    pub fn new() -> Self {
        COUNT.set(COUNT.get() + 1);
        Self(())
    }

    pub fn count() -> u32 {
        COUNT.get()
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        COUNT.set(COUNT.get() - 1);
    }
}
