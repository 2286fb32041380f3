//! The way to an end, step by step. Ways that go on from the same account share what is before it: a caller that gets
//! to a hundred thousand accounts by long chains has as many last steps, and each step between once.

use std::ops::Deref;
use std::sync::Arc;

use super::Via;

/// The bindings of a step.
#[derive(Clone, Debug)]
pub(super) enum TrailVia {
    Own(Vec<Via>),
    /// So many of those that are another's too.
    Shared(Arc<[Via]>, usize),
}

impl Default for TrailVia {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Deref for TrailVia {
    type Target = [Via];

    fn deref(&self) -> &[Via] {
        match self {
            Self::Own(all) => all,
            Self::Shared(all, some) => all.get(..*some).unwrap_or(all),
        }
    }
}

/// A step that others go on from.
#[derive(Debug)]
pub(super) struct TrailStep {
    /// Who or what it leads to.
    pub name: Arc<str>,
    /// The step before it, and the binding, which is the first; `None`: here it begins.
    pub before: Option<(usize, TrailVia)>,
    /// How many names are on the way to it, its own included.
    length: usize,
}

impl TrailStep {
    /// All of an answer, each after the one that it goes on from.
    pub fn all(
        steps: impl Iterator<Item = (Arc<str>, Option<(usize, TrailVia)>)>,
    ) -> Arc<[TrailStep]> {
        let mut all: Vec<Self> = Vec::with_capacity(steps.size_hint().0);
        for (name, before) in steps {
            let from = before.as_ref().and_then(|(at, _)| all.get(*at));
            all.push(Self {
                length: from.map_or(1, |from| from.length + 1),
                name,
                before,
            });
        }
        all.into()
    }

    /// The step before it, and the binding.
    fn hop(&self) -> Option<(usize, &Via)> {
        let (at, via) = self.before.as_ref()?;
        Some((*at, via.first()?))
    }
}

/// A way from one end to the other.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// What it shares with others, where it leaves that, and what it leads to.
    shared: Option<(Arc<[TrailStep]>, usize, Arc<str>)>,
    /// One that shares nothing: all of it.
    path: Vec<Arc<str>>,
    via: TrailVia,
}

impl Trail {
    /// One that shares nothing: names from one end to the other, and the bindings.
    #[must_use]
    pub fn new(path: Vec<Arc<str>>, via: Vec<Via>) -> Self {
        Self {
            shared: None,
            path,
            via: TrailVia::Own(via),
        }
    }

    /// One that goes on from a step: what it leads to, and the binding.
    pub(super) fn from(steps: &Arc<[TrailStep]>, at: usize, name: Arc<str>, via: TrailVia) -> Self {
        Self {
            shared: Some((Arc::clone(steps), at, name)),
            path: Vec::new(),
            via,
        }
    }

    /// What it leads to, where it goes on from a step.
    pub(crate) fn shared_end(&self) -> Option<&Arc<str>> {
        self.shared.as_ref().map(|(.., end)| end)
    }

    /// The steps before its own, the last first.
    fn steps(&self) -> impl Iterator<Item = &TrailStep> {
        let shared = self.shared.as_ref();
        let of = move |at: usize| shared.and_then(|(steps, ..)| steps.get(at));
        let last = shared.and_then(|(_, at, _)| of(*at));
        std::iter::successors(last, move |step| of(step.before.as_ref()?.0))
    }

    /// All steps that ways of the same answer go on from: to whom or what, from which of them, and by which binding; the
    /// first is the caller.
    pub fn all_steps(&self) -> impl Iterator<Item = (&str, Option<(usize, &Via)>)> {
        let all = self.shared.iter().flat_map(|(steps, ..)| steps.iter());
        all.map(|step| (&*step.name, step.hop()))
    }

    /// Which of [`Self::all_steps`] it goes on from; `None` where it shares none.
    #[must_use]
    pub fn goes_on_from(&self) -> Option<usize> {
        self.shared.as_ref().map(|(_, at, _)| *at)
    }

    /// The bindings of its own last step.
    #[must_use]
    pub fn last_via(&self) -> &[Via] {
        &self.via
    }

    /// How many names are on it.
    #[must_use]
    pub fn length(&self) -> usize {
        match &self.shared {
            Some((steps, at, _)) => steps.get(*at).map_or(1, |step| step.length + 1),
            None => self.path.len(),
        }
    }

    /// Names from the caller to the end, both included.
    #[must_use]
    pub fn path(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.shared_end().map(|end| &**end).into_iter().collect();
        names.extend(self.steps().map(|step| &*step.name));
        names.reverse();
        names.extend(self.path.iter().map(|name| &**name));
        names
    }

    /// One step: every binding. Several: one for each, in their order.
    #[must_use]
    pub fn via(&self) -> Vec<&Via> {
        let mut all: Vec<&Via> = self
            .steps()
            .filter_map(|step| Some(step.hop()?.1))
            .collect();
        all.reverse();
        all.extend(&*self.via);
        all
    }
}

impl PartialEq for Trail {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path() && self.via() == other.via()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_as_long_as_it_is_told() {
        let step = |name: &str, before: Option<usize>| {
            let before = before.map(|at| (at, TrailVia::default()));
            (Arc::from(name), before)
        };
        let steps = [
            step("caller", None),
            step("a", Some(0)),
            step("b", Some(1)),
            step("c", Some(0)),
        ];
        let steps = TrailStep::all(steps.into_iter());
        let whole = [
            vec!["caller", "end"],
            vec!["caller", "a", "end"],
            vec!["caller", "a", "b", "end"],
            vec!["caller", "c", "end"],
        ];
        for (at, path) in whole.into_iter().enumerate() {
            let trail = Trail::from(&steps, at, "end".into(), TrailVia::default());
            assert_eq!(trail.length(), path.len());
            assert_eq!(trail.path(), path);
            assert_eq!(trail.goes_on_from(), Some(at));
        }
        let plain = Trail::new(vec!["caller".into(), "end".into()], Vec::new());
        assert_eq!(plain.length(), plain.path().len());
    }
}
