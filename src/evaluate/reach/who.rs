//! Who can get at an account.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use jiff::Timestamp;
use rayon::prelude::*;

use super::super::explain::locate;
use super::super::federation::stands_for_nobody;
use super::super::membership;
use super::chains::{is_off, is_refused, set_is_off};
use super::identity::{Identity, JudgedSpot};
use super::relevant::Ground;
use super::sets::SetOnAccount;
use super::standing::Match;
use super::{Brings, Holder, Via, Who, verdict};
use crate::estate::{Coverage, Estate, Read};
use crate::evaluate::judge::Judge;
use crate::evaluate::truth::Truth;
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource};

/// Every principal that has `permission` on `target` at `time`, or may have it.
///
/// Groups and the accounts of a project are listed one by one where they can be read; what cannot be
/// listed (`allUsers`, a domain, a pool's set, a group that may not be read) stands as itself, and
/// its members are listed beside it only where they also stand by name.
#[must_use]
pub fn who(estate: &Estate, target: &Resource, permission: &Permission, time: Timestamp) -> Who {
    who_bringing(estate, target, permission, time, None, &Brings::default())
}

/// [`who`], with what a federated identity brings: of the one that is asked about, which then stands among
/// the results if it can; without one, of every federated identity that policies name (its attributes alone).
#[must_use]
pub fn who_bringing(
    estate: &Estate,
    target: &Resource,
    permission: &Permission,
    time: Timestamp,
    asked: Option<&Principal>,
    brings: &Brings,
) -> Who {
    let (target, _, ancestry) = locate(estate, target);
    let ground = Ground::new(
        estate,
        vec![permission.clone()],
        time,
        Some(&ancestry.levels),
    );
    let mut found = HoldersFound::asking(estate, &target, asked, brings);
    for (entry, relevant) in ground.entries.iter().enumerate() {
        for member in &relevant.binding.members {
            found.add(&ground, entry, member);
        }
    }
    let mut results = found.principals(&ground, &target);
    results.extend(found.sets(&ground, &target, &ancestry.levels, ancestry.complete));
    results.sort_by(|a, b| a.principal.cmp(&b.principal));
    let mut not_read: BTreeSet<String> = found
        .unread_groups
        .iter()
        .map(|g| format!("groups/{g}"))
        .collect();
    ground.not_read(&ancestry.levels, &mut not_read);
    Who {
        target,
        permission: permission.clone(),
        results,
        complete: not_read.is_empty() && ancestry.complete && !estate.is_part(),
        not_read: not_read.into_iter().collect(),
    }
}

/// From so many on principals are judged by all threads.
const OF_ONE_THREAD: usize = 1_024;

/// A match with the groups on the way, innermost first.
pub(super) struct Lead<'e> {
    pub one: Match<'e>,
    pub through: GroupsUp,
}

/// The groups on the way, innermost first: one list for all in a group.
pub(super) type GroupsUp = Arc<[Arc<str>]>;

/// The set that a binding names, where it is one, and the groups between it and a principal.
pub(super) type GroupsBetween<'f> = (Option<&'f str>, &'f [Arc<str>]);

/// A member that is not listed one by one.
pub(super) struct Set<'e> {
    pub member: &'e Member,
    pub leads: Vec<Lead<'e>>,
    /// Whether it is a result of its own.
    pub told: bool,
}

#[derive(Default)]
pub(super) struct HoldersFound<'e> {
    pub principals: BTreeMap<Principal, Vec<Lead<'e>>>,
    pub sets: BTreeMap<String, Set<'e>>,
    /// Each group walked once.
    walked: HashMap<&'e str, Walked<'e>>,
    pub unread_groups: BTreeSet<&'e str>,
    /// Accounts of a set are taken in once.
    listed: HashSet<&'e str>,
    /// Whether the account gives no tokens to anybody.
    pub target_off: bool,
    /// An identity that is asked about.
    asked: Option<Principal>,
    /// What it brings.
    brings: Brings,
}

/// What is in a group, with the groups on the way, innermost first.
#[derive(Default)]
pub(super) struct Walked<'e> {
    pub members: Vec<(&'e Arc<PolicyMember>, GroupsUp)>,
    pub unread: Vec<(&'e str, GroupsUp)>,
}

impl<'e> HoldersFound<'e> {
    pub fn asking(
        estate: &Estate,
        target: &Resource,
        asked: Option<&Principal>,
        brings: &Brings,
    ) -> Self {
        let mut found = Self {
            target_off: is_off(estate, target),
            asked: asked.map(|who| membership::canonical(estate, who)),
            brings: brings.clone(),
            ..Self::default()
        };
        if let Some(who) = &found.asked {
            found.principals.entry(who.clone()).or_default();
        }
        found
    }

    /// A principal with what it brings, as far as that is its own.
    pub fn identity<'g>(&self, ground: &'g Ground<'e>, principal: &Principal) -> Identity<'g, 'e> {
        match &self.asked {
            Some(asked) if asked == principal => {
                Identity::bringing(ground, principal, &self.brings)
            }
            None if principal.is_federated() => Identity::bringing(
                ground,
                principal,
                &Brings {
                    claims: None,
                    ..self.brings.clone()
                },
            ),
            _ => Identity::new(ground, principal),
        }
    }

    pub fn add(&mut self, ground: &Ground<'e>, entry: usize, member: &'e Arc<PolicyMember>) {
        let one = Match {
            entry,
            member,
            matches: Truth::Yes,
        };
        let Member::Group(email) = &member.member else {
            self.add_one(ground, &member.text, &member.member, one, Arc::default());
            return;
        };
        let estate = ground.estate;
        let walked = self
            .walked
            .remove(email.as_str())
            .unwrap_or_else(|| walk(estate, email));
        for (inner, through) in &walked.members {
            self.add_one(
                ground,
                &inner.text,
                &inner.member,
                one.clone(),
                through.clone(),
            );
        }
        for (unread, through) in &walked.unread {
            self.unread_groups.insert(unread);
            // The innermost group that may not be read stands for its members.
            if let Some((_, outer)) = through.split_first() {
                self.add_unread(unread, one.clone(), outer.into());
            }
        }
        self.walked.insert(email, walked);
    }

    fn add_unread(&mut self, email: &'e str, one: Match<'e>, through: GroupsUp) {
        static GROUP: std::sync::OnceLock<Member> = std::sync::OnceLock::new();
        let unread = GROUP.get_or_init(|| Member::Unknown);
        self.set(format!("group:{email}"), unread, true)
            .leads
            .push(Lead { one, through });
    }

    fn set(&mut self, name: String, member: &'e Member, told: bool) -> &mut Set<'e> {
        let set = self.sets.entry(name).or_insert_with(|| Set {
            member,
            leads: Vec::new(),
            told: false,
        });
        set.told |= told;
        set
    }

    fn add_one(
        &mut self,
        ground: &Ground<'e>,
        text: &'e str,
        member: &'e Member,
        one: Match<'e>,
        through: GroupsUp,
    ) {
        match member {
            member if stands_for_nobody(ground.estate, member) => {}
            Member::Group(_) => {}
            Member::One(principal) => self
                .principals
                .entry(membership::canonical(ground.estate, principal))
                .or_default()
                .push(Lead { one, through }),
            _ => {
                let whole = ground.estate.coverage() == Coverage::Whole;
                let listed = match member {
                    // Those that are known are listed; that they are all is known of a whole estate only.
                    Member::ServiceAccountsOf(of) => self.list_accounts(ground, text, of) && whole,
                    Member::ProjectRole(role, project) => {
                        self.list_role(ground, text, role.role(), project)
                    }
                    _ => false,
                };
                self.set(text.to_owned(), member, !listed)
                    .leads
                    .push(Lead { one, through });
            }
        }
    }

    /// Takes in the accounts below a level; `false` when not all of them are known.
    fn list_accounts(&mut self, ground: &Ground<'e>, set: &'e str, of: &Resource) -> bool {
        let Some(of) = ground.estate.resolve(of).exists() else {
            return false;
        };
        if !self.listed.insert(set) {
            return true;
        }
        let mut whole = true;
        for account in ground.estate.accounts() {
            let project: Arc<str> = ground.estate.project_id_of(account).into();
            let above = ground.above(&project);
            if above.levels.contains(&of) {
                let email = account.email.to_lowercase();
                self.principals
                    .entry(Principal::ServiceAccount(email))
                    .or_default();
            }
            whole &= above.complete;
        }
        whole
    }

    /// Takes in who has a basic role on a project; `false` when its policy is not known.
    fn list_role(&mut self, ground: &Ground<'e>, set: &'e str, role: &str, project: &str) -> bool {
        let estate = ground.estate;
        let Some(found) = estate.project(project) else {
            return false;
        };
        let policy = match estate.allow_policy(&Resource::project(&found.project_id)) {
            Read::Known(Some(policy)) => policy,
            Read::Known(None) => return true,
            Read::Unreadable(_) => return false,
        };
        if !self.listed.insert(set) {
            return true;
        }
        let mut whole = policy.gap().is_none();
        for binding in policy.bindings.iter().filter(|b| &*b.role == role) {
            for member in &binding.members {
                whole &= self.list_member(estate, member);
            }
        }
        whole
    }

    /// Takes in identities that a member stands for; the set that led here says whether they match.
    fn list_member(&mut self, estate: &'e Estate, member: &'e Arc<PolicyMember>) -> bool {
        match &member.member {
            Member::One(principal) => {
                let one = membership::canonical(estate, principal);
                self.principals.entry(one).or_default();
                true
            }
            Member::Group(email) => {
                let walked = walk(estate, email);
                self.unread_groups
                    .extend(walked.unread.iter().map(|(g, _)| *g));
                let mut whole = walked.unread.is_empty();
                for (inner, _) in walked.members {
                    whole &= self.list_member(estate, inner);
                }
                whole
            }
            Member::Deleted { .. } | Member::Impossible(_) | Member::ProjectRole(..) => true,
            _ => false,
        }
    }

    /// Those who are told one by one, by principal.
    pub fn principals(&self, ground: &Ground<'e>, target: &Resource) -> Vec<Holder> {
        let Some(spot) = JudgedSpot::of(ground, target) else {
            return Vec::new();
        };
        let end = target.full_name().into();
        let one = |(principal, own): (&Principal, &Vec<Lead<'e>>)| {
            self.principal(ground, (&spot, &end), principal, own)
        };
        if self.principals.len() < OF_ONE_THREAD {
            return self.principals.iter().filter_map(one).collect();
        }
        let all: Vec<_> = self.principals.iter().collect();
        let all = all.into_par_iter().with_min_len(OF_ONE_THREAD / 4);
        all.filter_map(one).collect()
    }

    /// The bindings that a principal is in, of its own and by sets, each with the set and the groups on the way.
    pub fn matches_of<'f>(
        &'f self,
        principal: &Principal,
        judge: &Judge<'_>,
        own: &'f [Lead<'e>],
    ) -> Vec<(Match<'e>, GroupsBetween<'f>)> {
        let own = own.iter();
        let mut all: Vec<_> = own
            .map(|lead| (lead.one.clone(), (None, &*lead.through)))
            .collect();
        for (name, set) in &self.sets {
            // One that could not be read; a Google group holds no federated identities.
            if principal.is_federated() && name.starts_with("group:") {
                continue;
            }
            let inside = membership::member(judge, set.member).matches;
            if inside == Truth::No {
                continue;
            }
            // Nor does one of those in it, whatever it is, hold any.
            let leads = set.leads.iter();
            for lead in leads.filter(|l| !principal.is_federated() || l.through.is_empty()) {
                let one = Match {
                    matches: inside,
                    ..lead.one.clone()
                };
                all.push((one, (Some(name.as_str()), &*lead.through)));
            }
        }
        all
    }

    fn principal(
        &self,
        ground: &Ground<'e>,
        (spot, end): (&JudgedSpot<'_>, &Arc<str>),
        principal: &Principal,
        own: &[Lead<'e>],
    ) -> Option<Holder> {
        let identity = self.identity(ground, principal);
        let judge = identity.judge()?;
        let refused = is_refused(ground.estate, principal, judge);
        let (matches, through): (Vec<Match<'e>>, Vec<GroupsBetween<'_>>) =
            self.matches_of(principal, judge, own).into_iter().unzip();
        let (answer, leads) = identity.decide_at(0, spot, &matches);
        let verdict = verdict(answer)?;
        let first = leads.first()?;
        let name: Arc<str> = principal.to_string().into();
        let mut path = vec![Arc::clone(&name)];
        if let Some((set, groups)) = matches
            .iter()
            .position(|m| std::ptr::eq(m, *first))
            .and_then(|i| through.get(i))
        {
            path.extend(set.map(Arc::from));
            path.extend(groups.iter().cloned());
        }
        path.push(Arc::clone(end));
        let mut via: Vec<Via> = Vec::new();
        for one in leads.into_iter().filter_map(|m| identity.via(0, m)) {
            let same = |known: &Via| {
                (&known.resource, &known.role, &known.member)
                    == (&one.resource, &one.role, &one.member)
            };
            if !via.iter().any(same) {
                via.push(one);
            }
        }
        Some(Holder {
            principal: name,
            verdict,
            outcome: super::outcome(verdict, refused || self.target_off),
            path,
            via,
            except: Vec::new(),
        })
    }

    /// Those that stand as sets. `complete`: whether the way up is known.
    pub fn sets(
        &self,
        ground: &Ground<'e>,
        target: &Resource,
        levels: &[Resource],
        complete: bool,
    ) -> Vec<Holder> {
        // Conditions and boundaries ask who calls; of a set only what needs nobody is known.
        let nobody = Identity::new(ground, &Principal::Other(String::new()));
        let mut all = Vec::new();
        for (name, set) in self.sets.iter().filter(|(_, s)| s.told) {
            let unread_group = self
                .unread_groups
                .iter()
                .any(|g| name.strip_prefix("group:") == Some(g));
            let known = !set.member.is_unknown() || unread_group;
            let group;
            let member = if unread_group {
                group = Member::parse_v1(name);
                &group
            } else {
                set.member
            };
            let matches: Vec<Match<'e>> = set
                .leads
                .iter()
                .map(|lead| Match {
                    matches: if known {
                        Truth::Yes
                    } else {
                        Truth::UnknownInfo
                    },
                    ..lead.one.clone()
                })
                .collect();
            let (allowed, leads) = nobody.allowed(0, target, &matches);
            let left = SetOnAccount::new(ground, member, target).left(levels);
            let mut answer = allowed.and(left.answer);
            // Of a group that may not be read nobody knows whether anybody is in it.
            if !complete || unread_group {
                answer = answer.and(Truth::UnknownInfo);
            }
            let (Some(verdict), Some(first)) = (verdict(answer), leads.first()) else {
                continue;
            };
            let name: Arc<str> = name.as_str().into();
            let mut path = vec![Arc::clone(&name)];
            if let Some(lead) = matches
                .iter()
                .position(|m| std::ptr::eq(m, *first))
                .and_then(|i| set.leads.get(i))
            {
                path.extend(lead.through.iter().cloned());
            }
            path.push(target.full_name().into());
            all.push(Holder {
                principal: name,
                verdict,
                outcome: super::outcome(
                    verdict,
                    self.target_off || set_is_off(ground.estate, set.member),
                ),
                path,
                via: leads.iter().filter_map(|m| nobody.via(0, m)).collect(),
                except: left.except,
            });
        }
        all
    }
}

/// Everything in a group, nested groups walked once.
pub(super) fn walk<'e>(estate: &'e Estate, outermost: &'e str) -> Walked<'e> {
    let mut found = Walked::default();
    let mut seen: HashSet<&'e str> = HashSet::from([outermost]);
    let mut queue: VecDeque<(&'e str, GroupsUp)> =
        VecDeque::from([(outermost, Arc::from([format!("group:{outermost}").into()]))]);
    while let Some((at, through)) = queue.pop_front() {
        let Read::Known(group) = estate.group(at) else {
            found.unread.push((at, through));
            continue;
        };
        for entry in &group.members {
            match &entry.member {
                Member::Group(inner) => {
                    if seen.insert(inner) {
                        let mut way: Vec<Arc<str>> = vec![format!("group:{inner}").into()];
                        way.extend(through.iter().cloned());
                        queue.push_back((inner, way.into()));
                    }
                }
                _ => found.members.push((entry, through.clone())),
            }
        }
    }
    found
}
