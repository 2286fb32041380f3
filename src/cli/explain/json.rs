//! `explain --format json`, in the contract's shape.

use serde_json::{Map, Value, json};

use super::super::repairs;
use super::super::unread;
use crate::answer::Answer;
use crate::answer::limits::not_judged;
use crate::answer::second::SecondOpinion;
use crate::evaluate::{Cause, Explanation, Verdict, org_policy, troubleshoot};
use crate::google::pasted::Pasted;

/// The whole answer; with what was found in a pasted text, when there is one.
pub(super) fn whole(
    answer: &Answer,
    pasted: Option<&Pasted>,
    second: Option<&SecondOpinion>,
) -> Value {
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
    let all = not_judged(explanation);
    let names = all.iter().map(|not| Value::from(not.name));
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
    if !answer.not_read.is_empty() {
        put("notRead", unread::as_json(&answer.not_read));
    }
    if let Some(second) = second {
        let because = answer.causes.first().map(|cause| cause.message.as_str());
        put("secondOpinion", opinion(second, because));
    }
    if let Some(pasted) = pasted {
        put("pasted", json!(pasted));
    }
    Value::Object(object)
}

/// What Policy Troubleshooter says: `null` where it was not heard, with why.
fn opinion(second: &SecondOpinion, because: Option<&str>) -> Value {
    let mut object = Map::new();
    object.insert("agrees".to_owned(), second.agrees().into());
    match second {
        SecondOpinion::NotGiven(why) => {
            object.insert("verdict".to_owned(), Value::Null);
            object.insert("why".to_owned(), why.as_str().into());
        }
        SecondOpinion::Given {
            ours,
            theirs,
            about,
        } => {
            let verdict = theirs.verdict.map(Verdict::word);
            object.insert("verdict".to_owned(), verdict.into());
            object.insert("about".to_owned(), about.word().into());
            for (kind, state) in &theirs.states {
                object.insert((*kind).to_owned(), state.as_str().into());
            }
            // Both reasons, side by side.
            if second.agrees() == Some(false) {
                let here = json!({ "verdict": ours.word(), "because": because });
                object.insert("here".to_owned(), here);
            }
        }
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
