//! Cloud Asset v1: `analyzeIamPolicy`, who has which access to what (discovery document cloudasset v1,
//! `IamPolicyAnalysisQuery`, `AnalyzeIamPolicyResponse`).
//!
//! As Google's, it looks at allow policies within the scope alone: deny policies and boundaries are not
//! taken into account.

mod found;
mod impersonation;
mod question;
mod result;

use serde_json::json;

use crate::emulator::api::assets::inventory::{TO_ANALYZE, at};
use crate::emulator::call::{ApiAnswer, ApiCall};
use crate::emulator::world::Shared;
use found::Analysis;
use question::AnalysisQuery;

/// Answers `analyzeIamPolicy`.
pub(crate) fn analyze(shared: &Shared, call: &ApiCall, scope: &str) -> ApiAnswer {
    let scope = at(shared, call, scope, TO_ANALYZE)?;
    let world = shared.read();
    let asked = AnalysisQuery::read(&world, call)?;
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
