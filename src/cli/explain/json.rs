//! `explain --format json`, in the contract's shape.

use serde_json::{Map, Value, json};

use super::super::repairs;
use crate::answer::Answer;
use crate::answer::limits::NOT_JUDGED;
use crate::evaluate::{Cause, Explanation, org_policy, troubleshoot};
use crate::google::pasted::Pasted;

/// The whole answer; with what was found in a pasted text, when there is one.
pub(super) fn whole(answer: &Answer, pasted: Option<&Pasted>) -> Value {
    let explanation = &answer.explanation;
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    for (name, value) in question(explanation) {
        put(name, value);
    }
    put("outcome", explanation.outcome.word().into());
    put("troubleshoot", troubleshoot(&answer.estate, explanation));
    if !explanation.question.via.is_empty() {
        let hops = explanation.hops.iter();
        put(
            "hops",
            hops.map(|hop| Value::from_iter(question(hop))).collect(),
        );
    }
    put("causes", answer.causes.iter().map(cause).collect());
    let repairs = repairs::singles(&answer.plan).map(repairs::as_json);
    put("repairs", repairs.collect());
    let names = NOT_JUDGED.iter().map(|not| Value::from(not.name));
    put("notJudged", names.collect());
    let names = explanation
        .assumptions
        .iter()
        .map(|a| Value::from(a.name()));
    put("assumptions", names.collect());
    let notices = org_policy::notices(&answer.estate, explanation);
    if !notices.is_empty() {
        put("notices", notices.into());
    }
    if !answer.plan.elsewhere.is_empty() {
        put("elsewhere", repairs::elsewhere(&answer.plan));
    }
    if let Some(pasted) = pasted {
        put("pasted", json!(pasted));
    }
    Value::Object(object)
}

fn question(explanation: &Explanation) -> [(&'static str, Value); 4] {
    let question = &explanation.question;
    [
        ("caller", question.caller.to_string().into()),
        ("target", question.target.full_name().into()),
        ("permission", question.permission.as_str().into()),
        ("verdict", explanation.verdict.word().into()),
    ]
}

fn cause(cause: &Cause) -> Value {
    json!({
        "kind": cause.kind,
        "resource": cause.place,
        "message": cause.message,
        "remedy": cause.advice(),
    })
}
