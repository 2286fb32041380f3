//! The estate file: one JSON object of lists and maps, read element by element.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};

use super::super::{ServiceAccountKey, Tag};
use super::FileReading;
use super::asset::{self, AssetSeed};
use super::draft::{Draft, Taken};
use super::forms::{AnyFolder, AnyOrganization, AnyProject};
use super::unique;
use crate::iam::AllowPolicy;

/// The keys of an estate file, in the order in which they are written.
pub(super) const KEYS: &[&str] = &[
    "organizations",
    "folders",
    "projects",
    "serviceAccounts",
    "deletedServiceAccounts",
    "serviceAccountKeys",
    "roles",
    "groups",
    "iamPolicies",
    "denyPolicies",
    "principalAccessBoundaryPolicies",
    "policyBindings",
    "orgPolicies",
    "tags",
    "enabledServices",
    "policyInsights",
    "pools",
    "providers",
    "unreadable",
    "assumptions",
];

/// One value at the top of a file: an estate, an asset, or a list of assets.
pub(super) struct TopSeed<'a, 'p>(pub &'a mut FileReading<'p>);

impl<'de> DeserializeSeed<'de> for TopSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TopSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an estate (one JSON object), or the assets of a Cloud Asset Inventory export")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        all_assets(self.0, &mut seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        let mut first = true;
        while let Some(key) = map.next_key::<String>()? {
            if first && (PAGED.contains(&key.as_str()) || BESIDE_PAGE.contains(&key.as_str())) {
                return page(self.0, key, map);
            }
            if first && asset::begins(&key) {
                return asset::visit(self.0, key, map);
            }
            first = false;
            let Some(known) = KEYS.iter().find(|k| **k == key) else {
                return Err(de::Error::custom(unknown(&key)));
            };
            if !seen.insert(key) {
                return Err(de::Error::custom(unique::twice(known)));
            }
            map.next_value_seed(KeySeed(&mut *self.0, known))?;
        }
        Ok(())
    }
}

/// Under which names the lists of API's answers stand: `assets.list`, searches, recommender's `insights.list`,
/// iam's `serviceAccounts.list` and `serviceAccounts.keys.list`.
const PAGED: [&str; 5] = ["assets", "results", "insights", "accounts", "keys"];
/// What stands beside them.
const BESIDE_PAGE: [&str; 2] = ["nextPageToken", "readTime"];

/// A page as the API answers it, `{"assets": […], "nextPageToken": "…"}` or `{"results": […]}`.
fn page<'de, A: MapAccess<'de>>(
    loading: &mut FileReading<'_>,
    first: String,
    mut map: A,
) -> Result<(), A::Error> {
    let mut more = false;
    let mut of = None;
    let mut key = Some(first);
    while let Some(name) = key {
        match name.as_str() {
            list if PAGED.contains(&list) => {
                of = PAGED.iter().find(|paged| **paged == list).copied();
                map.next_value_seed(AssetsSeed(&mut *loading))?;
            }
            "nextPageToken" => {
                let token: Option<String> = map.next_value()?;
                more = token.is_some_and(|token| !token.is_empty());
            }
            "readTime" => {
                map.next_value::<de::IgnoredAny>()?;
            }
            other => {
                let shown: String = other.chars().take(100).collect();
                return Err(de::Error::custom(format!(
                    "unknown key '{shown}' of a page of answers: expected {}, nextPageToken, readTime",
                    PAGED.join(" or ")
                )));
            }
        }
        key = map.next_key()?;
    }
    loading.draft.export.any = true;
    let draft = &mut loading.draft;
    let cut_off = &mut draft.export.cut_off;
    // The last page of one list says nothing of another's. One without a list goes on with whatever came before.
    match of {
        _ if more => {
            let last = cut_off.last().map(|(list, _)| *list);
            let of = of.or(last).unwrap_or_default();
            cut_off.retain(|(list, _)| *list != of);
            cut_off.push((of, draft.at));
        }
        Some(of) => cut_off.retain(|(list, _)| *list != of),
        None => {
            cut_off.pop();
        }
    }
    Ok(())
}

/// The assets of a page.
struct AssetsSeed<'a, 'p>(&'a mut FileReading<'p>);

impl<'de> DeserializeSeed<'de> for AssetsSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AssetsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of assets, of search results or of what single commands list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        all_assets(self.0, &mut seq)
    }
}

/// The assets of a list. That there are none may be because nothing was asked for.
fn all_assets<'de, A: SeqAccess<'de>>(
    reading: &mut FileReading<'_>,
    seq: &mut A,
) -> Result<(), A::Error> {
    let mut none = true;
    while seq.next_element_seed(AssetSeed(&mut *reading))?.is_some() {
        none = false;
    }
    reading.draft.export.empty_list |= none;
    Ok(())
}

fn unknown(key: &str) -> String {
    let near = KEYS
        .iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&known.to_lowercase(), &key.to_lowercase()),
                known,
            )
        })
        .min()
        .filter(|(distance, known)| *distance <= 3 && *distance < known.len() / 2)
        .map(|(_, known)| format!(" Did you mean '{known}'?"))
        .unwrap_or_default();
    let shown: String = key.chars().take(100).collect();
    format!(
        "unknown key '{shown}'.{near} Expected the keys of an estate ({}) or of an asset (name, assetType or asset_type, …)",
        KEYS.join(", ")
    )
}

/// What stands under one key of the estate.
struct KeySeed<'a, 'p>(&'a mut FileReading<'p>, &'static str);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        let Self(loading, key) = self;
        match key {
            "organizations" => list(loading, d, |draft, it: AnyOrganization| {
                draft.organization(it.into())
            }),
            "folders" => list(loading, d, |draft, it: AnyFolder| draft.folder(it.into())),
            "projects" => list(loading, d, |draft, it: AnyProject| draft.project(it.into())),
            "serviceAccounts" => list(loading, d, Draft::account),
            "deletedServiceAccounts" => list(loading, d, Draft::deleted_account),
            "serviceAccountKeys" => {
                by_name(loading, d, |draft, name, it: Vec<ServiceAccountKey>| {
                    draft.keys_of(name, it)
                })
            }
            "roles" => list(loading, d, Draft::role),
            "groups" => list(loading, d, Draft::group),
            "denyPolicies" => {
                loading.draft.says_deny = true;
                list(loading, d, Draft::deny_policy)
            }
            "principalAccessBoundaryPolicies" => {
                loading.draft.says_boundaries = true;
                list(loading, d, Draft::boundary)
            }
            "policyBindings" => {
                loading.draft.says_boundaries = true;
                list(loading, d, Draft::binding)
            }
            "orgPolicies" => {
                loading.draft.says_org_policies = true;
                list(loading, d, Draft::org_policy)
            }
            "policyInsights" => list(loading, d, Draft::insight),
            "pools" => list(loading, d, Draft::pool),
            "providers" => list(loading, d, Draft::provider),
            "unreadable" => list(loading, d, Draft::unreadable),
            "assumptions" => list(loading, d, Draft::assumption),
            "iamPolicies" => by_name(loading, d, |draft, name, it: AllowPolicy| {
                draft.policy(name, it)
            }),
            "tags" => {
                loading.draft.says_tags = true;
                by_name(loading, d, |draft, name, it: Vec<Tag>| draft.tags(name, it))
            }
            "enabledServices" => by_name(loading, d, |draft, name, it: BTreeSet<String>| {
                draft.services(name, it)
            }),
            other => Err(de::Error::custom(unknown(other))),
        }
    }
}

fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    loading: &mut FileReading<'_>,
    d: D,
    add: impl FnMut(&mut Draft, T) -> Taken,
) -> Result<(), D::Error> {
    d.deserialize_seq(List(loading, add, PhantomData))
}

fn by_name<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    loading: &mut FileReading<'_>,
    d: D,
    add: impl FnMut(&mut Draft, &str, T) -> Taken,
) -> Result<(), D::Error> {
    d.deserialize_map(ByName(loading, add, PhantomData))
}

struct List<'a, 'p, T, F>(&'a mut FileReading<'p>, F, PhantomData<T>);

impl<'de, T: DeserializeOwned, F: FnMut(&mut Draft, T) -> Taken> Visitor<'de>
    for List<'_, '_, T, F>
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while seq
            .next_element_seed(Element(&mut *self.0, &mut self.1, PhantomData))?
            .is_some()
        {}
        Ok(())
    }
}

/// One element, judged while the reader still stands in it, so that an error carries its path.
struct Element<'a, 'p, T, F>(&'a mut FileReading<'p>, &'a mut F, PhantomData<T>);

impl<'de, T: DeserializeOwned, F: FnMut(&mut Draft, T) -> Taken> DeserializeSeed<'de>
    for Element<'_, '_, T, F>
{
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        let element = T::deserialize(d)?;
        self.0.keep(false, |draft| (self.1)(draft, element))
    }
}

struct ByName<'a, 'p, T, F>(&'a mut FileReading<'p>, F, PhantomData<T>);

impl<'de, T: DeserializeOwned, F: FnMut(&mut Draft, &str, T) -> Taken> Visitor<'de>
    for ByName<'_, '_, T, F>
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object by full resource name")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let mut add = |draft: &mut Draft, it: T| (self.1)(draft, &name, it);
            map.next_value_seed(Element(&mut *self.0, &mut add, PhantomData))?;
        }
        Ok(())
    }
}
