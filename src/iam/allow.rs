//! Allow policies as Google's REST answers have them (discovery document iam v1, `Policy`).
//!
//! What is not understood is kept: unknown fields ride along in `extra`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::extra::Extra;
use super::member::PolicyMember;

/// A condition (google.type.Expr).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Condition {
    /// The CEL text.
    #[serde(default, deserialize_with = "null_is_none")]
    pub expression: String,
    /// A short title; part of a binding's identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// One (role, members, condition).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binding {
    /// The role's name.
    #[serde(default, deserialize_with = "read_role")]
    pub role: Arc<str>,
    /// Whom it is granted to.
    #[serde(
        default,
        deserialize_with = "read_members",
        serialize_with = "write_members"
    )]
    pub members: Vec<Arc<PolicyMember>>,
    /// When it holds.
    #[serde(
        default,
        deserialize_with = "read_condition",
        skip_serializing_if = "Option::is_none"
    )]
    pub condition: Option<Arc<Condition>>,
    /// Fields that are not known here.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An allow policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllowPolicy {
    /// 0, 1 or 3.
    #[serde(
        default,
        deserialize_with = "read_version",
        skip_serializing_if = "Option::is_none"
    )]
    pub version: Option<i32>,
    /// Base64 of opaque bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The grants.
    #[serde(
        default,
        deserialize_with = "read_bindings",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub bindings: Vec<Binding>,
    /// Fields that are not known here, `auditConfigs` among them.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The field of an allow policy in a file that says why more bindings may be there than it lists; Google
/// sends none such.
pub const PARTIAL: &str = "partial";

impl AllowPolicy {
    /// Why it may hold more than the bindings that are known, where it may.
    #[must_use]
    pub fn gap(&self) -> Option<&str> {
        match self.extra.get(PARTIAL)? {
            Value::Null | Value::Bool(false) => None,
            Value::String(why) => Some(why),
            _ => Some("a part of it is known"),
        }
    }
}

impl Binding {
    /// An unconditional binding.
    #[must_use]
    pub fn new(role: &str, members: &[&str]) -> Self {
        Self {
            role: role.into(),
            members: members
                .iter()
                .map(|m| Arc::new(PolicyMember::v1(m)))
                .collect(),
            condition: None,
            extra: Extra::default(),
        }
    }
}

/// BigQuery writes whole numbers as text (doc "Exporting table data", JSON: "INT64 data types are encoded as
/// JSON strings").
fn read_version<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i32>, D::Error> {
    struct Number;
    impl<'de> de::Visitor<'de> for Number {
        type Value = Option<i32>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }
        fn visit_i64<E: de::Error>(self, n: i64) -> Result<Self::Value, E> {
            let fits = i32::try_from(n).map(Some);
            fits.map_err(|_| E::invalid_value(de::Unexpected::Signed(n), &self))
        }
        fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
            let fits = i32::try_from(n).map(Some);
            fits.map_err(|_| E::invalid_value(de::Unexpected::Unsigned(n), &self))
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let read = text.parse().map(Some);
            read.map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
            d.deserialize_any(self)
        }
    }
    d.deserialize_any(Number)
}

/// A condition whose fields are all empty is none: clients that print default values show so that a
/// binding has no condition (doc "Role recommendations", examples).
fn read_condition<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Arc<Condition>>, D::Error> {
    let read = Option::<Condition>::deserialize(d)?;
    let empty = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
    let said = read.filter(|c| {
        let nothing = empty(&c.title) && empty(&c.description) && empty(&c.location);
        !(c.expression.is_empty() && nothing)
    });
    Ok(said.map(Arc::new))
}

/// What is null is as what is not there ("null is an accepted value for all field types and treated as the default
/// value of the corresponding field type", protobuf.dev, "ProtoJSON Format").
fn null_is_none<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    d: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

fn read_role<'de, D: Deserializer<'de>>(d: D) -> Result<Arc<str>, D::Error> {
    struct RoleName;
    impl de::Visitor<'_> for RoleName {
        type Value = Arc<str>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(shared_members::role(text))
        }
    }
    d.deserialize_str(RoleName)
}

fn read_members<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Arc<PolicyMember>>, D::Error> {
    struct SharedMember(Arc<PolicyMember>);
    struct MemberText;
    impl de::Visitor<'_> for MemberText {
        type Value = SharedMember;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_str<E>(self, text: &str) -> Result<SharedMember, E> {
            Ok(SharedMember(shared_members::of(text)))
        }
    }
    impl<'de> Deserialize<'de> for SharedMember {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            d.deserialize_str(MemberText)
        }
    }
    let members: Vec<SharedMember> = null_is_none(d)?;
    // Not in the room that it was read into, which is larger as a rule.
    let mut exact = Vec::with_capacity(members.len());
    exact.extend(members.into_iter().map(|one| one.0));
    Ok(exact)
}

fn read_bindings<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Binding>, D::Error> {
    let bindings: Vec<Binding> = null_is_none(d)?;
    let mut exact = Vec::with_capacity(bindings.len());
    exact.extend(bindings);
    Ok(exact)
}

/// Members and roles that are read again and again: each is read and kept once.
pub(crate) mod shared_members {
    use std::cell::RefCell;
    use std::sync::{Arc, Mutex, PoisonError};

    use hashbrown::{HashMap, HashSet};

    use crate::iam::PolicyMember;

    #[derive(Default)]
    struct Known {
        members: HashMap<Arc<str>, Arc<PolicyMember>>,
        roles: HashSet<Arc<str>>,
    }

    impl Known {
        fn keep(&mut self, member: &Arc<PolicyMember>) {
            let name = Arc::clone(&member.text);
            self.members.insert(name, Arc::clone(member));
        }
    }

    /// What several threads read side by side: what one of them keeps is the others' too.
    #[derive(Clone, Default)]
    pub struct SideBySide(Arc<Mutex<Known>>);

    impl SideBySide {
        fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            look(&mut known)
        }
    }

    thread_local! {
        /// What was read on this thread since [`during`] began.
        static SEEN: RefCell<Option<SharedMembers>> = const { RefCell::new(None) };
    }

    /// What was read so far, to go on with.
    #[derive(Default)]
    pub struct SharedMembers {
        own: Known,
        others: Option<SideBySide>,
    }

    impl SharedMembers {
        /// Beside others.
        pub fn beside(others: &SideBySide) -> Self {
            Self {
                own: Known::default(),
                others: Some(others.clone()),
            }
        }

        /// Whatever is read meanwhile on this thread shares its members, with those known too.
        pub fn during<T>(self, read: impl FnOnce() -> T) -> (T, Self) {
            let before = SEEN.replace(Some(self));
            let read = read();
            let seen = SEEN.replace(before);
            (read, seen.unwrap_or_default())
        }

        fn member(&mut self, text: &str) -> Arc<PolicyMember> {
            if let Some(known) = self.own.members.get(text) {
                return Arc::clone(known);
            }
            let new = || Arc::new(PolicyMember::v1(text));
            let member = match &self.others {
                None => new(),
                Some(others) => others.with(|known| match known.members.get(text) {
                    Some(known) => Arc::clone(known),
                    None => {
                        let member = new();
                        known.keep(&member);
                        member
                    }
                }),
            };
            self.own.keep(&member);
            member
        }

        fn role(&mut self, text: &str) -> Arc<str> {
            if let Some(known) = self.own.roles.get(text) {
                return Arc::clone(known);
            }
            let kept = |known: &mut Known| {
                let role = known.roles.get_or_insert_with(text, |text| text.into());
                Arc::clone(role)
            };
            let role = match &self.others {
                None => text.into(),
                Some(others) => others.with(kept),
            };
            self.own.roles.insert(Arc::clone(&role));
            role
        }
    }

    /// Whatever is read meanwhile on this thread shares its members; then they are forgotten.
    pub fn during<T>(read: impl FnOnce() -> T) -> T {
        struct End(Option<SharedMembers>);
        impl Drop for End {
            fn drop(&mut self) {
                SEEN.set(self.0.take());
            }
        }
        let _end = End(SEEN.replace(Some(SharedMembers::default())));
        read()
    }

    pub(super) fn of(text: &str) -> Arc<PolicyMember> {
        SEEN.with_borrow_mut(|seen| match seen {
            None => Arc::new(PolicyMember::v1(text)),
            Some(seen) => seen.member(text),
        })
    }

    pub(super) fn role(text: &str) -> Arc<str> {
        SEEN.with_borrow_mut(|seen| match seen {
            None => text.into(),
            Some(seen) => seen.role(text),
        })
    }
}

fn write_members<S: Serializer>(members: &[Arc<PolicyMember>], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(members.iter().map(|m| &*m.text))
}
