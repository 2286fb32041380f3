//! `sql`: the questions of `who`, `reach` and `review` as SQL for an export of Cloud Asset Inventory in BigQuery, for
//! estates that no one machine should hold.
//!
//! The tables are those that `gcloud asset export --bigquery-table` fills, one with `--content-type=resource` and one
//! with `--content-type=iam-policy` (doc "Export asset metadata to BigQuery" has both schemas). Groups are in no
//! export; a table of (`group_email`, `member`) takes their place.
//!
//! Decided are allow policies, custom roles and groups. Conditions, deny policies and boundaries are not judged in SQL:
//! a row that hangs on one is `UNKNOWN_CONDITIONAL` or `UNKNOWN_INFO`, never a yes. A recursive table expression of
//! BigQuery may run 500 times and its union keeps duplicates (doc "Work with recursive CTEs"), so ways remember where
//! they were, and end after a number of steps.

use crate::evaluate::ways::WayIn;
use crate::iam::{Principal, predefined};

use super::args::{SqlArgs, SqlQuestion, SqlTables};
use super::failure::Failure;
use super::{Exit, out};

const WHO: &str = include_str!("who.sql");
const REACH: &str = include_str!("reach.sql");
const REVIEW: &str = include_str!("review.sql");
const ROLES: &str = include_str!("roles.sql");
const OWNERS: &str = include_str!("owners.sql");

/// Groups in groups are followed so deep (chosen; the doc "Create a group" names no limit on nesting).
const GROUPS_DEEP: u32 = 10;

/// Prints the SQL.
///
/// # Errors
/// For a caller that no table tells of, and when stdout cannot be written to.
pub fn run(args: &SqlArgs) -> Result<Exit, Failure> {
    out::write_out(&text(args)?)?;
    Ok(Exit::Done)
}

fn text(args: &SqlArgs) -> Result<String, Failure> {
    let (template, tables, permissions, more) = match &args.question {
        SqlQuestion::Who(who) => (
            WHO,
            &who.tables,
            vec![who.permission.as_str()],
            vec![("target", literal(who.target.id()))],
        ),
        SqlQuestion::Reach(reach) => {
            if !matches!(
                reach.caller,
                Principal::User(_) | Principal::ServiceAccount(_)
            ) {
                return Err(Failure::usage(
                    format!("reach for {} cannot be told in SQL", reach.caller),
                    "what a federated identity counts as stands in its token and its pool: export the tables \
                     as newline-delimited JSON (bq extract), and ask bindscope --estate FILE reach",
                ));
            }
            (
                REACH,
                &reach.tables,
                vec![reach.permission.as_str()],
                vec![
                    ("caller", literal(&reach.caller.to_string())),
                    ("hops", reach.hops.to_string()),
                ],
            )
        }
        SqlQuestion::Review(review) => (
            REVIEW,
            &review.tables,
            WayIn::ON_ACCOUNT.map(WayIn::permission).to_vec(),
            Vec::new(),
        ),
    };
    Ok(filled(template, tables, &permissions, &more))
}

/// A template with everything in its place. What stands in values is never looked at again.
fn filled(
    template: &str,
    tables: &SqlTables,
    permissions: &[&str],
    more: &[(&str, String)],
) -> String {
    let mut roles: Vec<&str> = permissions
        .iter()
        .flat_map(|permission| predefined::roles_with(permission))
        .map(|role| role.name)
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let list = |values: &[&str], between: &str| {
        let values: Vec<String> = values.iter().map(|v| literal(v)).collect();
        values.join(between)
    };
    let groups = match &tables.groups {
        Some(table) => format!(
            "group_members AS (\n  SELECT CONCAT('group:', group_email) AS group_name, member FROM `{table}`\n)"
        ),
        // Nothing is known of any group.
        None => "group_members AS (\n  SELECT '' AS group_name, '' AS member FROM UNNEST([1]) AS nothing WHERE FALSE\n)"
            .to_owned(),
    };
    let mut values = vec![
        ("resources", format!("`{}`", tables.resources)),
        ("policies", format!("`{}`", tables.policies)),
        ("groups", groups),
        ("depth", GROUPS_DEEP.to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("predefined", list(&roles, ",\n    ")),
        ("permissions", list(permissions, ", ")),
    ];
    values.extend(more.iter().cloned());
    let template = template
        .replace("{{roles}}", ROLES.trim_end())
        .replace("{{owners}}", OWNERS.trim_end());
    let mut text = String::new();
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    text + rest
}

/// A string literal of GoogleSQL (doc "Lexical structure and syntax", escape sequences).
fn literal(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        match c {
            '\\' | '\'' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(literal("ana's"), "'ana\\'s'");
        assert_eq!(literal("a\\"), "'a\\\\'");
        assert_eq!(literal("a\nb"), "'a\\u000ab'");
    }

    #[test]
    fn nothing_is_left_open_in_any_template() {
        let tables = SqlTables {
            resources: "p.d.resource".to_owned(),
            policies: "p.d.iam_policy".to_owned(),
            groups: Some("p.d.group_member".to_owned()),
        };
        let more = [
            ("target", "T".to_owned()),
            ("caller", "C".to_owned()),
            ("hops", "6".to_owned()),
        ];
        for template in [WHO, REACH, REVIEW] {
            let names = template.matches("{{").count();
            assert!(names > 3);
            let text = filled(template, &tables, &["iam.serviceAccounts.signJwt"], &more);
            assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
            assert!(text.contains("'roles/iam.serviceAccountTokenCreator'"));
            assert!(text.contains("`p.d.resource`") && text.contains("`p.d.iam_policy`"));
        }
    }
}
