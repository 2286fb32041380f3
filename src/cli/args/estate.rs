//! What the commands over a whole estate take: lists, who, reach, graph, review, diff, test, export, index.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::value::{account, plain, principal, time};
use super::{BroughtArgs, Format, WantedArgs, formats};
use crate::evaluate::WayIn;
use crate::evaluate::review::{KeyLimits, Severity};
use crate::iam::{Principal, Resource};

/// A part of what `--edges` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// All of them.
    All,
    /// One.
    One(WayIn),
}

impl Edges {
    /// What they come to, in the table's order, each once.
    #[must_use]
    pub fn ways(given: &[Self]) -> Vec<WayIn> {
        let wanted = |way: &WayIn| given.contains(&Self::All) || given.contains(&Self::One(*way));
        WayIn::ALL.into_iter().filter(wanted).collect()
    }
}

/// `all`, or the name of a way of becoming an account.
fn way(text: &str) -> Result<Edges, String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(Edges::All);
    }
    WayIn::named(text).map(Edges::One).ok_or_else(|| {
        let shown = crate::text::visible(text);
        let known = WayIn::ALL.map(WayIn::word).join(", ");
        format!("'{shown}' is no kind of edge: expected all, or some of {known}")
    })
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
    /// By which ways of becoming an account, instead of one permission: all, or some of the kinds of
    /// docs/edges.md, TOKEN,KEY,ACT_AS; each row says which
    #[arg(long, value_name = "KIND,…", value_parser = way, value_delimiter = ',', conflicts_with = "permission")]
    pub edges: Vec<Edges>,
    /// A federated identity that is asked about beside the others: it stands in the list if it can.
    #[command(flatten)]
    pub brought: BroughtArgs,
    /// Tell every principal in the text, however many there are; JSON always does
    #[arg(long)]
    pub all: bool,
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
    /// By which ways of becoming an account, instead of one permission: all, or some of the kinds of
    /// docs/edges.md, TOKEN,KEY,ACT_AS; each row says which
    #[arg(long, value_name = "KIND,…", value_parser = way, value_delimiter = ',', conflicts_with = "permission")]
    pub edges: Vec<Edges>,
    /// What a federated caller brings.
    #[command(flatten)]
    pub brought: BroughtArgs,
    /// Tell every account in the text, however many there are; JSON always does
    #[arg(long)]
    pub all: bool,
    /// Write every path whole in JSON. Without it paths that come to more than 20,000 names together share their steps
    #[arg(long)]
    pub paths: bool,
}

/// `closure`.
#[derive(Clone, Debug, Args)]
pub struct ClosureArgs {
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// By which ways of becoming an account, instead of one permission: all, or some of the kinds of
    /// docs/edges.md, TOKEN,KEY,ACT_AS
    #[arg(long, value_name = "KIND,…", value_parser = way, value_delimiter = ',', conflicts_with = "permission")]
    pub edges: Vec<Edges>,
    /// In JSON also which accounts, as lists that callers share; without it they are counted
    #[arg(long)]
    pub sets: bool,
    /// Tell every caller in the text, however many there are; JSON always does
    #[arg(long)]
    pub all: bool,
}

/// Two ends and what leads from one to the other: for `path` and `cut`.
#[derive(Clone, Debug, Args)]
pub struct BetweenArgs {
    /// The caller
    #[arg(long, value_name = "MEMBER", value_parser = principal, required_unless_present = "claims")]
    pub caller: Option<Principal>,
    /// The service account
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub target: Resource,
    /// What is wanted, and when.
    #[command(flatten)]
    pub wanted: WantedArgs,
    /// By which ways of becoming an account, instead of one permission: all, or some of the kinds of
    /// docs/edges.md, TOKEN,KEY,ACT_AS; each step says which
    #[arg(long, value_name = "KIND,…", value_parser = way, value_delimiter = ',', conflicts_with = "permission")]
    pub edges: Vec<Edges>,
    /// What a federated caller brings.
    #[command(flatten)]
    pub brought: BroughtArgs,
}

/// `path`.
#[derive(Clone, Debug, Args)]
pub struct PathArgs {
    /// The two ends.
    #[command(flatten)]
    pub between: BetweenArgs,
    /// Every path that is as short, 10,000 at the most, instead of the first
    #[arg(long)]
    pub all: bool,
}

/// `graph`. Its own `--format` takes the place of the global one (same id).
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// In which language to draw
    #[arg(long, value_parser = formats(&[Format::Dot, Format::Mermaid, Format::Svg]), default_value = "dot")]
    pub format: Format,
    /// By which ways of becoming an account, instead of access tokens alone: all, or some of the kinds of
    /// docs/edges.md, TOKEN,KEY,ACT_AS; each edge says which
    #[arg(long, value_name = "KIND,…", value_parser = way, value_delimiter = ',')]
    pub edges: Vec<Edges>,
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
    /// Findings that are known, TOML: [[suppress]] with id, reason, until = "2027-06-30" and, where only some are
    /// meant, members
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// A domain or customer id that is the organization's own; repeat it [default: those of the
    /// organizations in sight]
    #[arg(long = "domain", value_name = "DOMAIN", value_parser = plain)]
    pub domains: Vec<String>,
    /// A key that is older than so many days is old
    #[arg(long, value_name = "DAYS", default_value_t = KeyLimits::default().days)]
    pub key_days: u32,
    /// More keys than this of one account are many
    #[arg(long, value_name = "COUNT", default_value_t = KeyLimits::default().many)]
    pub keys: usize,
    /// Tell every finding in the text, however many there are of one rule; other formats always do
    #[arg(long)]
    pub all: bool,
    /// From which severity on findings are told and count
    #[arg(long, value_name = "SEVERITY", value_parser = severity(), default_value = "low")]
    pub severity: Severity,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// Reads a severity by its name.
pub(super) fn severity() -> impl TypedValueParser<Value = Severity> {
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
    /// name, permission, via, attributes. A * in caller or target stands for service accounts in sight; a caller
    /// that is a set (allUsers, domain:D, group:G, principalSet://…) for all of its members, or for none
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How to tell what came of it
    #[arg(long, value_parser = formats(&[Format::Text, Format::Json, Format::Tap, Format::Junit]), default_value = "text")]
    pub format: Format,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
}

/// `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The file; `-` for stdout
    pub file: PathBuf,
}

/// `index`.
#[derive(Clone, Debug, Args)]
pub struct IndexArgs {
    /// What --estate takes: estate files, asset exports, a directory of them; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Where to write [default: the first file's name with .index behind it]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
