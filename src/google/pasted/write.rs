//! Refused writes of a policy: a request that IAM does not take, whoever sends it.
//!
//! Words: terraform-google-modules/terraform-google-kubernetes-engine#916 and google/kctf#193 (pool),
//! hashicorp/terraform-provider-google#12672 and kestra-io/plugin-gcp#318 (member), #7281 and #5107, #6923 (role),
//! terraform-google-modules/terraform-google-kubernetes-engine#380 (form), GoogleCloudPlatform/genai-for-marketing#139
//! (account, organization policy).

use std::sync::LazyLock;

use super::find;
use super::flat::Flat;
use super::form::Form;
use super::forms::FormTable;
use super::token::TokenKind;

/// What of the request IAM did not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    /// The pool of a member is not there.
    Pool,
    /// A member has no kind, or a form that IAM does not know.
    MemberForm,
    /// A member has the kind of another.
    MemberKind,
    /// There is nobody of a member's name.
    MemberMissing,
    /// A role that is not there, or may not be granted there.
    Role,
    /// An organization policy does not let the member in.
    Organization,
    /// Refused without a reason.
    Other,
}

/// The refused member, role or pool beside the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefusedWrite {
    pub what: Write,
    pub member: Option<String>,
    pub role: Option<String>,
    pub pool: Option<String>,
}

type RefusalRow = (Write, &'static str);

const ROWS: &[RefusalRow] = &[
    (
        Write::Pool,
        "identity pool does not exist {…} /locations/global/workloadIdentityPools/{pool}",
    ),
    (Write::Pool, "identity pool does not exist {pool}"),
    (Write::Pool, "identity pool {pool} does not exist"),
    (
        Write::MemberForm,
        "the member {member} is of an unknown type",
    ),
    (Write::MemberForm, "member {member} is of an unknown type"),
    (
        Write::MemberForm,
        "of an unknown type. Please set a valid type prefix",
    ),
    (Write::MemberForm, "policy members must be of the form"),
    (Write::MemberForm, "invalid principal(:|) {member}"),
    (Write::MemberForm, "invalid value for member (:|) {member}"),
    (Write::MemberForm, "invalid format for member(:|) {member}"),
    (Write::MemberKind, "principal {member} is of type"),
    (Write::MemberKind, "the principal should appear as {member}"),
    (Write::MemberKind, "the member should appear as {member}"),
    (
        Write::MemberMissing,
        "setting iam policy {…} service account {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "add-iam-policy-binding) {…} service account {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "set-iam-policy) {…} service account {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "setting iam policy {…} user {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "setting iam policy {…} group {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "add-iam-policy-binding) {…} user {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "add-iam-policy-binding) {…} group {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "error 400(:|) service account {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "invalid_argument(:|) service account {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "error 400(:|) user {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "invalid_argument(:|) user {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "error 400(:|) group {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "invalid_argument(:|) group {member} does not exist",
    ),
    (
        Write::MemberMissing,
        "domains must be associated with an active google",
    ),
    (
        Write::Role,
        "role {role} is not supported for this resource",
    ),
    (
        Write::Role,
        "role {role} does not exist in the resource's hierarchy",
    ),
    (Write::Role, "role {role} does not exist"),
    (Write::Role, "role {role} is invalid"),
    (Write::Role, "invalid role(:|) {role}"),
    (Write::Role, "the role name must be in the form"),
    (Write::Organization, "do not belong to a permitted customer"),
    (
        Write::Organization,
        "constraints/iam.allowedPolicyMemberDomains",
    ),
    (
        Write::Organization,
        "constraints/iam.managed.allowedPolicyMembers",
    ),
    (Write::Other, "setting iam policy {…} error 400"),
    (Write::Other, "applying iam policy {…} error 400"),
];

static FORMS: LazyLock<Vec<(Write, Form)>> = LazyLock::new(|| {
    let read = |(what, words): &RefusalRow| Some((*what, Form::new((words, None))?));
    ROWS.iter().filter_map(read).collect()
});

/// What Terraform and gcloud say of the binding that they were to add.
static ASKED_FOR: FormTable = LazyLock::new(|| {
    let rows = [
        "iam members {role} {member}",
        "iam member(:|) role {role} member {member}",
        "role(:|=|=>) {role}",
        "member(:|=|=>) {member}",
        "--role(=|) {role}",
        "--member(=|) {member}",
    ];
    rows.into_iter()
        .filter_map(|words| Form::new((words, None)))
        .collect()
});

/// What was not taken, when the text is about a request to write a policy.
pub(super) fn of(flat: &Flat) -> Option<RefusedWrite> {
    let (what, found) = FORMS
        .iter()
        .find_map(|(what, form)| Some((*what, form.matches(flat).next()?)))?;
    let own = |slot| found.get(slot).map(str::to_owned);
    let pool = own(TokenKind::Pool);
    let member = own(TokenKind::Member).or_else(|| find::name(&ASKED_FOR, flat, TokenKind::Member));
    let role = own(TokenKind::Role).or_else(|| find::name(&ASKED_FOR, flat, TokenKind::Role));
    Some(RefusedWrite {
        what,
        member,
        role,
        pool,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        assert_eq!(FORMS.len(), ROWS.len());
        assert_eq!(ASKED_FOR.len(), 6);
    }
}
