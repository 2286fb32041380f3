//! What `gcloud asset search-all-resources` and `search-all-iam-policies` print (discovery document
//! cloudasset v1, `ResourceSearchResult` and `IamPolicySearchResult`), put into the form of an asset.

use serde_json::{Map, Value, json};

use super::asset::{ACCOUNT, Asset, Content, FOLDER, ORGANIZATION, PROJECT};

/// Keys with which a search result may begin. Not `folders`: an estate file may begin so.
pub(super) const KEYS: &[&str] = &[
    "additionalAttributes",
    "createTime",
    "description",
    "displayName",
    "labels",
    "location",
    "organization",
    "parentAssetType",
    "parentFullResourceName",
    "policy",
    "project",
    "state",
];

/// Puts what only search results have where assets have it.
pub(super) fn settle(asset: &mut Asset, rest: &Map<String, Value>) {
    let names = |key: &str| -> Vec<String> {
        let texts = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
        match rest.get(key) {
            Some(Value::Array(list)) => list.iter().filter_map(texts).collect(),
            Some(one) => texts(one).into_iter().collect(),
            None => Vec::new(),
        }
    };
    let parent = names("parentFullResourceName").pop();
    if asset.ancestors.is_empty() && !rest.is_empty() {
        let folders = names("folders");
        asset.ancestors = names("project");
        // The order of several folders is documented nowhere. Where the parent is told it is not needed;
        // else they are taken nearest first (chosen): which levels count does not hang on it.
        if parent.is_none() || folders.len() < 2 {
            asset.ancestors.extend(folders);
            asset.ancestors.extend(names("organization"));
        }
    }
    let told = ["additionalAttributes", "displayName", "state"];
    if asset.policy.is_some() || !told.iter().any(|key| rest.contains_key(*key)) {
        return;
    }
    let content = asset.resource.get_or_insert_with(Content::default);
    if content.parent.is_none() {
        content.parent = parent;
    }
    if content.data.is_null() {
        content.data = data(&asset.kind, &asset.name, rest);
    }
}

/// The fields of a resource that a search result tells.
fn data(kind: &str, name: &str, rest: &Map<String, Value>) -> Value {
    let text = |key: &str| rest.get(key).and_then(Value::as_str).unwrap_or_default();
    let more = |key: &str| {
        let found = rest.get("additionalAttributes").and_then(|a| a.get(key));
        found.and_then(Value::as_str).unwrap_or_default()
    };
    match kind {
        ORGANIZATION => json!({ "displayName": text("displayName") }),
        FOLDER => json!({ "displayName": text("displayName"), "lifecycleState": text("state") }),
        PROJECT => {
            let id = more("projectId");
            let number = name.rsplit('/').next().unwrap_or_default();
            if id.is_empty() {
                return Value::Null;
            }
            json!({ "projectId": id, "projectNumber": number, "name": text("displayName"),
                "lifecycleState": text("state") })
        }
        ACCOUNT => json!({ "email": more("email"), "uniqueId": more("uniqueId"),
            "displayName": text("displayName"), "disabled": text("state") == "DISABLED" }),
        _ => Value::Null,
    }
}
