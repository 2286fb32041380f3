//! A text that can be searched whatever its lines and quotes are.

/// A text on one line, and a second form of it to search in.
pub(super) struct Flat {
    /// The text, as [`super::frames::joined`] makes it.
    pub text: String,
    /// `text` in small letters (ASCII), without white space, quotes and asterisks.
    squeezed: String,
    /// Where in `text` each byte of `squeezed` stands.
    at: Vec<u32>,
}

/// A text as it is searched for.
pub(super) fn squeeze(text: &str) -> String {
    text.chars()
        .filter(|c| counts(*c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn counts(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\'' | '"' | '*')
}

impl Flat {
    pub(super) fn new(text: String) -> Self {
        let mut squeezed = String::with_capacity(text.len());
        let mut at = Vec::with_capacity(text.len());
        for (place, c) in text.char_indices().filter(|(_, c)| counts(*c)) {
            squeezed.push(c.to_ascii_lowercase());
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            at.extend(std::iter::repeat_n(place, c.len_utf8()));
        }
        Self { text, squeezed, at }
    }

    /// Where (already squeezed) words begin, in the squeezed text.
    pub(super) fn places<'a>(&'a self, words: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.squeezed.match_indices(words).map(|(at, _)| at)
    }

    /// Whether the words stand anywhere, however they are spaced, quoted and broken.
    pub(super) fn has(&self, words: &str) -> bool {
        self.squeezed.contains(&squeeze(words))
    }

    /// Whether all of them do.
    pub(super) fn has_all(&self, words: &[&str]) -> bool {
        words.iter().all(|w| self.has(w))
    }

    /// Whether a reason of the API stands there as a word of its own, in its own capitals.
    pub(super) fn names(&self, reason: &str) -> bool {
        let squeezed = squeeze(reason);
        self.places(&squeezed).any(|at| {
            let (from, to) = (self.in_text(at), self.in_text(at + squeezed.len() - 1) + 1);
            let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let before = self.text.get(..from).and_then(|t| t.chars().next_back());
            let after = self.text.get(to..).and_then(|t| t.chars().next());
            let word = self.text.get(from..to).unwrap_or_default();
            word.chars()
                .filter(|c| !c.is_whitespace())
                .eq(reason.chars())
                && !before.is_some_and(part)
                && !after.is_some_and(part)
        })
    }

    /// The squeezed text from a place on.
    pub(super) fn squeezed_from(&self, at: usize) -> &str {
        self.squeezed.get(at..).unwrap_or_default()
    }

    /// The place in the text of a place in the squeezed text.
    pub(super) fn in_text(&self, squeezed: usize) -> usize {
        match self.at.get(squeezed) {
            Some(at) => *at as usize,
            None => self.text.len(),
        }
    }

    /// The place in the squeezed text of the first byte at or after a place in the text.
    pub(super) fn in_squeezed(&self, text: usize) -> usize {
        self.at.partition_point(|at| (*at as usize) < text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_however_they_are_spaced_and_quoted() {
        let flat = Flat::new("a “Permission 'X'\nde\nnied” é".to_owned());
        assert!(flat.has("permission x denied"));
        assert!(!flat.has("permission y denied"));
        let at = flat.places("denied").next().unwrap();
        assert_eq!(flat.text.get(flat.in_text(at)..).unwrap(), "de\nnied” é");
        assert_eq!(flat.in_squeezed(flat.in_text(at)), at);
        assert_eq!(flat.in_text(usize::MAX), flat.text.len());
    }

    #[test]
    fn a_reason_is_a_word_in_its_own_capitals() {
        let flat = |text: &str| Flat::new(text.to_owned());
        assert!(flat("\"reason\": \"SERVICE_\nDISABLED\"").names("SERVICE_DISABLED"));
        assert!(!flat("MY_SERVICE_DISABLED").names("SERVICE_DISABLED"));
        assert!(!flat("service_disabled").names("SERVICE_DISABLED"));
    }
}
