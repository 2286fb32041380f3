//! Whether any member of a set has something on an account, or gets there over other accounts.

use std::collections::HashSet;

use super::super::identity::Identity;
use super::super::relevant::Ground;
use super::super::sets::{SetOnAccount, Share};
use super::super::who::{walk, who_bringing};
use super::super::{Brings, Holder};
use super::{MOST_ACCOUNTS, OfSet, SetAnswer, SetPart};
use crate::estate::{Ancestry, Read};
use crate::evaluate::explain::{caller_state, locate};
use crate::evaluate::explanation::{AccountState, Verdict};
use crate::evaluate::federation::stands_for_nobody;
use crate::evaluate::judge::Judge;
use crate::evaluate::truth::Truth;
use crate::evaluate::{may, membership};
use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, IMPLICIT_DELEGATION};
use crate::iam::{Member, Permission, Principal, Resource, owner};

/// An account on the way back from the target.
struct Stop {
    account: Resource,
    permission: Permission,
    /// Whether every step from here is certain.
    sure: bool,
    /// The accounts from here to the target, by address.
    way: Vec<String>,
}

impl OfSet<'_> {
    pub(super) fn any(&self, chains: bool) -> SetAnswer {
        let parts = self.parts();
        if parts.is_empty() {
            return SetAnswer::new(Truth::No, "nobody is in it");
        }
        let untold = parts.iter().filter_map(SetPart::untold);
        let mut sum = untold.fold(SetAnswer::new(Truth::No, ""), SetAnswer::or);
        let mut seen: HashSet<(Resource, Permission)> = HashSet::new();
        if chains && self.estate.is_part() {
            let why = "what was given is a part of the estate, so a chain may lead there";
            sum = sum.or(SetAnswer::unknown(why));
        }
        let mut queue = vec![Stop {
            account: self.target.clone(),
            permission: self.question.permission.clone(),
            sure: true,
            way: Vec::new(),
        }];
        while let Some(stop) = queue.pop() {
            if !seen.insert((stop.account.clone(), stop.permission.clone())) {
                continue;
            }
            if seen.len() > MOST_ACCOUNTS {
                let why = format!("more than {MOST_ACCOUNTS} accounts lead there");
                return sum.or(SetAnswer::unknown(why));
            }
            sum = sum.or(self.any_at(&stop, &parts));
            if sum.answer == Truth::Yes {
                break;
            }
            if chains {
                sum = sum.or(self.back_from(&stop, &mut queue));
            }
        }
        sum
    }

    /// Whether a member has what is asked at a stop.
    fn any_at(&self, stop: &Stop, parts: &[SetPart<'_>]) -> SetAnswer {
        let (_, _, ancestry) = locate(self.estate, &stop.account);
        let ground = self.ground(&stop.permission, &ancestry);
        let told = |answer: Truth, who: &str, by: &str| {
            let answer = if stop.sure || answer != Truth::Yes {
                answer
            } else {
                Truth::UnknownInfo
            };
            let may = if answer == Truth::Yes { "" } else { " may" };
            let chain = match stop.way.as_slice() {
                [] => String::new(),
                way => format!(", and from there: {}", way.join(" -> ")),
            };
            SetAnswer::new(answer, format!("{who}{may} get it{by}{chain}"))
        };
        let mut sum = match self.hidden(&ground, &ancestry) {
            Some(why) => SetAnswer::unknown(why),
            None => SetAnswer::new(Truth::No, ""),
        };
        for part in parts {
            match part {
                SetPart::Unread(_) | SetPart::Strange(_) => {}
                SetPart::One(one) => {
                    let answer = self.one_at(one, stop);
                    sum = sum.or(told(answer, &format!("{one} of it"), ""));
                }
                SetPart::Set(set) => {
                    let nobody = Identity::new(&ground, &Principal::Other(String::new()));
                    for entry in &ground.entries {
                        let holds = entry.holds.first().copied().unwrap_or(Truth::No);
                        let holds = holds.and(nobody.condition_of(0, &stop.account, entry.binding));
                        if holds == Truth::No {
                            continue;
                        }
                        for member in &entry.binding.members {
                            let meets = Meeting {
                                of: self,
                                ground: &ground,
                                ancestry: &ancestry,
                                stop,
                                set: &set.member,
                            };
                            let answer = holds.and(meets.with(&member.member, true));
                            if answer == Truth::No {
                                continue;
                            }
                            let by = format!(
                                ", by {} for {} on {}",
                                entry.binding.role,
                                member.text,
                                entry.resource.relative()
                            );
                            sum = sum.or(told(answer, "members", &by));
                            if sum.answer == Truth::Yes {
                                return sum;
                            }
                        }
                    }
                }
            }
        }
        sum
    }

    fn one_at(&self, one: &Principal, stop: &Stop) -> Truth {
        let time = self.question.time;
        let judge = Judge::new(self.estate, one, &stop.permission, &stop.account, time);
        may::judge(&judge.with_identity(&[], None))
    }

    /// The accounts that get what is asked at a stop, and what is asked at those: whoever gets a token of one, or
    /// names it as a delegate where that does.
    fn back_from(&self, stop: &Stop, queue: &mut Vec<Stop>) -> SetAnswer {
        let estate = self.estate;
        let (time, brings) = (self.question.time, Brings::default());
        let found = who_bringing(estate, &stop.account, &stop.permission, time, None, &brings);
        let mut sum = SetAnswer::new(Truth::No, "");
        let carrying: &[&str] = if stop.permission.as_str() == ACT_AS {
            &[GET_ACCESS_TOKEN]
        } else {
            &[GET_ACCESS_TOKEN, IMPLICIT_DELEGATION]
        };
        for holder in &found.results {
            match Principal::parse(&holder.principal) {
                Ok(Principal::ServiceAccount(email)) => {
                    match self.held_by(&email) {
                        Held::Here(account) => {
                            for permission in carrying {
                                queue.extend(next_stop(stop, holder, &account, permission));
                            }
                        }
                        Held::Nobody => {}
                        Held::Elsewhere => {
                            let why =
                                format!("who gets to {email}, which leads there, is not known");
                            sum = sum.or(SetAnswer::unknown(why));
                        }
                    }
                    continue;
                }
                Ok(_) => continue,
                Err(_) => {}
            }
            let accounts_unknown = match Member::parse_v1(&holder.principal) {
                Member::ServiceAccountsOf(of) => !self.question.listed.below(estate, &of),
                // Nobody becomes these.
                Member::Domain(_) | Member::Customer(_) | Member::ServiceAgentsOf(_) => false,
                member => member.pool().is_none(),
            };
            if accounts_unknown {
                let why = format!(
                    "accounts of {} that are not known may lead there",
                    holder.principal
                );
                sum = sum.or(SetAnswer::unknown(why));
            }
        }
        sum
    }

    fn held_by(&self, email: &str) -> Held {
        let named = Resource::account("-", email);
        if let Some(account) = self.estate.resolve(&named).exists() {
            return Held::Here(account);
        }
        let one = Principal::ServiceAccount(email.to_owned());
        match caller_state(self.estate, &one) {
            AccountState::NotFound | AccountState::Deleted => Held::Nobody,
            // Service agents are Google's: nobody is granted anything on them.
            _ if owner::of(email).is_some_and(|o| o.agent) => Held::Nobody,
            _ => Held::Elsewhere,
        }
    }
}

/// Where an account stands that leads on.
enum Held {
    Here(Resource),
    /// It is not there, or nobody can be it.
    Nobody,
    Elsewhere,
}

fn next_stop(stop: &Stop, holder: &Holder, account: &Resource, permission: &str) -> Option<Stop> {
    let mut way = vec![account.id().to_owned()];
    match stop.way.as_slice() {
        [] => way.push(stop.account.id().to_owned()),
        further => way.extend(further.iter().cloned()),
    }
    Some(Stop {
        account: account.clone(),
        permission: Permission::parse(permission).ok()?,
        sure: stop.sure && holder.verdict == Verdict::CanAccess,
        way,
    })
}

/// A set against the members of one binding.
struct Meeting<'m, 'e> {
    of: &'m OfSet<'e>,
    ground: &'m Ground<'e>,
    ancestry: &'m Ancestry,
    stop: &'m Stop,
    set: &'m Member,
}

impl Meeting<'_, '_> {
    /// Whether somebody who is in both has it, as far as the binding counts.
    fn with(&self, member: &Member, follow_roles: bool) -> Truth {
        let estate = self.of.estate;
        if stands_for_nobody(estate, member) {
            return Truth::No;
        }
        let each = |members: &mut dyn Iterator<Item = &Member>, follow: bool| {
            members.fold(Truth::No, |sum, inner| {
                if sum == Truth::Yes {
                    sum
                } else {
                    sum.or(self.with(inner, follow))
                }
            })
        };
        match member {
            Member::One(one) if self.of.is_target(one) => Truth::No,
            Member::One(one) => {
                let time = self.of.question.time;
                let (permission, on) = (&self.stop.permission, &self.stop.account);
                let judge = Judge::new(estate, one, permission, on, time);
                let judge = judge.with_identity(&[], None);
                match membership::member(&judge, self.set).matches {
                    Truth::No => Truth::No,
                    inside => inside.and(may::judge(&judge)),
                }
            }
            // A Google group holds no federated identities.
            Member::Group(_) if self.set.pool().is_some() => Truth::No,
            Member::Group(email) => {
                let found = walk(estate, email);
                let start = if found.unread.is_empty() {
                    Truth::No
                } else {
                    Truth::UnknownInfo
                };
                let mut inner = found.members.iter().map(|(m, _)| &m.member);
                start.or(each(&mut inner, follow_roles))
            }
            Member::ProjectRole(..) if !follow_roles => Truth::No,
            Member::ProjectRole(role, project) => {
                let Some(found) = estate.project(project) else {
                    return Truth::UnknownInfo;
                };
                match estate.allow_policy(&Resource::project(&found.project_id)) {
                    Read::Known(Some(policy)) => {
                        let start = match policy.gap() {
                            Some(_) => Truth::UnknownInfo,
                            None => Truth::No,
                        };
                        let bindings = policy.bindings.iter();
                        let bindings = bindings.filter(|b| &*b.role == role.role());
                        let mut inner = bindings.flat_map(|b| &b.members).map(|m| &m.member);
                        start.or(each(&mut inner, false))
                    }
                    Read::Known(None) => Truth::No,
                    Read::Unreadable(_) => Truth::UnknownInfo,
                }
            }
            _ => self.with_set(member),
        }
    }

    fn with_set(&self, member: &Member) -> Truth {
        let on = &self.stop.account;
        let left = |set: &SetOnAccount<'_, '_>| {
            let left = set.left(&self.ancestry.levels).answer;
            if self.ancestry.complete {
                left
            } else {
                left.and(Truth::UnknownInfo)
            }
        };
        let own = SetOnAccount::new(self.ground, self.set, on);
        match own.share(member) {
            Share::Nothing => Truth::No,
            Share::All => left(&own),
            Share::Part | Share::Unknown if left(&own) == Truth::No => Truth::No,
            // Whether anybody is in it.
            Share::Part | Share::Unknown if member.is_unknown() => Truth::UnknownInfo,
            Share::Part | Share::Unknown => {
                let inner = SetOnAccount::new(self.ground, member, on);
                if inner.share(self.set) == Share::All {
                    left(&inner)
                } else {
                    Truth::UnknownInfo
                }
            }
        }
    }
}
