//! A compiled estate (`bindscope index`): what was read of files, in a form that is opened without reading them
//! again. Accounts, projects, groups and allow policies, which are nearly all of a large estate, stand in tables
//! ([`crate::estate::stored`]) and are made when they are first asked for; the rest is a JSON object within it.
//!
//! ```text
//! magic, version     "BINDSCOPE INDEX\n", a number
//! length, XXH3-128   of all that follows
//! rest, tables
//! ```
//!
//! All of it is read and looked through when it is opened, so that a damaged file is refused before it answers
//! anything. The hash finds what went wrong by itself: whoever can make such a file can make any hash of it too, so
//! that what is read is trusted no more behind it.
//!
//! It is of this program alone and no form to exchange: whatever is not just as it was written is refused.

mod rest;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hashbrown::HashMap;
use twox_hash::XxHash3_128;

use self::rest::Rest;
use super::super::stored::{
    AccountColumns, ColumnReader, ColumnWriter, Layered, PolicyColumns, StoredAccounts,
    StoredGroups, StoredIds, StoredMembers, StoredNumbers, StoredPolicies, StoredProjects,
};
use super::super::{Coverage, Estate};
use crate::estate::members::{GroupMembers, index_key};
use crate::iam::{AllowPolicy, PolicyMember, Resource};

/// How a compiled estate begins.
pub const MAGIC: &[u8; 16] = b"BINDSCOPE INDEX\n";
/// Which form this program writes and opens.
const VERSION: u32 = 2;
/// Magic, version, length, hash.
const HEAD: usize = 16 + 4 + 8 + 16;

/// Why a compiled estate is not opened, in words.
pub(super) type NotOpened = String;

/// Why an estate cannot be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it holds more than 4 GiB of texts of one kind, which the form has no room for")]
pub struct TooLarge;

/// An estate that was read of files, as bytes to be written to a file.
///
/// # Errors
/// It is too large for the form.
pub fn compile(estate: &Estate) -> Result<Vec<u8>, TooLarge> {
    let mut columns = ColumnWriter::default();
    let rest = serde_json::to_string(&Rest::of(estate)).map_err(|_| TooLarge)?;
    columns.texts(&[rest]);
    write_projects(estate, &mut columns);
    let mut accounts = AccountColumns::default();
    for (email, account) in estate.accounts.iter() {
        accounts.put(email, account);
    }
    accounts.write(&pairs(estate.unique_ids.iter()), &mut columns);
    let policies: Vec<(&Resource, &Arc<AllowPolicy>)> = estate.policies().collect();
    let members = write_members(estate, &policies, &mut columns);
    let number = |text: &str| members.get(text).copied().unwrap_or_default();
    PolicyColumns::write(policies, &accounts, number, &mut columns);
    let body = columns.done().ok_or(TooLarge)?;
    let mut file = Vec::with_capacity(HEAD + body.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&(body.len() as u64).to_le_bytes());
    file.extend_from_slice(&XxHash3_128::oneshot(&body).to_le_bytes());
    file.extend_from_slice(&body);
    Ok(file)
}

/// As they are written.
fn pairs<'e>(all: impl Iterator<Item = (&'e Arc<str>, &'e Arc<str>)>) -> Vec<(&'e str, &'e str)> {
    all.map(|(one, other)| (&**one, &**other)).collect()
}

fn write_projects(estate: &Estate, columns: &mut ColumnWriter) {
    let projects: Vec<_> = estate.projects().collect();
    StoredProjects::write(&projects, &pairs(estate.numbers.iter()), columns);
}

/// Writes members and groups; gives the place of each member.
fn write_members<'e>(
    estate: &'e Estate,
    policies: &[(&'e Resource, &'e Arc<AllowPolicy>)],
    columns: &mut ColumnWriter,
) -> HashMap<&'e str, usize> {
    let bindings = policies.iter().flat_map(|(_, policy)| &policy.bindings);
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut standing: Vec<(Arc<str>, &PolicyMember)> = Vec::new();
    for member in bindings.flat_map(|binding| &binding.members) {
        known.entry(&member.text).or_insert_with(|| {
            standing.push((index_key(member), &**member));
            0
        });
    }
    standing.sort_unstable_by(|a, b| (&a.0, &a.1.text).cmp(&(&b.0, &b.1.text)));
    let mut texts: Vec<&str> = standing.iter().map(|(_, member)| &*member.text).collect();
    known.extend(texts.iter().enumerate().map(|(at, text)| (*text, at)));
    let keys = standing
        .iter()
        .map(|(key, member)| match **key == *member.text {
            true => "",
            false => &**key,
        });
    let keys: Vec<&str> = keys.collect();
    let mut groups: Vec<&Arc<GroupMembers>> = estate.groups.values().collect();
    groups.sort_unstable_by(|a, b| a.email.cmp(&b.email));
    let mut numbers: Vec<Vec<usize>> = Vec::with_capacity(groups.len());
    for group in &groups {
        let members = group.members.iter().map(|member| {
            *known.entry(&member.text).or_insert_with(|| {
                texts.push(&member.text);
                texts.len() - 1
            })
        });
        numbers.push(members.collect());
    }
    StoredMembers::write(&texts, &keys, columns);
    let emails: Vec<&str> = groups.iter().map(|group| &*group.email).collect();
    StoredGroups::write(&emails, &numbers, columns);
    known
}

/// Opens what [`compile`] made.
///
/// # Errors
/// It is of another version, cut off, damaged, or was never one; what to do.
pub(super) fn open(bytes: Vec<u8>) -> Result<Estate, NotOpened> {
    let hash = hash_in_head(&bytes)?;
    let file = Arc::new(bytes);
    let (same, estate) = rayon::join(
        || XxHash3_128::oneshot(file.get(HEAD..).unwrap_or_default()) == hash,
        || read(&file),
    );
    if !same {
        return Err(format!(
            "it is damaged: what is in it is not what was written. {AGAIN}"
        ));
    }
    estate.ok_or_else(|| format!("it is damaged. {AGAIN}"))
}

const AGAIN: &str = "Make it again with bindscope index from the files that it was made of";

/// The hash of what stands behind the head, where all of it is there, as the head tells it.
fn hash_in_head(bytes: &[u8]) -> Result<u128, NotOpened> {
    let cut = || format!("it is cut off. {AGAIN}");
    let rest = bytes.get(MAGIC.len()..).ok_or_else(cut)?;
    let (version, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        let whose = if version > VERSION {
            "a newer"
        } else {
            "an older"
        };
        return Err(format!(
            "it was made by {whose} bindscope (form {version}; this one opens form {VERSION}). {AGAIN}, with this one"
        ));
    }
    let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let (hash, body) = rest.split_first_chunk().ok_or_else(cut)?;
    match usize::try_from(u64::from_le_bytes(*length)) {
        Ok(length) if length == body.len() => Ok(u128::from_le_bytes(*hash)),
        Ok(length) if length < body.len() => {
            Err(format!("something stands behind its end. {AGAIN}"))
        }
        _ => Err(cut()),
    }
}

/// `None`: it is not as it was written.
fn read(file: &Arc<Vec<u8>>) -> Option<Estate> {
    let mut from = ColumnReader::new(file, HEAD);
    let rest = from
        .texts()
        .filter(|rest| rest.are_sound() && rest.len() == 1)?;
    let projects = Arc::new(StoredProjects::read(&mut from)?);
    let accounts = Arc::new(StoredAccounts::read(&mut from)?);
    let members = Arc::new(StoredMembers::read(&mut from)?);
    let groups = Arc::new(StoredGroups::read(&mut from, &members)?);
    let policies = Arc::new(StoredPolicies::read(&mut from, &accounts, &members)?);
    if !from.is_at_end() {
        return None;
    }
    let mut estate = Estate::new(Coverage::Whole);
    let others = || {
        let rest: Rest = serde_json::from_str(rest.get(0)).ok()?;
        rest.put(&mut estate)?;
        let sound = projects.are_sound() && accounts.are_sound();
        (sound && members.are_sound() && groups.are_sound()).then_some(())
    };
    let (others, sound) = rayon::join(others, || policies.are_sound());
    others.filter(|()| sound)?;
    let roles = policies.roles().iter().cloned();
    estate.role_names = Arc::new(roles.collect());
    estate.partly = Arc::new(policies.known_in_part().collect());
    estate.numbers = Layered::over(Arc::new(StoredNumbers::of(&projects)));
    estate.projects = Layered::over(projects);
    estate.unique_ids = Layered::over(Arc::new(StoredIds::of(&accounts)));
    estate.accounts = Layered::over(accounts);
    estate.interned = Layered::over(members);
    estate.groups = Layered::over(groups);
    estate.allow = Layered::over(policies);
    Some(estate)
}
