//! What is looked for in a list or a page: typed, and kept.

use tui_input::Input;

/// A text to look for.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// What is typed.
    pub input: Input,
    /// Whether it has the focus.
    pub typing: bool,
}

impl Find {
    /// The text, without blanks around it.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value().trim()
    }

    /// Whether it is shown: something is looked for, or may be typed.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.typing || !self.text().is_empty()
    }

    /// Where it stands in a line, as ranges of bytes. Capital letters count where some are typed.
    #[must_use]
    pub fn places(&self, line: &str) -> Vec<std::ops::Range<usize>> {
        let wanted = self.text();
        if wanted.is_empty() {
            return Vec::new();
        }
        let exact = wanted.chars().any(char::is_uppercase);
        let same = |a: char, b: char| a == b || (!exact && a.to_lowercase().eq(b.to_lowercase()));
        let mut found: Vec<std::ops::Range<usize>> = Vec::new();
        for (start, _) in line.char_indices() {
            if found.last().is_some_and(|last| start < last.end) {
                continue;
            }
            let rest = line.get(start..).unwrap_or_default();
            let mut end = start;
            let mut here = rest.chars();
            let whole = wanted.chars().all(|w| {
                here.next().is_some_and(|c| {
                    end += c.len_utf8();
                    same(c, w)
                })
            });
            if whole {
                found.push(start..end);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of a line is found.
    fn found(wanted: &str, line: &str) -> Vec<String> {
        let find = Find {
            input: Input::new(wanted.to_owned()),
            typing: false,
        };
        let places = find.places(line).into_iter();
        places.map(|place| line[place].to_owned()).collect()
    }

    #[test]
    fn what_is_looked_for_is_found_wherever_it_stands() {
        assert_eq!(found("role", "Role: roles/x"), ["Role", "role"]);
        assert_eq!(found("Role", "Role: roles/x"), ["Role"]);
        assert_eq!(found("aa", "aaaa"), ["aa", "aa"]);
        assert_eq!(found("ü", "xÜy"), ["Ü"]);
        assert!(found("", "abc").is_empty());
        assert!(found("abcd", "abc").is_empty());
    }
}
