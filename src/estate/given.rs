//! Facts that come from files: what could not be read is then not in them, and nobody's leave brings it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Estate, ProjectsById};
use crate::iam::Resource;

/// Why something is not known that a file's own `unreadable` lists.
pub(crate) const MAY_NOT: &str = "may not be read";

/// With this begins why something is not known that the files given do not hold.
pub const NOT_GIVEN: &str = "not in the files";

/// The files that facts come from.
#[derive(Clone, Debug)]
pub(crate) struct FilesGiven {
    /// What they name without telling it, with why.
    unreadable: Arc<BTreeMap<String, Arc<str>>>,
    projects: ProjectsById,
}

impl Estate {
    /// Says that its facts come from files, all of which whoever looks may see, and what was read of them.
    /// `was_refused`: whether something is not known for that it was refused, by why it is not.
    pub fn come_from(&mut self, files: &Self, was_refused: impl Fn(&str) -> bool) {
        self.given = Some(FilesGiven {
            unreadable: Arc::clone(&files.unreadable),
            projects: files.projects.clone(),
        });
        let refused = self.unreadable().filter(|(_, why)| was_refused(why));
        let lacking: Vec<(String, String)> = refused
            .filter_map(|(name, _)| Some((name.to_owned(), self.why_not_given(name)?)))
            .collect();
        for (name, why) in lacking {
            self.mark_unreadable(&name, &why);
        }
    }

    /// Whether its facts come from files.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Why the files do not tell something of this name (as in `unreadable`); `None` where facts do not come from
    /// files, or where these say themselves that it may not be read.
    #[must_use]
    pub fn why_not_given(&self, name: &str) -> Option<String> {
        let given = self.given.as_ref()?;
        let why = given
            .why(name)
            .or_else(|| given.why(&given.by_number(name)?))
            .or_else(|| given.why(&accounts_beside(name)?));
        match why {
            Some(MAY_NOT) => None,
            Some(why) => Some(format!("{NOT_GIVEN}: {why}")),
            None => Some(NOT_GIVEN.to_owned()),
        }
    }
}

impl FilesGiven {
    fn why(&self, name: &str) -> Option<&str> {
        self.unreadable.get(name).map(|why| &**why)
    }

    /// The name with the project's number in place of its id.
    fn by_number(&self, name: &str) -> Option<String> {
        let (before, rest) = ["projects%2F", "projects/"].into_iter().find_map(|word| {
            let at = name.find(word)?.checked_add(word.len())?;
            Some((name.get(..at)?, name.get(at..)?))
        })?;
        let id = rest.split(['/', '%']).next()?;
        let number = self.projects.get(id)?.number().to_owned();
        Some(format!("{before}{number}{}", rest.get(id.len()..)?))
    }
}

/// The list of the accounts among which an account of this name would be.
fn accounts_beside(name: &str) -> Option<String> {
    match Resource::parse(name) {
        Ok(Resource::ServiceAccount { project, .. }) => Some(Estate::accounts_of(&project)),
        _ => None,
    }
}
