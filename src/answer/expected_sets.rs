//! Expectations of a set of callers: of all of its members, or of none.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Source;
use super::expectations::{Expectation, Judged, MayAct, set_of};
use super::paths::target_not_there;
use crate::estate::{Assumption, Estate};
use crate::evaluate::federation::stands_for_nobody;
use crate::evaluate::reach::{AccountsListed, SetQuestion, any_of, every_of};
use crate::evaluate::{Outcome, Question, Truth, explain};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, Groups, Progress, at_hand, whole};
use crate::iam::permission::{GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource};
use crate::wire::ApiError;

/// One identity of the set, where that tells whose organization or pool has to be looked at.
fn one_of(set: &Member) -> Option<Principal> {
    match set {
        Member::Domain(domain) => Some(Principal::User(format!("*@{domain}"))),
        other => other.pool().map(|pool| Principal::Federated {
            pool: pool.clone(),
            subject: "*".to_owned(),
        }),
    }
}

/// A set, and the accounts that an expectation is about.
#[derive(Clone, Debug)]
pub struct ExpectedSet {
    /// Who.
    pub set: PolicyMember,
    /// Which accounts.
    pub targets: Vec<Resource>,
    /// For what.
    pub permission: Permission,
    /// A delegation chain between the two.
    pub via: Vec<Resource>,
    /// Whether all are to, or none.
    pub may: MayAct,
    /// The moment that conditions are judged at.
    pub time: Timestamp,
    /// How far to look.
    pub scope: Scope,
}

/// What came of it, target by target.
pub struct JudgedSet {
    /// In the order asked.
    pub judged: Vec<Judged>,
    /// What it takes for granted.
    pub assumptions: Vec<Assumption>,
}

impl Source<'_> {
    /// Asks about a set. `near`: the estate that this process read itself, all of which whoever looks may see.
    ///
    /// # Errors
    /// When signed out, when there is no connection, or when the first search for projects is refused.
    pub async fn judged_set(
        &self,
        asked: &ExpectedSet,
        near: Option<&Estate>,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<JudgedSet, ApiError> {
        let everything = asked.facts();
        let found = near.and_then(|estate| at_hand(estate, &everything));
        let own = found.is_some();
        let (mut estate, unlisted) = match found {
            Some(found) => found,
            None => whole(self.ask, &everything, progress).await?,
        };
        self.qualify(&mut estate);
        let listed = asked.listed(&estate, &unlisted, own);
        let each = asked.targets.iter();
        let judged = each
            .map(|target| asked.judged(&estate, target, &listed))
            .collect();
        Ok(JudgedSet {
            judged,
            assumptions: estate.assumptions().collect(),
        })
    }
}

impl ExpectedSet {
    /// What is expected of a set; `None` where the caller is none. `accounts` are the addresses of all service
    /// accounts there are.
    ///
    /// # Errors
    /// In words: a set that cannot be asked about, attributes beside one, a target that cannot be read.
    pub fn of(
        expectation: &Expectation,
        accounts: &[String],
        time: Timestamp,
        scope: &Scope,
    ) -> Result<Option<Self>, String> {
        let Some(set) = set_of(&expectation.caller) else {
            return Ok(None);
        };
        let set = set?;
        if !expectation.attributes.is_empty() {
            let why = "a set brings no attributes: name them in it (principalSet://…/attribute.NAME/VALUE)";
            return Err(why.to_owned());
        }
        Ok(Some(Self {
            set,
            targets: expectation.targets(accounts)?,
            permission: expectation.permission()?,
            via: expectation.hops()?,
            may: expectation.may,
            time,
            scope: scope.clone(),
        }))
    }

    fn facts(&self) -> Everything {
        let mut wanted = vec![self.permission.clone()];
        for carrying in [GET_ACCESS_TOKEN, IMPLICIT_DELEGATION] {
            wanted.extend(Permission::parse(carrying));
        }
        let named_groups = match &self.set.member {
            Member::Group(email) => vec![email.clone()],
            _ => Vec::new(),
        };
        Everything {
            scope: Some(self.scope.clone()),
            accounts: self.targets.iter().chain(&self.via).cloned().collect(),
            account_policies: true,
            groups: Groups::Holding(wanted),
            named_groups,
            caller: one_of(&self.set.member),
            callers: true,
            org_policy: None,
        }
    }

    /// Of which levels all accounts are there. What a search finds is what the viewer may see; of a folder nobody but
    /// who wrote the file knows that it is all.
    fn listed(&self, estate: &Estate, unlisted: &[(String, String)], own: bool) -> AccountsListed {
        let unlisted_accounts = [
            Assumption::NoAccountListInExport,
            Assumption::NoAccountStatesInExport,
        ];
        let in_part = estate.is_part() || unlisted_accounts.iter().any(|a| estate.assumes(*a));
        let read = |project: &str| {
            !unlisted
                .iter()
                .any(|(name, _)| name == &format!("projects/{project}"))
        };
        let mut projects = BTreeSet::new();
        let asked = |id: &str, number: &str| match &self.scope {
            Scope::Project(one) => one == id || one == number,
            Scope::Everything => true,
            Scope::Folder(_) | Scope::Organization(_) => false,
        };
        if !in_part {
            let seen = estate.projects().filter(|p| {
                asked(&p.project_id, p.number()) && read(&p.project_id) && read(p.number())
            });
            projects.extend(seen.map(|p| p.project_id.clone()));
        }
        AccountsListed {
            everywhere: own && !in_part && unlisted.is_empty(),
            projects,
        }
    }

    fn judged(&self, estate: &Estate, target: &Resource, listed: &AccountsListed) -> Judged {
        let hops = self.via.iter().chain([target]);
        if let Some(gone) = hops.clone().find_map(|hop| target_not_there(estate, hop)) {
            return Judged::Otherwise(gone.words);
        }
        if let Some(nobody) = self.is_nobody(estate) {
            return nobody;
        }
        let delegation = Permission::parse(IMPLICIT_DELEGATION);
        let (first, permission) = match (self.via.first(), delegation) {
            (Some(first), Ok(delegation)) => (first.clone(), delegation),
            _ => (target.clone(), self.permission.clone()),
        };
        let question = SetQuestion {
            set: self.set.clone(),
            target: first,
            permission,
            time: self.time,
            listed: listed.clone(),
        };
        let rest = self.rest(estate, target);
        let (holds, found) = match self.may {
            MayAct::Yes => {
                let every = every_of(estate, &question);
                (every.answer.and(rest), every)
            }
            MayAct::No => {
                let any = any_of(estate, &question, self.via.is_empty());
                (any.answer.and(rest).negate(), any)
            }
        };
        let why = match (rest, found.why) {
            (_, why) if !why.is_empty() => why,
            (Truth::No, _) => "a further step of the chain fails".to_owned(),
            _ => "a further step of the chain is not known".to_owned(),
        };
        match holds {
            Truth::Yes => Judged::AsExpected,
            Truth::No => Judged::Otherwise(why),
            Truth::UnknownInfo | Truth::UnknownConditional => Judged::Unknown(why),
        }
    }

    /// A misspelling must not pass, whatever is expected of it.
    fn is_nobody(&self, estate: &Estate) -> Option<Judged> {
        let set = &self.set.member;
        if stands_for_nobody(estate, set) {
            let why = format!("no identity is in {}", self.set.text);
            return Some(Judged::Otherwise(why));
        }
        match set {
            Member::ServiceAccountsOf(of) if estate.resolve(of).exists().is_none() => {
                let why = format!("{} is not in sight", of.relative());
                Some(Judged::Unknown(why))
            }
            _ => None,
        }
    }

    /// What comes of the chain behind its first account; yes where there is none.
    fn rest(&self, estate: &Estate, target: &Resource) -> Truth {
        let Some((first, further)) = self.via.split_first() else {
            return Truth::Yes;
        };
        let email = estate
            .account(first.id())
            .map_or_else(|| first.id().to_owned(), |a| a.email.to_lowercase());
        let question = Question {
            permission: self.permission.clone(),
            via: further.to_vec(),
            ..Question::new(Principal::ServiceAccount(email), target.clone(), self.time)
        };
        match explain(estate, &question).outcome {
            Outcome::WouldSucceed => Truth::Yes,
            Outcome::WouldFail => Truth::No,
            Outcome::Unknown => Truth::UnknownInfo,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::expectations::read;
    use super::*;

    #[test]
    fn a_set_is_one_caller() {
        let pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh";
        let scope = Scope::Everything;
        let asked = |caller: &str, more: &str| {
            let text =
                format!("[[expect]]\ncaller = '{caller}'\ntarget = 'a@*'\nmay = 'no'\n{more}");
            let one = read(&text).unwrap().remove(0);
            let accounts = ["a@p.iam.gserviceaccount.com".to_owned()];
            ExpectedSet::of(&one, &accounts, Timestamp::UNIX_EPOCH, &scope)
        };
        for caller in [
            "allUsers",
            "allAuthenticatedUsers",
            "domain:example.com",
            "group:g@example.com",
            &format!("{pool}/*"),
            &format!("{pool}/attribute.repository/o/*"),
            &format!("{pool}/group/g"),
            "principalSet://cloudresourcemanager.googleapis.com/folders/1/type/ServiceAccount",
        ] {
            let found = asked(caller, "").unwrap().unwrap();
            assert_eq!((&*found.set.text, found.targets.len()), (caller, 1));
            assert!(asked(caller, "attributes = { a = 'b' }").is_err());
        }
        for caller in [
            "principalSet://iam.googleapis.com/x/*",
            "principalSet://cloudresourcemanager.googleapis.com/folders/1/type/ServiceAgent",
            "principalSet://gh/*",
        ] {
            assert!(asked(caller, "").is_err(), "{caller}");
        }
        for caller in ["user:ana@example.com", "*@p.iam.gserviceaccount.com"] {
            assert_eq!(asked(caller, "").unwrap().map(|s| s.targets), None);
        }
    }
}
