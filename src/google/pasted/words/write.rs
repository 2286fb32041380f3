//! Words for a policy that was not written because of what the request holds.

use super::super::Pasted;
use super::super::write::{RefusedWrite, Write};
use super::{Meaning, said};
use crate::iam::predefined;
use crate::iam::principal::GKE_POOL;
use crate::text::visible;

/// What is said of every refused write.
const REQUEST: &str =
    "The policy was not written: it is the request that IAM did not take, whoever sends it.";

pub(super) fn words(_: &Pasted, refused: &RefusedWrite) -> Meaning {
    let member = refused.member.as_deref();
    let role = refused.role.as_deref();
    let (what, remedy) = match refused.what {
        Write::Pool => pool(refused.pool.as_deref()),
        Write::MemberForm | Write::MemberKind => (
            match member {
                Some(member) => format!("The member {} is not of a form that IAM knows.", visible(member)),
                None => "A member is not of a form that IAM knows.".to_owned(),
            },
            form(member),
        ),
        Write::MemberMissing => (
            match member {
                Some(member) => format!("There is nobody of the name {}: a member that does not exist cannot be granted a role.", visible(member)),
                None => "A member that does not exist cannot be granted a role.".to_owned(),
            },
            "Check the member's address letter by letter, and whether it still exists; create it first. It may also be one that stood in the policy before: then it has to be taken out.".to_owned(),
        ),
        Write::Role => (
            match role {
                Some(role) => format!("The role {} does not exist, or cannot be granted on this resource.", visible(role)),
                None => "The role does not exist, or cannot be granted on this resource.".to_owned(),
            },
            role_meant(role),
        ),
        Write::Organization => (
            match member {
                Some(member) => format!("An organization policy does not let {} be granted a role here (constraints/iam.allowedPolicyMemberDomains or iam.managed.allowedPolicyMembers).", visible(member)),
                None => "An organization policy does not let this member be granted a role here (constraints/iam.allowedPolicyMemberDomains or iam.managed.allowedPolicyMembers).".to_owned(),
            },
            "Whoever keeps the organization's policies decides whether the member's customer is let in; a member of the own organization does without.".to_owned(),
        ),
        Write::Other => (
            "The text does not say what of the request is wrong.".to_owned(),
            "Compare every member with its full form (user:, serviceAccount:, group:, principal://…), and every role with its exact name; a member that was deleted makes the whole write fail.".to_owned(),
        ),
    };
    said(format!("{REQUEST} {what}"), remedy)
}

fn pool(pool: Option<&str>) -> (String, String) {
    let name = pool.map_or_else(String::new, |p| format!(" {}", visible(p)));
    let what = format!("The workload identity pool{name} does not exist.");
    let gke = pool.is_none_or(|p| p.ends_with(GKE_POOL));
    let remedy = if gke {
        "GKE makes the pool of a project with its first cluster that has Workload Identity on: create the cluster first (in Terraform: the binding depends on the cluster), or correct the project in PROJECT.svc.id.goog."
    } else {
        "Create the pool first, or name it in full with the project's number: projects/NUMBER/locations/global/workloadIdentityPools/POOL."
    };
    (what, remedy.to_owned())
}

/// The form that a member has to have, in its own words where they tell.
fn form(member: Option<&str>) -> String {
    let full = "projects/NUMBER/locations/global/workloadIdentityPools/";
    let Some(member) = member.map(visible) else {
        return "Write each with its kind: user:ADDRESS, serviceAccount:ADDRESS, group:ADDRESS, domain:DOMAIN, principal://… or principalSet://… in full.".to_owned();
    };
    if let Some((kind, rest)) = member.split_once("://") {
        let path = rest.strip_prefix("iam.googleapis.com/").unwrap_or(rest);
        let tail = path
            .rsplit_once("workloadIdentityPools/")
            .map_or(path, |(_, t)| t);
        return format!(
            "The pool has to be named in full, with the number of its project: {kind}://iam.googleapis.com/{full}{tail}"
        );
    }
    if let Some((_, address)) = member.split_once(':') {
        let kind = kind_of(address);
        return format!("Write it as {kind}:{address}, if that is what it is.");
    }
    if member.contains('@') {
        return format!("Say what it is: {}:{member}", kind_of(&member));
    }
    format!(
        "Say what {member} is: user:, serviceAccount:, group:, domain:, principal:// or principalSet:// before it."
    )
}

fn kind_of(address: &str) -> &'static str {
    if address.ends_with("gserviceaccount.com") || address.contains(GKE_POOL) {
        "serviceAccount"
    } else {
        "user"
    }
}

/// The role that was meant: names of roles are told apart by their capitals too.
fn role_meant(role: Option<&str>) -> String {
    let Some(role) = role else {
        return "Name it as it is listed: gcloud iam roles list; of one's own: projects/PROJECT/roles/NAME or organizations/NUMBER/roles/NAME.".to_owned();
    };
    if predefined::role(role).is_some() {
        return format!(
            "{} exists, but not for this kind of resource: list those that can be granted there with gcloud iam list-grantable-roles RESOURCE",
            visible(role)
        );
    }
    let small = role.to_ascii_lowercase();
    if let Some(same) = predefined::all().find(|r| r.name.to_ascii_lowercase() == small) {
        return format!(
            "Names of roles are told apart by capitals: {} is meant.",
            same.name
        );
    }
    let nearest = predefined::all()
        .map(|r| (strsim::damerau_levenshtein(r.name, role), r.name))
        .min();
    match nearest.filter(|(distance, _)| *distance <= 3) {
        Some((_, name)) => format!("Did you mean {name}?"),
        None => format!(
            "There is no predefined role {}; one of one's own is named projects/PROJECT/roles/NAME or organizations/NUMBER/roles/NAME.",
            visible(role)
        ),
    }
}
