//! One row, a member in short, and the letters in which a member misses the caller.

use std::ops::Range;

use similar::{ChangeTag, TextDiff};

use super::{Leaf, Picture, Rank, TreeRow};
use crate::answer::states::LevelState;
use crate::iam::Resource;
use crate::iam::address::short;
use crate::text::visible;

/// A row below a level: a sign, what is bound there, for whom, and a word on it.
pub(super) fn leaf_row(
    at: &Resource,
    state: LevelState,
    title: &str,
    name: &str,
    word: &str,
) -> TreeRow {
    TreeRow {
        leaf: Some(Leaf {
            title: visible(title),
            name: visible(name),
            word: visible(word),
            ..Leaf::default()
        }),
        ..TreeRow::unplaced(Some(at.clone()), state, Rank::Extra)
    }
}

/// Marks what differs, where a member is the caller but for a letter or two.
pub(super) fn near(picture: Picture<'_>, leaf: &mut Leaf, member: &str) {
    let caller = short_member(&picture.explanation.question.caller.to_string());
    let name = short_member(member);
    if name == caller || strsim::damerau_levenshtein(&name, &caller) > 2 {
        return;
    }
    let (marks, words) = differing(&caller, &name);
    leaf.marks = marks;
    leaf.word = if leaf.word.is_empty() {
        words
    } else {
        format!("{}: {words}", leaf.word)
    };
}

/// The letters of `written` that are not as in `meant`, as bytes, and the difference in words.
pub(super) fn differing(meant: &str, written: &str) -> (Vec<Range<usize>>, String) {
    let diff = TextDiff::from_chars(meant, written);
    let (mut missing, mut added) = (String::new(), String::new());
    let mut marks: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for change in diff.iter_all_changes() {
        let text = change.value();
        match change.tag() {
            ChangeTag::Equal => at += text.len(),
            ChangeTag::Insert => {
                marks.push(at..at + text.len());
                added.push_str(text);
                at += text.len();
            }
            ChangeTag::Delete => {
                // What is not there is marked at the letter before it.
                let before = written.get(..at).and_then(|w| w.chars().next_back());
                let begin = at - before.map_or(0, char::len_utf8);
                if marks.last().is_none_or(|m| m.end < at) {
                    marks.push(begin..at);
                }
                missing.push_str(text);
            }
        }
    }
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let words = match (missing.as_str(), added.as_str()) {
        ("", "") => String::new(),
        (missing, added) if sorted(missing) == sorted(added) => "letters swapped".to_owned(),
        (missing, "") => format!("'{missing}' missing"),
        ("", added) => format!("'{added}' too many"),
        (missing, added) => format!("'{added}' for '{missing}'"),
    };
    (marks, words)
}

/// A member in as few letters as tell it apart: an account without its domain, a pool's identity without
/// the path of its pool. The whole stands on the level's page.
#[must_use]
pub fn short_member(text: &str) -> String {
    if let Some(email) = text.strip_prefix("serviceAccount:") {
        return short(email).to_owned();
    }
    if let Some(rest) = text.strip_prefix("deleted:") {
        let (who, uid) = rest.split_once("?uid=").unwrap_or((rest, ""));
        let uid = if uid.is_empty() {
            String::new()
        } else {
            format!(" ({uid})")
        };
        return format!("deleted:{}{uid}", short_member(who));
    }
    for pools in ["/workloadIdentityPools/", "/workforcePools/"] {
        if let Some((head, rest)) = text.split_once(pools)
            && let Some((kind, _)) = head.split_once("://")
        {
            return format!("{kind}:{rest}");
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differing_letters_are_marked_and_told() {
        let (marks, words) = differing("run-processor", "run-procesor");
        assert_eq!(words, "'s' missing");
        assert_eq!(marks.len(), 1);
        assert_eq!("run-procesor".get(marks[0].clone()), Some("s"));
        let (marks, words) = differing("run", "runn");
        assert_eq!((marks.len(), words.as_str()), (1, "'n' too many"));
        let (_, words) = differing("run-a", "run-b");
        assert_eq!(words, "'b' for 'a'");
        assert_eq!(differing("run", "rnu").1, "letters swapped");
    }

    #[test]
    fn members_are_shortened_where_nothing_is_lost() {
        for (whole, wanted) in [
            (
                "serviceAccount:run@app-prod.iam.gserviceaccount.com",
                "run@app-prod",
            ),
            ("user:ana@example.com", "user:ana@example.com"),
            (
                "deleted:serviceAccount:run@app-prod.iam.gserviceaccount.com?uid=12",
                "deleted:run@app-prod (12)",
            ),
            (
                "principalSet://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/hub/attribute.repository/org/app",
                "principalSet:hub/attribute.repository/org/app",
            ),
        ] {
            assert_eq!(short_member(whole), wanted);
        }
    }
}
