//! `whoami`: whose credentials calls are made with, from where, and until when.

use jiff::Timestamp;
use serde_json::json;

use super::args::{Format, Global};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::{Exit, facts};
use crate::google::SignedIn;
use crate::iam::Principal;

/// Asks whoever knows.
///
/// # Errors
/// What opening the facts gives; no credentials, or some that give no token.
pub async fn run(global: &Global) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let found = facts.client()?.identity().await?;
    if global.format == Format::Json {
        out::json(&as_json(&found, &facts.label))?;
    } else {
        as_text(&found, &facts.label).print()?;
    }
    facts.close();
    Ok(Exit::Done)
}

fn as_json(found: &SignedIn, source: &str) -> serde_json::Value {
    json!({
        "principal": found.principal.as_ref().map(Principal::to_string),
        "source": source,
        "kind": found.origin.kind.word(),
        "from": found.origin.place,
        "impersonates": found.acts_as.as_ref().map(|a| json!({ "account": a.account, "delegates": a.delegates })),
        "credentialsOf": found.origin.account,
        "provider": found.origin.provider,
        "project": found.origin.project,
        "until": found.until.map(|t| t.to_string()),
        "renewed": found.renews,
        "quotaProject": found.quota.as_ref().map(|q| json!({ "project": q.project, "from": q.from })),
    })
}

fn as_text(found: &SignedIn, source: &str) -> TextPage {
    let mut page = TextPage::default();
    let who = match (&found.principal, &found.origin.provider) {
        (Some(principal), _) => principal.to_string(),
        (None, Some(provider)) => {
            format!("an identity that {provider} admits: these credentials do not tell which")
        }
        (None, None) => "somebody: these credentials do not tell who".to_owned(),
    };
    page.line(Ink::Strong, who);
    let mut row = |name: &str, text: String| {
        page.pieces(&[(Ink::Faint, &format!("  {name:<10}")), (Ink::Plain, &text)]);
    };
    row("facts", source.to_owned());
    row(
        "from",
        format!("{}: {}", found.origin.kind.words(), found.origin.place),
    );
    if let Some(whom) = &found.acts_as {
        let mut chain = whom.delegates.clone();
        chain.push(whom.account.clone());
        if let Some(own) = &found.origin.account {
            chain.insert(0, own.clone());
        }
        row("acting as", chain.join(" → "));
    }
    row("until", until(found, Timestamp::now()));
    row(
        "billed to",
        match &found.quota {
            Some(quota) => format!("{} ({})", quota.project, quota.from),
            None => "no project of its own choice".to_owned(),
        },
    );
    page
}

fn until(found: &SignedIn, now: Timestamp) -> String {
    let renewed = if found.renews {
        ", then renewed"
    } else {
        ", then a new one is needed"
    };
    match found.until {
        Some(until) if until <= now => format!("{until}, which is over"),
        Some(until) => {
            let minutes = now.duration_until(until).as_mins();
            format!("{until} (in {minutes} min){renewed}")
        }
        None if found.renews => "renewed as long as the credentials are taken".to_owned(),
        None => "it does not tell".to_owned(),
    }
}
