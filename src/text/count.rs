//! Numbers with what they count.

use std::fmt::Display;

/// `no accounts`, `1 account`, `2 accounts`; `one`: what is counted, in the singular, its noun last (`more pool`).
///
/// The plural is that of English for regular nouns: `-ies` behind a consonant and `y`, `-es` behind a hiss, `-s`.
#[must_use]
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    if count == N::from(1) {
        return format!("1 {one}");
    }
    let many = several(one);
    if count == N::from(0) {
        return format!("no {many}");
    }
    format!("{count} {many}")
}

fn several(one: &str) -> String {
    let consonant = |c: char| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    match one.strip_suffix('y') {
        Some(stem) if stem.ends_with(consonant) => format!("{stem}ies"),
        _ if one.ends_with(['s', 'x']) || one.ends_with("ch") || one.ends_with("sh") => {
            format!("{one}es")
        }
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn counts_agree_with_their_nouns() {
        for (count, one, words) in [
            (0, "account", "no accounts"),
            (1, "account", "1 account"),
            (2, "account", "2 accounts"),
            (1, "policy", "1 policy"),
            (3, "more policy", "3 more policies"),
            (2, "key", "2 keys"),
            (2, "fix", "2 fixes"),
            (2, "match", "2 matches"),
        ] {
            assert_eq!(counted::<usize>(count, one), words);
        }
    }
}
