//! From all that was read to an estate: names settled, what files say of the same thing compared,
//! and what they cannot know marked as unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::super::{Coverage, Estate, Existence, Folder, Organization, Project, ServiceAccountKey};
use super::draft::{Draft, PolicyOf};
use super::kept::{At, Fault};
use super::unknown;
use crate::estate::given::MAY_NOT;
use crate::estate::index::ManyPolicies;
use crate::estate::records::is_number;
use crate::iam::{AllowPolicy, OrgPolicy, Resource, ResourceKind, org_policy};

/// Why no estate comes of it, and where.
pub(super) struct Flaw {
    pub at: At,
    pub path: String,
    pub fault: Fault,
}

const NO_ADDRESS: &str = "the export tells of accounts by their unique id alone";
const BY_ID: &str = "the project is known by its id alone";

/// Makes the estate; counts the policies of which nobody can say whose they are.
pub(super) fn build(
    mut draft: Draft,
    nameless: &mut u64,
    outdated: &mut u64,
) -> Result<Estate, Flaw> {
    draft.gather_pieces().map_err(|fault| Flaw {
        at: draft.at,
        path: "$".to_owned(),
        fault,
    })?;
    addressed(&mut draft);
    complete(&mut draft);
    cycles(&draft)?;
    ids(&draft)?;
    let by_id_alone: Vec<String> = draft
        .projects
        .iter()
        .filter(|(number, _, _)| !is_number(number))
        .map(|(id, _, _)| Estate::record_of(id))
        .collect();
    let mut estate = Estate::new(Coverage::Whole);
    let told = unknown::ToldKinds::of(&draft);
    unknown::assume(&mut estate, &draft, &told);
    for assumption in std::mem::take(&mut draft.assumptions) {
        estate.assume(assumption);
    }
    if draft.export.any_key {
        let listed = draft.accounts.iter().filter(|(_, _, at)| at.asset);
        draft.export.accounts = listed.map(|(email, _, _)| email.to_owned()).collect();
    }
    things(&mut estate, &mut draft);
    let judged = policies(&mut estate, &mut draft)?;
    tags(&mut estate, &mut draft)?;
    services(&mut estate, &mut draft)?;
    keys(&mut estate, &mut draft)?;
    org_policies(&mut estate, &mut draft)?;
    for name in by_id_alone {
        estate.mark_unreadable(&name, BY_ID);
    }
    for name in &draft.unreadable {
        // Pools are looked up by their project's number.
        let name = if name.contains("/workloadIdentityPools/") {
            estate.with_number(name)
        } else {
            name.clone()
        };
        estate.mark_unreadable(&name, MAY_NOT);
    }
    unknown::mark(&mut estate, &draft, &judged, &told);
    *nameless = draft.export.nameless;
    *outdated = draft.export.outdated;
    Ok(estate)
}

/// Accounts of which one line tells the unique id alone and another the address are one.
fn addressed(draft: &mut Draft) {
    if draft.accounts.iter().all(|(_, a, _)| a.has_address()) {
        return;
    }
    let named = draft.accounts.iter().chain(draft.deleted.iter());
    let known: HashSet<String> = named
        .filter(|(_, a, _)| a.has_address() && !a.unique_id.is_empty())
        .map(|(_, a, _)| a.unique_id.clone())
        .collect();
    draft.accounts.retain(|id| !known.contains(id));
    let alone = draft.accounts.iter().filter(|(_, a, _)| !a.has_address());
    draft.export.nameless += u64::try_from(alone.count()).unwrap_or_default();
}

/// Levels that an export tells of without listing them, and parents that only ancestors tell.
fn complete(draft: &mut Draft) {
    let mut levels: HashSet<Resource> = draft.export.listed.iter().cloned().collect();
    for (below, (above, _)) in &draft.export.above {
        levels.extend([below.clone(), above.clone()]);
    }
    levels.extend(
        draft
            .export
            .project_ids
            .keys()
            .map(|n| Resource::project(n)),
    );
    levels.extend(draft.export.told.iter().cloned());
    let listed = draft.projects.sorted().into_iter();
    let listed = listed.filter(|(number, _, _)| is_number(number));
    let by_id: HashMap<String, String> = listed
        .map(|(number, project, _)| (project.project_id.clone(), number.to_owned()))
        .chain((draft.export.project_ids.iter()).map(|(number, id)| (id.clone(), number.clone())))
        .collect();
    // One that some file tells by its id alone, and another in full.
    let in_full = |name: &str| !is_number(name) && by_id.contains_key(name);
    draft.projects.retain(|name| !in_full(name));
    moved(draft);
    let mut sorted: Vec<Resource> = levels.into_iter().collect();
    sorted.sort();
    for level in sorted {
        let parent = draft
            .export
            .above
            .get(&level)
            .map(|(above, _)| above.relative())
            .unwrap_or_default();
        let at = At {
            asset: true,
            ..At::default()
        };
        // What is added is new, or takes the place of an empty parent: neither can contradict.
        match &level {
            Resource::Organization(_) if draft.organizations.get(&level.relative()).is_none() => {
                let _ = draft.organizations.add(
                    level.relative(),
                    Organization {
                        name: level.relative(),
                        ..Organization::default()
                    },
                    at,
                );
            }
            Resource::Folder(_) => match draft.folders.get_mut(&level.relative()) {
                Some(folder) if folder.parent.is_empty() => folder.parent = parent,
                Some(_) => {}
                None => {
                    let folder = Folder {
                        name: level.relative(),
                        parent,
                        ..Folder::default()
                    };
                    let _ = draft.folders.add(level.relative(), folder, at);
                }
            },
            Resource::Project(named) => {
                let number = by_id.get(&**named).map_or(&**named, String::as_str);
                match draft.projects.get_mut(number) {
                    Some(project) if project.parent.is_empty() => project.parent = parent,
                    Some(_) => {}
                    None => {
                        let id = draft.export.project_ids.get(number);
                        let project = Project {
                            name: format!("projects/{number}"),
                            project_id: id.map_or(number, String::as_str).to_owned(),
                            parent,
                            ..Project::default()
                        };
                        let _ = draft.projects.add(number.to_owned(), project, at);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A parent in an asset's data gives way to one that a newer asset's ancestors tell.
fn moved(draft: &mut Draft) {
    for (below, (above, at)) in &draft.export.above {
        match below {
            Resource::Folder(_) => {
                if let Some(folder) = draft.folders.older(&below.relative(), at) {
                    folder.parent = above.relative();
                }
            }
            Resource::Project(number) => {
                if let Some(project) = draft.projects.older(number, at) {
                    project.parent = above.relative();
                }
            }
            _ => {}
        }
    }
}

/// So many folders of a circle are named.
const CIRCLE_TOLD: usize = 10;

/// No folder lies below itself.
fn cycles(draft: &Draft) -> Result<(), Flaw> {
    let mut sound: HashSet<&str> = HashSet::new();
    for (start, _, at) in draft.folders.sorted() {
        let mut way: Vec<&str> = Vec::new();
        let mut on_way: HashSet<&str> = HashSet::new();
        let mut next = Some(start);
        while let Some(name) = next.filter(|n| !sound.contains(n)) {
            if !on_way.insert(name) {
                // A circle may be as long as the file.
                if way.len() > CIRCLE_TOLD {
                    way.truncate(CIRCLE_TOLD);
                    way.push("…");
                }
                way.push(name);
                return Err(Flaw {
                    at,
                    path: format!("$.folders (\"{start}\").parent"),
                    fault: format!(
                        "folders lie below each other in a circle: {}; expected a way up to an organization",
                        way.join(" → ")
                    )
                    .into(),
                });
            }
            way.push(name);
            next = draft.folders.get(name).map(|f| f.parent.as_str());
        }
        sound.extend(way);
    }
    Ok(())
}

/// Project ids and unique ids stand for one thing each.
fn ids(draft: &Draft) -> Result<(), Flaw> {
    let projects = draft.projects.iter().map(|(_, p, _)| &p.project_id);
    let accounts = draft.accounts.iter().chain(draft.deleted.iter());
    let accounts = accounts.map(|(_, a, _)| &a.unique_id);
    if differ(projects) && differ(accounts.filter(|id| !id.is_empty())) {
        return Ok(());
    }
    let projects = draft.projects.sorted().into_iter().map(|(_, p, at)| {
        (
            "projects",
            "projectId",
            p.project_id.as_str(),
            p.name.as_str(),
            at,
        )
    });
    let there = draft.accounts.sorted().into_iter();
    let there = there.map(|it| ("serviceAccounts", it));
    let gone = draft.deleted.sorted().into_iter();
    let gone = gone.map(|it| ("deletedServiceAccounts", it));
    let accounts = there
        .chain(gone)
        .filter(|(_, (_, a, _))| !a.unique_id.is_empty())
        .map(|(list, (_, a, at))| (list, "uniqueId", a.unique_id.as_str(), a.email.as_str(), at));
    let mut seen: HashMap<(&str, &str), (&str, At)> = HashMap::new();
    for (list, field, id, name, at) in projects.chain(accounts) {
        if let Some((other, first)) = seen.insert((field, id), (name, at)) {
            return Err(Flaw {
                at,
                path: format!("$.{list} (\"{name}\").{field}"),
                fault: Fault {
                    what: format!(
                        "'{id}' is the {field} of '{name}' and of '{other}': expected each to have its own"
                    ),
                    earlier: Some(first),
                },
            });
        }
    }
    Ok(())
}

fn differ<'t>(mut texts: impl Iterator<Item = &'t String>) -> bool {
    let mut seen: HashSet<&str> = HashSet::new();
    texts.all(|text| seen.insert(text))
}

fn things(estate: &mut Estate, draft: &mut Draft) {
    for (it, _) in std::mem::take(&mut draft.organizations).into_values() {
        estate.put_organization(it);
    }
    for (it, _) in std::mem::take(&mut draft.folders).into_values() {
        estate.put_folder(it);
    }
    for (it, _) in std::mem::take(&mut draft.projects).into_values() {
        estate.put_project(it);
    }
    estate.put_accounts(std::mem::take(&mut draft.accounts).into_things());
    for (it, _) in std::mem::take(&mut draft.deleted).into_values() {
        estate.put_deleted(it);
    }
    for (it, _) in std::mem::take(&mut draft.roles).into_values() {
        estate.put_role(it);
    }
    for (it, _) in std::mem::take(&mut draft.groups).into_values() {
        estate.put_group(&it);
    }
    for (it, _) in std::mem::take(&mut draft.deny).into_values() {
        estate.put_deny_policy(it);
    }
    for (it, _) in std::mem::take(&mut draft.boundaries).into_values() {
        estate.put_boundary(it);
    }
    for (it, _) in std::mem::take(&mut draft.bindings).into_values() {
        estate.put_policy_binding(it);
    }
    let insights = std::mem::take(&mut draft.insights).into_values();
    estate.put_insights(insights.map(|(it, _)| it).collect());
    for (it, _) in std::mem::take(&mut draft.pools).into_values() {
        estate.put_pool(it);
    }
    for (it, _) in std::mem::take(&mut draft.providers).into_values() {
        estate.put_provider(it);
    }
}

/// Sets the allow policies; gives the resources that have one.
fn policies(estate: &mut Estate, draft: &mut Draft) -> Result<HashMap<Resource, At>, Flaw> {
    let all = std::mem::take(&mut draft.policies);
    let mut judged: HashMap<Resource, At> = HashMap::with_capacity(all.len());
    let mut many = ManyPolicies::default();
    // What is there does not change meanwhile.
    let found: Vec<Existence<Resource>> = all
        .par_iter()
        .map(|one| estate.resolve(&one.resource))
        .collect();
    for (
        PolicyOf {
            resource,
            policy,
            at,
        },
        found,
    ) in all.into_iter().zip(found)
    {
        let flaw = |fault: Fault| Flaw {
            at,
            path: format!("$.iamPolicies[\"{resource}\"]"),
            fault,
        };
        let found = match found {
            Existence::Exists(found) => found,
            _ if at.asset => {
                draft.export.nameless += 1;
                // It is one of that project's; which address it has nobody can tell.
                if let Resource::ServiceAccount { project, .. } = &resource {
                    let id = estate.project(project).map(|p| p.project_id.clone());
                    let id = id.unwrap_or_else(|| project.to_string());
                    estate.mark_unreadable(&Estate::accounts_of(&id), NO_ADDRESS);
                }
                continue;
            }
            _ if resource.kind() <= ResourceKind::Folder => resource.clone(),
            _ => return Err(flaw(nowhere(estate, &resource).into())),
        };
        match judged.get(&found) {
            None => {
                judged.insert(found.clone(), at);
                many.put(estate, found, policy);
            }
            // Terraform's states each manage a part of it; one that is whole holds them.
            Some(first) if estate.gap_of(&found) || policy.gap().is_some() => {
                let first = *first;
                let both = united(estate.allow_policy(&found).known().flatten(), policy);
                many.put(estate, found.clone(), both);
                judged.insert(found, first);
            }
            Some(first) if first.source == at.source && !(first.asset && at.asset) => {
                return Err(flaw(
                    format!(
                        "it has two policies, the first on line {}: expected one",
                        first.line
                    )
                    .into(),
                ));
            }
            Some(first) => {
                let newest = At {
                    time: first.time.max(at.time),
                    ..*first
                };
                let known = estate.allow_policy(&found).known().flatten();
                let equal = known.is_some_and(|known| same(known, &policy));
                if !equal && at.other_time(first) {
                    draft.export.outdated += 1;
                    if at.time > first.time {
                        judged.insert(found.clone(), at);
                        many.put(estate, found, policy);
                    }
                } else if equal {
                    judged.insert(found, newest);
                } else {
                    return Err(flaw(Fault {
                        what: "it has another allow policy".into(),
                        earlier: Some(*first),
                    }));
                }
            }
        }
    }
    many.settle(estate);
    Ok(judged)
}

/// Sets the organization policies. A project may be named by its number in one and its id in another.
fn org_policies(estate: &mut Estate, draft: &mut Draft) -> Result<(), Flaw> {
    let mut seen: BTreeMap<(Resource, String), (At, OrgPolicy)> = BTreeMap::new();
    for (policy, at) in std::mem::take(&mut draft.org_policies).into_values() {
        let Some((on, constraint)) = org_policy::split(&policy.name) else {
            continue;
        };
        let flaw = |fault: Fault| Flaw {
            at,
            path: format!("$.orgPolicies (\"{}\")", policy.name),
            fault,
        };
        let found = match estate.resolve(&on) {
            Existence::Exists(found) => found,
            _ if at.asset || on.kind() <= ResourceKind::Folder => on.clone(),
            _ => return Err(flaw(nowhere(estate, &on).into())),
        };
        let key = (found, constraint.to_owned());
        if let Some((first, known)) = seen.get(&key)
            && (known.spec != policy.spec || known.dry_run_spec != policy.dry_run_spec)
        {
            return Err(flaw(Fault {
                what: format!("{constraint} has another policy there"),
                earlier: Some(*first),
            }));
        }
        seen.insert(key, (at, policy.clone()));
        estate.put_org_policy(policy);
    }
    Ok(())
}

/// Of two policies of which one is known in part: the whole one, or both parts.
fn united(known: Option<&Arc<AllowPolicy>>, other: AllowPolicy) -> AllowPolicy {
    let Some(known) = known.map(|k| AllowPolicy::clone(k)) else {
        return other;
    };
    let (mut known, other) = match (known.gap(), other.gap()) {
        (None, _) => return known,
        (_, None) => return other,
        _ => (known, other),
    };
    for binding in other.bindings {
        if !known.bindings.contains(&binding) {
            known.bindings.push(binding);
        }
    }
    known
}

fn same(a: &AllowPolicy, b: &AllowPolicy) -> bool {
    a.bindings == b.bindings && a.extra == b.extra
}

/// A policy of something that is not there would never count.
fn nowhere(estate: &Estate, resource: &Resource) -> String {
    let (list, known): (&str, Vec<&str>) = match resource {
        Resource::ServiceAccount { .. } => (
            "serviceAccounts",
            estate.accounts().map(|a| a.email.as_str()).collect(),
        ),
        _ => (
            "projects",
            estate.projects().map(|p| p.project_id.as_str()).collect(),
        ),
    };
    let near = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(known, resource.id()), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| format!(" Did you mean '{known}'?"))
        .unwrap_or_default();
    format!(
        "it is not among the {list}: expected a {} that is.{near}",
        resource.kind().word()
    )
}

fn tags(estate: &mut Estate, draft: &mut Draft) -> Result<(), Flaw> {
    let mut seen: BTreeMap<Resource, (At, _)> = BTreeMap::new();
    for (resource, tags, at) in std::mem::take(&mut draft.tags) {
        let found = estate
            .resolve(&resource)
            .exists()
            .unwrap_or_else(|| resource.clone());
        once(
            &mut seen,
            &found,
            &tags,
            at,
            &format!("$.tags[\"{resource}\"]"),
        )?;
        estate.put_tags(found, tags);
    }
    Ok(())
}

fn services(estate: &mut Estate, draft: &mut Draft) -> Result<(), Flaw> {
    let mut seen: BTreeMap<Resource, (At, _)> = BTreeMap::new();
    for (project, services, at) in std::mem::take(&mut draft.services) {
        let path = format!("$.enabledServices[\"{}\"]", project.relative());
        let Existence::Exists(found) = estate.resolve(&project) else {
            return Err(Flaw {
                at,
                path,
                fault: nowhere(estate, &project).into(),
            });
        };
        once(&mut seen, &found, &services, at, &path)?;
        estate.put_services(found.id(), services);
    }
    Ok(())
}

/// The keys of accounts. An export that holds some holds all of its accounts'; a list is of one account, and tells of
/// that alone; an estate file says of which it tells.
fn keys(estate: &mut Estate, draft: &mut Draft) -> Result<(), Flaw> {
    let mut by_account: BTreeMap<String, Vec<ServiceAccountKey>> = BTreeMap::new();
    if draft.export.any_key {
        by_account.extend(
            draft
                .export
                .accounts
                .iter()
                .map(|account| (account.clone(), Vec::new())),
        );
    }
    for (mut key, _) in std::mem::take(&mut draft.keys).into_values() {
        let Some((account, id)) = key.parts() else {
            continue;
        };
        let known = estate.account(account);
        let email = known.map_or(account, |known| &known.email).to_lowercase();
        // One key by its account's address and by its unique id is one.
        if let Some(known) = known {
            key.name = format!("{}/keys/{id}", known.name);
        }
        let keys = by_account.entry(email).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for (email, keys) in by_account {
        estate.put_keys(&email, keys);
    }
    let mut seen: BTreeMap<Resource, (At, _)> = BTreeMap::new();
    for (account, keys, at) in std::mem::take(&mut draft.told_keys) {
        let path = format!("$.serviceAccountKeys[\"{}\"]", account.relative());
        let Existence::Exists(found) = estate.resolve(&account) else {
            return Err(Flaw {
                at,
                path,
                fault: nowhere(estate, &account).into(),
            });
        };
        once(&mut seen, &found, &keys, at, &path)?;
        estate.put_keys(found.id(), keys);
    }
    Ok(())
}

/// The same value twice is fine in two files, and a mistake in one.
fn once<T: Clone + PartialEq>(
    seen: &mut BTreeMap<Resource, (At, T)>,
    resource: &Resource,
    value: &T,
    at: At,
    path: &str,
) -> Result<(), Flaw> {
    match seen.get(resource) {
        Some((first, known)) if first.source == at.source || known != value => Err(Flaw {
            at,
            path: path.to_owned(),
            fault: Fault {
                what: format!("'{}' stands here again", resource.relative()),
                earlier: Some(*first),
            },
        }),
        _ => {
            seen.insert(resource.clone(), (at, value.clone()));
            Ok(())
        }
    }
}
