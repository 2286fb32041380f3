//! What an asset export holds beside the hierarchy and allow policies: deny policies, principal access
//! boundaries and their bindings, tags, the state of APIs (doc "Asset types", Identity and Access
//! Management v2 and v3, Resource Manager, Service Usage).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::Tag;
use super::asset::whole;
use super::draft::{Draft, Taken};
use super::kept::{At, Fault};
use crate::iam::{BoundaryPolicy, DenyPolicy, PolicyBinding, Resource};

pub(super) const POLICY_V2: &str = "iam.googleapis.com/PolicyV2";
pub(super) const BOUNDARY: &str = "iam.googleapis.com/PrincipalAccessBoundaryPolicy";
pub(super) const BINDING: &str = "iam.googleapis.com/PolicyBinding";
pub(super) const TAG_KEY: &str = "cloudresourcemanager.googleapis.com/TagKey";
pub(super) const TAG_VALUE: &str = "cloudresourcemanager.googleapis.com/TagValue";
pub(super) const TAG_BINDING: &str = "cloudresourcemanager.googleapis.com/TagBinding";
pub(super) const SERVICE: &str = "serviceusage.googleapis.com/Service";

const COUNTS: &[&str] = &[
    POLICY_V2,
    BOUNDARY,
    BINDING,
    TAG_KEY,
    TAG_VALUE,
    TAG_BINDING,
    SERVICE,
];

/// What stands on several lines of an export and is put together at its end.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// `tagKeys/1` to `1001/env`.
    keys: BTreeMap<String, String>,
    /// `tagValues/2` to its key and to `1001/env/prod`.
    values: BTreeMap<String, (String, String)>,
    /// Where a value is bound, with its namespaced name as far as the binding tells it.
    bound: Vec<(String, String, String, At)>,
    /// The APIs that are on, of each project that has some asset of an API, and whether all of those tell their
    /// state.
    enabled: BTreeMap<Resource, (BTreeSet<String>, bool, At)>,
}

impl Draft {
    /// Takes in an asset of one of these types; `false` for any other.
    pub(super) fn policy_asset(
        &mut self,
        kind: &str,
        name: &str,
        data: &Value,
    ) -> Result<bool, Fault> {
        // A search result tells that it is there, and not what is in it: not known, never absent.
        if !data.is_object() {
            let path = name.strip_prefix("//iam.googleapis.com/").unwrap_or(name);
            let part = match kind {
                POLICY_V2 => "/denypolicies/",
                BINDING => "/policyBindings/",
                _ => return Ok(COUNTS.contains(&kind)),
            };
            if let Some((before, _)) = path.split_once(part) {
                self.unreadable(format!("{before}{}", part.trim_end_matches('/')))?;
            }
            return Ok(true);
        }
        match kind {
            POLICY_V2 => {
                // Access policies and others stand beside them under the same type.
                if name.contains("/denypolicies/")
                    && let Some(policy) = whole::<DenyPolicy>(data, name)?
                {
                    // A policy without its rules tells that there is one, and not what it denies.
                    if policy.rules.is_empty() {
                        let above = policy.name.split("/denypolicies/").next();
                        let above = above.unwrap_or_default();
                        self.unreadable(format!("{above}/denypolicies"))?;
                    } else {
                        self.says_deny = true;
                        self.deny_policy(policy)?;
                    }
                }
            }
            BOUNDARY => {
                // To whom they are bound, bindings alone tell.
                if let Some(policy) = whole::<BoundaryPolicy>(data, name)? {
                    self.boundary(policy)?;
                }
            }
            BINDING => {
                if let Some(binding) = whole::<PolicyBinding>(data, name)? {
                    self.says_boundaries = true;
                    self.binding(binding)?;
                }
            }
            TAG_KEY => {
                let key = (text(data, "name"), text(data, "namespacedName"));
                self.export.pieces.keys.insert(key.0, key.1);
            }
            TAG_VALUE => {
                let told = (text(data, "parent"), text(data, "namespacedName"));
                self.export.pieces.values.insert(text(data, "name"), told);
            }
            TAG_BINDING => self.export.pieces.bound.push((
                text(data, "parent"),
                text(data, "tagValue"),
                text(data, "tagValueNamespacedName"),
                self.at,
            )),
            SERVICE => self.service_asset(name, data),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `//serviceusage.googleapis.com/projects/N/services/S`, with its `state`.
    fn service_asset(&mut self, name: &str, data: &Value) {
        let Some((project, service)) = name
            .strip_prefix("//serviceusage.googleapis.com/")
            .and_then(|path| path.split_once("/services/"))
        else {
            return;
        };
        let Ok(project @ Resource::Project(_)) = Resource::parse(project) else {
            return;
        };
        let at = self.at;
        let entry = self.export.pieces.enabled.entry(project);
        let (enabled, told, _) = entry.or_insert_with(|| (BTreeSet::new(), true, at));
        match text(data, "state").to_uppercase().as_str() {
            "ENABLED" => {
                enabled.insert(service.to_owned());
            }
            "DISABLED" => {}
            _ => *told = false,
        }
    }

    /// Puts together what stood on several lines.
    ///
    /// # Errors
    /// A tag that is bound to something that has no name of a resource.
    pub(super) fn gather_pieces(&mut self) -> Taken {
        for (group, at) in std::mem::take(&mut self.export.memberships).into_values() {
            self.at = at;
            self.group(group)?;
        }
        let pieces = std::mem::take(&mut self.export.pieces);
        let mut tags: BTreeMap<String, (Vec<Tag>, At)> = BTreeMap::new();
        // A value whose key no line tells says nothing of what a condition asks for.
        let (mut told_all, mut any) = (true, false);
        for (parent, value, told, at) in pieces.bound {
            any = true;
            // Tags of other resources than those that are judged here.
            if !Resource::parse(&parent).is_ok_and(|_| parent.starts_with("//")) {
                continue;
            }
            let (key, namespaced) = pieces.values.get(&value).cloned().unwrap_or_default();
            let namespaced = if namespaced.is_empty() {
                told
            } else {
                namespaced
            };
            let of_key = namespaced
                .rsplit_once('/')
                .map_or("", |(key, _)| key)
                .to_owned();
            let known = pieces.keys.get(&key).filter(|name| !name.is_empty());
            let tag = Tag {
                namespaced_tag_key: known.cloned().unwrap_or(of_key),
                namespaced_tag_value: namespaced,
                tag_key: key,
                tag_value: value,
            };
            told_all &= !tag.tag_key.is_empty() && !tag.namespaced_tag_key.is_empty();
            tags.entry(parent)
                .or_insert_with(|| (Vec::new(), at))
                .0
                .push(tag);
        }
        self.says_tags |= any && told_all;
        for (parent, (tags, at)) in tags {
            self.at = at;
            self.tags(&parent, tags)?;
        }
        for (project, (enabled, told, at)) in pieces.enabled {
            // One that does not tell may be on or off: then nothing is known of the project's.
            if !told {
                continue;
            }
            self.at = at;
            self.services(&project.relative(), enabled)?;
        }
        Ok(())
    }
}

fn text(data: &Value, field: &str) -> String {
    data.get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
