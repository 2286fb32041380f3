//! Allow policies in a file.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::members::StoredMembers;
use super::{ColumnReader, MadeRecords, Numbers, Stored, StoredAccounts, Texts};
use crate::estate::members::MemberPlace;
use crate::iam::{AllowPolicy, Binding, Condition, Resource};

/// Allow policies: first those by name, in the order of the names ([`name_of`]), then those of accounts that are
/// stored, in the order of these.
#[derive(Debug)]
pub(crate) struct StoredPolicies {
    accounts: Arc<StoredAccounts>,
    members: Arc<StoredMembers>,
    names: Texts,
    of_accounts: Numbers,
    /// One more than the place of the version; 0: none.
    version: Numbers,
    versions: Numbers,
    /// One more than the place of the etag; 0: none.
    etag: Numbers,
    etags: Texts,
    /// One more than the place of the object; 0: none.
    extra: Numbers,
    /// Fields that are not known, of policies and bindings.
    objects: Vec<Map<String, Value>>,
    /// Where the bindings of each policy begin.
    begins: Numbers,
    /// Of each binding: what it is but for its members.
    kind: Numbers,
    /// Where the members of each begin.
    begins_of_members: Numbers,
    member: Numbers,
    kinds: StoredKinds,
    made: MadeRecords<(Resource, Arc<AllowPolicy>)>,
    /// For each member, where its bindings begin, and all of these; made when it is first asked for.
    holders: OnceLock<(Vec<u32>, Vec<u32>)>,
    /// Where the members of one key stand, by the first of them.
    places: MadeRecords<Vec<MemberPlace>>,
}

/// What bindings are but for their members.
#[derive(Debug)]
struct StoredKinds {
    role: Numbers,
    /// One more than the place of the condition; 0: none.
    condition: Numbers,
    /// One more than the place of the object; 0: none.
    extra: Numbers,
    roles: Vec<Arc<str>>,
    conditions: StoredConditions,
}

/// Conditions; of the texts that may be missing one bit each says that they are there.
#[derive(Debug)]
struct StoredConditions {
    flags: Numbers,
    expressions: Texts,
    titles: Texts,
    descriptions: Texts,
    locations: Texts,
    made: MadeRecords<Arc<Condition>>,
}

/// How a policy is found that is not of a stored account: its kind and its id.
pub(super) fn name_of(resource: &Resource) -> String {
    match resource {
        Resource::Organization(number) => format!("0{number}"),
        Resource::Folder(number) => format!("1{number}"),
        Resource::Project(id) => format!("2{id}"),
        Resource::ServiceAccount { project, account } => format!("3{project}/{account}"),
    }
}

/// What [`name_of`] is of.
fn named(name: &str) -> Option<Resource> {
    let (kind, id) = name.split_at_checked(1)?;
    Some(match kind {
        "0" => Resource::Organization(id.into()),
        "1" => Resource::Folder(id.into()),
        "2" => Resource::Project(id.into()),
        "3" => {
            let (project, account) = id.split_once('/')?;
            Resource::ServiceAccount {
                project: project.into(),
                account: account.into(),
            }
        }
        _ => return None,
    })
}

impl StoredConditions {
    fn read(from: &mut ColumnReader) -> Option<Self> {
        let flags = from.numbers()?;
        Some(Self {
            expressions: from.texts()?,
            titles: from.texts()?,
            descriptions: from.texts()?,
            locations: from.texts()?,
            made: MadeRecords::of(flags.len()),
            flags,
        })
    }

    fn are_sound(&self) -> bool {
        [
            &self.expressions,
            &self.titles,
            &self.descriptions,
            &self.locations,
        ]
        .into_iter()
        .all(|column| column.are_sound() && column.len() == self.flags.len())
    }

    fn get(&self, at: usize) -> Option<Arc<Condition>> {
        let flags = self.flags.get(at);
        let text =
            |bit: usize, column: &Texts| (flags & bit != 0).then(|| column.get(at).to_owned());
        let made = self.made.get(at, || {
            Arc::new(Condition {
                expression: self.expressions.get(at).to_owned(),
                title: text(1, &self.titles),
                description: text(2, &self.descriptions),
                location: text(4, &self.locations),
            })
        });
        made.cloned()
    }
}

impl StoredPolicies {
    pub fn read(
        from: &mut ColumnReader,
        accounts: &Arc<StoredAccounts>,
        members: &Arc<StoredMembers>,
    ) -> Option<Self> {
        let (names, of_accounts) = (from.texts()?, from.numbers()?);
        let (version, versions) = (from.numbers()?, from.numbers()?);
        let (etag, etags) = (from.numbers()?, from.texts()?);
        let (extra, objects) = (from.numbers()?, from.texts()?);
        let objects = objects.iter().map(|text| serde_json::from_str(text).ok());
        let kinds = |from: &mut ColumnReader| {
            Some(StoredKinds {
                role: from.numbers()?,
                condition: from.numbers()?,
                extra: from.numbers()?,
                roles: {
                    let roles = from.texts().filter(Texts::are_sound)?;
                    roles.iter().map(Arc::from).collect()
                },
                conditions: StoredConditions::read(from)?,
            })
        };
        Some(Self {
            made: MadeRecords::of(names.len().checked_add(of_accounts.len())?),
            objects: objects.collect::<Option<_>>()?,
            begins: from.numbers()?,
            kind: from.numbers()?,
            begins_of_members: from.numbers()?,
            member: from.numbers()?,
            kinds: kinds(from)?,
            holders: OnceLock::new(),
            places: MadeRecords::of(members.len()),
            accounts: Arc::clone(accounts),
            members: Arc::clone(members),
            names,
            of_accounts,
            version,
            versions,
            etag,
            etags,
            extra,
        })
    }

    pub fn are_sound(&self) -> bool {
        let of = self.len();
        let (bindings, kinds) = (self.kind.len(), &self.kinds);
        let one_more = |column: &Numbers, length: usize| column.are_below(length.saturating_add(1));
        self.names.are_sound()
            && self.names.are_names()
            && self.names.rise()
            && self.of_accounts.rise()
            && self.of_accounts.are_below(self.accounts.len())
            && self.names.iter().all(|name| self.is_name(name))
            && [&self.version, &self.etag, &self.extra]
                .into_iter()
                .all(|column| column.len() == of)
            && one_more(&self.version, self.versions.len())
            && one_more(&self.etag, self.etags.len())
            && one_more(&self.extra, self.objects.len())
            && self.etags.are_sound()
            && self.begins.are_runs(of, bindings)
            && self.kind.are_below(kinds.role.len())
            && self.begins_of_members.are_runs(bindings, self.member.len())
            && self.member.are_below(self.members.len())
            && kinds.condition.len() == kinds.role.len()
            && kinds.extra.len() == kinds.role.len()
            && kinds.role.are_below(kinds.roles.len())
            && one_more(&kinds.condition, kinds.conditions.flags.len())
            && one_more(&kinds.extra, self.objects.len())
            && kinds.conditions.are_sound()
            && self.every_member_stands()
    }

    /// Whether a name is that of a resource, which has no policy as a stored account.
    fn is_name(&self, name: &str) -> bool {
        named(name).is_some_and(|resource| {
            Resource::parse(&resource.full_name()).as_ref() == Ok(&resource)
                && self.of_account(&resource).is_none()
        })
    }

    /// Whether each member that is said to stand in a policy does.
    fn every_member_stands(&self) -> bool {
        let mut stands = vec![false; self.members.len()];
        for member in self.member.iter() {
            if let Some(stands) = stands.get_mut(member) {
                *stands = true;
            }
        }
        stands.into_iter().all(|stands| stands)
    }

    /// The policy of a stored account.
    fn of_account(&self, resource: &Resource) -> Option<usize> {
        let Resource::ServiceAccount { project, account } = resource else {
            return None;
        };
        let of = self.accounts.find(account)?;
        let at = self.of_accounts.upto(of).checked_sub(1)?;
        let found = self.of_accounts.get(at) == of && self.accounts.project(of) == &**project;
        found.then_some(self.names.len() + at)
    }

    fn resource(&self, at: usize) -> Resource {
        match at.checked_sub(self.names.len()) {
            Some(at) => {
                let of = self.of_accounts.get(at);
                Resource::ServiceAccount {
                    project: self.accounts.project(of).into(),
                    account: self.accounts.email(of).into(),
                }
            }
            None => named(self.names.get(at)).unwrap_or(Resource::Project("".into())),
        }
    }

    fn object(&self, code: usize) -> Map<String, Value> {
        let at = code.checked_sub(1);
        at.and_then(|at| self.objects.get(at))
            .cloned()
            .unwrap_or_default()
    }

    fn make(&self, at: usize) -> (Resource, Arc<AllowPolicy>) {
        let version = self.version.get(at).checked_sub(1);
        let etag = self.etag.get(at).checked_sub(1);
        let bindings = self.begins.run(at).map(|binding| self.binding(binding));
        let policy = AllowPolicy {
            version: version.map(|at| (self.versions.get(at) as u32).cast_signed()),
            etag: etag.map(|at| self.etags.get(at).to_owned()),
            bindings: bindings.collect(),
            extra: self.object(self.extra.get(at)).into(),
        };
        (self.resource(at), Arc::new(policy))
    }

    fn binding(&self, at: usize) -> Binding {
        let kind = self.kind.get(at);
        let members = self.member.within(self.begins_of_members.run(at));
        let condition = self.kinds.condition.get(kind).checked_sub(1);
        Binding {
            role: self.role(kind),
            members: members
                .filter_map(|at| self.members.get(at))
                .map(|(_, member)| Arc::clone(member))
                .collect(),
            condition: condition.and_then(|at| self.kinds.conditions.get(at)),
            extra: self.object(self.kinds.extra.get(kind)).into(),
        }
    }

    fn role(&self, kind: usize) -> Arc<str> {
        let role = self.kinds.roles.get(self.kinds.role.get(kind));
        role.map_or_else(|| "".into(), Arc::clone)
    }

    /// The names of all roles that are bound.
    pub fn roles(&self) -> &[Arc<str>] {
        &self.kinds.roles
    }

    /// Resources of whose policy a part is known.
    pub fn known_in_part(&self) -> impl Iterator<Item = Resource> {
        let gap = |object: &Map<String, Value>| {
            let policy = AllowPolicy {
                extra: object.clone().into(),
                ..AllowPolicy::default()
            };
            policy.gap().is_some()
        };
        let gaps: Vec<bool> = self.objects.iter().map(gap).collect();
        let any = gaps.contains(&true);
        let all = self.extra.iter().enumerate().filter(move |(_, code)| {
            any && code.checked_sub(1).and_then(|at| gaps.get(at)) == Some(&true)
        });
        all.map(|(at, _)| self.resource(at))
    }

    /// Where the members of a key stand, sorted.
    pub fn places(&self, key: &str) -> &[MemberPlace] {
        let same = self.members.of_key(key);
        if same.is_empty() {
            return &[];
        }
        let first = same.start;
        let places = self.places.get(first, || {
            let mut places: Vec<MemberPlace> = same.flat_map(|one| self.places_of(one)).collect();
            places.sort_unstable();
            places
        });
        places.map_or(&[], Vec::as_slice)
    }

    /// Where one member stands.
    fn places_of(&self, member: usize) -> Vec<MemberPlace> {
        let (begins, all) = self.holders.get_or_init(|| self.find_holders());
        let at = |member: usize| begins.get(member).map_or(0, |at| *at as usize);
        let bindings = all.get(at(member)..at(member + 1)).unwrap_or_default();
        let places = bindings.iter().map(|binding| {
            let binding = *binding as usize;
            let policy = self.begins.upto(binding).saturating_sub(1);
            let place = binding - self.begins.get(policy).min(binding);
            MemberPlace {
                resource: self.resource(policy),
                binding: u32::try_from(place).unwrap_or(u32::MAX),
                role: self.role(self.kind.get(binding)),
            }
        });
        places.collect()
    }

    fn find_holders(&self) -> (Vec<u32>, Vec<u32>) {
        let mut begins = vec![0_u32; self.members.len() + 1];
        for member in self.member.iter() {
            if let Some(count) = begins.get_mut(member + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut next = begins.clone();
        let mut all = vec![0_u32; self.member.len()];
        for binding in 0..self.kind.len() {
            for member in self.member.within(self.begins_of_members.run(binding)) {
                let Some(at) = next.get_mut(member) else {
                    continue;
                };
                if let Some(place) = all.get_mut(*at as usize) {
                    *place = binding as u32;
                }
                *at += 1;
            }
        }
        (begins, all)
    }
}

impl Stored for StoredPolicies {
    type Key = Resource;
    type Look = Resource;
    type Value = Arc<AllowPolicy>;

    fn len(&self) -> usize {
        self.names.len() + self.of_accounts.len()
    }

    fn find(&self, resource: &Resource) -> Option<usize> {
        let of_account = self.of_account(resource);
        of_account.or_else(|| self.names.find(&name_of(resource)))
    }

    fn get(&self, at: usize) -> Option<(&Resource, &Arc<AllowPolicy>)> {
        let (resource, policy) = self.made.get(at, || self.make(at))?;
        Some((resource, policy))
    }

    fn make_all(&self) {
        self.members.make_all();
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}
