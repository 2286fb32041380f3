//! An `IamPolicyAnalysisQuery`, read and shown again.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::emulator::call::{ApiCall, StatusError};
use crate::emulator::world::World;
use crate::iam::{Principal, Resource, ResourceKind};

/// What is asked.
#[derive(Clone, Default)]
pub(crate) struct AnalysisQuery {
    pub resource: Option<Resource>,
    /// The resource as it was named.
    resource_name: Option<String>,
    pub identity: Option<(String, Option<Principal>)>,
    pub permissions: Vec<String>,
    pub roles: Vec<String>,
    pub expand_groups: bool,
    pub expand_roles: bool,
    pub expand_resources: bool,
    pub resource_edges: bool,
    pub group_edges: bool,
    pub impersonation: bool,
    pub time: Option<Timestamp>,
}

impl AnalysisQuery {
    /// # Errors
    /// A selector that names nothing, options that exclude one another, a time that is past (the
    /// descriptions of the parameters, cloudasset v1).
    pub fn read(world: &World, call: &ApiCall) -> Result<Self, StatusError> {
        if call
            .param("savedAnalysisQuery")
            .is_some_and(|t| !t.is_empty())
        {
            return Err(StatusError::not_found(
                "The saved query does not exist: this emulator keeps none.",
            ));
        }
        let get = |name: &str| {
            call.param(&format!("analysisQuery.{name}"))
                .filter(|t| !t.is_empty())
        };
        let resource_name = get("resourceSelector.fullResourceName").map(str::to_owned);
        let resource = match &resource_name {
            None => None,
            Some(name) => {
                let found = Resource::parse(name).ok().and_then(|r| world.find(&r));
                Some(found.ok_or_else(|| {
                    StatusError::invalid(format!(
                        "Resource {} is not found.",
                        crate::text::visible(name)
                    ))
                })?)
            }
        };
        let question = Self {
            resource,
            resource_name,
            identity: get("identitySelector.identity")
                .map(|text| (text.to_owned(), Principal::parse(text).ok())),
            permissions: call.all("analysisQuery.accessSelector.permissions"),
            roles: call.all("analysisQuery.accessSelector.roles"),
            expand_groups: option(call, "expandGroups")?,
            expand_roles: option(call, "expandRoles")?,
            expand_resources: option(call, "expandResources")?,
            resource_edges: option(call, "outputResourceEdges")?,
            group_edges: option(call, "outputGroupEdges")?,
            impersonation: option(call, "analyzeServiceAccountImpersonation")?,
            time: time(call, get("conditionContext.accessTime"))?,
        };
        question.judge()?;
        Ok(question)
    }

    fn judge(&self) -> Result<(), StatusError> {
        let access = !self.permissions.is_empty() || !self.roles.is_empty();
        let high = self
            .resource
            .as_ref()
            .is_some_and(|r| matches!(r.kind(), ResourceKind::Organization | ResourceKind::Folder));
        let wrong = if self.resource.is_none() && self.identity.is_none() && !access {
            "At least one of resource_selector, identity_selector and access_selector must be specified."
        } else if self.expand_groups && self.identity.is_some() {
            "options.expand_groups is not allowed when identity_selector is specified."
        } else if self.expand_roles && access {
            "options.expand_roles is not allowed when access_selector is specified."
        } else if self.expand_resources && high {
            "options.expand_resources is supported for projects and lower resources only: folders and organizations cannot be used together with it."
        } else {
            return Ok(());
        };
        Err(StatusError::invalid(wrong))
    }

    /// Asks the same of another identity.
    pub fn of(&self, who: &str) -> Self {
        Self {
            identity: Some((who.to_owned(), Principal::parse(who).ok())),
            expand_groups: false,
            impersonation: false,
            ..self.clone()
        }
    }

    /// Asks who has these permissions on an account.
    pub fn on(&self, account: &Resource, permissions: &[&str]) -> Self {
        Self {
            resource: Some(account.clone()),
            resource_name: Some(account.full_name()),
            identity: None,
            ..self.about(permissions)
        }
    }

    /// Asks where the same identity has these permissions.
    pub fn about(&self, permissions: &[&str]) -> Self {
        Self {
            resource: None,
            resource_name: None,
            permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
            roles: Vec::new(),
            expand_roles: false,
            impersonation: false,
            ..self.clone()
        }
    }

    /// The query as it was asked.
    pub fn shown(&self, scope: &Resource) -> Value {
        let mut query = Map::new();
        query.insert("scope".into(), json!(scope.relative()));
        if let Some(name) = &self.resource_name {
            let selector = json!({ "fullResourceName": name });
            query.insert("resourceSelector".into(), selector);
        }
        if let Some((text, _)) = &self.identity {
            query.insert("identitySelector".into(), json!({ "identity": text }));
        }
        let mut access = Map::new();
        for (field, list) in [("roles", &self.roles), ("permissions", &self.permissions)] {
            if !list.is_empty() {
                access.insert(field.into(), json!(list));
            }
        }
        if !access.is_empty() {
            query.insert("accessSelector".into(), Value::Object(access));
        }
        let options: Map<String, Value> = [
            ("expandGroups", self.expand_groups),
            ("expandRoles", self.expand_roles),
            ("expandResources", self.expand_resources),
            ("outputResourceEdges", self.resource_edges),
            ("outputGroupEdges", self.group_edges),
            ("analyzeServiceAccountImpersonation", self.impersonation),
        ]
        .into_iter()
        .filter(|(_, on)| *on)
        .map(|(name, on)| (name.to_owned(), json!(on)))
        .collect();
        if !options.is_empty() {
            query.insert("options".into(), Value::Object(options));
        }
        if let Some(time) = self.time {
            let context = json!({ "accessTime": time.to_string() });
            query.insert("conditionContext".into(), context);
        }
        Value::Object(query)
    }
}

fn option(call: &ApiCall, name: &str) -> Result<bool, StatusError> {
    match call.param(&format!("analysisQuery.options.{name}")) {
        None | Some("") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text) => Err(StatusError::invalid(format!(
            "Invalid value at 'analysis_query.options.{name}' (TYPE_BOOL), \"{}\"",
            crate::text::visible(text)
        ))),
    }
}

/// "This value must not be earlier than the current time; otherwise, an INVALID_ARGUMENT error will be
/// returned" (conditionContext.accessTime).
fn time(call: &ApiCall, text: Option<&str>) -> Result<Option<Timestamp>, StatusError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let time = text.parse::<Timestamp>().map_err(|_| {
        StatusError::invalid("Invalid value at 'analysis_query.condition_context.access_time'")
    })?;
    // A client's clock and this one may differ within the second in which it asks.
    if time.as_second() < call.now.as_second() {
        return Err(StatusError::invalid(
            "condition_context.access_time must not be earlier than the current time.",
        ));
    }
    Ok(Some(time))
}
