//! Which signs whoever looks can see: one rule for commands and the explorer.

use crate::evaluate::Truth;

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and a few geometric shapes.
    #[default]
    Rich,
    /// ASCII alone.
    Ascii,
}

impl Glyphs {
    /// ASCII where `BINDSCOPE_ASCII` is set, or where the locale is no UTF-8 one (POSIX: `LC_ALL`, then
    /// `LC_CTYPE`, then `LANG`; what is empty counts as unset). Without a locale most terminals of
    /// today still speak UTF-8, and Windows' consoles are written in Unicode whatever they say.
    #[must_use]
    pub fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        if set("BINDSCOPE_ASCII").is_some() {
            return Self::Ascii;
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        match locale.map(|locale| locale.to_ascii_lowercase()) {
            Some(locale)
                if !cfg!(windows) && !locale.contains("utf-8") && !locale.contains("utf8") =>
            {
                Self::Ascii
            }
            _ => Self::Rich,
        }
    }

    /// One of the two.
    #[must_use]
    pub fn pick(self, rich: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Rich => rich,
            Self::Ascii => ascii,
        }
    }

    /// The sign for something cut.
    #[must_use]
    pub fn ellipsis(self) -> char {
        match self {
            Self::Rich => '…',
            Self::Ascii => '~',
        }
    }

    /// From one thing to the next.
    #[must_use]
    pub fn arrow(self) -> &'static str {
        self.pick("→", "->")
    }

    /// The mark of the selected line.
    #[must_use]
    pub fn mark(self) -> &'static str {
        self.pick("▸", ">")
    }

    /// A horizontal line.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.pick("─", "-")
    }

    /// A vertical line.
    #[must_use]
    pub fn bar(self) -> &'static str {
        self.pick("│", "|")
    }

    /// Done, and granted.
    #[must_use]
    pub fn yes(self) -> &'static str {
        self.pick("✓", "+")
    }

    /// Refused.
    #[must_use]
    pub fn no(self) -> &'static str {
        self.pick("✗", "x")
    }

    /// Yes, no, or neither.
    #[must_use]
    pub fn of_tri(self, tri: Truth) -> &'static str {
        match tri {
            Truth::Yes => self.yes(),
            Truth::No => self.no(),
            Truth::UnknownInfo | Truth::UnknownConditional => "?",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(windows))]
    #[test]
    fn the_environment_says_what_can_be_shown() {
        let seen = |set: &[(&str, &str)]| {
            Glyphs::of(|name| {
                let found = set.iter().find(|(n, _)| *n == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(seen(&[]), Glyphs::Rich);
        assert_eq!(seen(&[("LANG", "de_DE.UTF-8")]), Glyphs::Rich);
        assert_eq!(seen(&[("LANG", "C.utf8")]), Glyphs::Rich);
        assert_eq!(seen(&[("LANG", "C")]), Glyphs::Ascii);
        let over = [("LC_ALL", "C"), ("LANG", "C.UTF-8")];
        assert_eq!(seen(&over), Glyphs::Ascii);
        assert_eq!(seen(&[("LC_ALL", ""), ("LANG", "C.UTF-8")]), Glyphs::Rich);
        let asked = [("BINDSCOPE_ASCII", "1"), ("LANG", "C.UTF-8")];
        assert_eq!(seen(&asked), Glyphs::Ascii);
    }
}
