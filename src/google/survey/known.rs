//! What a survey has found out so far. Nothing that holds it locked leaves this file.

use std::sync::{Mutex, PoisonError, TryLockError};

use crate::estate::{Coverage, Estate};

/// The estate that a survey fills.
///
/// The parts of a survey are one future, so two of them are never at it at once: a lock that is not
/// free is held further up the same call, and waiting for it would be waiting for oneself. That is a
/// panic with words here, never a hang.
pub(super) struct FoundSoFar(Mutex<Estate>);

impl FoundSoFar {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Estate::new(Coverage::Partial)))
    }

    /// Looks something up.
    ///
    /// # Panics
    /// When called from within another look-up: pass the estate on instead.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Estate) -> T) -> T {
        self.put(|estate| look(estate))
    }

    /// Puts something in.
    ///
    /// # Panics
    /// When called from within a look-up.
    pub(super) fn put<T>(&self, change: impl FnOnce(&mut Estate) -> T) -> T {
        match self.0.try_lock() {
            Ok(mut estate) => change(&mut estate),
            Err(TryLockError::Poisoned(poisoned)) => change(&mut poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                panic!("the survey's estate was asked for while it was being looked at")
            }
        }
    }

    /// All that was found out.
    pub(super) fn into_estate(self) -> Estate {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "while it was being looked at")]
    fn a_look_within_a_look_is_told_and_does_not_wait() {
        let known = FoundSoFar::new();
        known.with(|_| known.with(|estate| estate.accounts().count()));
    }
}
