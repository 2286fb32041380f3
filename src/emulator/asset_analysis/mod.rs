//! Cloud Asset v1: `analyzeIamPolicy`, who has which access to what (discovery document cloudasset v1,
//! `IamPolicyAnalysisQuery`, `AnalyzeIamPolicyResponse`).
//!
//! As Google's, it looks at allow policies within the scope alone: deny policies and boundaries are not
//! taken into account.

mod impersonation;
mod question;
mod result;

use serde_json::{Map, Value, json};

use super::Answer;
use super::assets;
use super::call::Call;
use super::enforce;
use super::state::{Shared, World};
use crate::evaluate::Belongs;
use crate::iam::Resource;
use question::Question;
use result::Looking;

/// What the caller needs on the scope (doc "Analyze IAM policies", required permissions).
pub(super) const NEEDED: &[&str] = &[
    "analyzeIamPolicy",
    "searchAllResources",
    "searchAllIamPolicies",
];

/// The levels from a resource up to the scope, nearest first.
pub(super) fn up_to(world: &World, from: &Resource, scope: &Resource) -> Vec<Resource> {
    let mut levels = world.estate.ancestry(from).levels;
    match levels.iter().position(|level| level == scope) {
        Some(at) => levels.truncate(at + 1),
        None => levels.clear(),
    }
    levels
}

/// Answers `analyzeIamPolicy`.
pub(super) fn analyze(shared: &Shared, call: &Call, scope: &str) -> Answer {
    let scope = assets::at(shared, call, scope, NEEDED)?;
    let world = shared.read();
    let asked = Question::read(&world, call)?;
    let main = Analysis::of(&world, call, &scope, &asked);
    let mut whole = main.whole();
    let mut answer = json!({ "mainAnalysis": main.shown(&asked, &scope) });
    if asked.impersonation {
        let (analyses, complete) =
            impersonation::analyses(&world, call, &scope, &asked, &main.names);
        whole &= complete;
        if let (false, Some(answer)) = (analyses.is_empty(), answer.as_object_mut()) {
            let name = "serviceAccountImpersonationAnalysis".to_owned();
            answer.insert(name, json!(analyses));
        }
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("fullyExplored".into(), json!(whole));
    }
    Ok(answer)
}

/// What one query finds.
#[derive(Default)]
struct Analysis {
    results: Vec<Value>,
    errors: Vec<Value>,
    /// The identities found through bindings that may hold.
    names: Vec<String>,
    /// Where those bindings are.
    places: Vec<Resource>,
}

impl Analysis {
    fn of(world: &World, call: &Call, scope: &Resource, asked: &Question) -> Self {
        let viewer = enforce::is_viewer(world, call);
        let looking = Looking {
            world,
            call,
            scope,
            asked,
            belongs: asked
                .identity
                .as_ref()
                .and_then(|(_, who)| who.as_ref())
                .map(|who| Belongs::new(&world.estate, who)),
        };
        let mut analysis = Self::default();
        for place in &places(world, scope, asked) {
            if viewer && world.hides_policy(place) {
                analysis.error(format!("The IAM policy of {place} may not be read."));
                continue;
            }
            let Some(policy) = world.estate.allow_policy(place).known().flatten() else {
                continue;
            };
            for binding in &policy.bindings {
                let Some(found) = looking.at(place, binding) else {
                    continue;
                };
                for group in &found.unread {
                    analysis.error(format!("The members of {group} may not be read."));
                }
                if !found.off {
                    analysis.names.extend(found.names);
                    analysis.places.push(place.clone());
                }
                analysis.results.push(found.result);
            }
        }
        analysis.names.sort();
        analysis.names.dedup();
        analysis
    }

    fn error(&mut self, cause: String) {
        let error = json!({ "code": "PERMISSION_DENIED", "cause": cause });
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn whole(&self) -> bool {
        self.errors.is_empty()
    }

    /// As an `IamPolicyAnalysis`.
    fn shown(&self, asked: &Question, scope: &Resource) -> Value {
        let mut shown = Map::new();
        shown.insert("analysisQuery".into(), asked.shown(scope));
        if !self.results.is_empty() {
            shown.insert("analysisResults".into(), json!(self.results));
        }
        shown.insert("fullyExplored".into(), json!(self.whole()));
        if !self.errors.is_empty() {
            shown.insert("nonCriticalErrors".into(), json!(self.errors));
        }
        Value::Object(shown)
    }
}

/// Where policies are looked at: from the resource upward, with `expandResources` also below it;
/// without a resource everywhere in the scope.
fn places(world: &World, scope: &Resource, asked: &Question) -> Vec<Resource> {
    let Some(resource) = &asked.resource else {
        return assets::inside(world, scope);
    };
    let mut places = up_to(world, resource, scope);
    if asked.expand_resources && !places.is_empty() {
        let below = assets::inside(world, resource);
        places.extend(below.into_iter().filter(|r| r != resource));
    }
    places
}
