//! Allow policies as they are written into a file; [`super::policies`] reads them.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::{Map, Value};

use super::policies::name_of;
use super::{AccountColumns, ColumnWriter};
use crate::iam::{AllowPolicy, Condition, Resource};

/// Things that are written once, by number.
struct OnceEach<T> {
    at: HashMap<T, usize>,
    all: Vec<T>,
}

impl<T> Default for OnceEach<T> {
    fn default() -> Self {
        Self {
            at: HashMap::new(),
            all: Vec::new(),
        }
    }
}

impl<T: Hash + Eq + Clone> OnceEach<T> {
    fn number(&mut self, it: &T) -> usize {
        if let Some(at) = self.at.get(it) {
            return *at;
        }
        self.at.insert(it.clone(), self.all.len());
        self.all.push(it.clone());
        self.all.len() - 1
    }
}

/// The columns of policies, written.
#[derive(Default)]
pub struct PolicyColumns {
    versions: OnceEach<u32>,
    etags: OnceEach<String>,
    objects: OnceEach<String>,
    roles: OnceEach<Arc<str>>,
    conditions: OnceEach<Arc<Condition>>,
    kinds: OnceEach<(usize, usize, usize)>,
    version: Vec<usize>,
    etag: Vec<usize>,
    extra: Vec<usize>,
    begins: Vec<usize>,
    kind: Vec<usize>,
    begins_of_members: Vec<usize>,
    member: Vec<usize>,
}

impl PolicyColumns {
    /// Writes all policies; `number`: the place of a member that stands in one.
    pub fn write(
        all: Vec<(&Resource, &Arc<AllowPolicy>)>,
        accounts: &AccountColumns,
        number: impl Fn(&str) -> usize,
        into: &mut ColumnWriter,
    ) {
        let (mut by_name, mut of_accounts) = (Vec::new(), Vec::new());
        for (resource, policy) in all {
            let account = match resource {
                Resource::ServiceAccount { project, account } => accounts.find(project, account),
                _ => None,
            };
            match account {
                Some(at) => of_accounts.push((at, policy)),
                None => by_name.push((name_of(resource), policy)),
            }
        }
        by_name.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        of_accounts.sort_unstable_by_key(|(at, _)| *at);
        let mut columns = Self::default();
        let policies = by_name.iter().map(|(_, policy)| policy);
        for policy in policies.chain(of_accounts.iter().map(|(_, policy)| policy)) {
            columns.put(policy, &number);
        }
        columns.begins.push(columns.kind.len());
        columns.begins_of_members.push(columns.member.len());
        let names: Vec<&str> = by_name.iter().map(|(name, _)| name.as_str()).collect();
        into.texts(&names);
        into.numbers(&of_accounts.iter().map(|(at, _)| *at).collect::<Vec<_>>());
        columns.done(into);
    }

    fn put(&mut self, policy: &AllowPolicy, number: &impl Fn(&str) -> usize) {
        let version = policy
            .version
            .map(|v| self.versions.number(&v.cast_unsigned()));
        let etag = policy.etag.as_ref().map(|etag| self.etags.number(etag));
        let one_more = |at: Option<usize>| at.map_or(0, |at| at + 1);
        let extra = self.object(&policy.extra);
        self.version.push(one_more(version));
        self.etag.push(one_more(etag));
        self.extra.push(extra);
        self.begins.push(self.kind.len());
        for binding in &policy.bindings {
            let condition = binding
                .condition
                .as_ref()
                .map(|c| self.conditions.number(c));
            let kind = (
                self.roles.number(&binding.role),
                one_more(condition),
                self.object(&binding.extra),
            );
            self.kind.push(self.kinds.number(&kind));
            self.begins_of_members.push(self.member.len());
            let members = binding.members.iter().map(|member| number(&member.text));
            self.member.extend(members);
        }
    }

    /// One more than the place of an object; 0 of an empty one.
    fn object(&mut self, extra: &Map<String, Value>) -> usize {
        match extra.is_empty() {
            true => 0,
            false => {
                self.objects
                    .number(&Value::Object(extra.clone()).to_string())
                    + 1
            }
        }
    }

    fn done(self, into: &mut ColumnWriter) {
        into.numbers(&self.version);
        into.numbers(
            &self
                .versions
                .all
                .iter()
                .map(|v| *v as usize)
                .collect::<Vec<_>>(),
        );
        into.numbers(&self.etag);
        into.texts(&self.etags.all);
        into.numbers(&self.extra);
        into.texts(&self.objects.all);
        into.numbers(&self.begins);
        into.numbers(&self.kind);
        into.numbers(&self.begins_of_members);
        into.numbers(&self.member);
        let kinds = &self.kinds.all;
        into.numbers(&kinds.iter().map(|kind| kind.0).collect::<Vec<_>>());
        into.numbers(&kinds.iter().map(|kind| kind.1).collect::<Vec<_>>());
        into.numbers(&kinds.iter().map(|kind| kind.2).collect::<Vec<_>>());
        into.texts(&self.roles.all);
        write_conditions(&self.conditions.all, into);
    }
}

/// Of the texts that may be missing one bit each says that they are there.
fn write_conditions(all: &[Arc<Condition>], into: &mut ColumnWriter) {
    let bit = |bit: usize, text: &Option<String>| if text.is_some() { bit } else { 0 };
    let flags = all
        .iter()
        .map(|c| bit(1, &c.title) | bit(2, &c.description) | bit(4, &c.location));
    into.numbers(&flags.collect::<Vec<usize>>());
    let texts = |text: fn(&Condition) -> &str| all.iter().map(|c| text(c)).collect::<Vec<_>>();
    into.texts(&texts(|c| &c.expression));
    into.texts(&texts(|c| c.title.as_deref().unwrap_or_default()));
    into.texts(&texts(|c| c.description.as_deref().unwrap_or_default()));
    into.texts(&texts(|c| c.location.as_deref().unwrap_or_default()));
}
