//! Text with roles, to be read on a page of its own.

use super::find::Find;
use super::theme::StyleRole;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub role: StyleRole,
    /// Its text; safe to show.
    pub text: String,
}

/// A line.
pub type Text = Vec<Piece>;

/// A line of one role.
#[must_use]
pub fn line(role: StyleRole, text: impl Into<String>) -> Text {
    vec![piece(role, text)]
}

/// A piece of a line.
#[must_use]
pub fn piece(role: StyleRole, text: impl Into<String>) -> Piece {
    Piece {
        role,
        text: text.into(),
    }
}

/// A page.
#[derive(Clone, Debug)]
pub struct ScreenPage {
    /// Its title.
    pub title: String,
    /// Its lines; the view wraps them.
    pub lines: Vec<Text>,
    /// The first wrapped line shown.
    pub offset: usize,
    /// What `y` copies: what it is, and the text.
    pub copy: Option<(String, String)>,
    /// What is looked for in it.
    pub find: Find,
    /// The line, as it is before it is wrapped, in which it was found last.
    pub hit: Option<usize>,
    /// That line has to be in sight.
    pub reveal: bool,
    /// Whether it shows facts of the answer below it, which can be read again.
    pub of_facts: bool,
    /// The id of the finding that it shows.
    pub of_finding: Option<String>,
}

impl ScreenPage {
    /// A page from its top.
    #[must_use]
    pub fn new(title: impl Into<String>, lines: Vec<Text>) -> Self {
        Self {
            title: title.into(),
            lines,
            offset: 0,
            copy: None,
            find: Find::default(),
            hit: None,
            reveal: false,
            of_facts: false,
            of_finding: None,
        }
    }

    /// The same, of facts that were read at a moment: that stands above it.
    #[must_use]
    pub fn of_facts(mut self, read_at: &str) -> Self {
        let words = format!("read at {read_at}");
        self.lines.insert(0, line(StyleRole::Dim, words));
        self.of_facts = true;
        self
    }

    /// The same with something to copy.
    #[must_use]
    pub fn copying(mut self, what: impl Into<String>, text: impl Into<String>) -> Self {
        self.copy = Some((what.into(), text.into()));
        self
    }

    /// The lines in which what is looked for stands, by their places.
    #[must_use]
    pub fn found(&self) -> Vec<usize> {
        let holds = |line: &Text| {
            let text: String = line.iter().map(|p| p.text.as_str()).collect();
            !self.find.places(&text).is_empty()
        };
        (0..)
            .zip(&self.lines)
            .filter(|(_, line)| holds(line))
            .map(|(i, _)| i)
            .collect()
    }

    /// Its text without roles, as copied when nothing else is said.
    #[must_use]
    pub fn plain(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let text: String = line.iter().map(|p| p.text.as_str()).collect();
            text.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
