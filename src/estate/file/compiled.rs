//! A compiled estate (`bindscope index`): what was read of files, in a form that is opened without reading them
//! again. Allow policies, which are nearly all of a large estate, stand in tables in which each member, role and
//! condition is written once; the rest is an estate file within it.
//!
//! ```text
//! magic, version     "BINDSCOPE INDEX\n", a number
//! length, SHA-256    of all that follows
//! names, bindings, …
//! ```
//!
//! It is of this program alone and no form to exchange: whatever is not just as it was written is refused.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::Estate;
use super::write::without_policies;
use crate::estate::index::put_shared;
use crate::iam::{AllowPolicy, Binding, Condition, PolicyMember, Resource};

/// How a compiled estate begins.
pub const MAGIC: &[u8; 16] = b"BINDSCOPE INDEX\n";
/// Which form this program writes and opens.
const VERSION: u32 = 1;
/// Magic, version, length, hash.
const HEAD: usize = 16 + 4 + 8 + 32;

/// Why a compiled estate is not opened, in words.
pub(super) type NotOpened = String;

/// The estate as bytes to be written to a file.
#[must_use]
pub fn compile(estate: &Estate) -> Vec<u8> {
    let mut tables = PolicyTables::default();
    let mut policies = ByteWriter::default();
    let mut all: Vec<(String, &Arc<AllowPolicy>)> = estate
        .policies()
        .map(|(on, policy)| (on.full_name(), policy))
        .collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    policies.number(all.len());
    for (on, policy) in all {
        policies.text(&on);
        tables.policy(&mut policies, policy);
    }
    let why = estate.unreadable();
    let why: Map<String, Value> = why
        .map(|(name, why)| (name.to_owned(), why.into()))
        .collect();
    let mut body = ByteWriter::default();
    body.text(&without_policies(estate).to_string());
    body.text(&Value::Object(why).to_string());
    body.list(&tables.members.all, |packed, member| packed.text(member));
    body.list(&tables.texts.all, |packed, text| packed.text(text));
    body.list(&tables.conditions.all, |packed, condition| {
        packed.text(&serde_json::json!(condition).to_string());
    });
    body.0.extend(policies.0);
    let mut file = Vec::with_capacity(HEAD + body.0.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&(body.0.len() as u64).to_le_bytes());
    file.extend_from_slice(&Sha256::digest(&body.0));
    file.extend_from_slice(&body.0);
    file
}

/// Opens what [`compile`] made; `rest` reads the estate file within it.
///
/// # Errors
/// It is of another version, cut off, damaged, or was never one; what to do.
pub(super) fn open(
    bytes: &[u8],
    rest: impl FnOnce(&str) -> Result<Estate, NotOpened> + Send,
) -> Result<Estate, NotOpened> {
    let (body, hash) = behind_head(bytes)?;
    // Whoever can make such a file can make its hash too, so that what is read is trusted no more behind it.
    let (same, read) = rayon::join(
        || *Sha256::digest(body) == hash,
        || read(&mut ByteReader(body), rest),
    );
    if !same {
        return Err(format!(
            "it is damaged: what is in it is not what was written. {AGAIN}"
        ));
    }
    read.ok_or_else(|| format!("it is damaged. {AGAIN}"))?
}

const AGAIN: &str = "Make it again with bindscope index from the files that it was made of";

/// What stands behind the head, where all of it is there, and its hash as the head tells it.
fn behind_head(bytes: &[u8]) -> Result<(&[u8], [u8; 32]), NotOpened> {
    let cut = || format!("it is cut off. {AGAIN}");
    let mut head = ByteReader(bytes);
    head.bytes(MAGIC.len()).ok_or_else(cut)?;
    let version = head.fixed().map(u32::from_le_bytes).ok_or_else(cut)?;
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
    let length = head.fixed().map(u64::from_le_bytes).ok_or_else(cut)?;
    let hash: [u8; 32] = head.fixed().ok_or_else(cut)?;
    let body = head.0;
    match usize::try_from(length) {
        Ok(length) if length == body.len() => {}
        Ok(length) if length > body.len() => return Err(cut()),
        _ => return Err(format!("something stands behind its end. {AGAIN}")),
    }
    Ok((body, hash))
}

/// `None`: it is not as it was written.
fn read(
    body: &mut ByteReader<'_>,
    rest: impl FnOnce(&str) -> Result<Estate, NotOpened> + Send,
) -> Option<Result<Estate, NotOpened>> {
    let file = body.text()?;
    let why: HashMap<String, String> = serde_json::from_str(body.text()?).ok()?;
    let (estate, policies) = rayon::join(|| rest(file), || KnownTables::all(body));
    let mut estate = match estate {
        Ok(estate) => estate,
        Err(why) => return Some(Err(why)),
    };
    for (name, why) in why {
        estate.mark_unreadable(&name, &why);
    }
    let (known, policies) = policies?;
    let all = put_shared(&mut estate, &known.members, policies);
    all.then_some(Ok(estate))
}

/// Things of one kind, each once, by number.
struct NumberedTable<T> {
    at: HashMap<T, usize>,
    all: Vec<T>,
}

impl<T> Default for NumberedTable<T> {
    fn default() -> Self {
        Self {
            at: HashMap::new(),
            all: Vec::new(),
        }
    }
}

impl<T: Hash + Eq + Clone> NumberedTable<T> {
    fn number(&mut self, it: &T) -> usize {
        if let Some(at) = self.at.get(it) {
            return *at;
        }
        self.at.insert(it.clone(), self.all.len());
        self.all.push(it.clone());
        self.all.len() - 1
    }
}

/// What stands in many policies.
#[derive(Default)]
struct PolicyTables {
    members: NumberedTable<Arc<str>>,
    /// Roles, etags, fields that are not known.
    texts: NumberedTable<Arc<str>>,
    conditions: NumberedTable<Arc<Condition>>,
}

impl PolicyTables {
    fn policy(&mut self, into: &mut ByteWriter, policy: &AllowPolicy) {
        // A negative version is none that is known; it is kept all the same.
        into.perhaps(policy.version.map(|v| v.cast_unsigned() as usize));
        into.perhaps(policy.etag.as_deref().map(|e| self.texts.number(&e.into())));
        into.perhaps(self.fields(&policy.extra));
        into.number(policy.bindings.len());
        for binding in &policy.bindings {
            into.number(self.texts.number(&binding.role));
            into.perhaps(
                binding
                    .condition
                    .as_ref()
                    .map(|c| self.conditions.number(c)),
            );
            into.perhaps(self.fields(&binding.extra));
            into.number(binding.members.len());
            for member in &binding.members {
                into.number(self.members.number(&member.text));
            }
        }
    }

    fn fields(&mut self, extra: &Map<String, Value>) -> Option<usize> {
        let some = !extra.is_empty();
        some.then(|| {
            let text = Value::Object(extra.clone()).to_string();
            self.texts.number(&text.as_str().into())
        })
    }
}

/// Room for so many things is made before any is read: a count may say anything.
const AT_FIRST: usize = 1 << 10;

/// The same, read.
struct KnownTables {
    members: Vec<Arc<PolicyMember>>,
    /// Whether each was met in a policy.
    stands: Vec<AtomicBool>,
    texts: Vec<Arc<str>>,
    conditions: Vec<Arc<Condition>>,
}

impl KnownTables {
    /// The tables, and every policy with whose it is.
    fn all(from: &mut ByteReader<'_>) -> Option<(Self, Vec<(Resource, AllowPolicy)>)> {
        let members = from.list(ByteReader::text)?;
        let texts = from.list(ByteReader::text)?;
        let conditions = from.list(ByteReader::text)?;
        let known = Self {
            stands: members.iter().map(|_| AtomicBool::new(false)).collect(),
            members: members
                .into_par_iter()
                .map(|text| Arc::new(PolicyMember::v1(text)))
                .collect(),
            texts: texts.into_iter().map(Arc::from).collect(),
            conditions: conditions
                .into_iter()
                .map(|text| serde_json::from_str(text).ok().map(Arc::new))
                .collect::<Option<_>>()?,
        };
        // Where each begins is told by going over all of them; then they are made side by side.
        let begins = from.list(|from| {
            let begin = *from;
            from.text()?;
            from.skip_policy()?;
            Some(begin)
        })?;
        if !from.0.is_empty() {
            return None;
        }
        let policies = begins.into_par_iter().map(|mut from| {
            let on = Resource::parse(from.text()?).ok()?;
            Some((on, known.policy(&mut from)?))
        });
        let policies = policies.collect::<Option<Vec<_>>>()?;
        let mut stands = known.stands.iter();
        let all = stands.all(|one| one.load(Ordering::Relaxed));
        all.then_some((known, policies))
    }

    fn policy(&self, from: &mut ByteReader<'_>) -> Option<AllowPolicy> {
        let version = match from.perhaps()? {
            Some(version) => Some(u32::try_from(version).ok()?.cast_signed()),
            None => None,
        };
        let etag = match from.perhaps()? {
            Some(at) => Some(self.texts.get(at)?.to_string()),
            None => None,
        };
        let extra = self.fields(from)?;
        let count = from.count()?;
        let mut bindings = Vec::with_capacity(count.min(AT_FIRST));
        for _ in 0..count {
            let role = Arc::clone(self.texts.get(from.number()?)?);
            let condition = match from.perhaps()? {
                Some(at) => Some(Arc::clone(self.conditions.get(at)?)),
                None => None,
            };
            let extra = self.fields(from)?;
            let count = from.count()?;
            let mut members = Vec::with_capacity(count.min(AT_FIRST));
            for _ in 0..count {
                let at = from.number()?;
                members.push(Arc::clone(self.members.get(at)?));
                self.stands.get(at)?.store(true, Ordering::Relaxed);
            }
            bindings.push(Binding {
                role,
                members,
                condition,
                extra,
            });
        }
        Some(AllowPolicy {
            version,
            etag,
            bindings,
            extra,
        })
    }

    fn fields(&self, from: &mut ByteReader<'_>) -> Option<Map<String, Value>> {
        match from.perhaps()? {
            Some(at) => serde_json::from_str(self.texts.get(at)?).ok(),
            None => Some(Map::new()),
        }
    }
}

/// Bytes that are written: numbers in groups of seven bits, the lowest first, texts with their length before them.
#[derive(Default)]
struct ByteWriter(Vec<u8>);

impl ByteWriter {
    fn number(&mut self, number: usize) {
        let mut left = number;
        while left > 0x7f {
            self.0.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        self.0.push(left as u8);
    }

    /// A number, or none.
    fn perhaps(&mut self, number: Option<usize>) {
        self.number(number.map_or(0, |n| n.saturating_add(1)));
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn list<T>(&mut self, all: &[T], one: impl Fn(&mut Self, &T)) {
        self.number(all.len());
        all.iter().for_each(|it| one(self, it));
    }
}

/// The same, read; `None` where it ends too early or makes no sense.
#[derive(Clone, Copy)]
struct ByteReader<'b>(&'b [u8]);

impl<'b> ByteReader<'b> {
    fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    fn perhaps(&mut self) -> Option<Option<usize>> {
        Some(self.number()?.checked_sub(1))
    }

    /// Goes over a policy, as [`PolicyTables::policy`] writes it.
    fn skip_policy(&mut self) -> Option<()> {
        self.skip_numbers(3)?;
        for _ in 0..self.count()? {
            self.skip_numbers(3)?;
            let members = self.count()?;
            self.skip_numbers(members)?;
        }
        Some(())
    }

    fn skip_numbers(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            let end = self.0.iter().position(|byte| byte & 0x80 == 0)?;
            self.bytes(end + 1)?;
        }
        Some(())
    }

    /// How many things follow: no more than there are bytes.
    fn count(&mut self) -> Option<usize> {
        self.number().filter(|count| *count <= self.0.len())
    }

    fn text(&mut self) -> Option<&'b str> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.count()?).map(|_| one(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::estate::file::{SourceFile, read as read_files, read_text, to_json};

    const ESTATE: &str = r#"{"organizations":[{"name":"organizations/1","displayName":"example.com"}],
        "projects":[{"name":"projects/30","projectId":"p","parent":"organizations/1"}],
        "serviceAccounts":[{"name":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com","email":"a@p.iam.gserviceaccount.com","uniqueId":"7"}],
        "groups":[{"email":"g@example.com","members":["user:ana@example.com"]}],
        "iamPolicies":{"//cloudresourcemanager.googleapis.com/projects/p":{"version":3,"etag":"BwYAAAE=","auditConfigs":[{"service":"allServices"}],
            "bindings":[{"role":"roles/owner","members":["user:ana@example.com","group:g@example.com"]},
                {"role":"roles/viewer","members":["user:ana@example.com"],"condition":{"title":"t","expression":"request.time < timestamp(\"2027-01-01T00:00:00Z\")"}},
                {"role":"roles/editor","members":[],"later":{"a":null}}]}},
        "unreadable":["groups/h@example.com"]}"#;

    fn opened(bytes: Vec<u8>) -> Result<Estate, String> {
        let read = read_files(vec![SourceFile::text("estate.index", bytes)], &mut |_| {});
        read.map(|loaded| loaded.estate).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_opened_is_what_was_compiled() {
        let estate = read_text("estate.json", ESTATE).unwrap();
        let bytes = compile(&estate);
        let again = opened(bytes.clone()).unwrap();
        assert_eq!(to_json(&again), to_json(&estate));
        assert_eq!(
            again.unreadable().collect::<Vec<_>>(),
            estate.unreadable().collect::<Vec<_>>()
        );
        assert_eq!(
            again.grants_naming("user:ana@example.com"),
            estate.grants_naming("user:ana@example.com")
        );
        assert_eq!(compile(&again), bytes, "the same bytes");
    }

    #[test]
    fn what_is_not_as_it_was_written_is_refused_by_what_it_is() {
        let good = compile(&read_text("estate.json", ESTATE).unwrap());
        let mut newer = good.clone();
        newer[16] = 2;
        let mut damaged = good.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let mut longer = good.clone();
        longer.push(0);
        let cut = good[..good.len() - 1].to_vec();
        for (bytes, word) in [
            (newer, "made by a newer bindscope"),
            (damaged, "damaged"),
            (longer, "behind its end"),
            (cut, "cut off"),
            (MAGIC.to_vec(), "cut off"),
        ] {
            let told = opened(bytes).unwrap_err();
            assert!(
                told.contains(word) && told.contains("bindscope index"),
                "{told}"
            );
        }
    }

    proptest! {
        /// Whoever makes such a file by hand can make its hash too.
        #[test]
        fn a_hostile_one_is_refused_and_nothing_breaks(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<prop::sample::Index>(),
            whole in any::<bool>(),
        ) {
            let good = compile(&read_text("estate.json", ESTATE).unwrap());
            let mut body = good[HEAD..].to_vec();
            for (at, byte) in flips {
                let at = at.index(body.len());
                body[at] = byte;
            }
            if !whole {
                body.truncate(cut.index(body.len()));
            }
            let mut file = good[..20].to_vec();
            file.extend((body.len() as u64).to_le_bytes());
            file.extend(Sha256::digest(&body).iter());
            file.extend(&body);
            let _ = opened(file);
        }
    }
}
