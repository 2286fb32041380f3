//! What a review finds in a whole estate: (estate, time, options) -> findings. Each rule in a file of its own,
//! over facts that are gathered once (`facts`). Near linear: no rule asks every pair.
//!
//! What is looked for, how heavy it weighs and why stands in docs/review.md. A rule whose facts the estate does
//! not hold is told as not judged; it never counts as "nothing found".

mod broad;
mod defaults;
mod facts;
mod found;
mod keys;
mod life;
mod outsiders;
mod owners;
mod pools;
mod public;
mod rule;
mod stale;
mod unused;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::estate::Estate;

pub use super::ways::WayIn;
pub use found::{Finding, FoundBinding, FoundWay};
pub use keys::KeyLimits;
pub use life::{ConditionLife, condition_life};
pub use outsiders::Outsiders;
pub use rule::{ReviewRule, Severity};

/// What a review goes by beside the estate.
#[derive(Clone, Debug, Default)]
pub struct ReviewOptions {
    /// The organization's own domains and customer ids; none: those of the organizations in the estate.
    pub own: Vec<String>,
    /// Whether every project of the organization is in sight: then an account of another one is an
    /// outsider's.
    pub sees_all_projects: bool,
    /// From when on keys are old, and many.
    pub keys: KeyLimits,
}

/// A rule that was not judged, or not everywhere, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotReviewed {
    /// Which.
    pub rule: ReviewRule,
    /// Why, for people.
    pub why: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    /// The heaviest first, then by rule, subject and id.
    pub findings: Vec<Finding>,
    /// Rules that were not judged.
    pub not_judged: Vec<NotReviewed>,
    /// What counts as the organization's own: domains and customer ids.
    pub own: Vec<String>,
    /// Whether everything was read that findings may come of.
    pub complete: bool,
    /// What was not, by the names of an estate file's `unreadable`, sorted.
    pub not_read: Vec<String>,
}

/// In so many steps an estate is reviewed: what the rules go by is gathered, then they look, file by file.
pub const REVIEW_STEPS: usize = 10;

/// Reviews an estate as it is at `time`. `goes_on` hears before each step how many of [`REVIEW_STEPS`] are done, and
/// says whether the review is still wished; `None` comes of it where it is not.
#[must_use]
pub fn review(
    estate: &Estate,
    time: Timestamp,
    options: &ReviewOptions,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Option<Review> {
    if !goes_on(0) {
        return None;
    }
    let facts = facts::ReviewFacts::new(estate, time);
    let own = outsiders::own(estate, options);
    let mut review = Review {
        own: own.names(),
        ..Review::default()
    };
    let rules: [&dyn Fn(&mut Review); REVIEW_STEPS - 1] = [
        &|review| public::find(&facts, review),
        &|review| outsiders::find(&facts, &own, review),
        &|review| owners::find(&facts, review),
        &|review| broad::find(&facts, review),
        &|review| defaults::find(&facts, review),
        &|review| pools::find(&facts, review),
        &|review| stale::find(&facts, review),
        &|review| keys::find(&facts, options, review),
        &|review| unused::find(&facts, review),
    ];
    for (done, rule) in (1..).zip(rules) {
        if !goes_on(done) {
            return None;
        }
        rule(&mut review);
    }
    review.not_judged.sort();
    review.not_judged.dedup();
    review.findings = found::together(std::mem::take(&mut review.findings));
    review.findings.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.rule.cmp(&b.rule))
            .then_with(|| a.subject.cmp(&b.subject))
            .then_with(|| a.id.cmp(&b.id))
    });
    let not_read: BTreeSet<String> = facts.not_read();
    review.complete = not_read.is_empty() && !estate.is_part();
    review.not_read = not_read.into_iter().collect();
    Some(review)
}
