//! What a condition may see.

use std::borrow::Cow;

use super::value::{Fail, Value};

/// A fact about the request or its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// It is known.
    Known(T),
    /// It is not, and why: a sentence without a full stop.
    Unknown(Cow<'static, str>),
}

impl<T> Fact<T> {
    /// Not known, and why.
    pub fn unknown(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Unknown(why.into())
    }

    /// The value, or the failure that names the attribute.
    pub(super) fn get(&self, name: &str) -> Result<&T, Fail> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(why) => Err(Fail::unknown(name, why)),
        }
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown(Cow::Borrowed("it was not given"))
    }
}

/// `resource.*` of the target.
///
/// IAM conditions offer these for the services that the attribute reference
/// lists; service accounts are not among them, so callers leave them unknown.
#[derive(Clone, Debug, Default)]
pub struct ResourceFacts<'a> {
    /// `resource.name`.
    pub name: Fact<&'a str>,
    /// `resource.type`.
    pub kind: Fact<&'a str>,
    /// `resource.service`.
    pub service: Fact<&'a str>,
}

/// A tag in effect on the target: bound to it or inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectiveTag {
    /// `tagKeys/1`.
    pub key_id: String,
    /// `tagValues/2`.
    pub value_id: String,
    /// `1001/env`.
    pub namespaced_key: String,
    /// `1001/env/prod`.
    pub namespaced_value: String,
}

/// `principal.*`, which conditions of boundary bindings see.
#[derive(Clone, Debug, Default)]
pub struct PrincipalFacts<'a> {
    /// `principal.type`, such as `iam.googleapis.com/ServiceAccount`.
    pub kind: Fact<&'a str>,
    /// `principal.subject`.
    pub subject: Fact<&'a str>,
}

/// `destination.*`.
#[derive(Clone, Debug, Default)]
pub struct DestinationFacts<'a> {
    /// `destination.ip`.
    pub ip: Fact<&'a str>,
    /// `destination.port`.
    pub port: Fact<i64>,
}

/// Everything a condition may see. The default knows nothing.
#[derive(Clone, Debug, Default)]
pub struct ConditionContext<'a> {
    /// `request.time`.
    pub time: Option<jiff::Timestamp>,
    /// `resource.*`.
    pub resource: ResourceFacts<'a>,
    /// The tags in effect on the target.
    pub tags: Fact<&'a [EffectiveTag]>,
    /// `principal.*`.
    pub principal: Option<PrincipalFacts<'a>>,
    /// What `api.getAttribute(name, default)` gives; `null` where this kind of
    /// request does not define it (the default counts), a name that is not here is
    /// unknown. `iam.googleapis.com/modifiedGrantsByRole` is defined only for
    /// requests that set an allow policy (doc: Attribute reference, IAM API attributes).
    pub api_attributes: &'a [(String, serde_json::Value)],
    /// `destination.*`.
    pub destination: DestinationFacts<'a>,
    /// `request.auth.access_levels`.
    pub access_levels: Fact<&'a [String]>,
    /// `request.path`.
    pub path: Fact<&'a str>,
    /// `request.host`.
    pub host: Fact<&'a str>,
    /// Further variables: `assertion`, `google` and `attribute` for the mappings
    /// and conditions of identity pool providers, as maps.
    pub extra: &'a [(String, Value)],
}

/// The attributes with a fixed place in [`ConditionContext`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    Time,
    Path,
    Host,
    AccessLevels,
    ResourceName,
    ResourceType,
    ResourceService,
    PrincipalType,
    PrincipalSubject,
    DestinationIp,
    DestinationPort,
}

/// The names a condition may start with.
pub(super) const ROOTS: [&str; 5] = ["request", "resource", "principal", "destination", "api"];

/// The variables that [`ConditionContext::extra`] holds for identity pool providers.
pub(super) const PROVIDER_VARIABLES: [&str; 3] = ["assertion", "google", "attribute"];

impl Attribute {
    const ALL: [Self; 11] = [
        Self::Time,
        Self::Path,
        Self::Host,
        Self::AccessLevels,
        Self::ResourceName,
        Self::ResourceType,
        Self::ResourceService,
        Self::PrincipalType,
        Self::PrincipalSubject,
        Self::DestinationIp,
        Self::DestinationPort,
    ];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Time => "request.time",
            Self::Path => "request.path",
            Self::Host => "request.host",
            Self::AccessLevels => "request.auth.access_levels",
            Self::ResourceName => "resource.name",
            Self::ResourceType => "resource.type",
            Self::ResourceService => "resource.service",
            Self::PrincipalType => "principal.type",
            Self::PrincipalSubject => "principal.subject",
            Self::DestinationIp => "destination.ip",
            Self::DestinationPort => "destination.port",
        }
    }

    pub(super) fn of(self, context: &ConditionContext<'_>) -> Result<Value, Fail> {
        let name = self.name();
        let text = |fact: &Fact<&str>| fact.get(name).map(|s| Value::string(*s));
        let principal = || {
            context.principal.as_ref().ok_or_else(|| {
                Fail::unknown(name, "only conditions of boundaries see the principal")
            })
        };
        match self {
            Self::Time => context
                .time
                .map(|t| Value::Timestamp(t.into()))
                .ok_or_else(|| Fail::unknown(name, "it was not given")),
            Self::Path => text(&context.path),
            Self::Host => text(&context.host),
            Self::AccessLevels => context
                .access_levels
                .get(name)
                .map(|levels| Value::strings(levels.iter().map(String::as_str))),
            Self::ResourceName => text(&context.resource.name),
            Self::ResourceType => text(&context.resource.kind),
            Self::ResourceService => text(&context.resource.service),
            Self::PrincipalType => text(&principal()?.kind),
            Self::PrincipalSubject => text(&principal()?.subject),
            Self::DestinationIp => text(&context.destination.ip),
            Self::DestinationPort => context.destination.port.get(name).map(|p| Value::Int(*p)),
        }
    }
}
