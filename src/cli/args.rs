//! What can be typed: global options and commands.

mod source;
#[cfg(test)]
mod tests;
mod value;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::emulator::{Faults, Latency};
use crate::evaluate::review::Severity;
use crate::evaluate::{Call, Seen};
use crate::google::credentials::ActAs;
use crate::iam::{Permission, Principal, Resource};
use value::{
    account, attribute, base_url, duration, lifetime, permission, plain, principal, role, seen,
    time,
};

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
    /// Use the built-in emulator with an estate file or a Cloud Asset Inventory export, packed or not: a
    /// FILE, several of them before the command, a directory, - for standard input; all are merged
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
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long = "at", id = "start_at", value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
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
    /// Draw the impersonation graph of what can be seen
    Graph(GraphArgs),
    /// Say what a review of everything in sight finds: who can become accounts and should not
    Review(ReviewArgs),
    /// Compare two estate files or exports: whose access grew or shrank, and by which binding
    Diff(DiffArgs),
    /// Say whether access is as a file of expectations says, for checks in CI
    Test(TestArgs),
    /// Serve the emulator until it is stopped
    Emulator(EmulatorArgs),
    /// Write what can be seen as an estate file
    Export(ExportArgs),
    /// Say whose credentials calls are made with, from where, and until when
    Whoami,
    /// Check terminal, configuration, history, credentials, each API and the clock; say what to do
    Doctor,
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
    /// Ask Policy Troubleshooter too, about a refused call where the pasted text has its id, and say where
    /// it differs
    #[arg(long)]
    pub second_opinion: bool,
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

/// `list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// What
    #[arg(value_enum)]
    pub what: Listed,
}

/// What `list` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Service accounts.
    ServiceAccounts,
    /// Projects.
    Projects,
    /// Bindings of the allow policies of projects and accounts, and of what is above them.
    Bindings,
}

/// `who`.
#[derive(Clone, Debug, Args)]
pub struct WhoArgs {
    /// The service account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub target: Resource,
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// A federated identity that is asked about beside the others: it stands in the list if it can.
    #[command(flatten)]
    pub brought: BroughtArgs,
}

/// `reach`.
#[derive(Clone, Debug, Args)]
pub struct ReachArgs {
    /// The caller
    #[arg(long, value_name = "MEMBER", value_parser = principal, required_unless_present = "claims")]
    pub caller: Option<Principal>,
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// What a federated caller brings.
    #[command(flatten)]
    pub brought: BroughtArgs,
}

/// `graph`. Its own `--format` takes the place of the global one (same id).
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// In which language to draw
    #[arg(long, value_parser = formats(&[Format::Dot, Format::Mermaid, Format::Svg]), default_value = "dot")]
    pub format: Format,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// `review`. Its own `--format` takes the place of the global one (same id).
#[derive(Clone, Debug, Args)]
pub struct ReviewArgs {
    /// How to tell what was found
    #[arg(long, value_parser = formats(&[Format::Text, Format::Json, Format::Sarif, Format::Html]), default_value = "text")]
    pub format: Format,
    /// Findings that are known, TOML: [[suppress]] with id, reason and until = "2027-06-30"
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// A domain or customer id that is the organization's own; repeat it [default: those of the
    /// organizations in sight]
    #[arg(long = "domain", value_name = "DOMAIN", value_parser = plain)]
    pub domains: Vec<String>,
    /// From which severity on findings are told and count
    #[arg(long, value_name = "SEVERITY", value_parser = severity(), default_value = "low")]
    pub severity: Severity,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// Reads a severity by its name.
fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::word)).map(|word| {
        let found = Severity::ALL.into_iter().find(|s| s.word() == word);
        found.unwrap_or_default()
    })
}

/// `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// The older estate file or asset export
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer one
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// For which access, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
}

/// `test`. Its own `--format` takes the place of the global one (same id).
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// The expectations, TOML: [[expect]] with caller, target, may = "yes" or "no", and, where wanted,
    /// name, permission, via, attributes. A * in caller or target stands for service accounts in sight
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to tell what came of it
    #[arg(long, value_parser = formats(&[Format::Text, Format::Json, Format::Tap, Format::Junit]), default_value = "text")]
    pub format: Format,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// The arguments with `--estate` before each of several paths behind it, as a shell's glob gives them. Only
/// before the command, where no bare word means anything else.
pub fn several(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let commands = Cli::command();
    let is_command = |word: &OsStr| {
        word == "help"
            || word
                .to_str()
                .is_some_and(|w| commands.find_subcommand(w).is_some())
    };
    let mut out: Vec<OsString> = Vec::new();
    let mut arguments = arguments.into_iter();
    out.extend(arguments.next());
    // Whether the next word is the option's value, and whether one behind it may be one more.
    let (mut value, mut more) = (false, false);
    for word in arguments.by_ref() {
        let bytes = word.as_encoded_bytes();
        let option = bytes.starts_with(b"-") && bytes != b"-";
        if value {
            (value, more) = (false, true);
        } else if word == "--estate" {
            value = true;
        } else if option {
            more = bytes.starts_with(b"--estate=");
        } else if is_command(&word) {
            out.push(word);
            break;
        } else if more {
            out.push("--estate".into());
        }
        out.push(word);
    }
    out.extend(arguments);
    out
}

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

/// `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The file; `-` for stdout
    pub file: PathBuf,
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
