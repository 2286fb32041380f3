//! An answer that is asked for anew at intervals.

use std::collections::VecDeque;
use std::time::Duration;

use super::Ticket;
use crate::evaluate::Outcome;

/// So many states are kept (chosen: a row of them fits beside the rest on 80 columns).
pub const STATES: usize = 20;
/// The longest pause, however often the server asks for patience (chosen).
const LONGEST: Duration = Duration::from_secs(600);

/// What one asking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchState {
    /// An answer.
    Answered(Outcome),
    /// None came.
    Failed,
}

/// What is wished of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// How often is asked.
    pub every: Duration,
    /// It is watched from the start.
    pub begins: bool,
    /// The terminal's bell rings when the answer turns.
    pub bell: bool,
    /// The terminal's title says the answer.
    pub title: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            begins: false,
            bell: true,
            title: true,
        }
    }
}

/// An answer that is asked for anew at intervals.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Tells the pause under way from those before it.
    pub due: Ticket,
    /// The asking under way.
    pub asking: Option<Ticket>,
    /// The reading during which the server wanted fewer calls.
    pub throttled: Option<Ticket>,
    /// What the last ones came to, the newest last.
    pub states: VecDeque<WatchState>,
    /// So long is paused now.
    pub pause: Duration,
    /// When the answer turned last, for people.
    pub turned: Option<String>,
    /// What others changed last, and when, for people.
    pub changed: Option<String>,
}

impl Watch {
    /// The last answer.
    #[must_use]
    pub fn last(&self) -> Option<Outcome> {
        let mut newest = self.states.iter().rev();
        newest.find_map(|state| match state {
            WatchState::Answered(outcome) => Some(*outcome),
            WatchState::Failed => None,
        })
    }

    /// Adds what an asking came to. `true`: the answer turned.
    pub fn add(&mut self, state: WatchState) -> bool {
        let before = self.last();
        if self.states.len() == STATES {
            self.states.pop_front();
        }
        self.states.push_back(state);
        matches!((before, state), (Some(was), WatchState::Answered(is)) if was != is)
    }

    /// How long to pause: longer each time that the server wants fewer calls or none answers, then as wished.
    pub fn paced(&mut self, every: Duration, patience: bool) {
        self.pause = if patience {
            (self.pause * 2).clamp(every, LONGEST.max(every))
        } else {
            every
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_patience_is_asked_for_and_shrink_at_once() {
        let every = Duration::from_secs(10);
        let mut watch = Watch {
            due: 1,
            asking: None,
            throttled: None,
            states: VecDeque::new(),
            pause: every,
            turned: None,
            changed: None,
        };
        for seconds in [20, 40, 80, 160, 320, 600, 600] {
            watch.paced(every, true);
            assert_eq!(watch.pause, Duration::from_secs(seconds));
        }
        watch.paced(every, false);
        assert_eq!(watch.pause, every);
        // What failed is no turn, and neither is what comes after it and is as before.
        let yes = WatchState::Answered(Outcome::WouldSucceed);
        assert!(!watch.add(yes));
        assert!(!watch.add(WatchState::Failed));
        assert!(!watch.add(yes));
        assert!(watch.add(WatchState::Answered(Outcome::WouldFail)));
        for _ in 0..100 {
            watch.add(yes);
        }
        assert_eq!(watch.states.len(), STATES);
    }
}
