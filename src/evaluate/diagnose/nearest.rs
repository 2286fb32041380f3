//! Names that look like one that is not there.

use crate::estate::Estate;

/// Below this likeness (0 to 1) a name is no suggestion.
const ALIKE: f64 = 0.7;

/// E-mails of known service accounts that look like `address`, the nearest first.
///
/// Looks at names before the `@` as well as at whole addresses, so that a right name in the wrong
/// project is found.
#[must_use]
pub fn nearest_accounts(estate: &Estate, address: &str, most: usize) -> Vec<String> {
    let wanted = address.to_lowercase();
    // The best so far, nearest first: never more than asked for, however large the estate is.
    let mut found: Vec<(f64, &str)> = Vec::with_capacity(most + 1);
    for account in estate.accounts() {
        let least = if found.len() < most {
            ALIKE
        } else {
            found.last().map_or(ALIKE, |(score, _)| *score)
        };
        let score = likeness(&wanted, &account.email, least);
        if score < least {
            continue;
        }
        let one = (score, account.email.as_str());
        let at = found.partition_point(|(s, e)| {
            s.total_cmp(&one.0)
                .reverse()
                .then_with(|| e.cmp(&one.1))
                .is_lt()
        });
        found.insert(at, one);
        found.truncate(most);
    }
    found
        .into_iter()
        .map(|(_, email)| email.to_owned())
        .collect()
}

/// From 0 to 1; 0 for what stays below `least` anyway.
fn likeness(wanted: &str, email: &str, least: f64) -> f64 {
    let (name, domain) = wanted.split_once('@').unwrap_or((wanted, ""));
    let (other, other_domain) = email.split_once('@').unwrap_or((email, ""));
    // Lengths far apart cannot be alike; this spares most of a large estate the comparison.
    let (short, long) = (name.len().min(other.len()), name.len().max(other.len()));
    if long > 2 * short + 2 {
        return 0.0;
    }
    let names = strsim::normalized_damerau_levenshtein(name, other);
    if names < ALIKE || 0.8 * names + 0.2 < least {
        return 0.0;
    }
    0.8 * names + 0.2 * strsim::normalized_damerau_levenshtein(domain, other_domain)
}

/// Whether `written` is most likely a slip of the pen for `meant`: one or two letters apart, and not
/// by digits alone (`runner-1` and `runner-2` are two names).
pub(super) fn slip(written: &str, meant: &str) -> bool {
    let distance = strsim::damerau_levenshtein(written, meant);
    if distance == 0 || distance > 2 || meant.len() < 8 {
        return false;
    }
    let letters = |s: &str| -> String { s.chars().filter(|c| !c.is_ascii_digit()).collect() };
    letters(written) != letters(meant)
}
