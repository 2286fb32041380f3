//! Keys that people made: old ones, and many of one account. Keys that Google makes and rotates itself do not count,
//! nor do keys that open nothing (disabled, over) and keys of accounts that are off.

use jiff::{SignedDuration, Timestamp};

use super::facts::ReviewFacts;
use super::found::{FoundBy, Told, names};
use super::rule::{ReviewRule, Severity};
use super::{NotReviewed, Review, ReviewOptions};
use crate::estate::{ServiceAccount, ServiceAccountKey};
use crate::evaluate::truth::Truth;
use crate::text::counted;

/// From when on keys are old, and many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// A key that is older than so many days is old. "We recommend rotating your keys at least every 90 days" (doc
    /// "Service account key rotation").
    pub days: u32,
    /// More keys than this are many. While one is replaced there are two (chosen; an account may have ten, doc
    /// "Service account credentials").
    pub many: usize,
}

impl Default for KeyLimits {
    fn default() -> Self {
        Self { days: 90, many: 2 }
    }
}

const UPLOADED: &str = "USER_PROVIDED";

pub(super) fn find(facts: &ReviewFacts<'_>, options: &ReviewOptions, review: &mut Review) {
    let estate = facts.estate;
    let (mut told, mut untold) = (0, 0);
    let mut untyped = 0;
    for account in estate.accounts() {
        let Some(keys) = estate.keys_of(&account.email) else {
            untold += 1;
            continue;
        };
        told += 1;
        if account.disabled {
            continue;
        }
        let usable = keys.iter().filter(|key| key.counts_at(facts.time));
        let usable: Vec<&ServiceAccountKey> = usable.collect();
        untyped += usable
            .iter()
            .filter(|key| key.key_type.is_empty() || (key.is_users() && key.made_at().is_none()))
            .count();
        let users: Vec<&ServiceAccountKey> =
            usable.into_iter().filter(|key| key.is_users()).collect();
        let found = of_account(facts.time, options.keys, account, &users);
        review.findings.extend(found.map(Told::finding));
    }
    let mut not_judged = |why: String| {
        review.not_judged.push(NotReviewed {
            rule: ReviewRule::KeysOldOrMany,
            why,
        });
    };
    match (told, untold) {
        (0, _) => not_judged(
            "nothing tells of keys (an asset export with iam.googleapis.com/ServiceAccountKey, or gcloud iam service-accounts keys list --format=json, does)"
                .to_owned(),
        ),
        (_, 0) => {}
        (_, untold) => not_judged(format!(
            "nothing tells of the keys of {}",
            counted(untold, "account")
        )),
    }
    if untyped > 0 {
        not_judged(format!(
            "of {} it is not told whether people made them, or when",
            counted(untyped, "key")
        ));
    }
}

/// How many whole days old a key is.
fn days(key: &ServiceAccountKey, time: Timestamp) -> Option<i64> {
    let age: SignedDuration = time.duration_since(key.made_at()?);
    Some(age.as_hours() / 24)
}

fn of_account(
    time: Timestamp,
    limits: KeyLimits,
    account: &ServiceAccount,
    users: &[&ServiceAccountKey],
) -> Option<Told> {
    let mut old: Vec<(i64, &ServiceAccountKey)> = users
        .iter()
        .filter_map(|key| Some((days(key, time)?, *key)))
        .filter(|(days, _)| *days > i64::from(limits.days))
        .collect();
    old.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let many = users.len() > limits.many;
    if old.is_empty() && !many {
        return None;
    }
    let id = |key: &ServiceAccountKey| {
        key.parts()
            .map_or_else(String::new, |(_, id)| id.to_owned())
    };
    let shown: Vec<String> = old
        .iter()
        .map(|(days, key)| format!("{} of {}", id(key), counted(*days, "day")))
        .collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    let mut message = format!(
        "{} has {} that people made",
        account.email,
        counted(users.len(), "key")
    );
    if !old.is_empty() {
        message += &format!(
            ", {} older than {}: {}",
            old.len(),
            counted(limits.days, "day"),
            names(&shown)
        );
    }
    // "you might not need to rotate the key on a regular schedule" (doc "Best practices for managing service
    // account keys", of keys that were uploaded and whose private half is in a hardware module).
    let uploaded = !old.is_empty() && old.iter().all(|(_, key)| key.key_origin == UPLOADED);
    let (severity, beside) = if uploaded && !many {
        let beside = " They were uploaded: where a hardware module keeps the private half, suppress this finding with that reason.";
        (Severity::Low, beside)
    } else {
        (Severity::Medium, "")
    };
    let first = old
        .first()
        .map(|(_, key)| *key)
        .or(users.first().copied())?;
    let remedy = format!(
        "Let the workload do without a key (an attached account, Workload Identity Federation). Else make a new one, replace {} everywhere, disable it (gcloud iam service-accounts keys disable {} --iam-account={}), and delete it when nothing misses it.{beside}",
        if old.is_empty() {
            "what is not needed"
        } else {
            "the old one"
        },
        id(first),
        account.email,
    );
    Some(Told {
        rule: ReviewRule::KeysOldOrMany,
        severity,
        subject: format!("//iam.googleapis.com/{}", account.name),
        by: FoundBy::TakenOut,
        holds: Truth::Yes,
        message,
        remedy,
        ways: Vec::new(),
        evidence: Vec::new(),
    })
}
