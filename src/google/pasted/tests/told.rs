//! The tables under `tests/data/pasted`: invented texts, and what has to be found in them.

use super::super::{Pasted, read};

/// The tables. In the last one no account and no permission to act as one may be found.
pub(super) const TABLES: [(&str, &str); 6] = [
    (
        "attaching",
        include_str!("../../../../tests/data/pasted/attaching.txt"),
    ),
    (
        "tokens",
        include_str!("../../../../tests/data/pasted/tokens.txt"),
    ),
    (
        "other",
        include_str!("../../../../tests/data/pasted/other.txt"),
    ),
    (
        "clients",
        include_str!("../../../../tests/data/pasted/clients.txt"),
    ),
    (
        "broken",
        include_str!("../../../../tests/data/pasted/broken.txt"),
    ),
    (
        "nothing",
        include_str!("../../../../tests/data/pasted/nothing.txt"),
    ),
];

/// A text and what is expected of it.
pub(super) struct Told {
    pub name: String,
    pub wanted: Vec<(String, String)>,
    pub text: String,
}

/// What a table tells.
pub(super) fn told(table: &str) -> Vec<Told> {
    let (_, entries) = table.split_once("\n=== ").unwrap();
    entries
        .split("\n=== ")
        .map(|entry| {
            let (head, text) = entry.split_once("\n---\n").unwrap_or((entry, ""));
            let mut lines = head.lines();
            let name = lines.next().unwrap().to_owned();
            let wanted = lines.map(|line| {
                let (key, value) = line.split_once(": ").unwrap();
                (key.to_owned(), value.to_owned())
            });
            Told {
                wanted: wanted.collect(),
                text: text.replace('␛', "\u{1b}"),
                name,
            }
        })
        .collect()
}

/// What was found, as the tables write it.
pub(super) fn found(pasted: &Pasted) -> Vec<(String, String)> {
    let json = serde_json::to_value(pasted).unwrap();
    let mut all: Vec<_> = json
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(key, value)| {
            let key = if key == "errorInfoId" { "id" } else { key };
            Some((key.to_owned(), value.as_str()?.to_owned()))
        })
        .collect();
    all.sort();
    all
}

/// Whether what was found is what is wanted; `*` stands for whatever there is.
pub(super) fn fits(found: &[(String, String)], wanted: &[(String, String)]) -> bool {
    let any = |key: &String| wanted.iter().any(|(k, v)| k == key && v == "*");
    let mut rest: Vec<_> = found.iter().filter(|(k, _)| !any(k)).collect();
    let mut wanted: Vec<_> = wanted.iter().filter(|(_, v)| v != "*").collect();
    rest.sort();
    wanted.sort();
    rest == wanted
}

#[test]
fn every_text_gives_what_is_told_of_it() {
    let mut failed = Vec::new();
    for (table, entries) in TABLES {
        for entry in told(entries) {
            let found = found(&read(&entry.text));
            if !fits(&found, &entry.wanted) {
                failed.push(format!(
                    "{table}, {}:\n  wanted {:?}\n  found  {found:?}",
                    entry.name, entry.wanted
                ));
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn the_tables_hold_enough_and_say_what_they_are() {
    let of = |name: &str| {
        let (_, entries) = TABLES.iter().find(|(n, _)| *n == name).unwrap();
        told(entries)
    };
    let named: usize = ["attaching", "tokens", "other"]
        .iter()
        .map(|n| of(n).len())
        .sum();
    assert!(named >= 120, "{named}");
    let nothing = of("nothing");
    assert!(nothing.len() >= 50, "{}", nothing.len());
    for entry in nothing {
        let get = |key: &str| {
            entry
                .wanted
                .iter()
                .find(|(k, _)| k == key)
                .map(|(_, v)| v.as_str())
        };
        assert!(
            matches!(get("kind"), Some("NONE" | "OTHER_DENIED")),
            "{}",
            entry.name
        );
        assert_eq!(get("target"), None, "{}", entry.name);
        let permission = get("permission").unwrap_or_default();
        assert!(
            !permission.starts_with("iam.serviceAccounts."),
            "{}",
            entry.name
        );
    }
}

/// Words that give advice away, and the kinds that may give it.
const ADVICE: &[(&str, &[&str])] = include!("../../../../tests/data/pasted/advice.rs");

#[test]
fn advice_is_never_that_of_another_kind() {
    for (table, entries) in TABLES {
        for entry in told(entries) {
            let pasted = read(&entry.text);
            let kind = serde_json::to_value(pasted.kind).unwrap();
            let meaning = pasted.meaning();
            let words = format!(
                "{} {} {}",
                meaning.what,
                meaning.remedy,
                meaning.commands.join(" ")
            );
            for (advice, kinds) in ADVICE {
                assert!(
                    !words.contains(advice) || kinds.iter().any(|k| kind == *k),
                    "{table}, {}, {kind}: {advice:?} is said:\n{words}",
                    entry.name
                );
            }
            // What follows about the policies is said to be another matter, unless it is the error's own.
            let own = [
                "IMPERSONATION_DENIED",
                "ACCOUNT_NOT_FOUND",
                "QUOTA_PROJECT_DENIED",
            ];
            assert!(
                pasted.beside(true).is_none() || !own.iter().any(|k| kind == *k),
                "{table}, {}",
                entry.name
            );
            // Attaching is never answered with another permission.
            if table == "attaching" {
                assert_eq!(pasted.question().as_str(), crate::iam::permission::ACT_AS);
            }
        }
    }
}
