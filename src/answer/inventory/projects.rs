//! The table of projects.

use std::collections::HashMap;

use super::cells::{AtLeast, EstateCell, EstateColumn};
use super::{EstateRead, RowSubject};
use crate::estate::Read;
use crate::iam::Resource;

pub(super) const COLUMNS: [EstateColumn; 6] = [
    EstateColumn {
        name: "project",
        title: "project",
        narrow: 16,
        grows: true,
        rank: 0,
    },
    EstateColumn {
        name: "name",
        title: "name",
        narrow: 12,
        grows: true,
        rank: 4,
    },
    EstateColumn {
        name: "parents",
        title: "parents",
        narrow: 16,
        grows: true,
        rank: 3,
    },
    EstateColumn {
        name: "state",
        title: "state",
        narrow: 16,
        grows: false,
        rank: 5,
    },
    EstateColumn {
        name: "accounts",
        title: "accounts",
        narrow: 9,
        grows: false,
        rank: 1,
    },
    EstateColumn {
        name: "bindings",
        title: "bindings",
        narrow: 9,
        grows: false,
        rank: 2,
    },
];

#[derive(Debug)]
struct ProjectLine {
    id: String,
    name: String,
    parents: String,
    state: String,
    /// `None`: they were not listed.
    accounts: Option<usize>,
    bindings: Option<AtLeast>,
}

/// The rows.
#[derive(Debug)]
pub(super) struct ProjectRows(Vec<ProjectLine>);

impl ProjectRows {
    pub fn new(read: &EstateRead) -> Self {
        let estate = &read.estate;
        let mut accounts: HashMap<&str, usize> = HashMap::new();
        for account in estate.accounts() {
            *accounts.entry(estate.project_id_of(account)).or_default() += 1;
        }
        let lines = estate.projects().map(|project| {
            let id = project.project_id.as_str();
            let on = Resource::project(id);
            let ancestry = estate.ancestry(&on);
            let mut above: Vec<String> = ancestry
                .levels
                .iter()
                .skip(1)
                .rev()
                .map(|level| estate.label(level))
                .collect();
            if !ancestry.complete {
                above.insert(0, "?".to_owned());
            }
            let bindings = match estate.allow_policy(&on) {
                Read::Known(policy) => Some(AtLeast {
                    certain: policy.map_or(0, |p| p.bindings.len() as u64),
                    or_more: estate.gap_of(&on),
                }),
                Read::Unreadable(_) => None,
            };
            let listed = |name: &str| {
                let name = format!("//cloudresourcemanager.googleapis.com/projects/{name}");
                read.not_read.binary_search(&name).is_err()
            };
            ProjectLine {
                accounts: listed(id).then(|| accounts.get(id).copied().unwrap_or_default()),
                id: id.to_owned(),
                name: project.display_name.clone(),
                parents: above.join(" / "),
                state: match project.state.as_str() {
                    _ if project.is_shut_down() => "shut down".to_owned(),
                    "" => String::new(),
                    state => state.to_lowercase().replace('_', " "),
                },
                bindings,
            }
        });
        let mut lines: Vec<ProjectLine> = lines.collect();
        lines.sort_by(|a, b| a.id.cmp(&b.id));
        Self(lines)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn row_of(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|line| line.id == name)
    }

    pub fn subject(&self, row: usize) -> Option<RowSubject> {
        Some(RowSubject::Project(self.0.get(row)?.id.clone()))
    }

    pub fn cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        let Some(line) = self.0.get(row) else {
            return EstateCell::Empty;
        };
        let text = |text: &'static str| EstateCell::text(text);
        match column {
            0 => EstateCell::text(line.id.as_str()),
            1 => EstateCell::text(line.name.as_str()),
            2 => EstateCell::text(line.parents.as_str()),
            3 if line.state.is_empty() => text(super::cells::NOT_READ),
            3 => EstateCell::text(line.state.as_str()),
            4 => line.accounts.map_or(EstateCell::NotRead, |n| {
                EstateCell::Count(AtLeast {
                    certain: n as u64,
                    or_more: false,
                })
            }),
            _ => line.bindings.map_or(EstateCell::NotRead, EstateCell::Count),
        }
    }
}
