//! Texts that want to break the reader: random ones, pieces, repetitions, and very long ones.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{PastedKind, plain, read};
use super::told::{TABLES, told};

/// A quarter of what is read at most: the tests are not optimized. Without CI's measure an eighth of it.
const LONG: usize = 1 << 18;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// Every text of the tables.
fn texts() -> Vec<String> {
    let entries = TABLES.iter().flat_map(|(_, entries)| told(entries));
    entries.map(|entry| entry.text).collect()
}

/// Names have the form of names, whatever the text.
fn sane(text: &str) {
    let found = read(text);
    for (name, value) in found.rows() {
        let Some(value) = value else { continue };
        assert!(!value.is_empty() && value.len() < 1000, "{name}: {value:?}");
        assert!(
            !value.contains(['\n', '\u{b}', '\u{1b}', '\0']),
            "{name}: {value:?}"
        );
        if name == "target" {
            assert!(!value.contains(char::is_whitespace), "{value:?}");
        }
    }
    let meaning = found.meaning();
    assert!(
        !meaning.what.chars().any(crate::text::is_hidden),
        "{}",
        meaning.what
    );
    assert!(
        !meaning.remedy.chars().any(crate::text::is_hidden),
        "{}",
        meaning.remedy
    );
    for command in &meaning.commands {
        assert!(!command.chars().any(crate::text::is_hidden), "{command:?}");
    }
    let _ = (
        found.beside(false),
        found.principal(),
        found.account(),
        found.call(),
    );
}

#[test]
fn whatever_is_pasted_is_read() {
    proptest!(config(128), |(text in "\\PC{0,400}|(?s:.{0,200})")| sane(&text));
}

#[test]
fn pieces_of_errors_name_nothing_that_they_do_not_hold() {
    let texts = texts();
    proptest!(config(256), |(which in 0..texts.len(), from in 0.0..1.0f64, to in 0.0..1.0f64)| {
        let text: Vec<char> = texts[which].chars().collect();
        let place = |part: f64| (part * text.len() as f64) as usize;
        let (from, to) = (place(from.min(to)), place(from.max(to)));
        let piece: String = text[from..to].iter().collect();
        sane(&piece);
        let squeezed = |text: &str| -> String {
            text.to_lowercase().replace("%40", "@").split_whitespace().collect()
        };
        let flat = squeezed(&plain::unwrapped(&piece).text);
        let found = read(&piece);
        for name in [found.target, found.caller] {
            let known = name.is_none_or(|n| flat.contains(&squeezed(&n)));
            prop_assert!(known, "{piece:?}");
        }
    });
}

#[test]
fn errors_with_characters_lost_added_and_changed_are_read() {
    let texts = texts();
    let noise = "\u{1b}[\\\"'`%&;\n\r\t│>({[<@/:.\0\u{202e}é";
    let noise: Vec<char> = noise.chars().collect();
    proptest!(config(256), |(which in 0..texts.len(), edits in prop::collection::vec((0usize..4000, 0usize..100), 1..20))| {
        let mut text: Vec<char> = texts[which].chars().collect();
        for (at, what) in edits {
            if text.is_empty() {
                break;
            }
            let at = at % text.len();
            match what % 3 {
                0 => { text.remove(at); }
                1 => text.insert(at, noise[what % noise.len()]),
                _ => text[at] = noise[what % noise.len()],
            }
        }
        sane(&text.into_iter().collect::<String>());
    });
}

#[test]
fn a_long_text_is_read_from_its_end_and_soon() {
    let body =
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
    let log = format!(
        "{}\n{body}",
        "é log line of 403 and service account x\n".repeat(40_000)
    );
    assert_eq!(read(&log).kind, PastedKind::ImpersonationDenied);
    for piece in [
        "a",
        "\n",
        "\\",
        "\\\\",
        "%25",
        "&amp;",
        "\u{1b}[",
        "\u{1b}]8;;",
        "[",
        "[a](mailto:",
        "<mailto:a|",
        "<a href=",
        "'",
        "'\n'",
        "│ ",
        "> ",
        "x | ",
        "2026-11-26T04:02:36Z ",
        "##[error]",
        "denied on ",
        "denied on service account ",
        "permission: ",
        "service ",
        "iam.serviceAccounts.",
        "principal://",
        "serviceAccount:a.svc.id.goog[",
        "impersonate ",
        "missing necessary permission a.b.c for ",
        "does not have ",
        "serviceAccounts/a@b.c",
        "a.b.c denied on a@b.c\n",
        "setting iam policy ",
        "member ",
        "has not been used in project 1",
        "a@b.c\n",
        "https://",
        "workloadIdentityPools/",
        "é",
    ] {
        let length = if super::whole() { LONG } else { LONG / 32 };
        let text = piece.repeat(length / piece.len());
        let begun = Instant::now();
        sane(&text);
        let took = begun.elapsed();
        // Unoptimized, and beside other tests: what is not linear takes minutes.
        assert!(took < Duration::from_secs(20), "{piece:?} took {took:?}");
    }
}
