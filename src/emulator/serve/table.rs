//! The table of routes: everything that is served, API by API. What is not here is not served.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use axum::http::Request;
use jiff::Timestamp;

use crate::emulator::api::iam::{
    account_keys, accounts, boundaries, boundary_writes, custom_roles, deny_policies, pools, roles,
};
use crate::emulator::api::org_policy::{older, policies};
use crate::emulator::api::resource_manager::{lists, resources, tags};
use crate::emulator::api::{
    assets, cloud_identity, iam_credentials, service_usage, troubleshooter,
};
use crate::emulator::call::ApiCall;
use crate::emulator::credentials::{metadata, oauth, published};
use crate::emulator::route::{Needs, ReadRoute, Route};

/// Each API with its rows. The first row that a call fits answers it.
pub(crate) const TABLE: &[(&str, &[Route])] = &[
    ("OAuth 2 and Security Token Service v1", oauth::ROUTES),
    ("Public keys", published::ROUTES),
    ("Metadata server", metadata::ROUTES),
    ("IAM Credentials v1", iam_credentials::ROUTES),
    ("IAM v1: service accounts", accounts::ROUTES),
    ("IAM v1: keys of service accounts", account_keys::ROUTES),
    ("IAM v1: roles", roles::ROUTES),
    (
        "IAM v1: custom roles, and conditions checked",
        custom_roles::ROUTES,
    ),
    ("IAM v1: identity pools", pools::ROUTES),
    ("IAM v2: deny policies", deny_policies::ROUTES),
    ("IAM v3: principal access boundaries", boundaries::ROUTES),
    (
        "IAM v3: principal access boundaries, written",
        boundary_writes::ROUTES,
    ),
    ("Resource Manager v1, v2 and v3", resources::ROUTES),
    (
        "Resource Manager v1, v2 and v3: lists and searches",
        lists::ROUTES,
    ),
    ("Resource Manager v3: tags", tags::ROUTES),
    ("Organization Policy v2", policies::ROUTES),
    ("Resource Manager v1: organization policies", older::ROUTES),
    ("Service Usage v1", service_usage::ROUTES),
    ("Cloud Asset v1", assets::ROUTES),
    ("Cloud Identity v1", cloud_identity::ROUTES),
    (
        "Policy Troubleshooter v3 and v3beta",
        troubleshooter::ROUTES,
    ),
];

/// Every row.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().flat_map(|(_, routes)| routes.iter())
}

/// Takes a call's verb off its path, finds its row, and notes what the path has at the row's places.
pub(crate) fn find(call: &mut ApiCall) -> Option<&'static Route> {
    static ROWS: OnceLock<(BTreeSet<&str>, Vec<ReadRoute>)> = OnceLock::new();
    let (verbs, rows) = ROWS.get_or_init(|| {
        let verbs = routes().map(Route::verb).filter(|v| !v.is_empty());
        (verbs.collect(), routes().map(ReadRoute::new).collect())
    });
    call.split_verb(|word| verbs.contains(word));
    let (row, places) = rows.iter().find_map(|row| Some((row, row.places(call)?)))?;
    call.places = places;
    Some(row.route)
}

/// Method and pattern of the row that answers a call to this path; `None`: it is not served.
#[must_use]
pub fn pattern_of(method: &str, path: &str) -> Option<(&'static str, &'static str)> {
    let request = Request::builder().method(method).uri(path).body(());
    let (parts, ()) = request.ok()?.into_parts();
    let mut call = ApiCall::read(&parts, b"", Timestamp::UNIX_EPOCH).ok()?;
    find(&mut call).map(|route| (route.method, route.pattern))
}

/// The table as Markdown, for the documentation.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::new();
    for (api, routes) in TABLE {
        text += &format!("### {api}\n\n| method | path | needs |\n| --- | --- | --- |\n");
        for route in *routes {
            let path = route.pattern.replace('|', "\\|");
            text += &format!(
                "| {} | `{path}` | {} |\n",
                route.method.replace('*', "any"),
                needs(route.needs)
            );
        }
        text.push('\n');
    }
    text
}

fn needs(needs: Needs) -> String {
    match needs {
        Needs::All(permissions) => {
            let quoted: Vec<String> = permissions.iter().map(|p| format!("`{p}`")).collect();
            quoted.join(", ")
        }
        Needs::Each(permission) => {
            format!("nothing; shown is what the caller has `{permission}` on")
        }
        Needs::Rule(words) => words.to_owned(),
        Needs::Somebody => "a token".to_owned(),
        Needs::Nothing => "nothing".to_owned(),
    }
}
