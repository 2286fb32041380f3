//! Reads a query.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Phrase, Query, Searched, TIMES, Test};

/// Parentheses in one another; more than ten comparisons need none deeper.
const DEEPEST: usize = 50;

/// The field and operator before a parenthesis.
type Before<'b> = Option<(&'b [String], Operator)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Has,
    Is,
    Less,
    AtMost,
    More,
    AtLeast,
}

struct QueryParser<'t> {
    text: &'t str,
    at: usize,
    searched: Searched,
}

/// Reads a whole query; nothing finds everything.
pub(crate) fn query(text: &str, searched: Searched) -> Result<Query, String> {
    let mut reader = QueryParser {
        text,
        at: 0,
        searched,
    };
    reader.blank();
    if reader.rest().is_empty() {
        return Ok(Query::All(Vec::new()));
    }
    let query = reader.all(None, 0)?;
    match reader.rest().chars().next() {
        None => Ok(query),
        Some(c) => Err(format!(
            "'{c}' at position {} has no partner.",
            reader.place()
        )),
    }
}

impl<'t> QueryParser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Counted in characters from 1.
    fn place(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().chars().count() + 1
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Whether this word comes next, by itself.
    fn sees(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|after| {
            after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || "()".contains(c))
        })
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.sees(word);
        if found {
            self.at += word.len();
            self.blank();
        }
        found
    }

    /// Terms joined by AND or spaces.
    fn all(&mut self, before: Before<'_>, depth: usize) -> Result<Query, String> {
        if depth > DEEPEST {
            return Err("its parentheses are too deep.".to_owned());
        }
        let mut parts = vec![self.any(before, depth)?];
        loop {
            let joined = self.word("AND");
            if !joined && (self.rest().is_empty() || self.rest().starts_with(')')) {
                break;
            }
            parts.push(self.any(before, depth)?);
        }
        Ok(one_or(parts, Query::All))
    }

    /// Terms joined by OR.
    fn any(&mut self, before: Before<'_>, depth: usize) -> Result<Query, String> {
        let mut parts = vec![self.term(before, depth)?];
        while self.word("OR") {
            parts.push(self.term(before, depth)?);
        }
        Ok(one_or(parts, Query::Any))
    }

    fn term(&mut self, before: Before<'_>, depth: usize) -> Result<Query, String> {
        if let Some(word) = ["AND", "OR"].into_iter().find(|word| self.sees(word)) {
            return Err(format!(
                "'{word}' at position {} joins nothing: a term is expected there.",
                self.place()
            ));
        }
        if self.word("NOT") || self.skip("-") {
            return Ok(Query::Not(Box::new(self.simple(before, depth)?)));
        }
        self.simple(before, depth)
    }

    fn simple(&mut self, before: Before<'_>, depth: usize) -> Result<Query, String> {
        if self.skip("(") {
            self.blank();
            let inner = self.all(before, depth + 1)?;
            if !self.skip(")") {
                return Err(format!("')' expected at position {}.", self.place()));
            }
            self.blank();
            return Ok(inner);
        }
        if self.rest().is_empty() || self.rest().starts_with(')') {
            return Err(format!("a term is expected at position {}.", self.place()));
        }
        match before {
            Some((path, operator)) => self.value(path, operator, true),
            None => match self.field()? {
                Some((path, operator)) if self.rest().starts_with('(') => {
                    self.simple(Some((&path, operator)), depth)
                }
                Some((path, operator)) => self.value(&path, operator, false),
                None => {
                    let text = self.text()?;
                    Ok(Query::Term(None, has(&text)))
                }
            },
        }
    }

    /// A field with its operator, or nothing taken.
    fn field(&mut self) -> Result<Option<(Vec<String>, Operator)>, String> {
        let start = self.at;
        let mut path = Vec::new();
        loop {
            if !path.is_empty() && self.rest().starts_with('"') {
                path.push(self.quoted()?);
            } else {
                let end = self
                    .rest()
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
                    .unwrap_or(self.rest().len());
                path.push(self.rest().get(..end).unwrap_or_default().to_owned());
                self.at += end;
            }
            if !self.skip(".") {
                break;
            }
        }
        self.blank();
        let operators = [
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            (":", Operator::Has),
            ("=", Operator::Is),
            ("<", Operator::Less),
            (">", Operator::More),
        ];
        let found = operators.into_iter().find(|(sign, _)| self.skip(sign));
        let Some((_, operator)) = found.filter(|_| path.iter().all(|part| !part.is_empty())) else {
            self.at = start;
            return Ok(None);
        };
        if !self.searched.knows(&path) {
            return Err(format!(
                "'{}' is no field that can be searched here; expected one of {}. Text that holds '{}' goes in quotes.",
                path.join("."),
                self.searched.fields().join(", "),
                self.text.get(self.at - 1..self.at).unwrap_or_default()
            ));
        }
        self.blank();
        Ok(Some((path, operator)))
    }

    /// A text in quotes, or up to a space or a parenthesis.
    fn text(&mut self) -> Result<String, String> {
        let text = if self.rest().starts_with('"') {
            self.quoted()?
        } else {
            let end = self
                .rest()
                .find(|c: char| c.is_whitespace() || "()".contains(c))
                .unwrap_or(self.rest().len());
            let text = self.rest().get(..end).unwrap_or_default().to_owned();
            self.at += end;
            text
        };
        self.blank();
        Ok(text)
    }

    /// A backslash keeps the next character as it is.
    fn quoted(&mut self) -> Result<String, String> {
        let start = self.place();
        let (mut text, mut escaped) = (String::new(), false);
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if escaped => {
                    text.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '"' => {
                    self.at += at + 1;
                    // A star right after the quote belongs to the phrase.
                    if self.skip("*") {
                        text.push('*');
                    }
                    return Ok(text);
                }
                _ => text.push(c),
            }
        }
        Err(format!("the quote at position {start} does not end."))
    }

    fn value(&mut self, path: &[String], operator: Operator, many: bool) -> Result<Query, String> {
        let place = self.place();
        let bare = !self.rest().starts_with('"');
        let text = self.text()?;
        if bare && text.is_empty() {
            return Err(format!("a value is expected at position {place}."));
        }
        if bare && many && text.contains(':') && self.starts_with_field(&text) {
            return Err(format!(
                "'{text}' at position {place} stands among the values of '{}'.",
                path.join(".")
            ));
        }
        let name = path.join(".");
        let test = if TIMES.contains(&name.as_str()) {
            time(&text, operator)?
        } else {
            match operator {
                Operator::Has => has(&text),
                Operator::Is if bare && text.ends_with('*') => {
                    return Err(format!(
                        "'{text}' at position {place} is compared whole, so it takes no wildcard."
                    ));
                }
                Operator::Is => Test::Is(text),
                _ => {
                    return Err(format!(
                        "'{name}' holds no time: expected ':' or '=' after it."
                    ));
                }
            }
        };
        Ok(Query::Term(Some(path.to_vec()), test))
    }

    fn starts_with_field(&self, text: &str) -> bool {
        text.split_once(':')
            .is_some_and(|(name, _)| self.searched.knows(&[name.to_owned()]))
    }
}

fn one_or(mut parts: Vec<Query>, join: fn(Vec<Query>) -> Query) -> Query {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn has(text: &str) -> Test {
    if text == "*" {
        Test::Exists
    } else {
        Test::Has(Phrase::new(text))
    }
}

/// Seconds since 1970, a date or a date with a time (`ResourceSearchResult.createTime`); without a zone
/// it is UTC. All of a second is one time.
fn time(text: &str, operator: Operator) -> Result<Test, String> {
    if text == "*" && operator == Operator::Has {
        return Ok(Test::Exists);
    }
    let at = read_time(text).ok_or(format!(
        "'{text}' is no time: expected seconds since 1970, 2021-01-01 or \"2021-01-01T00:00:00\"."
    ))?;
    let after = at
        .checked_add(SignedDuration::from_secs(1))
        .unwrap_or(Timestamp::MAX);
    Ok(match operator {
        Operator::Has | Operator::Is => Test::Within(Some(at), Some(after)),
        Operator::Less => Test::Within(None, Some(at)),
        Operator::AtMost => Test::Within(None, Some(after)),
        Operator::More => Test::Within(Some(after), None),
        Operator::AtLeast => Test::Within(Some(at), None),
    })
}

fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let civil = match text.parse::<DateTime>() {
        Ok(time) => time,
        Err(_) => text
            .parse::<Date>()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
    };
    TimeZone::UTC.to_timestamp(civil).ok()
}
