//! The way to an end, step by step. Ways that go on from the same account share what is before it: a caller that gets
//! to a hundred thousand accounts by long chains has as many last steps, and each step between once.

use std::sync::Arc;

use super::Via;

/// A step that others go on from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrailStep {
    /// Who or what it leads to.
    pub name: String,
    /// The step before it, and the binding; `None`: here it begins.
    pub before: Option<(usize, Via)>,
}

/// A way from one end to the other.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// What it shares with others, and where it leaves that.
    shared: Option<(Arc<[TrailStep]>, usize)>,
    path: Vec<String>,
    via: Vec<Via>,
}

impl Trail {
    /// One that shares nothing: names from one end to the other, and the bindings.
    #[must_use]
    pub fn new(path: Vec<String>, via: Vec<Via>) -> Self {
        Self {
            shared: None,
            path,
            via,
        }
    }

    /// One that goes on from a step: what it leads to, and the binding.
    pub(super) fn from(steps: &Arc<[TrailStep]>, at: usize, name: String, via: Vec<Via>) -> Self {
        Self {
            shared: Some((Arc::clone(steps), at)),
            path: vec![name],
            via,
        }
    }

    /// The steps before its own, the last first.
    fn steps(&self) -> impl Iterator<Item = &TrailStep> {
        let shared = self.shared.as_ref();
        let of = move |at: usize| shared.and_then(|(steps, _)| steps.get(at));
        let last = shared.and_then(|(_, at)| of(*at));
        std::iter::successors(last, move |step| of(step.before.as_ref()?.0))
    }

    /// All steps that ways of the same answer go on from: to whom or what, from which of them, and by which binding; the
    /// first is the caller.
    pub fn all_steps(&self) -> impl Iterator<Item = (&str, Option<(usize, &Via)>)> {
        let all = self.shared.iter().flat_map(|(steps, _)| steps.iter());
        all.map(|step| {
            let before = step.before.as_ref();
            (step.name.as_str(), before.map(|(at, via)| (*at, via)))
        })
    }

    /// Which of [`Self::all_steps`] it goes on from; `None` where it shares none.
    #[must_use]
    pub fn goes_on_from(&self) -> Option<usize> {
        self.shared.as_ref().map(|(_, at)| *at)
    }

    /// The bindings of its own last step.
    #[must_use]
    pub fn last_via(&self) -> &[Via] {
        &self.via
    }

    /// How many names are on it.
    #[must_use]
    pub fn length(&self) -> usize {
        self.steps().count() + self.path.len()
    }

    /// Names from the caller to the end, both included.
    #[must_use]
    pub fn path(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.steps().map(|step| step.name.as_str()).collect();
        names.reverse();
        names.extend(self.path.iter().map(String::as_str));
        names
    }

    /// One step: every binding. Several: one for each, in their order.
    #[must_use]
    pub fn via(&self) -> Vec<&Via> {
        let hops = self.steps().filter_map(|step| step.before.as_ref());
        let mut all: Vec<&Via> = hops.map(|(_, via)| via).collect();
        all.reverse();
        all.extend(&self.via);
        all
    }
}

impl PartialEq for Trail {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path() && self.via() == other.via()
    }
}
