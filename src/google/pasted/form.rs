//! A form of error as data: the words that a service or a tool writes, with the places of the names in them.
//!
//! `{permission} denied (on|for) (the|) service account {target}`: a name stands in braces, words that differ from one
//! writer to the next in brackets, `(account)` for what an account is called; `{…}` is a stretch that says nothing. Spaces, quotes, capitals and line breaks of the
//! text do not count (see [`Flat`]). The first words without a choice are searched for, the rest is read around them: no
//! text takes more than its length times the number of forms.

use super::flat::{Flat, squeeze};
use super::token::{self, TokenKind};

/// A stretch that says nothing is not longer.
const GAP: usize = 240;
/// So often is a form tried in one text.
const TRIES: usize = 2_000;

/// What stands before an account's address, where anything does.
const ACCOUNT: &str = "service account|custom service account|runtime service account|target service account|service_account|account|resource|";

/// A form, read.
pub(super) struct Form {
    parts: Vec<FormPart>,
    /// Which part is searched for.
    anchor: usize,
    /// The permission that the words mean though they do not name it.
    means: Option<&'static str>,
}

enum FormPart {
    /// One of these, squeezed, the longest first; the empty one always fits.
    Words(Vec<String>),
    Name(TokenKind),
    Gap,
}

/// What a form gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FormMatch {
    names: Vec<(TokenKind, String)>,
    means: Option<&'static str>,
}

impl FormMatch {
    pub(super) fn get(&self, slot: TokenKind) -> Option<&str> {
        let mut found = self.names.iter().filter(|(s, _)| *s == slot);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The permission that it names or means.
    pub(super) fn permission(&self) -> Option<&str> {
        let named = self
            .get(TokenKind::Permission)
            .or_else(|| self.get(TokenKind::Named));
        named.or(self.means)
    }
}

impl Form {
    /// Reads a form. `None` when it has no words to search for, or more than one name before them.
    pub(super) fn new((words, means): (&str, Option<&'static str>)) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = words;
        while !rest.is_empty() {
            let at = rest.find(['{', '(']).unwrap_or(rest.len());
            let (plain, after) = rest.split_at(at);
            let plain = squeeze(plain);
            if !plain.is_empty() {
                parts.push(FormPart::Words(vec![plain]));
            }
            if after.is_empty() {
                break;
            }
            let close = if after.starts_with('{') { '}' } else { ')' };
            let (inner, behind) = after.get(1..)?.split_once(close)?;
            parts.push(match (close, inner) {
                ('}', "…") => FormPart::Gap,
                ('}', name) => FormPart::Name(slot(name)?),
                _ => {
                    let inner = if inner == "account" { ACCOUNT } else { inner };
                    let mut choices: Vec<String> = inner.split('|').map(squeeze).collect();
                    choices.sort_by_key(|c| std::cmp::Reverse(c.len()));
                    FormPart::Words(choices)
                }
            });
            rest = behind;
        }
        let anchor = parts
            .iter()
            .position(|p| matches!(p, FormPart::Words(one) if one.len() == 1))?;
        let before = parts.get(..anchor)?;
        let single = matches!(before, [] | [FormPart::Name(_)]);
        single.then_some(Self {
            parts,
            anchor,
            means,
        })
    }

    /// Every place where the form fits, in the text's order.
    pub(super) fn matches<'a>(&'a self, flat: &'a Flat) -> impl Iterator<Item = FormMatch> + 'a {
        let words = match self.parts.get(self.anchor) {
            Some(FormPart::Words(words)) => words.first().map_or("", String::as_str),
            _ => "",
        };
        flat.places(words)
            .take(TRIES)
            .filter_map(move |at| self.at(flat, at, words.len()))
    }

    fn at(&self, flat: &Flat, at: usize, length: usize) -> Option<FormMatch> {
        let mut found = FormMatch {
            names: Vec::new(),
            means: self.means,
        };
        let begins = flat.in_text(at);
        if let Some(FormPart::Name(slot)) =
            self.anchor.checked_sub(1).and_then(|i| self.parts.get(i))
        {
            let read = token::backward(&flat.text, begins, *slot)
                .into_iter()
                .next()?;
            found.names.push((*slot, read.value));
        } else if inside_a_word(flat, begins) {
            return None;
        }
        let end = flat.in_text(at + length - 1) + 1;
        let rest = self.parts.get(self.anchor + 1..)?;
        follow(flat, end, rest, &mut found).then_some(found)
    }
}

/// Whether the word at a place began before it.
fn inside_a_word(flat: &Flat, at: usize) -> bool {
    let before = flat.text.get(..at).and_then(|t| t.chars().next_back());
    let here = flat.text.get(at..).and_then(|t| t.chars().next());
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    word(before) && word(here)
}

/// Whether the parts stand at a place of the text, one behind the other.
fn follow(flat: &Flat, at: usize, parts: &[FormPart], found: &mut FormMatch) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return true;
    };
    match part {
        FormPart::Words(choices) => {
            let from = flat.in_squeezed(at);
            choices.iter().any(|words| {
                if words.is_empty() {
                    return follow(flat, at, rest, found);
                }
                let Some(from) = stands(flat, from, words) else {
                    return false;
                };
                let end = flat.in_text(from + words.len() - 1) + 1;
                let before = found.names.len();
                let fits = follow(flat, end, rest, found);
                if !fits {
                    found.names.truncate(before);
                }
                fits
            })
        }
        FormPart::Name(slot) => {
            // `the` of `theo@…` is no word of its own.
            if glued(flat, at) {
                return false;
            }
            let before = found.names.len();
            token::forward(&flat.text, at, *slot)
                .into_iter()
                .any(|read| {
                    found.names.push((*slot, read.value));
                    let fits = follow(flat, read.edge, rest, found);
                    if !fits {
                        found.names.truncate(before);
                    }
                    fits
                })
        }
        FormPart::Gap => {
            let from = flat.in_squeezed(at);
            let Some((FormPart::Words(choices), _)) = rest.split_first() else {
                return false;
            };
            let window = flat.squeezed_from(from);
            let mut end = window.len().min(GAP);
            while !window.is_char_boundary(end) {
                end -= 1;
            }
            let window = window.get(..end).unwrap_or_default();
            let places = choices.iter().filter_map(|w| window.find(w.as_str()));
            places
                .min()
                .is_some_and(|place| follow(flat, flat.in_text(from + place), rest, found))
        }
    }
}

/// Where words begin, when they stand at a place but for what closes a name.
fn stands(flat: &Flat, from: usize, words: &str) -> Option<usize> {
    let rest = flat.squeezed_from(from);
    if rest.starts_with(words) {
        return Some(from);
    }
    let closing = rest.chars().take(8).take_while(|c| token::closes(*c));
    let closed: usize = closing.map(char::len_utf8).sum();
    let behind = rest.get(closed..)?;
    behind.starts_with(words).then_some(from + closed)
}

/// Whether a place lies inside a word.
fn glued(flat: &Flat, at: usize) -> bool {
    let before = flat.text.get(..at).and_then(|t| t.chars().next_back());
    let next = flat.text.get(at..).and_then(|t| t.chars().next());
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    word(before) && word(next)
}

fn slot(name: &str) -> Option<TokenKind> {
    Some(match name {
        "permission" => TokenKind::Permission,
        "named" => TokenKind::Named,
        "target" => TokenKind::Target,
        "caller" => TokenKind::Caller,
        "project" => TokenKind::Project,
        "service" => TokenKind::Service,
        "id" => TokenKind::ErrorId,
        "pool" => TokenKind::Pool,
        "provider" => TokenKind::Provider,
        "role" => TokenKind::Role,
        "member" => TokenKind::Member,
        "word" => TokenKind::Word,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, text: &str) -> Option<FormMatch> {
        let flat = Flat::new(text.to_owned());
        Form::new((form, None)).unwrap().matches(&flat).next()
    }

    #[test]
    fn a_form_fits_whatever_the_spaces_quotes_and_breaks() {
        let form = "{permission} denied (on|for) (the|) (service account|resource|) {target}";
        for text in [
            "Permission 'iam.serviceAccounts.actAs' denied on service account theo@a.iam.gserviceaccount.com (or",
            "Permission \"iam.serviceaccounts.\nactAs\" den\nied on the\nser\nvice account\n'theo@a.iam.gservice\naccount.com'",
            "iam.serviceAccounts.actAs denied for theo@a.iam.gserviceaccount.com",
        ] {
            let found = read(form, text).unwrap();
            assert_eq!(
                found.permission(),
                Some("iam.serviceAccounts.actAs"),
                "{text}"
            );
            assert_eq!(
                found.get(TokenKind::Target),
                Some("theo@a.iam.gserviceaccount.com"),
                "{text}"
            );
        }
        assert_eq!(
            read(form, "iam.serviceAccounts.actAs denied on resource (or"),
            None
        );
    }

    #[test]
    fn what_follows_tells_where_a_name_ends() {
        let form = "authenticated as {caller} (which|using)";
        for text in [
            "authenticated as ana@heron.exam\nple which is",
            "authenticated as ana@heron.example\nwhich is",
            "authenticated as ana@heron.example us\ning the",
        ] {
            let found = read(form, text).unwrap();
            assert_eq!(
                found.get(TokenKind::Caller),
                Some("ana@heron.example"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_gap_is_bounded() {
        let form = "missing {…} on {target}";
        assert!(read(form, "missing x y on a@b.example").is_some());
        let far = format!("missing {} on a@b.example", "x ".repeat(500));
        assert_eq!(read(form, &far), None);
    }
}
