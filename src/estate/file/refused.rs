//! Forms that are known and not read: each is refused by its name, with what to do instead. And which text that
//! is no JSON may be YAML.

use serde_json::{Map, Value};

use super::super::records::POLICY_INSIGHTS;

/// A form that is refused.
#[derive(Debug)]
pub struct RefusedForm {
    /// What it is, for the table of the documentation.
    pub name: &'static str,
    /// What to do instead.
    pub instead: &'static str,
    /// Keys of an object that is of this form; one of them is enough.
    keys: &'static [&'static str],
}

impl RefusedForm {
    const fn new(name: &'static str, instead: &'static str, keys: &'static [&'static str]) -> Self {
        Self {
            name,
            instead,
            keys,
        }
    }

    fn words(&self) -> String {
        format!("this is {}: {}", self.name, self.instead)
    }
}

const HCL: RefusedForm = RefusedForm::new(
    "Terraform configuration (HCL)",
    "its values are known to Terraform alone: give what `terraform show -json` prints, of the state or of a plan (terraform plan -out=PLAN, then terraform show -json PLAN)",
    &[],
);
const HCL_JSON: RefusedForm = RefusedForm::new(
    "Terraform configuration as JSON",
    "give what `terraform show -json` prints, of the state or of a plan",
    &[],
);
const PLAN_LOG: RefusedForm = RefusedForm::new(
    "the log of terraform plan -json",
    "give the plan itself: terraform plan -out=PLAN, then terraform show -json PLAN",
    &["@level", "@message"],
);
const CSV: RefusedForm = RefusedForm::new(
    "a table of comma-separated values (CSV)",
    "it leaves out most of what decides: let the command print JSON (--format=json), or export the table of BigQuery as newline-delimited JSON",
    &[],
);
const TABLE: RefusedForm = RefusedForm::new(
    "a table that gcloud prints for people",
    "add --format=json to the command",
    &[],
);
const HTML: RefusedForm = RefusedForm::new(
    "a web page (HTML or XML)",
    "a sign-in page was saved instead of the file, perhaps: fetch it again",
    &[],
);
const FEED: RefusedForm = RefusedForm::new(
    "a message of a Cloud Asset feed",
    "it tells of one change, not of an estate: export the assets (gcloud asset export)",
    &["priorAsset", "priorAssetState"],
);
const FEED_SET_UP: RefusedForm = RefusedForm::new(
    "the description of a Cloud Asset feed",
    "it holds no assets: export them (gcloud asset export)",
    &["feedOutputConfig"],
);
const HISTORY: RefusedForm = RefusedForm::new(
    "the history of assets (gcloud asset get-history)",
    "it tells what was: export the assets as they are (gcloud asset export, with --snapshot-time for another moment)",
    &["window"],
);
const ANALYSIS: RefusedForm = RefusedForm::new(
    "an analysis of policies (gcloud asset analyze-iam-policy)",
    "it is an answer, and leaves out the policies: search them (gcloud asset search-all-iam-policies --format=json)",
    &[
        "mainAnalysis",
        "serviceAccountImpersonationAnalysis",
        "analysisQuery",
        "identityList",
    ],
);
const EFFECTIVE: RefusedForm = RefusedForm::new(
    "effective policies (gcloud asset get-effective-iam-policy)",
    "give what `gcloud projects get-ancestors-iam-policy PROJECT --format=json` prints, or an export",
    &["policyResults"],
);
const TROUBLESHOOTER: RefusedForm = RefusedForm::new(
    "an answer of Policy Troubleshooter",
    "it is about one question: paste it into bindscope explain -, or give the policies",
    &["overallAccessState", "accessTuple", "explainedPolicies"],
);
const KUBERNETES: RefusedForm = RefusedForm::new(
    "a Kubernetes or Config Connector manifest",
    "it tells what is wanted, not what is: export the assets (gcloud asset export)",
    &["apiVersion"],
);
const FORSETI: RefusedForm = RefusedForm::new(
    "a list of violations of Forseti",
    "give the Cloud Asset exports of its inventory (cai_resource_dump and cai_iam_policy_dump)",
    &["violation_data", "violation_type", "rule_name"],
);
const INSIGHT: RefusedForm = RefusedForm::new(
    "a recommendation, or an insight of another type than google.iam.policy.Insight",
    "give the policies, or an export, and beside it what `gcloud recommender insights list --insight-type=google.iam.policy.Insight --location=global --format=json` prints",
    &["insightSubtype", "recommenderSubtype"],
);
const LOG: RefusedForm = RefusedForm::new(
    "a log entry",
    "paste it into bindscope explain -",
    &["protoPayload", "insertId"],
);
const ROLES: RefusedForm = RefusedForm::new(
    "a list of roles without their permissions",
    "give what `gcloud iam roles describe ROLE --format=json` prints of each custom role, or an export",
    &[],
);
const TAGS: RefusedForm = RefusedForm::new(
    "a list of tag bindings",
    "it names tags by their ids: export the types TagKey, TagValue and TagBinding (gcloud asset export --content-type=resource)",
    &["tagValue", "tagValueNamespacedName", "namespacedTagValue"],
);

/// Every form that is refused by its name.
pub const REFUSED: &[&RefusedForm] = &[
    &HCL,
    &HCL_JSON,
    &PLAN_LOG,
    &CSV,
    &TABLE,
    &HTML,
    &FEED,
    &FEED_SET_UP,
    &HISTORY,
    &ANALYSIS,
    &EFFECTIVE,
    &TROUBLESHOOTER,
    &KUBERNETES,
    &FORSETI,
    &INSIGHT,
    &LOG,
    &ROLES,
    &TAGS,
];

/// Keys with which an object of such a form begins.
pub(super) fn begins(key: &str) -> bool {
    REFUSED.iter().any(|form| form.keys.contains(&key)) || key == "asset"
}

/// What an object that is no asset is refused as.
pub(super) fn object(name: &str, policy: bool, fields: &Map<String, Value>) -> Option<String> {
    let has = |key: &str| fields.contains_key(key);
    let read = name.contains(POLICY_INSIGHTS) && has("content");
    if let Some(form) = REFUSED
        .iter()
        .filter(|form| !(read && form.name == INSIGHT.name))
        .find(|form| form.keys.iter().any(|key| has(key)))
    {
        return Some(form.words());
    }
    if has("asset") {
        return Some(FEED.words());
    }
    if has("resource") && name.is_empty() && !policy {
        return Some(HCL_JSON.words());
    }
    let role = name.contains("roles/") && (has("title") || has("stage"));
    (role && !has("includedPermissions")).then(|| ROLES.words())
}

/// An object of no form that is known here.
pub(super) fn unknown(name: &str, fields: &Map<String, Value>) -> String {
    let shown: Vec<&str> = fields.keys().take(5).map(String::as_str).collect();
    let named = if name.is_empty() { "" } else { "a name" };
    let with = match (named, shown.is_empty()) {
        ("", true) => "nothing in it".to_owned(),
        (named, true) => named.to_owned(),
        ("", false) => shown.join(", "),
        (named, false) => format!("{named}, {}", shown.join(", ")),
    };
    format!(
        "found an object with {with}: expected an asset (with name and assetType or asset_type), or what gcloud prints of policies, accounts, projects, folders or roles"
    )
}

/// What a text is that is no JSON.
pub(super) enum TextForm {
    /// YAML, as gcloud prints it, as far as its first lines tell.
    Yaml,
    /// Something else; the words for it.
    Refused(String),
}

impl TextForm {
    /// By its first lines.
    pub fn of(head: &str) -> Self {
        let mut lines = head
            .lines()
            .map(str::trim_end)
            .filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
        let mut first = lines.next().unwrap_or_default();
        if first.starts_with('<') {
            return Self::Refused(HTML.words());
        }
        if head.lines().any(is_block) {
            return Self::Refused(HCL.words());
        }
        while first == "---" || first.starts_with("--- ") || first.starts_with("%YAML") {
            if let Some(rest) = first.strip_prefix("--- ").filter(|r| !r.starts_with('#')) {
                first = rest;
                break;
            }
            match lines.next() {
                Some(next) => first = next,
                None => return Self::Yaml,
            }
        }
        let item = first.trim_start().trim_start_matches("- ");
        if first.trim_start() == "-" || has_key(item) || item.starts_with(['{', '[']) {
            return Self::Yaml;
        }
        if is_table(first) {
            return Self::Refused(TABLE.words());
        }
        if first.contains(',') {
            return Self::Refused(CSV.words());
        }
        let shown: String = first.chars().take(60).collect();
        Self::Refused(format!(
            "found '{shown}', which is neither JSON nor YAML: expected an estate, a Cloud Asset Inventory export, what gcloud prints with --format=json or yaml, or what terraform show -json prints"
        ))
    }
}

/// `resource "google_project_iam_member" "x" {` and its like.
fn is_block(line: &str) -> bool {
    const BLOCKS: &[&str] = &[
        "resource",
        "data",
        "module",
        "provider",
        "terraform",
        "variable",
        "output",
        "locals",
        "import",
        "moved",
        "removed",
    ];
    let Some(before) = line.trim_end().strip_suffix('{') else {
        return false;
    };
    let mut words = before.split_whitespace();
    words.next().is_some_and(|w| BLOCKS.contains(&w)) && words.all(|w| w.starts_with('"'))
}

/// `key:` or `key: value`.
fn has_key(line: &str) -> bool {
    let quoted = |quote: char| {
        let rest = line.strip_prefix(quote)?;
        let (_, rest) = rest.split_once(quote)?;
        Some(rest.trim_start())
    };
    let after = match quoted('"').or_else(|| quoted('\'')) {
        Some(rest) => rest.strip_prefix(':'),
        None => line.split_once(':').and_then(|(key, rest)| {
            let plain = |c: char| c.is_alphanumeric() || "_-./@%".contains(c);
            (!key.is_empty() && key.chars().all(plain)).then_some(rest)
        }),
    };
    after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// `NAME  PROJECT_ID  NUMBER`.
fn is_table(line: &str) -> bool {
    let heads = |c: char| c.is_ascii_uppercase() || c == '_' || c == ' ';
    line.len() > 2 && line.chars().all(heads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_told_from_what_it_is_not() {
        for yaml in [
            "bindings:\n- members:",
            "---\nname: x",
            "- name: x",
            "--- # one\nname: x",
            "\"a b\": 1",
            "-\n  name: x",
            "- {a: 1}",
        ] {
            assert!(matches!(TextForm::of(yaml), TextForm::Yaml), "{yaml}");
        }
        for (text, word) in [
            ("resource \"google_project\" \"x\" {\n}", "HCL"),
            ("terraform {\n", "HCL"),
            ("# a comment\n\nlocals {\n", "HCL"),
            ("name,asset_type\n//a,b", "CSV"),
            ("NAME  EMAIL  DISABLED\nx  y  z", "for people"),
            ("<!DOCTYPE html>", "web page"),
            ("hello", "neither JSON nor YAML"),
            ("https://example.com", "neither JSON nor YAML"),
        ] {
            match TextForm::of(text) {
                TextForm::Refused(words) => assert!(words.contains(word), "{text}: {words}"),
                TextForm::Yaml => panic!("{text}"),
            }
        }
    }
}
