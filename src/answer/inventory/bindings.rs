//! The table of bindings: a row for each member.

use std::sync::Arc;

use super::cells::{EstateCell, EstateColumn};
use super::{EstateRead, RowSubject};
use crate::evaluate::review::{ConditionLife, condition_life};
use crate::iam::{AllowPolicy, Binding, Member, PolicyMember, Resource, address};

pub(super) const COLUMNS: [EstateColumn; 5] = [
    EstateColumn {
        name: "resource",
        title: "resource",
        narrow: 14,
        grows: true,
        rank: 0,
    },
    EstateColumn {
        name: "role",
        title: "role",
        narrow: 14,
        grows: true,
        rank: 1,
    },
    EstateColumn {
        name: "member",
        title: "member",
        narrow: 14,
        grows: true,
        rank: 2,
    },
    EstateColumn {
        name: "condition",
        title: "condition",
        narrow: 16,
        grows: true,
        rank: 4,
    },
    EstateColumn {
        name: "state",
        title: "state",
        narrow: 23,
        grows: false,
        rank: 3,
    },
];

/// Where a row stands: its policy, its binding there, its member there.
#[derive(Clone, Copy, Debug)]
struct BindingLine {
    policy: u32,
    binding: u32,
    member: u32,
}

/// The rows.
#[derive(Debug)]
pub(super) struct BindingRows {
    policies: Vec<(Resource, String, Arc<AllowPolicy>)>,
    lines: Vec<BindingLine>,
    read: Arc<EstateRead>,
}

impl BindingRows {
    pub fn new(read: &Arc<EstateRead>) -> Self {
        let estate = &read.estate;
        let mut policies: Vec<_> = estate
            .policies()
            .filter(|(at, policy)| {
                !policy.bindings.is_empty() && estate.allow_policy(at).is_known()
            })
            .map(|(at, policy)| (at.clone(), estate.label(at), Arc::clone(policy)))
            .collect();
        policies.sort_by(|a, b| a.0.cmp(&b.0));
        let mut lines = Vec::new();
        for (policy, (_, _, held)) in (0..).zip(&policies) {
            for (binding, bound) in (0..).zip(&held.bindings) {
                let members = 0..u32::try_from(bound.members.len()).unwrap_or(u32::MAX);
                lines.extend(members.map(|member| BindingLine {
                    policy,
                    binding,
                    member,
                }));
            }
        }
        Self {
            policies,
            lines,
            read: Arc::clone(read),
        }
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    fn at(&self, row: usize) -> Option<(&Resource, &str, &Binding, &PolicyMember)> {
        let line = self.lines.get(row)?;
        let (resource, label, policy) = self.policies.get(line.policy as usize)?;
        let binding = policy.bindings.get(line.binding as usize)?;
        let member = binding.members.get(line.member as usize)?;
        Some((resource, label, binding, member))
    }

    pub fn subject(&self, row: usize) -> Option<RowSubject> {
        let (resource, _, _, member) = self.at(row)?;
        Some(match (resource, &member.member) {
            (Resource::ServiceAccount { .. }, Member::One(one)) => {
                RowSubject::Pair(one.clone(), resource.clone())
            }
            (Resource::ServiceAccount { .. }, _) => RowSubject::Account(resource.clone()),
            (Resource::Project(id), _) => RowSubject::Project(id.to_string()),
            _ => RowSubject::Nothing(
                "This stands above the projects; who gets at an account by it, the accounts' own rows say.",
            ),
        })
    }

    pub fn cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        let Some((_, label, binding, member)) = self.at(row) else {
            return EstateCell::Empty;
        };
        match column {
            0 => EstateCell::text(label),
            1 => EstateCell::text(binding.role.strip_prefix("roles/").unwrap_or(&binding.role)),
            // That it is a service account, its address tells.
            2 => {
                let text = &member.text;
                let bare = text.strip_prefix("serviceAccount:").unwrap_or(text);
                EstateCell::text(address::short(bare))
            }
            _ => self.whole_cell(row, column),
        }
    }

    pub fn whole_cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        let Some((resource, _, binding, member)) = self.at(row) else {
            return EstateCell::Empty;
        };
        match (column, &binding.condition) {
            (0, _) => EstateCell::text(resource.full_name()),
            (1, _) => EstateCell::text(&*binding.role),
            (2, _) => EstateCell::text(&*member.text),
            (_, None) => EstateCell::Empty,
            (3, Some(condition)) => EstateCell::text(condition.expression.as_str()),
            (_, Some(condition)) => {
                let read = &self.read;
                match condition_life(&read.estate, resource, condition, read.time) {
                    ConditionLife::Expired => EstateCell::text("expired"),
                    ConditionLife::NeverTrue => EstateCell::text("never true"),
                    ConditionLife::NotNow => EstateCell::text("not met now"),
                    ConditionLife::Holds(None) => EstateCell::text("met"),
                    ConditionLife::Holds(Some(end)) => {
                        EstateCell::text(format!("ends {}", end.strftime("%Y-%m-%d %H:%MZ")))
                    }
                    ConditionLife::Depends => EstateCell::text("depends"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::estate::file::read_text;

    #[test]
    fn a_policy_that_may_not_be_read_has_no_rows() {
        let level = "//cloudresourcemanager.googleapis.com/projects/p";
        let file = json!({
            "projects": [{ "name": "projects/1", "projectId": "p" }],
            "iamPolicies": { level: { "bindings": [{ "role": "roles/viewer", "members": ["user:a@b.c"] }] } } });
        for (unreadable, rows) in [(json!([]), 1), (json!([level]), 0)] {
            let mut file = file.clone();
            file["unreadable"] = unreadable;
            let read = EstateRead {
                estate: read_text("f", &file.to_string()).unwrap(),
                not_read: Vec::new(),
                assumptions: Vec::new(),
                time: jiff::Timestamp::UNIX_EPOCH,
                unlisted: Vec::new(),
                options: crate::evaluate::review::ReviewOptions::default(),
                suppressions: Vec::new(),
            };
            assert_eq!(BindingRows::new(&Arc::new(read)).lines.len(), rows);
        }
    }
}
