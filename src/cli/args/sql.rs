//! What `sql` takes.

use clap::{Args, Subcommand};

use super::value::{account, permission, principal};
use crate::iam::{Permission, Principal, Resource};

/// `sql`.
#[derive(Clone, Debug, Args)]
pub struct SqlArgs {
    /// What is asked.
    #[command(subcommand)]
    pub question: SqlQuestion,
}

/// The questions there are.
#[derive(Clone, Debug, Subcommand)]
pub enum SqlQuestion {
    /// Everyone who can act as a service account
    Who(SqlWhoArgs),
    /// Every service account that a caller can get to, chains included
    Reach(SqlReachArgs),
    /// Public, broad and deleted members in roles that lead to accounts
    Review(SqlReviewArgs),
}

/// Where the export stands.
#[derive(Clone, Debug, Args)]
pub struct SqlTables {
    /// The table of `gcloud asset export --content-type=resource --bigquery-table`
    #[arg(long, value_name = "PROJECT.DATASET.TABLE", value_parser = table)]
    pub resources: String,
    /// The table of `gcloud asset export --content-type=iam-policy --bigquery-table`
    #[arg(long, value_name = "PROJECT.DATASET.TABLE", value_parser = table)]
    pub policies: String,
    /// A table of two columns, group_email and member (user:…, group:…); without it no group's members are known
    #[arg(long, value_name = "PROJECT.DATASET.TABLE", value_parser = table)]
    pub groups: Option<String>,
}

/// `sql who`.
#[derive(Clone, Debug, Args)]
pub struct SqlWhoArgs {
    /// The service account: e-mail, unique id or resource name
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub target: Resource,
    /// The permission that is wanted
    #[arg(long, value_name = "NAME", value_parser = permission, default_value_t = Permission::get_access_token())]
    pub permission: Permission,
    /// Where the export stands.
    #[command(flatten)]
    pub tables: SqlTables,
}

/// `sql reach`.
#[derive(Clone, Debug, Args)]
pub struct SqlReachArgs {
    /// Who it is: user:EMAIL, serviceAccount:EMAIL or a bare address
    #[arg(long, value_name = "MEMBER", value_parser = principal)]
    pub caller: Principal,
    /// The permission that is wanted
    #[arg(long, value_name = "NAME", value_parser = permission, default_value_t = Permission::get_access_token())]
    pub permission: Permission,
    /// Follow chains of so many steps
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub hops: u32,
    /// Where the export stands.
    #[command(flatten)]
    pub tables: SqlTables,
}

/// `sql review`.
#[derive(Clone, Debug, Args)]
pub struct SqlReviewArgs {
    /// Where the export stands.
    #[command(flatten)]
    pub tables: SqlTables,
}

/// A table's name as it stands between backticks: two or three parts, and nothing that could end the quotation.
fn table(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('.').collect();
    let fine = (2..=3).contains(&parts.len())
        && parts.iter().all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        });
    if fine {
        return Ok(text.to_owned());
    }
    let shown = crate::text::visible(text);
    Err(format!(
        "'{shown}' names no table: expected PROJECT.DATASET.TABLE or DATASET.TABLE"
    ))
}
