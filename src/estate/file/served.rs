//! The forms that are read, with the command that makes each and what is assumed where it is silent: the table of
//! the documentation.

/// A form that is read.
#[derive(Debug)]
pub struct ServedForm {
    /// What it is.
    pub name: &'static str,
    /// What makes it.
    pub made_by: &'static str,
    /// What it does not tell, and what is made of that.
    pub silent: &'static str,
}

const fn form(name: &'static str, made_by: &'static str, silent: &'static str) -> ServedForm {
    ServedForm {
        name,
        made_by,
        silent,
    }
}

const EXPORT: &str = "A kind of which it holds not one asset is not known (`NO_DENY_POLICIES_IN_EXPORT`, `NO_BOUNDARIES_IN_EXPORT`, `NO_TAGS_IN_EXPORT`, `NO_ACCOUNT_LIST_IN_EXPORT`)";
const PART: &str = "All that it does not name is not known (`PART_OF_THE_ESTATE`)";

/// Every form that is read.
pub const SERVED: &[ServedForm] = &[
    form(
        "estate file",
        "`bindscope export FILE`, or by hand",
        "A list that is not there is empty; groups and roles that are not in it are unknown",
    ),
    form(
        "compiled estate, alone",
        "`bindscope index FILE…`, of any of the others",
        "As the files that it was made of; one of another bindscope may have to be made again",
    ),
    form(
        "asset export: a line each, a list, shards",
        "`gcloud asset export --content-type=resource`, and again with `--content-type=iam-policy`; `gcloud asset list --format=json`",
        EXPORT,
    ),
    form(
        "pages of the API",
        "the methods `assets.list`, `searchAllIamPolicies` and `searchAllResources`, `insights.list` of the Recommender API, `serviceAccounts.list` and `serviceAccounts.keys.list`, pages one after the other",
        "As what is in them; pages that are missing are an error",
    ),
    form(
        "rows of an export in BigQuery",
        "`bq extract --destination_format=NEWLINE_DELIMITED_JSON`",
        EXPORT,
    ),
    form(
        "search results",
        "`gcloud asset search-all-iam-policies`, `gcloud asset search-all-resources`",
        "How wide the search was (`SEARCH_RESULTS_ARE_ALL`)",
    ),
    form(
        "one allow policy, as `RESOURCE=FILE`",
        "`gcloud projects get-iam-policy`, `gcloud iam service-accounts get-iam-policy`, and of folders and organizations",
        PART,
    ),
    form(
        "allow policies up from a project",
        "`gcloud projects get-ancestors-iam-policy`",
        PART,
    ),
    form(
        "lists and descriptions",
        "`list` and `describe` of `gcloud iam service-accounts`, `projects`, `resource-manager folders`, `organizations`, `iam policies`, `org-policies`, `services`, `iam workload-identity-pools` and their providers; `gcloud iam service-accounts keys list`; `gcloud recommender insights list --insight-type=google.iam.policy.Insight`; `gcloud iam roles describe`",
        PART,
    ),
    form(
        "members of a group, as `groups/EMAIL=FILE`",
        "`gcloud identity groups memberships list --group-email=EMAIL --view=full`",
        "Nothing else of the group is asked for",
    ),
    form(
        "state of Terraform",
        "`terraform show -json`, or the state as it is stored (version 4)",
        "What Terraform does not manage is not known (`PART_OF_THE_ESTATE`): a policy is known in part, or as a whole where `google_*_iam_policy` sets it",
    ),
    form(
        "plan of Terraform",
        "`terraform plan -out=PLAN`, then `terraform show -json PLAN`",
        "As a state; values that are known after the apply, or that are sensitive, are not known",
    ),
];
