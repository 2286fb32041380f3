//! What can be typed: global options and commands.

mod emulator;
mod estate;
mod several;
mod source;
mod sql;
#[cfg(test)]
mod tests;
mod value;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;

use crate::evaluate::{Call, Seen};
use crate::google::credentials::ActAs;
use crate::iam::{Permission, Principal, Resource};
use value::{
    account, attribute, base_url, duration, lifetime, permission, plain, principal, role, seen,
    time,
};

pub use emulator::EmulatorArgs;
pub use estate::{
    BetweenArgs, ClosureArgs, DiffArgs, Edges, ExportArgs, GraphArgs, IndexArgs, ListArgs, Listed,
    PathArgs, ReachArgs, ReviewArgs, TestArgs, WhoArgs,
};
pub use several::several;
pub use sql::{SqlArgs, SqlQuestion, SqlTables};

const ABOUT: &str = "Why a Google Cloud service-account impersonation is refused, and the one binding that mends it";

const EXIT_CODES: &str = "Exit codes:
  0  done (explain: the call would succeed; fix: applied, or nothing was missing)
  1  the answer is no (explain: the call would fail; fix: no repair would help, or declined)
  2  usage, credentials, network, or a refused write
  3  unknown: something that decides could not be read

Without a command the explorer opens. Without credentials: bindscope --demo";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "bindscope", version, about = ABOUT, after_help = EXIT_CODES)]
#[command(subcommand_help_heading = "Commands")]
pub struct Cli {
    /// Where facts come from, and how far to look.
    #[command(flatten)]
    pub global: Global,
    /// The pair that the explorer opens on.
    #[command(flatten)]
    pub start: StartArgs,
    /// What to do; nothing opens the explorer.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where facts come from")]
pub struct Global {
    /// Use the built-in emulator with a built-in estate; NAME is one of those that
    /// `bindscope emulator --help` lists [default: cross-project]
    #[arg(long, global = true, value_name = "NAME", num_args = 0..=1, require_equals = true)]
    pub demo: Option<Option<String>>,
    /// Use the built-in emulator with an estate file, a Cloud Asset Inventory export, what gcloud prints or
    /// terraform show -json, packed or not: a FILE, several of them before the command, a directory, - for
    /// standard input, RESOURCE=FILE for one that does not say what it is of; all are merged
    #[arg(long, global = true, value_name = "FILE")]
    pub estate: Vec<PathBuf>,
    /// With --demo and --estate: look as this principal of the estate, with just its permissions
    #[arg(long = "as", global = true, value_name = "MEMBER", value_parser = principal)]
    pub viewer: Option<Principal>,
    /// Reach every Google API at this base URL (an emulator, a proxy)
    #[arg(long, global = true, value_name = "URL", value_parser = base_url)]
    pub endpoint: Option<String>,
    /// Read the bearer token from this file (else from BINDSCOPE_ACCESS_TOKEN, else Application
    /// Default Credentials)
    #[arg(long, global = true, value_name = "FILE")]
    pub access_token_file: Option<PathBuf>,
    /// Make calls as this service account, by way of the ones before it: [DELEGATE,…]ACCOUNT, as
    /// gcloud's --impersonate-service-account
    #[arg(long, global = true, value_name = "ACCOUNT", value_parser = ActAs::parse)]
    pub impersonate: Option<ActAs>,
    /// Bill calls to this project (else GOOGLE_CLOUD_QUOTA_PROJECT, the credentials file's, gcloud's
    /// billing/quota_project)
    #[arg(long, global = true, value_name = "PROJECT", value_parser = plain)]
    pub billing_project: Option<String>,
    /// Look into this project only
    #[arg(long, global = true, value_name = "ID", group = "how_far")]
    pub project: Option<String>,
    /// Look into the projects below this folder
    #[arg(long, global = true, value_name = "NUMBER", group = "how_far")]
    pub folder: Option<String>,
    /// Look into the projects below this organization
    #[arg(long, global = true, value_name = "NUMBER", group = "how_far")]
    pub organization: Option<String>,
    /// Change nothing, whatever is typed
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Allow changes where the configuration says read-only
    #[arg(long, global = true, conflicts_with = "read_only")]
    pub write: bool,
    /// Write at the end of this file what happens: calls, credentials by their kind, what is judged and
    /// changed; never a token or key
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// From which power of a target on its name has to be typed (the configuration's).
    #[arg(skip = crate::repair::power::TWO_STEPS_FROM)]
    pub two_steps_from: crate::repair::Power,
    /// What the configuration settles of how the explorer looks and listens, and what it closes.
    #[arg(skip)]
    pub preferences: crate::tui::preferences::Preferences,
    /// How commands answer; JSON goes to stdout alone
    #[arg(long, global = true, value_parser = formats(&[Format::Text, Format::Json]), default_value = "text")]
    pub format: Format,
}

/// How a command answers. `graph` has formats of its own under the same option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown viewers draw it.
    Mermaid,
    /// A picture.
    Svg,
    /// Test Anything Protocol, version 14.
    Tap,
    /// JUnit's XML, as CI systems read it.
    Junit,
    /// SARIF 2.1.0, as code scanning reads it.
    Sarif,
    /// A page without script.
    Html,
}

impl Format {
    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Dot => "dot",
            Self::Mermaid => "mermaid",
            Self::Svg => "svg",
            Self::Tap => "tap",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Html => "html",
        }
    }
}

/// Reads one of `known`.
fn formats(known: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    let words = known.iter().map(|f| f.word());
    PossibleValuesParser::new(words).map(|word| {
        let found = known.iter().find(|f| f.word() == word);
        found.copied().unwrap_or_default()
    })
}

/// The pair that the explorer opens on.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "The explorer opens on")]
pub struct StartArgs {
    /// Who wants access
    #[arg(long = "caller", id = "start_caller", value_name = "MEMBER", value_parser = principal)]
    pub caller: Option<Principal>,
    /// The service account to be impersonated
    #[arg(long = "target", id = "start_target", value_name = "ACCOUNT", value_parser = account)]
    pub target: Option<Resource>,
    /// The permission that is wanted
    #[arg(long = "permission", id = "start_permission", value_name = "NAME", value_parser = permission)]
    pub permission: Option<Permission>,
    /// A service account of a delegation chain between caller and target; repeat it in order
    #[arg(long = "via", id = "start_via", value_name = "ACCOUNT", value_parser = account)]
    pub via: Vec<Resource>,
    /// An attribute of a federated caller: repository=org/repo, groups=G
    #[arg(long = "attribute", id = "start_attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    pub attribute: Vec<(String, String)>,
    /// A JSON file with the claims of a federated caller's token
    #[arg(long = "claims", id = "start_claims", value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// The project that the call names to be billed (x-goog-user-project)
    #[arg(long = "quota-project", id = "start_quota_project", value_name = "PROJECT", value_parser = plain)]
    pub quota_project: Option<String>,
    /// How long the token is asked to live, 1h or 12h
    #[arg(long = "lifetime", id = "start_lifetime", value_name = "DURATION", value_parser = lifetime)]
    pub lifetime: Option<u32>,
    /// What the call was answered with, as a pasted error's kind says it
    #[arg(long = "answered", id = "start_answered", value_name = "KIND", value_parser = seen())]
    pub answered: Option<Seen>,
    /// The findings that are known and left, as `review --suppressions` takes them
    #[arg(long = "suppressions", id = "start_suppressions", value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// A domain or customer id that is the organization's own, for the review; repeat it [default: those of
    /// the organizations in sight]
    #[arg(long = "domain", id = "start_domain", value_name = "DOMAIN", value_parser = plain)]
    pub domains: Vec<String>,
    /// Line by line, for screen readers: words below each other, commands as lines
    #[arg(long)]
    pub plain: bool,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long = "at", id = "start_at", value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Ask for the answer anew every so many seconds [default: 10], and tell when it turns
    #[arg(long = "watch", id = "start_watch", value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "10", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub watch: Option<u32>,
    /// Without the terminal's bell when a watched answer turns
    #[arg(long)]
    pub no_bell: bool,
    /// Leave the terminal's title alone while an answer is watched
    #[arg(long)]
    pub no_title: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Say whether a caller gets through, and why
    Explain(ExplainArgs),
    /// Plan the one binding that is missing, show it, ask, apply, verify
    Fix(FixArgs),
    /// Take a change of bindscope's own back
    Undo(UndoArgs),
    /// List what bindscope changed
    History,
    /// List what can be seen
    List(ListArgs),
    /// List everyone who can act as a service account, and how
    Who(WhoArgs),
    /// List every service account that a caller can get to, chains included
    Reach(ReachArgs),
    /// Count for every caller which service accounts it can get to, chains included
    Closure(ClosureArgs),
    /// Say the shortest path of impersonation from a caller to a service account, step by step
    Path(PathArgs),
    /// Say the fewest bindings whose removal leaves a caller no path to a service account; changes nothing
    Cut(BetweenArgs),
    /// Draw the impersonation graph of what can be seen
    Graph(GraphArgs),
    /// Say what a review of everything in sight finds: who can become accounts and should not
    Review(ReviewArgs),
    /// Compare two estate files or exports: whose access grew or shrank, and by which binding
    Diff(DiffArgs),
    /// Say whether access is as a file of expectations says, for checks in CI
    Test(TestArgs),
    /// Print SQL that asks an asset export in BigQuery: who, reach, review
    Sql(SqlArgs),
    /// Serve the emulator until it is stopped
    Emulator(EmulatorArgs),
    /// Write what can be seen as an estate file
    Export(ExportArgs),
    /// Read files once and write a compiled estate, which --estate opens at once
    Index(IndexArgs),
    /// Say whose credentials calls are made with, from where, and until when
    Whoami,
    /// Check terminal, configuration, history, credentials, each API and the clock; say what to do
    Doctor,
    /// Print the configuration in force, and where each value comes from
    Config,
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// A caller, what is wanted, and when: for commands that judge.
#[derive(Clone, Debug, Args)]
pub struct WantedArgs {
    /// The permission that is wanted [default: iam.serviceAccounts.getAccessToken]
    #[arg(long, value_name = "NAME", value_parser = permission)]
    pub permission: Option<Permission>,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// What a question says beside its two sides.
#[derive(Clone, Debug, Default, Args)]
pub struct BesideArgs {
    /// A service account of a delegation chain between caller and target; repeat it in order
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub via: Vec<Resource>,
    /// What a federated caller brings.
    #[command(flatten)]
    pub brought: BroughtArgs,
    /// The project that the call names to be billed (x-goog-user-project)
    #[arg(long, value_name = "PROJECT", value_parser = plain)]
    pub quota_project: Option<String>,
    /// How long the token is asked to live, 1h or 12h
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    pub lifetime: Option<u32>,
    /// What the call was answered with, as a pasted error's kind says it
    #[arg(long, value_name = "KIND", value_parser = seen())]
    pub answered: Option<Seen>,
}

/// What a federated caller brings.
#[derive(Clone, Debug, Default, Args)]
pub struct BroughtArgs {
    /// An attribute of a federated caller: repository=org/repo, groups=G
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    pub attribute: Vec<(String, String)>,
    /// A JSON file with the claims of a federated caller's token; where one provider in sight takes such
    /// a token, they say who the caller is too
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
}

/// `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// `-` reads a pasted error (text, JSON, stack, log entry) from stdin and finds caller, target
    /// and permission in it; options given beside it win
    #[arg(value_name = "-", value_parser = ["-"], hide_possible_values = true)]
    pub paste: Option<String>,
    /// Who wants access: serviceAccount:EMAIL, user:EMAIL, principal://…, or a bare address
    #[arg(long, value_name = "MEMBER", value_parser = principal, required_unless_present_any = ["paste", "claims"])]
    pub caller: Option<Principal>,
    /// The service account to be impersonated: e-mail, unique id or resource name
    #[arg(long, value_name = "ACCOUNT", value_parser = account, required_unless_present = "paste")]
    pub target: Option<Resource>,
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// A chain, and what a federated caller brings.
    #[command(flatten)]
    pub beside: BesideArgs,
    /// Ask Policy Troubleshooter too where it is not asked by itself (--demo, --estate), and say why where it
    /// gives no answer. Of Google and of an endpoint it is asked at the same time as the facts, about a refused
    /// call where the pasted text has its id
    #[arg(long, overrides_with = "no_second_opinion")]
    pub second_opinion: bool,
    /// Do not ask Policy Troubleshooter
    #[arg(long, overrides_with = "second_opinion")]
    pub no_second_opinion: bool,
    /// Ask again about a refused call that Policy Troubleshooter does not find yet: after 1, 2, 4 … minutes,
    /// for at most this long [default: 1h at a terminal, else not at all]
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "watch")]
    pub wait: Option<Duration>,
    /// Ask anew every so many seconds [default: 10], a line each time, until it is stopped; what others
    /// changed in the policies is told
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "10", value_parser = clap::value_parser!(u32).range(1..=86_400), conflicts_with = "second_opinion")]
    pub watch: Option<u32>,
}

/// `fix`.
#[derive(Clone, Debug, Args)]
pub struct FixArgs {
    /// Who is to get access
    #[arg(long, value_name = "MEMBER", value_parser = principal, required_unless_present = "claims")]
    pub caller: Option<Principal>,
    /// The service account to be impersonated
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub target: Resource,
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// A chain, of which every hop that lacks a grant gets one, and what a federated caller brings.
    #[command(flatten)]
    pub beside: BesideArgs,
    /// Grant this role instead of the narrowest
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Option<String>,
    /// Grant for this long only, 2h or 30m, by a condition
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub expires: Option<Duration>,
    /// Stop before the write
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Look again until it works, for at most this long
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait: Option<Duration>,
}

/// `undo`.
#[derive(Clone, Debug, Args)]
pub struct UndoArgs {
    /// Which change, as `history` names it; the newest that is in force when left out
    pub id: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// What is known of the call; what is given wins over what was `found` in a text.
fn call(
    (project, lifetime, seen): (&Option<String>, Option<u32>, Option<Seen>),
    found: Call,
) -> Call {
    Call {
        quota_project: project.clone().or(found.quota_project),
        lifetime: lifetime.or(found.lifetime),
        seen: seen.or(found.seen),
        written: found.written,
    }
}

impl BesideArgs {
    /// What is known of the call, with what a pasted text says of it.
    pub fn call(&self, found: Call) -> Call {
        call((&self.quota_project, self.lifetime, self.answered), found)
    }
}

impl StartArgs {
    /// What is known of the call, with what a story says of it.
    pub fn call(&self, found: Call) -> Call {
        call((&self.quota_project, self.lifetime, self.answered), found)
    }
}
