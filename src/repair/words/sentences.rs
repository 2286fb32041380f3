//! What a grant gives, in sentences. Pure.

use std::collections::BTreeSet;

use super::meaning::{AccountKind, EstateSeen, GrantMeaning, HeldRole, StepUp};
use super::power::Power;
use crate::estate::Estate;
use crate::text::visible;

/// How many roles and members are named before the rest is counted.
const NAMED: usize = 3;

impl GrantMeaning {
    /// The whole in sentences, the most important first.
    #[must_use]
    pub fn sentences(&self, estate: &Estate) -> Vec<String> {
        let name = visible(&estate.label(&self.target));
        let mut all = vec![self.what_it_may(estate, &name)];
        all.extend(self.kind.words().map(|words| format!("{name} is {words}")));
        all.extend(self.member_stands_for.clone());
        if let StepUp::Yes(more) = &self.step_up
            && let Some(greatest) = more.iter().map(|h| h.power).max()
            && greatest > Power::Nothing
        {
            all.push(format!(
                "That is a step up for the caller: {} it was not seen to hold itself.",
                match (more.len(), self.may.iter().filter(|h| !h.uncertain).count()) {
                    (1, 1) => "that role".to_owned(),
                    (new, _) => format!("{new} of these roles"),
                }
            ));
        }
        if !self.through_caller.is_empty() {
            all.push(format!(
                "Whoever can act as the caller comes to {name} through it: {}.",
                some(self.through_caller.iter().map(|m| visible(m)).collect())
            ));
        }
        if !self.inherited.is_empty() {
            let levels = self.inherited.iter().map(|r| visible(&estate.label(r)));
            all.push(format!(
                "The caller has this already, inherited from {}: the grant only pins it.",
                some(levels.collect())
            ));
        }
        all
    }

    fn what_it_may(&self, estate: &Estate, name: &str) -> String {
        let basis = self.seen.words(estate);
        let perhaps = self.perhaps();
        let (certain, _): (Vec<&HeldRole>, Vec<&HeldRole>) =
            self.may.iter().partition(|h| !h.uncertain);
        if certain.is_empty() {
            return match self.seen.whole && perhaps.is_empty() {
                true => format!("{name} holds no role anywhere in this estate."),
                false => format!(
                    "What {name} may do was not seen: {basis}. It may hold roles elsewhere.{perhaps}"
                ),
            };
        }
        let roles = certain.iter().map(|h| {
            let through = h
                .through
                .as_ref()
                .map(|t| format!(", through {}", visible(t)))
                .unwrap_or_default();
            let condition = if h.conditional {
                ", under a condition"
            } else {
                ""
            };
            format!(
                "{} on {}{through}{condition}",
                visible(&h.title),
                visible(&estate.label(&h.resource))
            )
        });
        let roles = some(roles.collect());
        let more = match self.seen.whole {
            true => String::new(),
            false => format!(" That is what was seen ({basis}); it may hold more elsewhere."),
        };
        format!(
            "{name} {}: it holds {roles}.{more}{perhaps}",
            self.power.word()
        )
    }

    /// Groups and sets that may give it more; a sentence after a space, or nothing.
    fn perhaps(&self) -> String {
        let through: BTreeSet<&str> = self
            .may
            .iter()
            .filter(|h| h.uncertain)
            .filter_map(|h| h.through.as_deref())
            .collect();
        if through.is_empty() {
            return String::new();
        }
        let names = through.into_iter().map(visible).collect();
        format!(
            " Whether it is in {} was not read, and roles stand there.",
            some(names)
        )
    }
}

impl EstateSeen {
    /// On what an answer rests, for people; without a full stop.
    #[must_use]
    pub fn words(&self, estate: &Estate) -> String {
        if self.whole {
            return "everything in this estate".to_owned();
        }
        let read = match self.read.as_slice() {
            [] => "no policy was read".to_owned(),
            read if read.len() <= NAMED => {
                let names = read.iter().map(|r| visible(&estate.label(r)));
                format!(
                    "only the policies of {} were read",
                    names.collect::<Vec<_>>().join(", ")
                )
            }
            read => format!("only {} policies were read", read.len()),
        };
        match self.not_read.len() {
            0 => read,
            n => format!("{read}, {n} could not be"),
        }
    }
}

impl AccountKind {
    /// What is particular about it, after "it is"; a sentence's end. `None` for an account that people
    /// made.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::UserManaged | Self::Other => None,
            Self::ComputeDefault => Some(
                "the Compute Engine default account: virtual machines and other services of its project run as it unless told otherwise.",
            ),
            Self::AppEngineDefault => Some(
                "the App Engine default account: its project's App Engine and other services run as it unless told otherwise.",
            ),
            Self::CloudBuildLegacy => Some(
                "Cloud Build's own account of its project: builds run as it unless told otherwise.",
            ),
            Self::ServiceAgent => Some(
                "managed by Google for one of its services: nobody else is meant to act as it.",
            ),
        }
    }
}

pub(super) fn some(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
