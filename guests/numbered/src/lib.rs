//! What the probes keep for their caller, who has only a number of it.

use std::cell::RefCell;
use std::rc::Rc;

/// Never borrowed when a method returns, so never during a call of the host, which may end in a trap.
pub struct Numbered<T>(RefCell<Vec<Option<Rc<T>>>>);

impl<T> Numbered<T> {
    pub const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Answers with the number: they count from zero, and none is given twice.
    pub fn keep(&self, thing: T) -> u32 {
        let mut things = self.0.borrow_mut();
        things.push(Some(Rc::new(thing)));
        things.len() as u32 - 1
    }

    pub fn get(&self, number: u32) -> Option<Rc<T>> {
        self.0.borrow().get(number as usize).cloned().flatten()
    }

    /// Keeps it no longer. It is for the caller to drop, which the host hears of where it is a resource.
    pub fn take(&self, number: u32) -> Option<Rc<T>> {
        self.0.borrow_mut().get_mut(number as usize).and_then(Option::take)
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Numbered;

    #[test]
    fn gives_no_number_twice() {
        let numbered = Numbered::new();
        assert_eq!([numbered.keep('a'), numbered.keep('b')], [0, 1]);
        assert_eq!(numbered.take(1).as_deref(), Some(&'b'));
        assert_eq!(numbered.keep('c'), 2);
        assert_eq!(numbered.get(0).as_deref(), Some(&'a'));
        assert_eq!(numbered.get(1), None);
        assert_eq!(numbered.take(1), None);
        assert_eq!(numbered.get(3), None);
    }
}
