//! TOML read with its lines: what is not understood is refused with where it stands, and with what was meant.

use std::ops::Range;

use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::text::visible;

/// A value, and where it is said: `config.toml:3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidAt<T> {
    /// The value.
    pub value: T,
    /// A file and its line.
    pub place: String,
}

/// A text of TOML.
pub struct TomlText<'t> {
    /// The name it is spoken of by.
    name: &'t str,
    text: &'t str,
}

/// An entry of a table: its key, its value, and the places of both in the text.
pub struct TomlEntry<'d> {
    /// The key.
    pub key: &'d str,
    /// Where the key stands.
    pub at: String,
    value: &'d Spanned<DeValue<'d>>,
    inside: &'d TomlText<'d>,
}

impl<'t> TomlText<'t> {
    /// A text, spoken of by that name.
    pub fn new(name: &'t str, text: &'t str) -> Self {
        Self { name, text }
    }

    /// The place of what begins there.
    fn place(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        format!("{}:{}", self.name, before.matches('\n').count() + 1)
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is no TOML; where, and why.
    pub fn table(&self) -> Result<DeTable<'t>, String> {
        let parsed = DeTable::parse(self.text);
        parsed.map(Spanned::into_inner).map_err(|error| {
            let place = error
                .span()
                .map_or_else(|| self.name.to_owned(), |span| self.place(&span));
            visible(&format!("{place}: {}", error.message()))
        })
    }

    /// The entries of a table, in the order of the text.
    pub fn entries<'d>(&'d self, table: &'d DeTable<'d>) -> Vec<TomlEntry<'d>>
    where
        't: 'd,
    {
        let mut all: Vec<_> = table.iter().collect();
        all.sort_by_key(|(key, _)| key.span().start);
        all.into_iter()
            .map(|(key, value)| TomlEntry {
                key: key.get_ref(),
                at: self.place(&key.span()),
                value,
                inside: self,
            })
            .collect()
    }
}

impl TomlEntry<'_> {
    /// What it holds is not what belongs there.
    fn wants(&self, what: &str) -> String {
        let place = self.inside.place(&self.value.span());
        let is = self.value.get_ref().type_str();
        visible(&format!(
            "{place}: {} is {what}, and not {}",
            self.key,
            a(is)
        ))
    }

    /// A sentence about it, with its place.
    pub fn refused(&self, why: &str) -> String {
        visible(&format!("{}: {why}", self.at))
    }

    /// There is no such key.
    pub fn unknown<'k>(&self, what: &str, known: impl IntoIterator<Item = &'k str>) -> String {
        let known: Vec<&str> = known.into_iter().collect();
        let near = near(self.key, &known);
        let all = known.join(", ");
        self.refused(&format!(
            "there is no {what} {}.{near} There are: {all}",
            self.key
        ))
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Result<SaidAt<bool>, String> {
        let value = self.value.get_ref().as_bool();
        value
            .map(|value| self.placed(value))
            .ok_or_else(|| self.wants("true or false"))
    }

    /// A text.
    pub fn text(&self) -> Result<SaidAt<String>, String> {
        let value = self.value.get_ref().as_str();
        value
            .map(|value| self.placed(value.to_owned()))
            .ok_or_else(|| self.wants("a text"))
    }

    /// One of these words.
    pub fn word<T: Clone>(&self, known: &[(&str, T)]) -> Result<SaidAt<T>, String> {
        let said = self.text()?;
        let found = known.iter().find(|(word, _)| *word == said.value);
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        found
            .map(|(_, value)| self.placed(value.clone()))
            .ok_or_else(|| {
                let near = near(&said.value, &words);
                self.refused(&format!(
                    "{} is not {}.{near} It is one of: {}",
                    self.key,
                    said.value,
                    words.join(", ")
                ))
            })
    }

    /// A text or several.
    pub fn texts(&self) -> Result<Vec<SaidAt<String>>, String> {
        let wanted = "a text or a list of texts";
        match self.value.get_ref() {
            DeValue::String(_) => Ok(vec![self.text()?]),
            DeValue::Array(all) => all
                .iter()
                .map(|each| {
                    let text = each.get_ref().as_str().ok_or_else(|| self.wants(wanted))?;
                    Ok(SaidAt {
                        value: text.to_owned(),
                        place: self.inside.place(&each.span()),
                    })
                })
                .collect(),
            _ => Err(self.wants(wanted)),
        }
    }

    /// The entries of a table, where it is one.
    pub fn table(&self) -> Option<Vec<TomlEntry<'_>>> {
        let table = self.value.get_ref().as_table()?;
        Some(self.inside.entries(table))
    }

    /// The entries of a table.
    pub fn entries(&self) -> Result<Vec<TomlEntry<'_>>, String> {
        self.table().ok_or_else(|| self.wants("a table"))
    }

    /// What serde reads of a word.
    pub fn named<T: serde::de::DeserializeOwned>(&self) -> Result<SaidAt<T>, String> {
        let said = self.text()?;
        let read: Result<T, serde::de::value::Error> =
            T::deserialize(said.value.clone().into_deserializer());
        let place = said.place;
        read.map(|value| SaidAt { value, place })
            .map_err(|why| self.refused(&format!("{}: {why}", self.key)))
    }

    fn placed<T>(&self, value: T) -> SaidAt<T> {
        SaidAt {
            value,
            place: self.at.clone(),
        }
    }
}

fn a(kind: &str) -> String {
    match kind {
        "array" | "integer" => format!("an {kind}"),
        other => format!("a {other}"),
    }
}

/// What was likely meant.
pub fn near(said: &str, known: &[&str]) -> String {
    let distance = |word: &&&str| strsim::damerau_levenshtein(word, said);
    let best = known.iter().min_by_key(distance);
    best.filter(|word| distance(word) <= 3.max(word.len() / 3))
        .map(|word| format!(" Did you mean {word}?"))
        .unwrap_or_default()
}
