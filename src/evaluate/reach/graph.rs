//! The graph of grants: who stands in which binding, and what lies below it. Linear in the estate.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::conditions::{self, Site};
use super::super::federation::stands_for_nobody;
use super::super::judge::Judge;
use super::relevant::{Ground, RelevantBinding};
use super::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::estate::{Estate, Read};
use crate::evaluate::membership::canonical;
use crate::evaluate::truth::Truth;
use crate::evaluate::ways::WayIn;
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource, ResourceKind};

/// Who may act as whom by `permission` at `time`: every binding that holds it as an edge from each
/// member to the account, or to the level whose accounts it reaches; groups with their members, levels
/// with what lies below them.
#[must_use]
pub fn graph(estate: &Estate, permission: &Permission, time: Timestamp) -> Graph {
    drawn(
        &Ground::new(estate, vec![permission.clone()], time, None),
        &[],
    )
}

/// The same by these ways of becoming an account. A binding that opens none but what hangs on more than policies is a
/// perhaps; whoever may edit roles is drawn where roles of that level are granted.
#[must_use]
pub fn graph_by(estate: &Estate, ways: &[WayIn], time: Timestamp) -> Graph {
    let names: BTreeSet<&str> = ways.iter().flat_map(|w| w.permissions()).copied().collect();
    let permissions = names.into_iter().map(Permission::parse);
    let permissions = permissions.filter_map(Result::ok).collect();
    drawn(&Ground::new(estate, permissions, time, None), ways)
}

fn drawn(ground: &Ground<'_>, ways: &[WayIn]) -> Graph {
    let estate = ground.estate;
    let mut draft = GraphDraft::default();
    let mut levels = BTreeSet::new();
    let mut groups = Vec::new();
    let granted = custom_roles(estate, ways);
    for entry in &ground.entries {
        let (base, kinds) = if ways.is_empty() {
            (
                entry.holds.first().copied().unwrap_or(Truth::No),
                Vec::new(),
            )
        } else {
            opened(ground, entry, ways, &granted)
        };
        if base == Truth::No && !ways.is_empty() {
            continue;
        }
        let to = draft.resource(estate, entry.resource);
        if !matches!(entry.resource, Resource::ServiceAccount { .. }) {
            levels.insert(entry.resource.clone());
        }
        let Some(holds) = holds(ground, entry, base) else {
            continue;
        };
        for member in &entry.binding.members {
            if let Member::Group(email) = &member.member {
                groups.push(email.as_str());
            }
            let Some(from) = draft.member(estate, member) else {
                continue;
            };
            draft.edges.push(Edge {
                from,
                to: to.clone(),
                kind: EdgeKind::Grant {
                    role: Arc::clone(&entry.binding.role),
                    resource: entry.resource.clone(),
                    conditional: entry.binding.condition.is_some(),
                    holds,
                    ways: kinds.clone(),
                },
            });
        }
    }
    let mut not_read = BTreeSet::new();
    draft.groups(estate, groups, &mut not_read);
    draft.below(ground, &levels);
    ground.not_read(ground.unread(), &mut not_read);
    // Deny policies and boundaries are not drawn.
    not_read.retain(|name| !name.ends_with("/denypolicies") && !name.ends_with("/policyBindings"));
    if estate.coverage() == crate::estate::Coverage::Partial {
        let accounts = estate.accounts().filter_map(|a| {
            let named = Resource::account("-", &a.email);
            estate.resolve(&named).exists()
        });
        not_read.extend(
            accounts
                .filter(|a| ground.policy_unread(a))
                .map(|a| a.full_name()),
        );
    }
    let mut nodes: Vec<Node> = draft.nodes.into_values().collect();
    nodes.sort_unstable();
    draft.edges.sort_unstable();
    draft.edges.dedup();
    Graph {
        nodes,
        edges: draft.edges,
        complete: not_read.is_empty() && !estate.is_part(),
        not_read: not_read.into_iter().collect(),
    }
}

/// Names of the levels whose custom roles are granted somewhere (`projects/P`, `organizations/O`).
fn custom_roles<'e>(estate: &'e Estate, ways: &[WayIn]) -> HashSet<&'e str> {
    if !ways.contains(&WayIn::RoleEdit) {
        return HashSet::new();
    }
    let read = |on: &Resource| estate.allow_policy(on).is_known();
    let bindings = estate.policies().filter(|(on, _)| read(on));
    let bindings = bindings.flat_map(|(_, policy)| &policy.bindings);
    let homes = bindings.filter_map(|b| b.role.split_once("/roles/"));
    homes.map(|(home, _)| home).collect()
}

/// Which ways a binding opens, and whether one of them is more than a perhaps.
fn opened(
    ground: &Ground<'_>,
    entry: &RelevantBinding<'_>,
    ways: &[WayIn],
    granted: &HashSet<&str>,
) -> (Truth, Vec<WayIn>) {
    let on = entry.resource.kind();
    let (mut sum, mut kinds) = (Truth::No, Vec::new());
    for way in ways {
        let fits = match way {
            WayIn::ProjectPolicy | WayIn::DeployOver => on != ResourceKind::ServiceAccount,
            WayIn::FolderPolicy => {
                matches!(on, ResourceKind::Folder | ResourceKind::Organization)
            }
            WayIn::OrganizationPolicy => on == ResourceKind::Organization,
            WayIn::RoleEdit => {
                on != ResourceKind::ServiceAccount && edits_a_role(ground, entry, granted)
            }
            _ => true,
        };
        if !fits {
            continue;
        }
        let held = ground.permissions.iter().zip(entry.holds.iter());
        let held = held.filter(|(p, _)| way.permissions().contains(&p.as_str()));
        let mut answer = held.fold(Truth::No, |sum, (_, h)| sum.or(*h));
        if answer == Truth::No {
            continue;
        }
        if matches!(way, WayIn::ActAs | WayIn::DeployOver | WayIn::RoleEdit) {
            answer = answer.and(Truth::UnknownConditional);
        }
        sum = sum.or(answer);
        kinds.push(*way);
    }
    (sum, kinds)
}

/// Whether a custom role that belongs to the binding's level, or below it, is granted somewhere.
fn edits_a_role(ground: &Ground<'_>, entry: &RelevantBinding<'_>, granted: &HashSet<&str>) -> bool {
    granted.iter().any(|home| {
        let home = match home.split_once('/') {
            Some(("projects", id)) => Resource::project(id),
            Some((_, id)) => Resource::Organization(id.into()),
            None => return false,
        };
        let above = ground.level_and_above(&ground.canonical(home));
        above.levels.contains(entry.resource)
    })
}

/// Whether a binding counts; `None` when it certainly does not.
fn holds(ground: &Ground<'_>, entry: &RelevantBinding<'_>, base: Truth) -> Option<Truth> {
    let mut answer = base;
    if let Some(condition) = &entry.binding.condition {
        // What a condition sees below a level may differ from account to account.
        let permission = ground.permissions.first()?;
        let nobody = Principal::Other(String::new());
        let judge = Judge::new(
            ground.estate,
            &nobody,
            permission,
            entry.resource,
            ground.time,
        );
        let account = matches!(entry.resource, Resource::ServiceAccount { .. });
        let same = account
            || conditions::compiled(&condition.expression).map_or(true, |c| !c.uses("resource"));
        answer = answer.and(if same {
            conditions::decide(&judge, condition, Site::Allow)
        } else {
            Truth::UnknownConditional
        });
    }
    (answer != Truth::No).then_some(answer)
}

#[derive(Default)]
struct GraphDraft {
    nodes: HashMap<String, Node>,
    edges: Vec<Edge>,
}

impl GraphDraft {
    fn node(&mut self, id: String, kind: NodeKind, label: impl FnOnce() -> String) -> String {
        if !self.nodes.contains_key(&id) {
            let node = Node {
                id: id.clone(),
                label: label(),
                kind,
            };
            self.nodes.insert(id.clone(), node);
        }
        id
    }

    /// The account as a principal, or the level.
    fn resource(&mut self, estate: &Estate, resource: &Resource) -> String {
        let label = || estate.label(resource);
        match resource {
            Resource::ServiceAccount { account, .. } => self.node(
                format!("serviceAccount:{account}"),
                NodeKind::ServiceAccount,
                label,
            ),
            Resource::Project(_) => self.node(resource.full_name(), NodeKind::Project, label),
            Resource::Folder(_) => self.node(resource.full_name(), NodeKind::Folder, label),
            Resource::Organization(_) => {
                self.node(resource.full_name(), NodeKind::Organization, label)
            }
        }
    }

    /// `None` for members that stand for nobody.
    fn member(&mut self, estate: &Estate, member: &PolicyMember) -> Option<String> {
        let (id, kind, label) = match &member.member {
            member if stands_for_nobody(estate, member) => return None,
            Member::One(principal) => {
                let one = canonical(estate, principal);
                let kind = match one {
                    Principal::User(_) => NodeKind::User,
                    Principal::ServiceAccount(_) => NodeKind::ServiceAccount,
                    _ => NodeKind::Federated,
                };
                (one.to_string(), kind, one.short())
            }
            Member::Group(email) => (format!("group:{email}"), NodeKind::Group, email.clone()),
            _ => (
                member.text.to_string(),
                NodeKind::Set,
                member.text.to_string(),
            ),
        };
        Some(self.node(id, kind, || label))
    }

    /// Members of groups, nested groups followed; each group once.
    fn groups<'e>(
        &mut self,
        estate: &'e Estate,
        mut queue: Vec<&'e str>,
        not_read: &mut BTreeSet<String>,
    ) {
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(email) = queue.pop() {
            if !seen.insert(email) {
                continue;
            }
            let Read::Known(group) = estate.group(email) else {
                not_read.insert(format!("groups/{email}"));
                continue;
            };
            for member in &group.members {
                if let Member::Group(inner) = &member.member {
                    queue.push(inner);
                }
                if let Some(from) = self.member(estate, member) {
                    self.edges.push(Edge {
                        from,
                        to: format!("group:{email}"),
                        kind: EdgeKind::Member,
                    });
                }
            }
        }
    }

    /// What lies below the levels that hold grants.
    fn below(&mut self, ground: &Ground<'_>, levels: &BTreeSet<Resource>) {
        if levels.is_empty() {
            return;
        }
        // The way up from a project is drawn once, not once for each of its accounts.
        let mut projects: HashMap<Arc<str>, Option<String>> = HashMap::new();
        for account in ground.estate.accounts() {
            let project: Arc<str> = ground.estate.project_id_of(account).into();
            let node = projects
                .entry(Arc::clone(&project))
                .or_insert_with(|| self.way_up(ground, &project, levels));
            if let Some(from) = node.clone() {
                let account = Resource::account(&project, &account.email);
                let to = self.resource(ground.estate, &account);
                self.edges.push(Edge {
                    from,
                    to,
                    kind: EdgeKind::Contains,
                });
            }
        }
    }

    /// Draws the levels from a project up to the topmost that holds a grant; the project's node, when
    /// there is such a level.
    fn way_up(
        &mut self,
        ground: &Ground<'_>,
        project: &Arc<str>,
        levels: &BTreeSet<Resource>,
    ) -> Option<String> {
        let above = ground.above(project);
        let top = above.levels.iter().rposition(|l| levels.contains(l))?;
        let nodes: Vec<String> = above
            .levels
            .iter()
            .take(top + 1)
            .map(|level| self.resource(ground.estate, level))
            .collect();
        for (to, from) in nodes.iter().zip(nodes.iter().skip(1)) {
            self.edges.push(Edge {
                from: from.clone(),
                to: to.clone(),
                kind: EdgeKind::Contains,
            });
        }
        nodes.into_iter().next()
    }
}
