//! Cloud Asset Inventory exports: one asset per line or in one array, in snake case (an export) or
//! camel case (the API) (discovery document cloudasset v1, `Asset`).
//!
//! The same asset stands on several lines, one per content type; what they say is merged.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroI64;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::super::records::is_number;
use super::super::{Folder, IdentityPool, Organization, Project, Provider, ServiceAccountKey};
use super::asset_account::JudgedAccount;
use super::draft::{Draft, Taken, WayUp};
use super::forms::{AnyFolder, AnyOrganization, AnyProject, FromV1, OrgPolicyV1};
use super::kept::Fault;
use super::unique::{self, UniqueValue};
use super::{FileReading, asset_policies, refused, search, single, terraform, words};
use crate::iam::{AllowPolicy, Extra, OrgPolicy, Resource, Role};

/// Keys of an asset; one of them comes first in it, so a file that begins so is an export.
pub(super) const KEYS: &[&str] = &[
    "name",
    "assetType",
    "asset_type",
    "resource",
    "iamPolicy",
    "iam_policy",
    "ancestors",
    "ancestryPath",
    "ancestry_path",
    "updateTime",
    "update_time",
    "accessPolicy",
    "access_policy",
    "accessLevel",
    "access_level",
    "servicePerimeter",
    "service_perimeter",
    "orgPolicy",
    "org_policy",
    "osInventory",
    "os_inventory",
    "relatedAsset",
    "related_asset",
    "relatedAssets",
    "related_assets",
    "effectiveTags",
    "effective_tags",
    "assetExceptions",
    "asset_exceptions",
    "@type",
];

pub(super) const ORGANIZATION: &str = "cloudresourcemanager.googleapis.com/Organization";
pub(super) const FOLDER: &str = "cloudresourcemanager.googleapis.com/Folder";
pub(super) const PROJECT: &str = "cloudresourcemanager.googleapis.com/Project";
pub(super) const ACCOUNT: &str = "iam.googleapis.com/ServiceAccount";
/// Named `//iam.googleapis.com/projects/P/serviceAccounts/E/keys/K` (doc "Asset types").
const KEY: &str = "iam.googleapis.com/ServiceAccountKey";
const ROLE: &str = "iam.googleapis.com/Role";
const POOL: &str = "iam.googleapis.com/WorkloadIdentityPool";
const WORKFORCE_POOL: &str = "iam.googleapis.com/WorkforcePool";
const PROVIDER: &str = "iam.googleapis.com/WorkloadIdentityPoolProvider";
const WORKFORCE_PROVIDER: &str = "iam.googleapis.com/WorkforcePoolProvider";
const ORG_POLICY: &str = "orgpolicy.googleapis.com/Policy";

const COUNTS: &[&str] = &[
    ORGANIZATION,
    FOLDER,
    PROJECT,
    ACCOUNT,
    KEY,
    ROLE,
    POOL,
    WORKFORCE_POOL,
    PROVIDER,
    WORKFORCE_PROVIDER,
    ORG_POLICY,
    asset_policies::POLICY_V2,
    asset_policies::BOUNDARY,
    asset_policies::BINDING,
    asset_policies::TAG_KEY,
    asset_policies::TAG_VALUE,
    asset_policies::TAG_BINDING,
    asset_policies::SERVICE,
];

/// One asset, as far as it counts.
#[derive(Debug, Default)]
pub(super) struct Asset {
    pub name: String,
    pub kind: Cow<'static, str>,
    pub resource: Option<Content>,
    pub policy: Option<AllowPolicy>,
    /// `None`: it carries none.
    org_policies: Option<Vec<OrgPolicyV1>>,
    /// Nearest first, the asset's own level among them or not.
    pub ancestors: Vec<String>,
    /// The same, gone up already; then `ancestors` is empty.
    pub way: Option<Arc<WayUp>>,
    /// An account's data, judged already; then `resource` is empty.
    pub account: Option<JudgedAccount>,
    /// It carries an allow policy, and is of a type that counts for nothing here.
    policy_elsewhere: bool,
    /// When what it tells became so.
    updated: Option<NonZeroI64>,
}

/// `resource` of an asset.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Content {
    #[serde(default)]
    pub parent: Option<String>,
    #[serde(default, deserialize_with = "unique::value")]
    pub data: Value,
}

/// What stands under `policy`: a name in a binding of a boundary.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum PolicyOrName {
    Name(String),
    Policy(AllowPolicy),
}

/// Whether an object that begins with this key is an asset, or something that is read like one.
pub(super) fn begins(key: &str) -> bool {
    KEYS.contains(&key)
        || search::KEYS.contains(&key)
        || single::KEYS.contains(&key)
        || terraform::KEYS.contains(&key)
        || refused::begins(key)
}

/// What stands under `resource`: the name alone in a search result of policies.
#[derive(Debug)]
enum NamedOrTold {
    Named(String),
    Told(Content),
}

impl<'de> Deserialize<'de> for NamedOrTold {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct NameOrObject;
        impl<'de> Visitor<'de> for NameOrObject {
            type Value = NamedOrTold;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with data, or a name")
            }
            fn visit_str<E>(self, name: &str) -> Result<NamedOrTold, E> {
                Ok(NamedOrTold::Named(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NamedOrTold, A::Error> {
                let told = Content::deserialize(de::value::MapAccessDeserializer::new(map));
                told.map(NamedOrTold::Told)
            }
        }
        d.deserialize_any(NameOrObject)
    }
}

impl Content {
    /// In a row of a table in BigQuery the data is a text with JSON in it.
    fn unwrapped(mut self) -> Result<Self, String> {
        if let Value::String(text) = &self.data {
            self.data = match text.trim() {
                "" => Value::Null,
                text => {
                    let UniqueValue(data) = serde_json::from_str(text).map_err(|e| {
                        let why = words::plain(&e.to_string());
                        let what = if e.is_data() { "" } else { " is no JSON" };
                        format!("the text in resource.data{what}: {why}")
                    })?;
                    data
                }
            };
        }
        Ok(self)
    }
}

/// One element of an array of assets.
pub(super) struct AssetSeed<'a, 'p>(pub &'a mut FileReading<'p>);

impl<'de> DeserializeSeed<'de> for AssetSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AssetSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an asset (an object with name and assetType or asset_type)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match map.next_key::<String>()? {
            Some(key) => visit(self.0, key, map),
            None => Err(de::Error::invalid_length(0, &self)),
        }
    }
}

/// Reads the asset whose first key was just taken from the map.
pub(super) fn visit<'de, A: MapAccess<'de>>(
    loading: &mut FileReading<'_>,
    first: String,
    map: A,
) -> Result<(), A::Error> {
    keep(loading, read(first, map)?)
}

/// A key or a type, as it stands in the text where it can be had so.
#[derive(Deserialize)]
struct AssetKey<'t>(#[serde(borrow)] Cow<'t, str>);

/// An asset with what else stands in it.
#[derive(Debug)]
pub(super) struct ReadAsset {
    asset: Asset,
    rest: Extra,
}

/// Reads it, and judges nothing: this may be done ahead of what stands before it.
pub(super) fn read<'de, A: MapAccess<'de>>(
    first: String,
    mut map: A,
) -> Result<ReadAsset, A::Error> {
    let mut asset = Asset::default();
    let mut rest = Extra::default();
    let mut key = Some(Cow::Owned(first));
    let mut ancestors = false;
    let mut counts = true;
    while let Some(name) = key {
        match &*name {
            "name" => {
                once(!asset.name.is_empty(), &name).map_err(de::Error::custom)?;
                asset.name = map.next_value()?;
            }
            "assetType" | "asset_type" => {
                once(!asset.kind.is_empty(), &name).map_err(de::Error::custom)?;
                let AssetKey(kind) = map.next_value()?;
                let known = COUNTS.iter().find(|known| **known == kind);
                counts = kind.is_empty() || known.is_some();
                asset.kind = match known {
                    Some(known) => Cow::Borrowed(known),
                    None => Cow::Owned(kind.into_owned()),
                };
            }
            "ancestors" => {
                // The same may have stood as a path before.
                once(ancestors, &name).map_err(de::Error::custom)?;
                ancestors = true;
                asset.ancestors = map.next_value::<Option<_>>()?.unwrap_or_default();
            }
            "ancestryPath" | "ancestry_path" => {
                let path = map.next_value::<Option<String>>()?.unwrap_or_default();
                if !path.is_empty() && asset.ancestors.is_empty() {
                    asset.ancestors = upwards(&path).map_err(de::Error::custom)?;
                }
            }
            "updateTime" | "update_time" => {
                let time: Value = map.next_value()?;
                let time = time.as_str().and_then(moment);
                asset.updated = time.and_then(|t| NonZeroI64::new(t.as_microsecond()));
            }
            "resource" if counts => match map.next_value()? {
                Some(NamedOrTold::Named(name)) => asset.name = name,
                Some(NamedOrTold::Told(content)) => {
                    once(asset.resource.is_some(), &name).map_err(de::Error::custom)?;
                    asset.resource = Some(content.unwrapped().map_err(de::Error::custom)?);
                }
                None => {}
            },
            "iamPolicy" | "iam_policy" if counts => {
                once(asset.policy.is_some(), &name).map_err(de::Error::custom)?;
                asset.policy = map.next_value()?;
            }
            "policy" if counts => match map.next_value()? {
                Some(PolicyOrName::Policy(policy)) => {
                    once(asset.policy.is_some(), &name).map_err(de::Error::custom)?;
                    asset.policy = Some(policy);
                }
                Some(PolicyOrName::Name(of)) => {
                    once(rest.contains_key(&*name), &name).map_err(de::Error::custom)?;
                    rest.insert(name.into_owned(), of.into());
                }
                None => {}
            },
            "orgPolicy" | "org_policy" if counts => {
                once(asset.org_policies.is_some(), &name).map_err(de::Error::custom)?;
                asset.org_policies = map.next_value()?;
            }
            "iamPolicy" | "iam_policy" => {
                asset.policy_elsewhere = map.next_value::<Option<IgnoredAny>>()?.is_some();
            }
            _ if counts && !KEYS.contains(&&*name) => {
                once(rest.contains_key(&*name), &name).map_err(de::Error::custom)?;
                let UniqueValue(told) = map.next_value()?;
                rest.insert(name.into_owned(), told);
            }
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        key = map.next_key::<AssetKey<'_>>()?.map(|key| key.0);
    }
    Ok(ReadAsset { asset, rest })
}

impl ReadAsset {
    /// Does what can be done ahead, where an asset tells no more than itself; `last`: the ancestors of the one before.
    ///
    /// # Errors
    /// Something is wrong with it, which is met again where it is not done ahead.
    pub(super) fn judge_ahead(&mut self, last: &mut Option<Arc<WayUp>>) -> Result<(), Fault> {
        let asset = &mut self.asset;
        if !self.rest.is_empty() || asset.name.is_empty() || asset.kind.is_empty() {
            return Ok(());
        }
        let names = std::mem::take(&mut asset.ancestors);
        let way = match last.take() {
            Some(same) if same.names == names => same,
            _ => Arc::new(WayUp::of(names)?),
        };
        asset.way = Some(Arc::clone(&way));
        *last = Some(way);
        if asset.kind == ACCOUNT {
            let data = asset.resource.take().unwrap_or_default().data;
            asset.account = Some(JudgedAccount::of(&asset.name, data)?);
        }
        Ok(())
    }
}

/// Takes it in.
pub(super) fn keep<E: de::Error>(
    loading: &mut FileReading<'_>,
    ReadAsset {
        mut asset,
        mut rest,
    }: ReadAsset,
) -> Result<(), E> {
    if asset.kind.is_empty() {
        if asset.resource.is_some() {
            rest.insert("resource".into(), Value::Null);
        }
        let key = loading.key;
        return loading.keep(true, |draft| {
            draft.single(&asset.name, asset.policy, rest.into(), key)
        });
    }
    if asset.name.is_empty() {
        return Err(E::custom(
            "an asset without a name or a type: expected name and assetType (or asset_type)",
        ));
    }
    search::settle(&mut asset, &rest);
    loading.draft.at.time = asset.updated;
    let searched = [
        "organization",
        "folders",
        "project",
        "parentFullResourceName",
    ];
    if searched.iter().any(|key| rest.contains_key(*key)) {
        let source = loading.draft.at.source;
        loading.draft.export.searched.insert(source);
    }
    let kept = loading.keep(true, |draft| draft.asset(asset));
    loading.draft.at.time = None;
    kept
}

/// A time in RFC 3339, or as BigQuery writes it, `2026-05-01 10:00:00.5 UTC`.
fn moment(text: &str) -> Option<Timestamp> {
    let bare = text.strip_suffix(" UTC").map(|t| format!("{t}Z"));
    bare.as_deref().unwrap_or(text).parse().ok()
}

/// A key that stands twice in an asset, of which either could be meant.
fn once(told: bool, key: &str) -> Result<(), String> {
    match told {
        true => Err(format!(
            "'{key}' stands twice in an asset: expected it once"
        )),
        false => Ok(()),
    }
}

/// `organization/1/folder/2/project/3` as `["projects/3", "folders/2", "organizations/1"]`.
fn upwards(path: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = path.split('/').collect();
    let pairs = parts.chunks(2).rev().map(|pair| match pair {
        [kind, id] => Ok(format!("{}s/{id}", kind.trim_end_matches('s'))),
        _ => Err(format!(
            "found the ancestry path '{path}', expected organization/N/folder/N/project/P"
        )),
    });
    pairs.collect()
}

impl Draft {
    fn asset(&mut self, mut asset: Asset) -> Taken {
        self.export.any = true;
        self.export.policy_elsewhere |= asset.policy_elsewhere;
        let way = match asset.way.take() {
            Some(way) => way,
            None => Arc::new(WayUp::of(std::mem::take(&mut asset.ancestors))?),
        };
        self.climb(&way)?;
        let data = asset.resource.unwrap_or_default();
        match &*asset.kind {
            ORGANIZATION | FOLDER | PROJECT => {
                let own = Resource::parse(&asset.name).map_err(|e| Fault::from(e.to_string()))?;
                self.named_by_id(&own, &way.levels);
                self.level(&own, &asset.kind, data, &way.levels)?;
                self.org_policies_v1(&own, asset.org_policies)?;
                self.asset_policy(own, asset.policy)
            }
            ACCOUNT => {
                let judged = match asset.account {
                    Some(judged) => judged,
                    None => JudgedAccount::of(&asset.name, data.data)?,
                };
                self.account_asset(judged, asset.policy, &way.levels)
            }
            // A search result tells that it is there, and not of which type: those of Google are among them.
            KEY if !data.data.is_object() => {
                self.export.untold_keys += 1;
                Ok(())
            }
            KEY => match whole::<ServiceAccountKey>(&data.data, &asset.name)? {
                Some(mut key) => {
                    self.export.any_key = true;
                    if key.parts().is_none() {
                        let name = asset.name.trim_start_matches("//iam.googleapis.com/");
                        name.clone_into(&mut key.name);
                    }
                    self.key(key)
                }
                None => Ok(()),
            },
            ROLE => match whole::<Role>(&data.data, &asset.name)? {
                Some(role) => self.role(role),
                None => Ok(()),
            },
            POOL | WORKFORCE_POOL => match whole::<IdentityPool>(&data.data, &asset.name)? {
                Some(pool) => self.pool(pool),
                None => Ok(()),
            },
            PROVIDER | WORKFORCE_PROVIDER => match whole::<Provider>(&data.data, &asset.name)? {
                Some(provider) => self.provider(provider),
                None => Ok(()),
            },
            ORG_POLICY => match whole::<OrgPolicy>(&data.data, &asset.name)? {
                Some(policy) => {
                    self.export.any_org_policy = true;
                    // The v2 form tells more than the v1 form of another line.
                    match self.org_policies.get_mut(&policy.name) {
                        Some(known) => *known = policy,
                        None => self.org_policy(policy)?,
                    }
                    Ok(())
                }
                None => Ok(()),
            },
            other => {
                if self.policy_asset(other, &asset.name, &data.data)? {
                    return Ok(());
                }
                *self.export.skipped.entry(other.to_owned()).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Learns what lies above what.
    fn climb(&mut self, way: &Arc<WayUp>) -> Taken {
        // Assets of one project stand together as a rule, and say the same of what is above it.
        let told = (self.at.source, self.at.time);
        if let Some((before, last)) = &self.export.climbed
            && *before == told
            && (Arc::ptr_eq(last, way) || last.names == way.names)
        {
            return Ok(());
        }
        for pair in way.levels.windows(2) {
            if let [below, above] = pair {
                self.lies_below(below.clone(), above.clone())?;
            }
        }
        self.export.climbed = Some((told, Arc::clone(way)));
        Ok(())
    }

    pub(super) fn lies_below(&mut self, below: Resource, above: Resource) -> Taken {
        match self.export.above.get_mut(&below) {
            // Of two exports the one that is newer tells how it is now.
            Some((known, first)) if *known != above && self.at.other_time(first) => {
                self.export.outdated += 1;
                if self.at.time > first.time {
                    self.export.above.insert(below, (above, self.at));
                }
                Ok(())
            }
            Some((known, first)) if *known != above => Err(Fault {
                what: format!("{} lies below {}", below.relative(), above.relative()),
                earlier: Some(*first),
            }),
            Some((_, first)) => {
                first.time = first.time.max(self.at.time);
                Ok(())
            }
            None => {
                self.export.above.insert(below, (above, self.at));
                Ok(())
            }
        }
    }

    /// A search result names a project by its id at times, and tells its number beside it.
    fn named_by_id(&mut self, own: &Resource, way: &[Resource]) {
        if let (Resource::Project(id), Some(Resource::Project(number))) = (own, way.first())
            && !is_number(id)
            && is_number(number)
        {
            let ids = &mut self.export.project_ids;
            ids.insert(number.to_string(), id.to_string());
        }
    }

    fn level(&mut self, own: &Resource, kind: &str, content: Content, way: &[Resource]) -> Taken {
        self.export.listed.insert(own.clone());
        if let Ok(parent @ (Resource::Organization(_) | Resource::Folder(_))) =
            Resource::parse(content.parent.as_deref().unwrap_or_default())
        {
            // A project may be named by id here and by number in its ancestors.
            let below = way.first().unwrap_or(own).clone();
            self.lies_below(below, parent)?;
        }
        let has_data = content.data.is_object();
        match kind {
            ORGANIZATION => {
                let mut it: Organization = form::<AnyOrganization>(&content.data)?.into();
                it.name = own.relative();
                self.organization(it)
            }
            FOLDER => {
                let mut it: Folder = form::<AnyFolder>(&content.data)?.into();
                it.name = own.relative();
                self.folder(it)
            }
            // Without its data only the number is known; the id comes from elsewhere, if at all.
            _ if has_data => {
                let it: Project = form::<AnyProject>(&content.data)?.into();
                self.project(it)
            }
            _ => Ok(()),
        }
    }

    fn org_policies_v1(&mut self, on: &Resource, policies: Option<Vec<OrgPolicyV1>>) -> Taken {
        let Some(policies) = policies else {
            return Ok(());
        };
        self.export.any_org_policy = true;
        for policy in policies {
            match policy.on(on) {
                FromV1::Policy(policy) if self.org_policies.get(&policy.name).is_none() => {
                    self.org_policy(*policy)?;
                }
                FromV1::Policy(_) | FromV1::Nothing => {}
                FromV1::Partial => {
                    self.export.conditional.insert(on.clone());
                }
            }
        }
        Ok(())
    }

    pub(super) fn asset_policy(&mut self, on: Resource, policy: Option<AllowPolicy>) -> Taken {
        match policy {
            Some(policy) => {
                self.export.any_policy = true;
                self.export.policy_kinds.insert(on.kind());
                self.policy_on(on, policy)
            }
            None => Ok(()),
        }
    }
}

/// What an asset's data holds, when it holds data. The name is the asset's where the data has none.
pub(super) fn whole<T: for<'de> Deserialize<'de>>(
    data: &Value,
    name: &str,
) -> Result<Option<T>, Fault> {
    let Value::Object(fields) = data else {
        return Ok(None);
    };
    let named = fields.get("name").is_some_and(|name| !name.is_null());
    if named {
        return form(data).map(Some);
    }
    let mut fields = fields.clone();
    let relative = name
        .strip_prefix("//")
        .and_then(|n| n.split_once('/'))
        .map_or(name, |(_, path)| path);
    fields.insert("name".to_owned(), Value::String(relative.to_owned()));
    form(&Value::Object(fields)).map(Some)
}

fn form<T: for<'de> Deserialize<'de>>(data: &Value) -> Result<T, Fault> {
    // What is null is not there.
    let told = match data {
        Value::Object(fields) if fields.values().any(Value::is_null) => {
            let mut fields = fields.clone();
            fields.retain(|_, value| !value.is_null());
            Some(Value::Object(fields))
        }
        Value::Null => Some(Value::Object(Map::new())),
        _ => None,
    };
    let told = told.as_ref().unwrap_or(data);
    // Where something is wrong it is read again, to know the place.
    if let Ok(read) = T::deserialize(told) {
        return Ok(read);
    }
    serde_path_to_error::deserialize(told).map_err(|e| {
        Fault::from(format!(
            "in resource.data.{}: {}",
            e.path(),
            words::plain(&e.inner().to_string())
        ))
    })
}
