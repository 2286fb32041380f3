//! Which providers may have admitted a token of which only the claims are known.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Progress, Surveyor, Wanted, side_by_side};
use crate::estate::Estate;
use crate::evaluate::federation::derive;
use crate::google::api::identity_pools::{PoolOwner, pool_names};
use crate::google::listing::{Scope, list_projects};
use crate::google::patience::{Patience, WaitLimits};
use crate::iam::{Pool, Resource};
use crate::text::counted;
use crate::wire::{ApiError, Ask};

/// More projects than this are not looked into for pools.
const PROJECTS_AT_MOST: usize = 100;
/// Why what is left is not looked into.
const TOO_MANY: &str = "there are too many to look into";
/// Where a project's pools are.
const WORKLOAD_POOLS: &str = "/locations/global/workloadIdentityPools";

/// Reads the pools and providers in sight that a token may have come through, the likeliest first: the one
/// that its audience names, those that the target's policies name, those of the projects in scope and of the
/// organizations above the target. It stops where one of these leaves no doubt. What could not be looked at is marked so:
/// another provider may take the token there.
///
/// # Errors
/// When signed out, or when nothing at all was answered. What may not be read is out of sight.
pub async fn admitting(
    ask: &dyn Ask,
    claims: &Value,
    target: Option<&Resource>,
    scope: &Scope,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Estate, ApiError> {
    let ask = &Patience::new(ask, WaitLimits::QUESTION);
    let surveyor = Surveyor::new(ask, progress);
    let told =
        |surveyor: &Surveyor<'_>| surveyor.known.with(|estate| derive(estate, claims).is_ok());
    let named: BTreeSet<Pool> = audiences(claims)
        .iter()
        .filter_map(|a| pool_in(a))
        .collect();
    side_by_side(named.iter().map(|pool| surveyor.pool(pool))).await?;
    if told(&surveyor) {
        return Ok(surveyor.known.into_estate());
    }
    if let Some(target) = target {
        let wanted = Wanted {
            deny: false,
            boundaries: false,
            org_policy: None,
        };
        surveyor.account_branch(target.clone(), wanted).await?;
        let left = surveyor.pools_named().await?;
        if left > 0 {
            let name = format!(
                "{} that the policies name{WORKLOAD_POOLS}",
                counted(left, "pool")
            );
            let mark = |estate: &mut Estate| estate.mark_unreadable(&name, TOO_MANY);
            surveyor.known.put(mark);
        }
        if told(&surveyor) {
            return Ok(surveyor.known.into_estate());
        }
    }
    let mut unlisted = Vec::new();
    let listed = list_projects(ask, scope, &mut unlisted).await;
    let mut projects: BTreeSet<String> = match listed {
        Ok(projects) => projects.into_iter().map(|p| p.project_id).collect(),
        Err(error) if error.is_signed_out() => return Err(error),
        Err(error) => {
            unlisted.push(("projects".to_owned(), error.why()));
            BTreeSet::new()
        }
    };
    let (above, organizations) = surveyor.known.with(|estate| {
        let above: Vec<String> = estate.projects().map(|p| p.project_id.clone()).collect();
        let organizations: Vec<String> = estate.organizations().map(|o| o.name.clone()).collect();
        (above, organizations)
    });
    projects.extend(above);
    let left = projects.len().saturating_sub(PROJECTS_AT_MOST);
    if left > 0 {
        unlisted.push((counted(left, "project"), TOO_MANY.to_owned()));
    }
    surveyor.known.put(|estate| {
        for (place, why) in &unlisted {
            estate.mark_unreadable(&format!("{place}{WORKLOAD_POOLS}"), why);
        }
    });
    let workload = projects.into_iter().take(PROJECTS_AT_MOST);
    let workload = workload.map(PoolOwner::Project);
    let workforce = organizations.into_iter().map(PoolOwner::Organization);
    let owners: Vec<PoolOwner> = workload.chain(workforce).collect();
    let found = side_by_side(owners.iter().map(|owner| surveyor.pools_listed(owner))).await?;
    let pools: BTreeSet<Pool> = found.into_iter().flatten().collect();
    side_by_side(pools.iter().map(|pool| surveyor.pool(pool))).await?;
    ask.something_heard()?;
    Ok(surveyor.known.into_estate())
}

impl Surveyor<'_> {
    /// Somebody's pools; none where they may not be listed, which is noted.
    async fn pools_listed(&self, owner: &PoolOwner) -> Result<Vec<Pool>, ApiError> {
        let list = pool_names(self.ask, owner);
        let names = self.watch("identity pools", list).await?;
        if let Err(error) = &names {
            let of = match owner {
                PoolOwner::Project(project) => format!("projects/{project}{WORKLOAD_POOLS}"),
                PoolOwner::Organization(name) => format!("{name}/locations/global/workforcePools"),
            };
            let why = error.why();
            self.known.put(|estate| estate.mark_unreadable(&of, &why));
        }
        let names = names.unwrap_or_default();
        let pools = names.iter().filter_map(|name| pool_in(&format!("{name}/")));
        Ok(pools.collect())
    }
}

fn audiences(claims: &Value) -> Vec<String> {
    match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => {
            let texts = all.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The pool in the name of a provider, as an audience has it: `https://iam.googleapis.com/…/providers/P`.
fn pool_in(name: &str) -> Option<Pool> {
    let name = name.strip_prefix("https:").unwrap_or(name);
    let path = name.strip_prefix("//iam.googleapis.com/").unwrap_or(name);
    let (pool, rest) = Pool::split(path)?;
    (rest.is_empty() || rest.starts_with("providers/")).then_some(pool)
}
