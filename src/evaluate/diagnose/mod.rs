//! From an explanation to causes: what stands in the way, in the order in which a person should act,
//! which is that of [`CauseKind`].

mod barred;
mod bindings;
mod call;
mod elsewhere;
mod federation;
mod nearest;
mod state;
mod steps;
mod target;
mod unread;
mod words;

use std::sync::Arc;

use super::cause::{Cause, CauseKind, Suspect};
use super::explanation::{AccountState, Explanation, Outcome, RoleState, Verdict};
use super::truth::Truth;
use crate::estate::Estate;
use crate::iam::address;
use crate::iam::{Member, Principal, Resource};

pub use bindings::{describe_role, is_taken_for_enough};
pub use nearest::nearest_accounts;
pub use state::missing_caller;
pub(crate) use steps::stones;
pub use target::missing as missing_target;

/// The causes of an answer that is not yes. A yes has none but `MAY_BE_PROPAGATING`, where a policy
/// was written shortly before ([`super::explanation::Call::written`]).
///
/// `explanation` must come from [`super::explain`] with the same estate.
#[must_use]
pub fn diagnose(estate: &Estate, explanation: &Explanation) -> Vec<Cause> {
    if explanation.outcome == Outcome::WouldSucceed {
        let mut causes = Causes::default();
        call::young(estate, explanation, &mut causes);
        return causes.sorted();
    }
    if explanation.hops.is_empty() {
        of_one_call(estate, explanation)
    } else {
        hops(estate, explanation)
    }
}

/// Causes, each once, with the kind whose place in the order each takes.
#[derive(Default)]
pub(crate) struct Causes {
    all: Vec<(CauseKind, Cause)>,
    /// Whether the last one that was pushed is there only once.
    fresh: bool,
}

impl Causes {
    pub fn push(
        &mut self,
        kind: CauseKind,
        resource: Option<&Resource>,
        place: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let cause = Cause {
            kind,
            resource: resource.cloned(),
            place: place.into(),
            message: message.into(),
            remedy: remedy.into(),
            command: None,
            suspect: None,
            meant: Vec::new(),
        };
        let known = self.all.iter().any(|(_, c)| {
            (c.kind, &c.place, &c.message) == (cause.kind, &cause.place, &cause.message)
        });
        self.fresh = !known;
        if !known {
            self.all.push((kind, cause));
        }
    }

    fn last(&mut self) -> Option<&mut (CauseKind, Cause)> {
        self.all.last_mut().filter(|_| self.fresh)
    }

    /// One command does what the remedy of the last one says.
    pub fn with(&mut self, command: Option<String>) {
        if let Some((_, cause)) = self.last() {
            cause.command = command;
        }
    }

    /// The last one speaks of a name that is nobody's; these may be meant.
    pub fn meaning(&mut self, meant: Vec<String>) {
        if let Some((_, cause)) = self.last() {
            cause.meant = meant;
        }
    }

    /// The last one takes the place of another kind in the order.
    pub fn in_place_of(&mut self, kind: CauseKind) {
        if let Some((place, _)) = self.last() {
            *place = kind;
        }
    }

    /// Those from the `from`th on speak of this binding, unless they name another one.
    pub fn blame(
        &mut self,
        from: usize,
        resource: &Resource,
        role: &Arc<str>,
        member: Option<&str>,
    ) {
        for (_, cause) in self.all.iter_mut().skip(from) {
            let kind = cause.kind;
            cause.suspect.get_or_insert_with(|| Suspect {
                kind,
                resource: resource.clone(),
                role: Arc::clone(role),
                member: member.map(Arc::from),
            });
        }
    }

    /// On one of the four levels.
    pub fn on(
        &mut self,
        kind: CauseKind,
        resource: &Resource,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push(kind, Some(resource), resource.full_name(), message, remedy);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The kinds of those from the `from`th on.
    fn kinds(&self, from: usize) -> impl Iterator<Item = CauseKind> {
        self.all.iter().skip(from).map(|(_, c)| c.kind)
    }

    /// In the order in which a person should act.
    fn sorted(mut self) -> Vec<Cause> {
        self.all.sort_by_key(|(place, _)| *place);
        self.all.into_iter().map(|(_, cause)| cause).collect()
    }
}

/// Whether a cause leaves open that something nearer was meant: the caller has a role that does not
/// do, somebody else has one, or it is not known.
fn is_weak(kind: CauseKind) -> bool {
    kind >= CauseKind::BasicRoleNotEnough
}

fn of_one_call(estate: &Estate, explanation: &Explanation) -> Vec<Cause> {
    let mut causes = Causes::default();
    collect(estate, explanation, &mut causes);
    causes.sorted()
}

fn collect(estate: &Estate, explanation: &Explanation, causes: &mut Causes) {
    state::accounts(estate, explanation, causes);
    state::projects(estate, explanation, causes);
    // Nothing that policies say helps an account that is not there: nothing can be granted on it or to it.
    let gone = |state| matches!(state, AccountState::NotFound | AccountState::Deleted);
    if gone(explanation.target_state) || gone(explanation.caller_state) {
        return;
    }
    let bindings_matter = federation::causes(estate, explanation, causes);
    if !bindings_matter {
        return;
    }
    state::api(explanation, causes);
    call::causes(estate, explanation, causes);
    let refused = explanation
        .exchange
        .as_ref()
        .is_some_and(|e| e.is_refused());
    // Of a caller without a token only what is certain is told of the rest.
    let rest = match explanation.verdict {
        Verdict::CanAccess => false,
        Verdict::CannotAccess => true,
        Verdict::UnknownInfo | Verdict::UnknownConditional => !refused,
    };
    if !rest {
        return;
    }
    barred::boundaries(estate, explanation, causes);
    barred::denials(estate, explanation, causes);
    if explanation.allowed == Truth::Yes {
        return;
    }
    let before = causes.len();
    bindings::causes(estate, explanation, causes);
    let way = (causes.len() == before && explanation.allowed == Truth::No && !refused)
        .then(|| steps::through(estate, explanation))
        .flatten();
    elsewhere::causes(estate, explanation, causes, before, way.as_ref());
    unread::causes(estate, explanation, causes);
    if causes.len() == before && explanation.allowed == Truth::No {
        no_grant(estate, explanation, causes, way.as_ref());
    }
}

fn no_grant(
    estate: &Estate,
    explanation: &Explanation,
    causes: &mut Causes,
    way: Option<&Resource>,
) {
    let names = words::Names::of(estate, explanation);
    let told = causes.len();
    let (other, suspect) = namesake(estate, explanation);
    let levels: Vec<String> = explanation
        .allow
        .iter()
        .map(|p| words::level(estate, &p.resource))
        .collect();
    let (in_two_steps, first) = match way {
        Some(stone) => {
            let stone = address::name(stone.id());
            (
                format!(
                    " It gets there in two steps all the same: {} may act as {stone}, and {stone} has it on {}.",
                    names.caller, names.target
                ),
                format!(
                    "Get a token of {stone} first, and ask for {} with that. Or, for one step: ",
                    names.target
                ),
            )
        }
        None => (String::new(), String::new()),
    };
    causes.on(
        CauseKind::NoGrant,
        &explanation.question.target,
        format!(
            "Nothing grants {} the permission {} on {}: looked at {}.{}{}{in_two_steps}",
            names.caller,
            explanation.question.permission,
            names.target,
            words::list(&levels),
            other,
            people(explanation, &names)
        ),
        format!("{first}{}", words::grant(explanation, &names)),
    );
    if let Some((resource, role, member)) = suspect {
        causes.blame(told, resource, role, Some(member));
    }
}

/// That people have it, where what calls is none: who tries by hand what a pipeline then does grants it
/// to himself.
fn people(explanation: &Explanation, names: &words::Names) -> String {
    if matches!(explanation.question.caller, Principal::User(_)) {
        return String::new();
    }
    let on_the_account = explanation.allow.first();
    let right = on_the_account.into_iter().flat_map(|p| &p.bindings);
    let right = right.filter(|b| b.role_state == RoleState::Included);
    let holders: Vec<&Member> = right
        .flat_map(|b| &b.members)
        .map(|m| &m.member.member)
        .collect();
    let mut persons: Vec<String> = Vec::new();
    for holder in &holders {
        match holder {
            Member::One(one @ Principal::User(_)) => persons.push(one.short()),
            _ => return String::new(),
        }
    }
    persons.dedup();
    match persons.len() {
        0 => String::new(),
        1..=3 => format!(
            " {} has it there, in person: what calls here is {}, another identity.",
            words::list(&persons),
            names.caller
        ),
        n => format!(
            " {n} people have it there, in person: what calls here is {}, another identity.",
            names.caller
        ),
    }
}

/// Where a binding stands, its role, and a member of it.
type Namesake<'e> = Option<(&'e Resource, &'e Arc<str>, &'e str)>;

/// An account of the same name in another project that has what the caller lacks; or a Google group that has
/// it, and cannot hold such a caller. In words, and where.
fn namesake<'e>(estate: &Estate, explanation: &'e Explanation) -> (String, Namesake<'e>) {
    let right = explanation.allow.iter().flat_map(|policy| {
        let right = policy.bindings.iter();
        let right = right.filter(|b| b.role_state == RoleState::Included);
        right.flat_map(move |b| b.members.iter().map(move |m| (policy, &b.role, &m.member)))
    });
    if explanation.question.caller.is_federated() {
        for (policy, role, member) in right {
            if let Member::Group(group) = &member.member {
                let words = format!(
                    " The group {group} has it, and a Google group holds no federated identities."
                );
                return (words, Some((&policy.resource, role, &member.text)));
            }
        }
        return (String::new(), None);
    }
    let own = explanation.question.caller.email();
    let Some((name, _)) = own.and_then(|e| e.split_once('@')) else {
        return (String::new(), None);
    };
    for (policy, role, member) in right {
        if let Member::One(other) = &member.member
            && other
                .email()
                .and_then(|e| e.split_once('@'))
                .is_some_and(|(n, _)| n == name)
        {
            let words = format!(
                " {} has it on {}: another account of the same name.",
                other.short(),
                words::level(estate, &policy.resource)
            );
            return (words, Some((&policy.resource, role, &member.text)));
        }
    }
    (String::new(), None)
}

/// A chain fails at the hops that fail; each is told with the causes of its own, in the chain's order.
fn hops(estate: &Estate, explanation: &Explanation) -> Vec<Cause> {
    let count = explanation.hops.len();
    let mut all: Vec<Cause> = Vec::new();
    for (i, hop) in explanation.hops.iter().enumerate() {
        if hop.outcome == Outcome::WouldSucceed {
            continue;
        }
        let names = words::Names::of(estate, hop);
        let how = if hop.outcome == Outcome::WouldFail {
            "fails"
        } else {
            "cannot be told"
        };
        let own = of_one_call(estate, hop);
        // The hop says why itself where no cause of its own follows that does.
        let because = match own.first() {
            Some(first) if first.kind == CauseKind::NoGrant => format!(". {}", first.message),
            Some(_) => ", for the reason that is given next.".to_owned(),
            None => format!(". It needs {}.", hop.question.permission),
        };
        // A hop that cannot be judged is told by its own causes alone.
        if hop.outcome == Outcome::WouldFail {
            let mut broken = Causes::default();
            broken.on(
                CauseKind::BrokenHop,
                &hop.question.target,
                format!(
                    "Hop {} of {count} {how}, from {} to {}{because}",
                    i + 1,
                    names.caller,
                    names.target
                ),
                own.first()
                    .map_or_else(|| words::grant(hop, &names), |c| c.remedy.clone()),
            );
            broken.with(own.first().and_then(|c| c.command.clone()));
            if let (Some((_, cause)), Some(first)) = (broken.last(), own.first()) {
                cause.suspect.clone_from(&first.suspect);
            }
            all.extend(broken.sorted());
        }
        for cause in own {
            // The hop says it already.
            if cause.kind != CauseKind::NoGrant && !all.contains(&cause) {
                all.push(cause);
            }
        }
    }
    all
}
