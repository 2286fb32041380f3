//! What `emulator` takes, and what its help tells beside.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::value::{account, duration};
use crate::emulator::{Faults, Latency};
use crate::iam::Resource;

/// The built-in estates, one a line.
fn built_in() -> String {
    let stories = crate::emulator::stories::index();
    let widest = stories.iter().map(|s| s.name.len()).max().unwrap_or(0);
    let lines = stories
        .iter()
        .map(|story| format!("  {:<widest$}  {}", story.name, story.title));
    format!(
        "Built-in estates:\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// Whose word the emulator takes for what.
const CREDENTIALS: &str = "\
Credentials:
  A bearer or refresh token that is a member (user:ana@example.com) is that principal.
  Service account keys are those that the emulator made or was given. The token of an
  external identity provider is verified where the estate's provider has its keys
  (oidc.jwksJson), else its claims are taken at their word; issuer, audience, times and
  attribute condition count either way. SAML, AWS and X.509 providers are refused.";

/// `emulator`.
#[derive(Clone, Debug, Args)]
#[command(after_help = built_in(), after_long_help = format!("{CREDENTIALS}\n\n{}", built_in()))]
pub struct EmulatorArgs {
    /// Serve a built-in estate [default: cross-project]
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    pub demo: Option<Option<String>>,
    /// The loopback port; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Wait this long before each answer, 200ms, or 100ms-300ms for anything between
    #[arg(long, value_name = "DURATION")]
    pub latency: Option<Latency>,
    /// Let a change of access count only after this long, 2m
    ///
    /// It is served at once. So wait allow and deny policies, boundaries and their bindings, custom
    /// roles, tags, and APIs turned on or off; what is made, deleted or disabled counts at once.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub propagation: Option<Duration>,
    /// Answer 429 to a caller's further requests in a minute after this many
    #[arg(long, value_name = "N")]
    pub quota: Option<u32>,
    /// What goes wrong on purpose: rules "[METHOD] PATH [WHEN] = EFFECT", separated by semicolons
    ///
    /// PATH is the URL's, with * for anything. WHEN is #3 (the third such call), #3-5, #3+ or 5% (one
    /// in twenty). EFFECT is a status (503, 429:5s for a Retry-After), reset, slow:2s, truncate, garbled, html
    /// (a proxy's page) or expired; with "after" the call takes effect first and its answer is lost.
    /// Example: "POST *:setIamPolicy #1 = reset after; GET * 5% = 503"
    #[arg(long, value_name = "SPEC")]
    pub faults: Option<Faults>,
    /// The seed of latencies and of rates of faults: the same calls in the same order meet the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write every request and answer into this file, one JSON object a line, tokens left out
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The account that the metadata server's paths give out as the default one [default: --as, when
    /// it is a service account]
    #[arg(long, value_name = "EMAIL", value_parser = account)]
    pub metadata_account: Option<Resource>,
    /// Let tokens live no longer than this, 5m, to see how programs renew theirs [default: as with
    /// Google, an hour]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub token_lifetime: Option<Duration>,
    /// Keep the state in this file, and begin with what it holds when it is there
    #[arg(long, value_name = "FILE")]
    pub persist: Option<PathBuf>,
}
