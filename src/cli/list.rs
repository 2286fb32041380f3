//! `list`: what can be seen.

use serde_json::{Value, json};

use super::args::{Format, Global, ListArgs, Listed};
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::{Exit, scope};
use crate::answer::limits;
use crate::estate::{Assumption, Project, ServiceAccount};
use crate::google::api::resource_manager;
use crate::google::listing::{ListWay, Listing, Scope, list_accounts, list_projects};
use crate::google::survey::Everything;
use crate::iam::Resource;
use crate::text;

/// Lists.
///
/// # Errors
/// What opening and reading the facts gives.
pub async fn run(global: &Global, args: &ListArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let exit = match args.what {
        Listed::ServiceAccounts => accounts(&facts, global.format).await,
        Listed::Projects => projects(&facts, global.format).await,
        Listed::Bindings => bindings(&facts, global.format).await,
    };
    facts.close();
    exit
}

async fn accounts(facts: &FactSource, format: Format) -> Result<Exit, Failure> {
    let reader = facts.client()?.reader();
    let mut found: Vec<ServiceAccount> = Vec::new();
    let listing = list_accounts(&*reader, &facts.scope, &mut |news| {
        found.extend(news.accounts());
    })
    .await?;
    found.sort_by(|a, b| (&a.project_id, &a.email).cmp(&(&b.project_id, &b.email)));
    if format == Format::Json {
        let all = json!(found);
        let mut object = whole(facts, "serviceAccounts", all, &listing.unreadable);
        if let (ListWay::Search, Some(map)) = (&listing.way, object.as_object_mut()) {
            let taken = [Assumption::AssetSearchIsCurrent.name()];
            map.insert("assumptions".to_owned(), json!(taken));
        }
        out::json(&object)?;
        tell(&listing);
        return Ok(Exit::Done);
    }
    let mut page = TextPage::default();
    let widest = found
        .iter()
        .map(|a| a.email.len())
        .max()
        .unwrap_or(0)
        .min(72);
    for account in &found {
        let state = if account.disabled { "  disabled" } else { "" };
        page.pieces(&[
            (Ink::Plain, &format!("{:<widest$}", account.email)),
            (Ink::Faint, &format!("  {}", account.display_name)),
            (Ink::Bad, state),
        ]);
    }
    page.print()?;
    counted(
        facts,
        &format!(
            "{} in {}",
            text::counted(found.len(), "service account"),
            text::counted(listing.projects, "project")
        ),
        &listing.unreadable,
    );
    tell(&listing);
    Ok(Exit::Done)
}

/// By which way the accounts were listed, where that matters.
fn tell(listing: &Listing) {
    if let Some(words) = listing.way.words() {
        let mut page = TextPage::default();
        page.wrapped(Ink::Unsure, "", &words);
        page.print_aside();
    }
}

async fn projects(facts: &FactSource, format: Format) -> Result<Exit, Failure> {
    let reader = facts.client()?.reader();
    let mut listing = Listing::default();
    let mut found: Vec<Project> = match &facts.scope {
        // The listing does not look a single one up.
        Scope::Project(id) => {
            vec![resource_manager::project(&*reader, id).await?]
        }
        scope => list_projects(&*reader, scope, &mut listing.unreadable).await?,
    };
    found.sort_by(|a, b| a.project_id.cmp(&b.project_id));
    listing.unreadable.sort();
    if format == Format::Json {
        out::json(&whole(facts, "projects", json!(found), &listing.unreadable))?;
        return Ok(Exit::Done);
    }
    let mut page = TextPage::default();
    let widest = found.iter().map(|p| p.project_id.len()).max().unwrap_or(0);
    for project in &found {
        page.pieces(&[
            (Ink::Plain, &format!("{:<widest$}", project.project_id)),
            (
                Ink::Faint,
                &format!("  {:<24} {}", project.parent, project.display_name),
            ),
        ]);
    }
    page.print()?;
    let count = text::counted(found.len(), "project");
    counted(facts, &count, &listing.unreadable);
    Ok(Exit::Done)
}

/// Every binding of every allow policy that can be read: of accounts, projects and what is above.
async fn bindings(facts: &FactSource, format: Format) -> Result<Exit, Failure> {
    let everything = Everything {
        scope: Some(facts.scope.clone()),
        account_policies: true,
        ..Everything::default()
    };
    let seen = scope::survey(facts, &everything).await?;
    let mut policies: Vec<_> = seen.estate.policies().collect();
    policies.sort_by(|a, b| a.0.cmp(b.0));
    let mut unreadable: Vec<(String, String)> = seen
        .estate
        .unreadable()
        .filter(|(name, _)| Resource::parse(name).is_ok())
        .map(|(name, why)| (name.to_owned(), why.to_owned()))
        .collect();
    let unlisted = seen.not_listed().zip(&seen.unlisted);
    unreadable.extend(unlisted.map(|(name, (_, why))| (name, why.clone())));
    unreadable.sort();
    unreadable.dedup_by(|a, b| a.0 == b.0);
    if format == Format::Json {
        let rows: Vec<Value> = policies
            .iter()
            .flat_map(|(resource, policy)| {
                policy.bindings.iter().map(|binding| {
                    let members: Vec<&str> = binding.members.iter().map(|m| &*m.text).collect();
                    json!({
                        "resource": resource.full_name(),
                        "role": binding.role,
                        "members": members,
                        "condition": binding.condition,
                    })
                })
            })
            .collect();
        out::json(&whole(facts, "bindings", rows.into(), &unreadable))?;
        return Ok(Exit::Done);
    }
    let mut page = TextPage::default();
    let mut count = 0;
    for (resource, policy) in &policies {
        if policy.bindings.is_empty() {
            continue;
        }
        page.line(Ink::Strong, resource.relative());
        for binding in &policy.bindings {
            count += 1;
            let condition = binding.condition.as_ref().map_or_else(String::new, |c| {
                format!("  while {}", c.expression.replace('\n', " "))
            });
            page.pieces(&[
                (Ink::Plain, &format!("  {}", binding.role)),
                (Ink::Unsure, &condition),
            ]);
            for member in &binding.members {
                page.line(Ink::Faint, format!("    {}", member.text));
            }
        }
    }
    page.print()?;
    counted(
        facts,
        &format!(
            "{} on {}",
            text::counted(count, "binding"),
            text::counted(policies.len(), "resource")
        ),
        &unreadable,
    );
    Ok(Exit::Done)
}

/// The things, and what was not read.
fn whole(facts: &FactSource, name: &str, things: Value, unreadable: &[(String, String)]) -> Value {
    let names: Vec<&str> = unreadable.iter().map(|(name, _)| name.as_str()).collect();
    let all = names.is_empty() && facts.part().is_none();
    let mut object = json!({ "complete": all, "notRead": names });
    if let Some(map) = object.as_object_mut() {
        map.shift_insert(0, name.to_owned(), things);
    }
    object
}

/// The count and what is missing from it, aside.
fn counted(facts: &FactSource, count: &str, unreadable: &[(String, String)]) {
    let mut page = TextPage::default();
    page.line(Ink::Faint, count);
    for (name, why) in unreadable {
        page.line(Ink::Unsure, format!("not read: {name}: {why}"));
    }
    if let Some(part) = facts.part() {
        page.wrapped(
            Ink::Unsure,
            "",
            &format!("Taken for granted: {}.", limits::words(part)),
        );
    }
    page.print_aside();
}
