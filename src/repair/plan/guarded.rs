//! What organization policies say of a way before it is gone: a write that they refuse is not offered,
//! one that nobody here can judge is, with a word. No guard is ever advised to be taken down. Pure.

use super::elsewhere::{Elsewhere, who};

use super::remedy::Remedy;
use super::repair::Repair;
use crate::estate::Estate;
use crate::evaluate::Truth;
use crate::evaluate::org_policy::{Guard, Guards};
use crate::iam::org_policy::collection;
use crate::iam::{PolicyMember, Resource, ResourceKind};
use crate::text::{shell, visible};

/// What organization policies say of a way.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    /// Why it would be refused; empty when it would not.
    pub refused: Vec<Elsewhere>,
    /// What could not be told, sentences.
    pub unknown: Vec<String>,
}

/// Judges every change of an allow policy among the steps. A policy is written whole, so a member that
/// stands there already can stop the write (Google's knowledge base, "Organization Policy violation
/// when setting IAM policy"); of those only a plain no counts.
pub(super) fn guarded(estate: &Estate, remedy: &Remedy) -> Guarded {
    let mut all = Guarded::default();
    let mut open: Vec<Guard> = Vec::new();
    for repair in remedy.bindings().filter(|r| !r.already) {
        let guards = Guards::of(estate, &repair.resource);
        for member in members(repair) {
            let new = *member.text == *repair.member;
            for guard in guards.judge(&member) {
                if guard.lets_in == Truth::No {
                    let refusal = refusal(estate, repair, &guard, new);
                    if !all.refused.contains(&refusal) {
                        all.refused.push(refusal);
                    }
                } else if new {
                    open.push(guard);
                }
            }
        }
    }
    while let Some(first) = open.first().cloned() {
        let same = |g: &Guard| g.member == first.member && g.why == first.why;
        let mut names: Vec<&str> = Vec::new();
        for guard in open.iter().filter(|g| same(g)) {
            if !names.contains(&guard.constraint) {
                names.push(guard.constraint);
            }
        }
        all.unknown.push(unknown(&first, &names.join(" and ")));
        open.retain(|g| !same(g));
    }
    all
}

/// The organization policies that would refuse a change, for the member that it adds or one that stands there already.
#[must_use]
pub fn refusing_guards(estate: &Estate, repair: &Repair) -> Vec<Guard> {
    let guards = Guards::of(estate, &repair.resource);
    let members = members(repair);
    let judged = members.iter().flat_map(|member| guards.judge(member));
    judged.filter(|g| g.lets_in == Truth::No).collect()
}

/// Every member of the policy as it would be written, the new one first.
fn members(repair: &Repair) -> Vec<PolicyMember> {
    let bindings = repair.after.get("bindings").and_then(|b| b.as_array());
    let listed = bindings
        .into_iter()
        .flatten()
        .filter_map(|b| b.get("members")?.as_array())
        .flatten()
        .filter_map(|m| m.as_str());
    let mut texts = vec![repair.member.as_str()];
    for text in listed {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.into_iter().map(PolicyMember::v1).collect()
}

fn refusal(estate: &Estate, repair: &Repair, guard: &Guard, new: bool) -> Elsewhere {
    let levels = estate.ancestry(&repair.resource).levels;
    let nearest = levels
        .iter()
        .find(|l| l.kind() != ResourceKind::ServiceAccount);
    let on = guard.set_on.first().or(nearest).unwrap_or(&repair.resource);
    let place = format!("the {} {}", on.kind().word(), estate.label(on));
    let set = if guard.set_on.is_empty() {
        format!("that counts on {place}")
    } else {
        format!("set on {place}")
    };
    let allowed: Vec<String> = guard.allowed.iter().take(3).map(|v| visible(v)).collect();
    let more = match guard.allowed.len().saturating_sub(allowed.len()) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let allowed = if allowed.is_empty() {
        "nobody".to_owned()
    } else {
        format!("only {}{more}", allowed.join(", "))
    };
    let member = visible(&guard.member);
    let why = visible(&guard.why);
    let end = if new {
        format!(
            "{member} is not let in ({why}), so Google would refuse the grant. Call with an account that is, or ask whoever keeps that policy whether this one should be."
        )
    } else {
        format!(
            "{member}, in the policy already, is not let in ({why}), and a policy is written whole, so Google would refuse the grant. Whoever keeps either policy has to settle that first."
        )
    };
    Elsewhere {
        what: format!(
            "The organization policy {}, {set}, lets {allowed} into allow policies there: {end}",
            guard.constraint
        ),
        place: format!("{}/{}", collection(on), guard.constraint),
        who: who(
            estate,
            on,
            "orgpolicy.policies.update",
            "roles/orgpolicy.policyAdmin",
        ),
        command: describe(on, guard.constraint),
    }
}

/// The command that shows what counts. It changes nothing.
fn describe(on: &Resource, constraint: &str) -> String {
    let flag = format!("--{}={}", on.kind().word(), on.id());
    format!(
        "gcloud org-policies describe {constraint} --effective {}",
        shell(&flag)
    )
}

/// One sentence for the constraints that are unknown for the same reason.
fn unknown(guard: &Guard, constraints: &str) -> String {
    format!(
        "Whether the organization's {constraints} let {} into this policy could not be told ({}). If not, Google refuses the write, and nothing is changed.",
        visible(&guard.member),
        visible(&guard.why)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::estate::file::read_text;
    use crate::evaluate::{Question, diagnose, explain};
    use crate::iam::{Principal, Resource};
    use crate::repair::{Plan, PlanOptions, remedies};

    const CALLER: &str = "serviceAccount:c@q.iam.gserviceaccount.com";
    const DOMAINS: &str = "iam.allowedPolicyMemberDomains";

    /// The plan for the caller (of C0example's project q) on t of project p, with this policy on p.
    fn plan(values: &[&str], members: &[&str], more: Value) -> Plan {
        let account = |name: &str, project: &str| {
            let email = format!("{name}@{project}.iam.gserviceaccount.com");
            json!({"name": format!("projects/{project}/serviceAccounts/{email}"), "email": email, "projectId": project})
        };
        let target = "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com";
        let mut file = json!({
            "organizations": [{"name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0example"}],
            "projects": [{"name": "projects/10", "projectId": "p", "parent": "organizations/1"},
                {"name": "projects/20", "projectId": "q", "parent": "organizations/1"}],
            "serviceAccounts": [account("t", "p"), account("c", "q")],
            "iamPolicies": {target: {"bindings": [{"role": "roles/viewer", "members": members}]}},
            "orgPolicies": [{"name": format!("projects/p/policies/{DOMAINS}"),
                "spec": {"rules": [{"values": {"allowedValues": values}}]}}],
        });
        for (key, value) in more.as_object().unwrap() {
            file[key] = value.clone();
        }
        let estate = read_text("f", &file.to_string()).unwrap();
        let question = Question::new(
            Principal::parse(CALLER).unwrap(),
            Resource::parse(target).unwrap(),
            "2026-11-24T12:00:00Z".parse().unwrap(),
        );
        let explanation = explain(&estate, &question);
        let causes = diagnose(&estate, &explanation);
        remedies(&estate, &explanation, &causes, &PlanOptions::default())
    }

    #[test]
    fn a_member_that_is_let_in_is_offered_without_a_word() {
        let plan = plan(&["is:C0example"], &["user:ana@example.com"], json!({}));
        assert!(plan.recommended().is_some());
        assert_eq!((plan.refused.len(), plan.elsewhere.len()), (0, 0));
        assert_eq!(plan.warnings, Vec::<String>::new());
    }

    #[test]
    fn a_grant_that_would_be_refused_is_not_offered_and_says_why() {
        let plan = plan(&["is:C0other"], &[], json!({}));
        assert_eq!(plan.remedies, []);
        assert_eq!(plan.refused.len(), 1);
        let [why] = plan.elsewhere.as_slice() else {
            panic!("{:?}", plan.elsewhere);
        };
        assert!(
            why.what
                .contains("set on the project p, lets only is:C0other"),
            "{}",
            why.what
        );
        assert!(
            why.what.contains("it belongs to example.com (C0example)"),
            "{}",
            why.what
        );
        assert!(
            why.who.contains("roles/orgpolicy.policyAdmin"),
            "{}",
            why.who
        );
        assert_eq!(
            why.command,
            format!("gcloud org-policies describe {DOMAINS} --effective --project=p"),
            "nothing that takes the guard down"
        );
    }

    #[test]
    fn one_who_stands_there_already_stops_the_write_too() {
        let plan = plan(&["is:C0example"], &["user:me@gmail.com"], json!({}));
        assert_eq!(plan.remedies, []);
        let [why] = plan.elsewhere.as_slice() else {
            panic!("{:?}", plan.elsewhere);
        };
        assert!(
            why.what
                .contains("user:me@gmail.com, in the policy already"),
            "{}",
            why.what
        );
    }

    #[test]
    fn what_may_not_be_read_is_said_and_the_write_offered() {
        let plan = plan(
            &["is:C0other"],
            &[],
            json!({"unreadable": ["projects/p/policies"]}),
        );
        assert!(plan.recommended().is_some());
        assert_eq!(plan.refused, []);
        assert!(
            plan.warnings
                .iter()
                .any(|w| w.contains("could not be told (it could not be read: may not be read)")),
            "{:?}",
            plan.warnings
        );
    }
}
