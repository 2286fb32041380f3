//! Whether every member of a set has something on an account.

use std::collections::BTreeSet;

use super::super::identity::Identity;
use super::super::relevant::Ground;
use super::super::sets::{SetOnAccount, Share};
use super::super::who::walk;
use super::{MOST_MEMBERS, OfSet, SetAnswer, SetPart};
use crate::estate::{Ancestry, Assumption};
use crate::evaluate::explain::{explain, locate};
use crate::evaluate::explanation::{Outcome, Question};
use crate::evaluate::federation::stands_for_nobody;
use crate::evaluate::judge::Judge;
use crate::evaluate::membership;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Permission, PolicyMember, Pool, Principal, Resource};

impl<'e> OfSet<'e> {
    pub(super) fn every(&self) -> SetAnswer {
        let parts = self.parts();
        if parts.is_empty() {
            return SetAnswer::new(Truth::No, "nobody is in it");
        }
        if parts.len() > MOST_MEMBERS {
            return SetAnswer::unknown(format!("it has more than {MOST_MEMBERS} members"));
        }
        let untold = parts.iter().filter_map(SetPart::untold);
        let mut sum = untold.fold(SetAnswer::new(Truth::Yes, ""), SetAnswer::and);
        for part in &parts {
            let one = match part {
                SetPart::One(one) => self.pair(&one.to_string(), one, &[]),
                SetPart::Set(set) => self.every_of_set(set),
                SetPart::Unread(_) | SetPart::Strange(_) => continue,
            };
            sum = sum.and(one);
        }
        sum
    }

    /// Whether one is let through, as [`explain`] says.
    fn pair(&self, who: &str, one: &Principal, attributes: &[(String, String)]) -> SetAnswer {
        let asked = self.question;
        let question = Question {
            permission: asked.permission.clone(),
            attributes: attributes.to_vec(),
            ..Question::new(one.clone(), asked.target.clone(), asked.time)
        };
        match explain(self.estate, &question).outcome {
            Outcome::WouldSucceed => SetAnswer::new(Truth::Yes, ""),
            Outcome::WouldFail => SetAnswer::new(Truth::No, format!("{who} does not get it")),
            Outcome::Unknown => SetAnswer::unknown(format!("whether {who} gets it is not known")),
        }
    }

    fn every_of_set(&self, set: &PolicyMember) -> SetAnswer {
        let (estate, name) = (self.estate, &*set.text);
        if stands_for_nobody(estate, &set.member) {
            return SetAnswer::new(Truth::No, format!("no identity is in {name}"));
        }
        if let Member::ServiceAccountsOf(of) = &set.member
            && estate.resolve(of).exists().is_none()
        {
            return SetAnswer::unknown(format!("{} is not in sight", of.relative()));
        }
        let target = self.target.clone();
        let (_, _, ancestry) = locate(estate, &target);
        let ground = self.ground(&self.question.permission, &ancestry);
        let nobody = Identity::new(&ground, &Principal::Other(String::new()));
        let on_account = SetOnAccount::new(&ground, &set.member, &target);
        let mut granted = match self.hidden(&ground, &ancestry) {
            Some(_) => Truth::UnknownInfo,
            None => Truth::No,
        };
        for entry in &ground.entries {
            let holds = entry.holds.first().copied().unwrap_or(Truth::No);
            let holds = holds.and(nobody.condition_of(0, &target, entry.binding));
            for member in &entry.binding.members {
                granted = granted.or(holds.and(contains(&on_account, &member.member)));
            }
        }
        let left = on_account.left(&ancestry.levels);
        match granted.and(left.answer) {
            Truth::Yes if ancestry.complete => {}
            Truth::No if granted == Truth::No => {
                let why = format!("neither {name} nor anything that contains it is granted it");
                return SetAnswer::new(Truth::No, why);
            }
            Truth::No => {
                return SetAnswer::new(Truth::No, format!("all of {name} are shut out"));
            }
            _ => {
                let why =
                    format!("whether all of {name} have it hangs on what is not known or not read");
                return SetAnswer::unknown(why);
            }
        }
        let mut sum = SetAnswer::new(Truth::Yes, "");
        if let Some(taken) = left.except.first() {
            let why = format!("{} may take it from some of {name}", taken.name);
            sum = sum.and(SetAnswer::unknown(why));
        }
        sum.and(self.members_one_by_one(set, &ground, &ancestry))
    }

    /// Those of a set who are known, and one of whom nothing is known but that it is in it.
    fn members_one_by_one(
        &self,
        set: &PolicyMember,
        ground: &Ground<'e>,
        ancestry: &Ancestry,
    ) -> SetAnswer {
        let (estate, name) = (self.estate, &*set.text);
        let mut sum = SetAnswer::new(Truth::Yes, "");
        let everybody = matches!(set.member, Member::AllUsers | Member::AllAuthenticatedUsers);
        // Everybody's organizations are not known, nor all pools: boundaries may be bound there.
        if everybody && !estate.is_all_there_is() {
            let why = format!("{name} are also of organizations that nobody here can look at");
            if set.member == Member::AllUsers || !estate.assumes(Assumption::NoBoundariesInExport) {
                sum = sum.and(SetAnswer::unknown(why));
            }
        }
        let mut known: BTreeSet<Principal> = self.named(set, ground, ancestry);
        known.retain(|one| !self.is_target(one));
        let accounts = match &set.member {
            Member::ServiceAccountsOf(of) => {
                if !self.question.listed.below(estate, of) {
                    let why = format!("not all accounts of {} are known", of.relative());
                    sum = sum.and(SetAnswer::unknown(why));
                }
                true
            }
            _ => everybody,
        };
        if accounts {
            let nobody = Permission::get_access_token();
            for account in estate.accounts() {
                let one = Principal::ServiceAccount(account.email.to_lowercase());
                let on = Resource::project("");
                let judge = Judge::new(estate, &one, &nobody, &on, self.question.time);
                if membership::member(&judge, &set.member).matches != Truth::No
                    && !self.is_target(&one)
                {
                    known.insert(one);
                }
                if known.len() > MOST_MEMBERS {
                    let why = format!("more than {MOST_MEMBERS} of {name} are known");
                    return sum.and(SetAnswer::unknown(why));
                }
            }
        }
        let (stand_in, attributes) = stand_in(&set.member).unzip();
        if known.is_empty() && stand_in.is_none() {
            return sum.and(SetAnswer::new(
                Truth::No,
                format!("nobody is known in {name}"),
            ));
        }
        let attributes = attributes.unwrap_or_default();
        if let Some(one) = &stand_in {
            let who = format!("whoever is in {name}");
            sum = sum.and(self.pair(&who, one, &attributes));
        }
        for one in &known {
            if sum.answer == Truth::No {
                break;
            }
            sum = sum.and(self.pair(&one.to_string(), one, &[]));
        }
        sum
    }

    /// Who of a set is named by a binding that grants or by a deny rule, in groups too.
    fn named(
        &self,
        set: &PolicyMember,
        ground: &Ground<'e>,
        ancestry: &Ancestry,
    ) -> BTreeSet<Principal> {
        let estate = self.estate;
        let mut members: Vec<&Member> = Vec::new();
        let granted = ground.entries.iter().flat_map(|e| &e.binding.members);
        members.extend(granted.map(|m| &m.member));
        for level in &ancestry.levels {
            let policies = estate.deny_policies(level).known().unwrap_or_default();
            let rules = policies.iter().flat_map(|p| &p.rules);
            for rule in rules.filter_map(|r| r.deny_rule.as_ref()) {
                let both = rule.denied_principals.iter();
                members.extend(both.chain(&rule.exception_principals).map(|m| &m.member));
            }
        }
        let mut ones: BTreeSet<&Principal> = BTreeSet::new();
        for member in members {
            match member {
                Member::One(one) => {
                    ones.insert(one);
                }
                Member::Group(email) => {
                    let found = walk(estate, email);
                    ones.extend(found.members.iter().filter_map(|(m, _)| match &m.member {
                        Member::One(one) => Some(one),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        let token = Permission::get_access_token();
        let inside = |one: &&Principal| {
            let on = Resource::project("");
            let judge = Judge::new(estate, one, &token, &on, self.question.time);
            membership::member(&judge, &set.member).matches == Truth::Yes
        };
        let few = ones.into_iter().filter(inside).take(MOST_MEMBERS);
        few.cloned().collect()
    }
}

/// Whether all of a set are certainly in a member of a policy.
fn contains(set: &SetOnAccount<'_, '_>, member: &Member) -> Truth {
    match member {
        Member::Group(_) | Member::ProjectRole(..) => Truth::No,
        _ => match set.share(member) {
            Share::All => Truth::Yes,
            Share::Unknown => Truth::UnknownInfo,
            Share::Part | Share::Nothing => Truth::No,
        },
    }
}

/// One of a set of whom nothing is known but that it is in it, with the attributes that put it there.
fn stand_in(set: &Member) -> Option<(Principal, Vec<(String, String)>)> {
    let of_pool = |pool: &Pool, subject: &str, attributes| {
        let (pool, subject) = (pool.clone(), subject.to_owned());
        Some((Principal::Federated { pool, subject }, attributes))
    };
    match set {
        Member::Domain(domain) => Some((Principal::User(format!("*@{domain}")), Vec::new())),
        Member::AllUsers | Member::AllAuthenticatedUsers => {
            Some((Principal::User("*@gmail.com".to_owned()), Vec::new()))
        }
        Member::PoolAll(pool) => of_pool(pool, "*", Vec::new()),
        Member::PoolGroup(pool, group) => {
            of_pool(pool, "*", vec![("groups".to_owned(), group.clone())])
        }
        Member::PoolAttribute(pool, name, value) => {
            of_pool(pool, "*", vec![(name.clone(), value.clone())])
        }
        Member::PoolNamespace(pool, namespace) => {
            of_pool(pool, &format!("ns/{namespace}/sa/*"), Vec::new())
        }
        _ => None,
    }
}
