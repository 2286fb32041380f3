//! Projects in which nothing may be written: patterns that a configuration gives. They are asked before anything is
//! offered, and once more by the writer itself, which lets no other write through.

use std::sync::Arc;

use futures::future::BoxFuture;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::super::plan::{Remedy, RemedyStep};
use crate::estate::Estate;
use crate::iam::Resource;
use crate::wire::{Api, ApiError, Tell};

/// A pattern of project ids, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedPattern {
    /// `*` stands for any characters, `?` for one.
    pub glob: String,
    /// The file and its line.
    pub place: String,
}

/// The project that an account's address tells: `name@PROJECT.iam.gserviceaccount.com`, where a domain's own
/// projects (`example.com:id`) stand the other way round, and App Engine's default account.
fn project_in(email: &str) -> Option<String> {
    let (name, domain) = email.split_once('@')?;
    if domain == "appspot.gserviceaccount.com" {
        return Some(name.to_owned());
    }
    let project = domain.strip_suffix(".iam.gserviceaccount.com")?;
    Some(match project.split_once('.') {
        Some((id, domain)) => format!("{domain}:{id}"),
        None => project.to_owned(),
    })
}

/// Projects in which nothing may be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedProjects(Vec<ClosedPattern>);

/// Whether a text is as a pattern says: `*` any characters, `?` one.
fn fits(glob: &str, text: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    // Where the last star stood, and what it has eaten up to.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(from) => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, eaten)) => {
                    star = Some((place, eaten + 1));
                    at = place + 1;
                    from = eaten + 1;
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(at).all(|c| *c == '*')
}

impl ClosedProjects {
    /// Those that these patterns name.
    #[must_use]
    pub fn new(patterns: Vec<ClosedPattern>) -> Self {
        Self(patterns)
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns.
    #[must_use]
    pub fn patterns(&self) -> &[ClosedPattern] {
        &self.0
    }

    /// The pattern that a project's id is closed by.
    fn by_id(&self, id: &str) -> Option<&ClosedPattern> {
        self.0.iter().find(|pattern| fits(&pattern.glob, id))
    }

    /// The pattern that a resource is closed by: its project's. A project of which only the number is known is closed by
    /// the first of them, as nobody can tell.
    #[must_use]
    pub fn closing(&self, estate: Option<&Estate>, resource: &Resource) -> Option<&ClosedPattern> {
        let (project, account) = match resource {
            Resource::Project(project) => (&**project, None),
            Resource::ServiceAccount { project, account } => (&**project, Some(&**account)),
            Resource::Organization(_) | Resource::Folder(_) => return None,
        };
        let known = estate.and_then(|estate| {
            let of = account.and_then(|a| estate.account(a));
            let id = of
                .map(|a| a.project_id.as_str())
                .filter(|id| !id.is_empty());
            id.or_else(|| estate.project(project).map(|p| p.project_id.as_str()))
        });
        let owner = account.and_then(project_in);
        let said = [known, Some(project), owner.as_deref()];
        let mut ids = said
            .into_iter()
            .flatten()
            .filter(|id| *id != "-" && !id.chars().all(|c| c.is_ascii_digit()));
        match ids.next() {
            Some(id) => self.by_id(id).or_else(|| ids.find_map(|id| self.by_id(id))),
            None => self.0.first(),
        }
    }

    /// Why a way out may not be carried, in words: what it writes stands in such a project, or the account that is
    /// wanted does. What stands above projects counts for those below it, and is closed wherever any project is.
    #[must_use]
    pub fn forbids(&self, estate: &Estate, target: &Resource, way: &Remedy) -> Option<String> {
        let steps = way.steps.iter().map(RemedyStep::resource);
        let mut all = steps.chain(std::iter::once(target));
        all.find_map(|resource| self.forbids_writing(Some(estate), resource))
    }

    /// Why a resource may not be written to, in words.
    #[must_use]
    pub fn forbids_writing(&self, estate: Option<&Estate>, resource: &Resource) -> Option<String> {
        let label = || match estate {
            Some(estate) => estate.label(resource),
            None => resource.id().to_owned(),
        };
        match resource {
            Resource::Organization(_) | Resource::Folder(_) => self.0.first().map(|pattern| {
                format!(
                    "{} stands above projects, and those named {} are read-only ({})",
                    label(),
                    pattern.glob,
                    pattern.place
                )
            }),
            _ => self.closing(estate, resource).map(|pattern| {
                format!(
                    "{} is in a project that is read-only: {} ({})",
                    label(),
                    pattern.glob,
                    pattern.place
                )
            }),
        }
    }

    /// A writer that lets nothing through to such a project.
    #[must_use]
    pub fn guard(&self, writer: Arc<dyn Tell>) -> Arc<dyn Tell> {
        if self.is_empty() {
            return writer;
        }
        Arc::new(GuardedWriter {
            writer,
            closed: self.clone(),
        })
    }
}

struct GuardedWriter {
    writer: Arc<dyn Tell>,
    closed: ClosedProjects,
}

/// What a path writes to: `…/projects/P/serviceAccounts/E:setIamPolicy`. What cannot be read from it is closed.
fn named(path: &str) -> Option<Resource> {
    let mut parts = path
        .split('/')
        .skip_while(|p| !matches!(*p, "projects" | "folders" | "organizations"));
    let kind = parts.next()?;
    let bare = |part: &str| {
        let part = part.split([':', '?']).next().unwrap_or_default();
        percent_decode_str(part).decode_utf8_lossy().into_owned()
    };
    let name = bare(parts.next()?);
    let below = parts.next();
    Some(match (kind, below) {
        ("projects", Some("serviceAccounts")) => Resource::account(&name, &bare(parts.next()?)),
        ("projects", _) => Resource::project(&name),
        ("folders", _) => Resource::Folder(name.into()),
        _ => Resource::Organization(name.into()),
    })
}

impl Tell for GuardedWriter {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let closed = match named(path) {
            Some(resource) => self.closed.forbids_writing(None, &resource),
            None => Some("nobody can tell what it is".to_owned()),
        };
        match closed {
            None => self.writer.tell(api, path, body),
            Some(why) => Box::pin(async move {
                Err(ApiError::Refused {
                    what: "write".to_owned(),
                    status: 403,
                    reason: None,
                    message: format!("nothing was sent: {why}"),
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(globs: &[&str]) -> ClosedProjects {
        let patterns = globs.iter().map(|glob| ClosedPattern {
            glob: (*glob).to_owned(),
            place: "config.toml:1".to_owned(),
        });
        ClosedProjects::new(patterns.collect())
    }

    #[test]
    fn a_pattern_names_projects() {
        for (glob, text, is) in [
            ("prod-*", "prod-eu", true),
            ("prod-*", "my-prod-eu", false),
            ("*prod*", "my-prod-eu", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*", "", true),
            ("", "x", false),
            ("*-a-*b", "x-a-a-cb", true),
            ("data-vault", "data-vault", true),
        ] {
            assert_eq!(fits(glob, text), is, "{glob} {text}");
        }
    }

    /// However a path names it; and what cannot be told is closed.
    #[tokio::test]
    async fn nothing_is_written_to_a_closed_project() {
        struct Open;
        impl Tell for Open {
            fn tell<'a>(
                &'a self,
                _: Api,
                _: &'a str,
                _: &'a Value,
            ) -> BoxFuture<'a, Result<Value, ApiError>> {
                Box::pin(async { Ok(Value::Null) })
            }
        }
        let guarded = closed(&["data-*"]).guard(Arc::new(Open));
        for (path, through) in [
            ("x/projects/data-vault:setIamPolicy", false),
            ("x/projects/app-prod:setIamPolicy", true),
            (
                "x/projects/-/serviceAccounts/a%40data-vault.iam.gserviceaccount.com:setIamPolicy",
                false,
            ),
            (
                "x/projects/-/serviceAccounts/a@data-vault.iam.gserviceaccount.com:setIamPolicy",
                false,
            ),
            (
                "x/projects/app-prod/serviceAccounts/a%40app-prod.iam.gserviceaccount.com:enable",
                true,
            ),
            ("x/projects/3001:setIamPolicy", false),
            ("x/projects/-/serviceAccounts/1026:setIamPolicy", false),
            ("x/folders/1:setIamPolicy", false),
            ("x/organizations/1:setIamPolicy", false),
            ("x/things", false),
        ] {
            let told = guarded.tell(Api::Iam, path, &Value::Null).await;
            assert_eq!(told.is_ok(), through, "{path}: {told:?}");
        }
    }
}
