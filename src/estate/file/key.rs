//! `KEY=FILE`: which resource a file is about that does not say so itself.

use std::fmt;

use crate::iam::{Resource, address};

/// What a file is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKey {
    /// An organization, folder, project or account.
    Resource(Resource),
    /// A group, by its address in lower case.
    Group(String),
}

impl FileKey {
    /// What stands before the `=`: `projects/P`, `folders/N`, `organizations/N`, an account in any of its
    /// forms, `groups/EMAIL`. `None` for anything else: it is part of a file's name then.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(email) = text.strip_prefix("groups/") {
            return address::is_email(email).then(|| Self::Group(email.to_lowercase()));
        }
        let resource = Resource::parse(text).or_else(|_| Resource::parse_account(text));
        resource.ok().map(Self::Resource)
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(resource) => f.write_str(&resource.relative()),
            Self::Group(email) => write!(f, "groups/{email}"),
        }
    }
}
