//! What a change does to a policy, line by line, for people.
//!
//! The policy is written like the YAML that `gcloud … get-iam-policy` prints, one member a line:
//! there a member that is added is one line that is added, where JSON would also change the comma
//! before it. The `etag` is left out: it differs after every write and says nothing.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::text::{is_hidden, visible_json};

/// What happened to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiffKind {
    /// It stands in both.
    Same,
    /// It stands in the new one only.
    Added,
    /// It stands in the old one only.
    Removed,
}

impl DiffKind {
    /// The sign of unified diffs: a space, `+` or `-`.
    #[must_use]
    pub fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
        }
    }
}

/// One line of a diff, without its sign and line end; safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What happened to it.
    pub kind: DiffKind,
    /// Its text.
    pub text: String,
    /// Its number in the old policy's text, from 1; `None` when it is not there.
    pub old_line: Option<usize>,
    /// Its number in the new policy's text, from 1; `None` when it is not there.
    pub new_line: Option<usize>,
    /// Whether lines are left out before this one.
    pub gap_before: bool,
}

/// The lines that changed and some around them. Empty when nothing changed but the etag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyDiff {
    /// From top to bottom.
    pub lines: Vec<DiffLine>,
}

/// Compares two policies, with `context` unchanged lines around each change.
#[must_use]
pub fn diff(before: &Value, after: &Value, context: usize) -> PolicyDiff {
    let old = policy_lines(before);
    let new = policy_lines(after);
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let text = TextDiff::configure().diff_slices(&old, &new);
    let mut lines = Vec::new();
    for (i, group) in text.grouped_ops(context).iter().enumerate() {
        let mut gap = i > 0 || group.first().is_some_and(|op| op.old_range().start > 0);
        for change in group.iter().flat_map(|op| text.iter_changes(op)) {
            lines.push(DiffLine {
                kind: match change.tag() {
                    ChangeTag::Equal => DiffKind::Same,
                    ChangeTag::Insert => DiffKind::Added,
                    ChangeTag::Delete => DiffKind::Removed,
                },
                text: change.value().to_owned(),
                old_line: change.old_index().map(|i| i + 1),
                new_line: change.new_index().map(|i| i + 1),
                gap_before: std::mem::take(&mut gap),
            });
        }
    }
    PolicyDiff { lines }
}

impl PolicyDiff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// As `diff -u` writes it: two file lines, then hunks with their `@@` lines. Empty when nothing
    /// changed.
    #[must_use]
    pub fn to_unified_string(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let mut out = String::from("--- policy before\n+++ policy after\n");
        let mut old_done = 0;
        let mut new_done = 0;
        for hunk in self.lines.chunk_by(|_, next| !next.gap_before) {
            let side = |number: fn(&DiffLine) -> Option<usize>, done: usize| {
                let count = hunk.iter().filter(|l| number(l).is_some()).count();
                // An empty side is named by the line before it (POSIX diff -u).
                let start = hunk.iter().find_map(number).unwrap_or(done);
                (start, count)
            };
            let (old_start, old_count) = side(|l| l.old_line, old_done);
            let (new_start, new_count) = side(|l| l.new_line, new_done);
            old_done = old_start + old_count.saturating_sub(1);
            new_done = new_start + new_count.saturating_sub(1);
            out.push_str(&format!(
                "@@ -{old_start},{old_count} +{new_start},{new_count} @@\n"
            ));
            for line in hunk {
                out.push(line.kind.sign());
                out.push_str(&line.text);
                out.push('\n');
            }
        }
        out
    }
}

/// The policy as lines of YAML, without its etag; safe for a terminal.
#[must_use]
pub fn policy_lines(policy: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match policy {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| *key != "etag") {
                field(&mut lines, 0, "", key, value);
            }
        }
        other => item(&mut lines, 0, "", other),
    }
    lines
}

/// `key: value`, the value below when it has parts. `lead` stands before the key on the first line
/// (a list's dash).
fn field(lines: &mut Vec<String>, indent: usize, lead: &str, key: &str, value: &Value) {
    let pad = " ".repeat(indent);
    let key = scalar(key);
    let inner = indent + lead.len();
    match value {
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{pad}{lead}{key}:"));
            for value in items {
                item(lines, inner, "- ", value);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            lines.push(format!("{pad}{lead}{key}:"));
            for (key, value) in fields {
                field(lines, inner + 2, "", key, value);
            }
        }
        leaf => lines.push(format!("{pad}{lead}{key}: {}", leaf_text(leaf))),
    }
}

fn item(lines: &mut Vec<String>, indent: usize, lead: &str, value: &Value) {
    let pad = " ".repeat(indent);
    match value {
        Value::Array(items) if !items.is_empty() => {
            lines.push(format!("{pad}{}", lead.trim_end()));
            for value in items {
                item(lines, indent + lead.len(), "- ", value);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (i, (key, value)) in fields.iter().enumerate() {
                if i == 0 {
                    field(lines, indent, lead, key, value);
                } else {
                    field(lines, indent + lead.len(), "", key, value);
                }
            }
        }
        leaf => lines.push(format!("{pad}{lead}{}", leaf_text(leaf))),
    }
}

fn leaf_text(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => visible_json(other),
    }
}

/// A string bare where YAML reads it back as that string, else quoted as in JSON, which is YAML too.
fn scalar(text: &str) -> String {
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|w| text.eq_ignore_ascii_case(w));
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '/');
    let ends = text.ends_with(|c: char| c.is_whitespace() || c == ':');
    let plain = starts
        && !ends
        && !word
        && !text.contains(": ")
        && !text.contains(" #")
        && !text
            .chars()
            .any(|c| is_hidden(c) || (c.is_whitespace() && c != ' '));
    if plain {
        text.to_owned()
    } else {
        visible_json(&Value::String(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn policy(etag: &str, members: &[&str]) -> Value {
        json!({"version": 3, "etag": etag, "bindings": [
            {"role": "roles/iam.serviceAccountTokenCreator", "members": members},
            {"role": "roles/iam.serviceAccountUser", "members": ["user:z@x.com"],
             "condition": {"expression": "request.time < timestamp(\"2026-11-24T12:00:00Z\")", "title": "until noon"}},
        ]})
    }

    #[test]
    fn an_added_member_is_one_added_line() {
        let d = diff(
            &policy("A", &["user:a@x.com"]),
            &policy("B", &["user:a@x.com", "user:b@x.com"]),
            2,
        );
        assert_eq!(
            d.to_unified_string(),
            "--- policy before\n+++ policy after\n@@ -4,4 +4,5 @@\n   members:\n   - user:a@x.com\n+  - user:b@x.com\n - role: roles/iam.serviceAccountUser\n   members:\n"
        );
        let added: Vec<_> = d
            .lines
            .iter()
            .filter(|l| l.kind == DiffKind::Added)
            .collect();
        assert_eq!(added.len(), 1);
        assert_eq!((added[0].old_line, added[0].new_line), (None, Some(6)));
    }

    #[test]
    fn an_etag_alone_is_no_change() {
        let d = diff(
            &policy("A", &["user:a@x.com"]),
            &policy("B", &["user:a@x.com"]),
            3,
        );
        assert!(d.is_empty());
        assert_eq!(d.to_unified_string(), "");
    }

    #[test]
    fn far_changes_make_hunks_of_their_own() {
        let many: Vec<String> = (0..40).map(|i| format!("user:u{i}@x.com")).collect();
        let mut refs: Vec<&str> = many.iter().map(String::as_str).collect();
        let before = policy("A", &refs);
        refs.remove(2);
        refs.push("user:new@x.com");
        let d = diff(&before, &policy("A", &refs), 1);
        assert_eq!(
            d.to_unified_string(),
            "--- policy before\n+++ policy after\n@@ -6,3 +6,2 @@\n   - user:u1@x.com\n-  - user:u2@x.com\n   - user:u3@x.com\n@@ -44,2 +43,3 @@\n   - user:u39@x.com\n+  - user:new@x.com\n - role: roles/iam.serviceAccountUser\n"
        );
    }

    #[test]
    fn an_empty_policy_grows() {
        let d = diff(
            &json!({"etag": "ACAB"}),
            &json!({"etag": "ACAB", "bindings": [{"role": "r", "members": ["allUsers"]}]}),
            3,
        );
        assert_eq!(
            d.to_unified_string(),
            "--- policy before\n+++ policy after\n@@ -0,0 +1,4 @@\n+bindings:\n+- role: r\n+  members:\n+  - allUsers\n"
        );
    }

    #[test]
    fn hostile_texts_stay_on_their_line_and_show() {
        let hostile = "user:a\u{1b}[2J\n+  - allUsers\u{202e}\u{9b}@x.com";
        let lines = policy_lines(
            &json!({"bindings": [{"role": hostile, "members": [hostile, "true", "1", " a", "a: b"]}], hostile: null}),
        );
        assert_eq!(lines.len(), 9);
        assert!(lines.iter().all(|l| !l.chars().any(is_hidden)), "{lines:?}");
        assert_eq!(
            lines[3],
            "  - \"user:a\\u001b[2J\\n+  - allUsers\\u202e\\u009b@x.com\""
        );
        assert_eq!(
            &lines[4..8],
            ["  - \"true\"", "  - \"1\"", "  - \" a\"", "  - \"a: b\""]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

        /// The lines of the diff, all shown, rebuild both texts.
        #[test]
        fn the_diff_holds_both_sides(a in prop::collection::vec("[a-e]", 0..12), b in prop::collection::vec("[a-e]", 0..12)) {
            let (before, after) = (json!({"bindings": a}), json!({"bindings": b}));
            let d = diff(&before, &after, 1_000);
            if before == after {
                prop_assert!(d.is_empty());
                return Ok(());
            }
            let side = |not: DiffKind| d.lines.iter().filter(|l| l.kind != not).map(|l| l.text.clone()).collect::<Vec<_>>();
            prop_assert_eq!(side(DiffKind::Added), policy_lines(&before));
            prop_assert_eq!(side(DiffKind::Removed), policy_lines(&after));
        }
    }
}
