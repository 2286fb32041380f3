//! Members of allow policies and of groups in a file.

use std::ops::Range;
use std::sync::Arc;

use super::column::partition;
use super::{ColumnReader, ColumnWriter, MadeRecords, Numbers, Stored, Texts};
use crate::estate::Group;
use crate::estate::members::{GroupMembers, index_key};
use crate::iam::PolicyMember;

/// Members by their texts: first those that stand in allow policies, in the order of the keys by which grants are found
/// and then of the texts, and then those that stand in groups alone.
#[derive(Debug)]
pub(crate) struct StoredMembers {
    texts: Texts,
    /// The key of each that stands in a policy; empty where it is the text.
    keys: Texts,
    made: MadeRecords<(Arc<str>, Arc<PolicyMember>)>,
}

impl StoredMembers {
    pub fn read(from: &mut ColumnReader) -> Option<Self> {
        let (texts, keys) = (from.texts()?, from.texts()?);
        let made = MadeRecords::of(keys.len());
        Some(Self { texts, keys, made })
    }

    pub fn are_sound(&self) -> bool {
        let mut before = None;
        self.texts.are_sound()
            && self.keys.are_sound()
            && self.keys.len() <= self.texts.len()
            && (0..self.keys.len()).all(|at| {
                let this = (self.key(at), self.texts.bytes(at));
                before.replace(this).is_none_or(|before| before < this)
            })
    }

    fn key(&self, at: usize) -> &[u8] {
        match self.keys.bytes(at) {
            [] => self.texts.bytes(at),
            key => key,
        }
    }

    /// Writes the texts of all, and the keys of those that stand in policies.
    pub fn write(texts: &[&str], keys: &[&str], into: &mut ColumnWriter) {
        into.texts(texts);
        into.texts(keys);
    }

    /// Which of them are looked for by that key.
    pub fn of_key(&self, key: &str) -> Range<usize> {
        let key = key.as_bytes();
        let begin = partition(self.keys.len(), |at| self.key(at) < key);
        let rest = self.keys.len() - begin;
        begin..begin + partition(rest, |at| self.key(begin + at) <= key)
    }
}

impl Stored for StoredMembers {
    type Key = Arc<str>;
    type Look = str;
    type Value = Arc<PolicyMember>;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn find(&self, text: &str) -> Option<usize> {
        let mut same = self.of_key(&index_key(&PolicyMember::v1(text)));
        same.find(|at| self.texts.bytes(*at) == text.as_bytes())
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Arc<PolicyMember>)> {
        let (text, member) = self.made.get(at, || {
            let member = PolicyMember::v1(self.texts.get(at));
            (Arc::clone(&member.text), Arc::new(member))
        })?;
        Some((text, member))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}

/// Groups by their lower-case e-mail, in that order.
#[derive(Debug)]
pub(crate) struct StoredGroups {
    emails: Texts,
    begins: Numbers,
    member: Numbers,
    members: Arc<StoredMembers>,
    made: MadeRecords<(Arc<str>, Arc<GroupMembers>)>,
}

impl StoredGroups {
    pub fn read(from: &mut ColumnReader, members: &Arc<StoredMembers>) -> Option<Self> {
        let emails = from.texts()?;
        Some(Self {
            begins: from.numbers()?,
            member: from.numbers()?,
            members: Arc::clone(members),
            made: MadeRecords::of(emails.len()),
            emails,
        })
    }

    pub fn are_sound(&self) -> bool {
        self.emails.are_sound()
            && self.emails.are_names()
            && self.emails.rise()
            && self.begins.are_runs(self.emails.len(), self.member.len())
            && self.member.are_below(self.members.texts.len())
    }

    /// Writes groups, in the order of their e-mails, with the places of their members.
    pub fn write(emails: &[&str], members: &[Vec<usize>], into: &mut ColumnWriter) {
        let mut begins = vec![0];
        begins.extend(members.iter().scan(0, |end, members| {
            *end += members.len();
            Some(*end)
        }));
        into.texts(emails);
        into.numbers(&begins);
        into.numbers(&members.concat());
    }

    fn make(&self, at: usize) -> (Arc<str>, Arc<GroupMembers>) {
        let members = self.member.within(self.begins.run(at));
        let group = GroupMembers::new(&Group {
            email: self.emails.get(at).to_owned(),
            members: members
                .map(|at| self.members.texts.get(at).to_owned())
                .collect(),
        });
        (Arc::clone(&group.email), Arc::new(group))
    }
}

impl Stored for StoredGroups {
    type Key = Arc<str>;
    type Look = str;
    type Value = Arc<GroupMembers>;

    fn len(&self) -> usize {
        self.emails.len()
    }

    fn find(&self, email: &str) -> Option<usize> {
        self.emails.find(email)
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Arc<GroupMembers>)> {
        let (email, group) = self.made.get(at, || self.make(at))?;
        Some((email, group))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}
