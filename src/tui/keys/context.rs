//! What is in focus, as far as keys are concerned.

/// What is in focus, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyContext {
    /// Everywhere, unless the context in focus says otherwise. While a text is typed, only those
    /// keys of it that are no characters.
    Everywhere,
    /// Choosing caller and target: what is typed filters.
    Pick,
    /// An answer: the tree or the causes.
    Answer,
    /// A pop-up to be read: a level, the help, the log.
    Read,
    /// The confirmation: what is typed is the word.
    Confirm,
    /// The confirmation after the word: it is being applied, or was.
    Applied,
    /// A list to choose from by typing: the palette, the copy menu, permissions.
    Menu,
    /// A list of accounts or changes.
    List,
    /// A table of the whole estate.
    Estate,
    /// A finding of a review.
    Finding,
    /// A filter of a list, or what is looked for in a page: what is typed is looked for.
    Find,
    /// There are no credentials.
    SignedOut,
}

impl KeyContext {
    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Pick => "choosing caller and target",
            Self::Answer => "the answer",
            Self::Read => "a page to read",
            Self::Confirm => "the confirmation",
            Self::Applied => "after the confirmation",
            Self::Menu => "a menu",
            Self::List => "a list",
            Self::Estate => "a table of the estate",
            Self::Finding => "a finding",
            Self::Find => "a filter or a search",
            Self::SignedOut => "without credentials",
        }
    }

    /// All of them, [`KeyContext::Everywhere`] last.
    pub const ALL: [Self; 12] = [
        Self::Pick,
        Self::Answer,
        Self::Read,
        Self::List,
        Self::Estate,
        Self::Finding,
        Self::Find,
        Self::Menu,
        Self::Confirm,
        Self::Applied,
        Self::SignedOut,
        Self::Everywhere,
    ];

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Pick => "pick",
            Self::Answer => "answer",
            Self::Read => "page",
            Self::Confirm => "confirmation",
            Self::Applied => "applied",
            Self::Menu => "menu",
            Self::List => "list",
            Self::Estate => "estate",
            Self::Finding => "finding",
            Self::Find => "find",
            Self::SignedOut => "signed-out",
        }
    }

    /// Whether characters that are typed here are text.
    #[must_use]
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Pick | Self::Confirm | Self::Menu | Self::Find)
    }
}
