//! What one query finds: in which policies, through which bindings.

use serde_json::{Map, Value, json};

use super::question::AnalysisQuery;
use super::result::Looking;
use crate::emulator::api::assets::inventory::{inside, up_to};
use crate::emulator::api::enforce;
use crate::emulator::call::ApiCall;
use crate::emulator::world::World;
use crate::evaluate::Belongs;
use crate::iam::Resource;

/// What one query finds.
#[derive(Default)]
pub(crate) struct Analysis {
    pub results: Vec<Value>,
    pub errors: Vec<Value>,
    /// The identities found through bindings that may hold.
    pub names: Vec<String>,
    /// Where those bindings are.
    pub places: Vec<Resource>,
}

impl Analysis {
    pub fn of(world: &World, call: &ApiCall, scope: &Resource, asked: &AnalysisQuery) -> Self {
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

    pub fn whole(&self) -> bool {
        self.errors.is_empty()
    }

    /// As an `IamPolicyAnalysis`.
    pub fn shown(&self, asked: &AnalysisQuery, scope: &Resource) -> Value {
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
fn places(world: &World, scope: &Resource, asked: &AnalysisQuery) -> Vec<Resource> {
    let Some(resource) = &asked.resource else {
        return inside(world, scope);
    };
    let mut places = up_to(world, resource, scope);
    if asked.expand_resources && !places.is_empty() {
        let below = inside(world, resource);
        places.extend(below.into_iter().filter(|r| r != resource));
    }
    places
}
