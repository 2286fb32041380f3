//! What others changed between two answers to the same question, level by level. Pure.

use std::collections::BTreeSet;

use crate::answer::levels::title;
use crate::estate::{Estate, Read};
use crate::evaluate::Explanation;
use crate::iam::address::short;
use crate::iam::{AllowPolicy, Resource};
use crate::text::visible;

/// So many bindings of a level are named; the rest is counted (chosen).
const NAMED: usize = 3;

/// What stands in the policies of the levels that both answers turn on and did not, a sentence for each level that
/// changed. A level that could not be read in one of them says so where it could in the other.
#[must_use]
pub fn turned(before: (&Estate, &Explanation), after: (&Estate, &Explanation)) -> Vec<String> {
    let (old, new) = (before.0, after.0);
    let mut levels: Vec<&Resource> = Vec::new();
    for explanation in [after.1, before.1] {
        for policy in explanation.allow.iter().chain(&explanation.off_path) {
            if !levels.contains(&&policy.resource) {
                levels.push(&policy.resource);
            }
        }
    }
    let mut out = Vec::new();
    for at in levels {
        let label = visible(&new.label(at));
        let said = match (old.allow_policy(at), new.allow_policy(at)) {
            (Read::Known(was), Read::Known(is)) => {
                let empty = AllowPolicy::default();
                let was = was.map_or(&empty, |p| &**p);
                let is = is.map_or(&empty, |p| &**p);
                differs(new, was, is)
            }
            (Read::Known(_), Read::Unreadable(why)) => {
                Some(format!("can no longer be read: {}", visible(&why)))
            }
            (Read::Unreadable(_), Read::Known(_)) => Some("can be read now".to_owned()),
            (Read::Unreadable(_), Read::Unreadable(_)) => None,
        };
        out.extend(said.map(|said| format!("{label}: {said}")));
        if let (Read::Known(was), Read::Known(is)) = (old.deny_policies(at), new.deny_policies(at))
            && was != is
        {
            out.push(format!("{label}: its deny policies were changed"));
        }
    }
    out
}

/// Role, condition and member of each binding.
type PolicyLines<'a> = BTreeSet<(&'a str, Option<&'a str>, &'a str)>;

fn lines(policy: &AllowPolicy) -> PolicyLines<'_> {
    let mut all = PolicyLines::new();
    for binding in &policy.bindings {
        let condition = binding.condition.as_deref();
        for member in &binding.members {
            let under = condition.map(|c| c.expression.as_str());
            all.insert((&*binding.role, under, &*member.text));
        }
    }
    all
}

fn differs(estate: &Estate, was: &AllowPolicy, is: &AllowPolicy) -> Option<String> {
    let (before, after) = (lines(was), lines(is));
    let mut parts: Vec<String> = Vec::new();
    for (sign, some) in [
        ("+", after.difference(&before).collect::<Vec<_>>()),
        ("-", before.difference(&after).collect::<Vec<_>>()),
    ] {
        for (role, condition, member) in some.iter().take(NAMED) {
            let member = match member.strip_prefix("serviceAccount:") {
                Some(email) => short(email),
                None => member,
            };
            let under = condition.map_or("", |_| ", under a condition");
            parts.push(visible(&format!(
                "{sign} {} for {member}{under}",
                title(estate, role)
            )));
        }
        let more = some.len().saturating_sub(NAMED);
        if more > 0 {
            parts.push(format!("{sign} {more} more"));
        }
    }
    if !parts.is_empty() {
        return Some(parts.join(", "));
    }
    // Somebody wrote it, with what it says of others, or what is not told here.
    (was.etag.is_some() && was.etag != is.etag)
        .then(|| "its policy was written anew, with the same bindings".to_owned())
}
