//! What changed between two estates in who can act as which account, and by which binding.
//!
//! Direct ways, groups expanded, as `who` gives them: a chain changes when one of its hops does. Where a set has it, those
//! of it are judged one by one who are in other groups or lie elsewhere than before.

mod moved;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::estate::{Assumption, Estate, Existence};
use crate::evaluate::reach::{Holder, TakenAway, Via, who};
use crate::evaluate::{Truth, Verdict, belongs, may};
use crate::iam::{Member, Permission, PolicyMember, Principal, Resource};

/// One principal whose way to an account changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessChange {
    /// The account's full name, in the newer estate where it is there.
    pub target: String,
    /// Who, as a member identifier; a set where it cannot be listed.
    pub principal: String,
    /// Before; `CannotAccess` where there was no way.
    pub before: Verdict,
    /// After.
    pub after: Verdict,
    /// The bindings: those that grant now, or where nothing does, those that did; of a set that may have it before and
    /// after, those that are in one of the two alone.
    pub via: Vec<Via>,
    /// Of a set: who of it was shut out. Of one who has it no longer or not yet, and stands in a set that does: who of
    /// that set, he among them.
    pub except_before: Vec<TakenAway>,
    /// Who is now.
    pub except_after: Vec<TakenAway>,
    /// Of a set that may have it before and after: whether there is a way to it that was not there.
    pub new_way: bool,
}

impl AccessChange {
    /// Whether there is more now than before: what may be more counts as more. Of a set that has the same as
    /// a set it is more where nobody is shut out anew, or where a way is new.
    #[must_use]
    pub fn grew(&self) -> bool {
        match weight(self.after).cmp(&weight(self.before)) {
            std::cmp::Ordering::Equal if self.except_before == self.except_after => self.new_way,
            std::cmp::Ordering::Equal => self
                .except_after
                .iter()
                .all(|taken| self.except_before.contains(taken)),
            order => order.is_gt(),
        }
    }
}

/// No, perhaps, yes.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::CannotAccess => 0,
        Verdict::UnknownInfo | Verdict::UnknownConditional => 1,
        Verdict::CanAccess => 2,
    }
}

/// Everything that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessChanges {
    /// By target, then principal.
    pub changes: Vec<AccessChange>,
    /// What the older estate has not read, by the names of an estate file's `unreadable`.
    pub not_read_before: Vec<String>,
    /// What the newer one has not.
    pub not_read_after: Vec<String>,
    /// What either takes for granted.
    pub assumptions: Vec<Assumption>,
}

impl AccessChanges {
    /// Whether both were read as far as it matters: then what is not among the changes did not change.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.not_read_before.is_empty() && self.not_read_after.is_empty()
    }
}

/// Compares two estates, for one permission at one time.
#[must_use]
pub fn compare(
    before: &Estate,
    after: &Estate,
    permission: &Permission,
    time: Timestamp,
) -> AccessChanges {
    let (mut unread_before, mut unread_after) = (BTreeSet::new(), BTreeSet::new());
    let mut changes = Vec::new();
    let mut targets = accounts(before);
    targets.extend(accounts(after));
    let moved = moved::moved(before, after);
    for (id, target) in targets {
        let [old, new] =
            [(before, &mut unread_before), (after, &mut unread_after)].map(|(estate, unread)| {
                EstateHolders {
                    estate,
                    target: &target,
                    permission,
                    time,
                    all: holders(estate, &target, permission, time, unread),
                }
            });
        let name = Resource::account("-", &id);
        let name = [after, before]
            .into_iter()
            .find_map(|estate| estate.resolve(&name).exists())
            .unwrap_or_else(|| target.clone())
            .full_name();
        let mut principals: BTreeSet<String> =
            old.all.keys().chain(new.all.keys()).cloned().collect();
        // What a set that is new gives its own row tells.
        if old.has_set() && new.has_set() {
            principals.extend(moved.ones.iter().map(ToString::to_string));
            principals.extend(moved.sets.iter().cloned());
        }
        for principal in principals {
            let [was, is] = [&old, &new].map(|holders| holders.of(&principal));
            let set = one(&principal).is_none();
            let other_ways = set && was.may_only() && is.may_only() && was.via != is.via;
            if was.verdict != is.verdict || (set && was.except != is.except) || other_ways {
                let new_way = is.via.iter().any(|via| !was.via.contains(via));
                changes.push(AccessChange {
                    target: name.clone(),
                    principal,
                    before: was.verdict,
                    after: is.verdict,
                    new_way: other_ways && new_way,
                    via: match (other_ways, is.via.is_empty()) {
                        (true, _) => in_one_alone(was.via, is.via),
                        (false, true) => was.via,
                        (false, false) => is.via,
                    },
                    except_before: was.except,
                    except_after: is.except,
                });
            }
        }
    }
    changes.sort_by(|a, b| (&a.target, &a.principal).cmp(&(&b.target, &b.principal)));
    let assumptions: BTreeSet<Assumption> =
        before.assumptions().chain(after.assumptions()).collect();
    AccessChanges {
        changes,
        not_read_before: unread_before.into_iter().collect(),
        not_read_after: unread_after.into_iter().collect(),
        assumptions: assumptions.into_iter().collect(),
    }
}

/// The accounts of an estate by address, those that only policies name among them.
fn accounts(estate: &Estate) -> BTreeMap<String, Resource> {
    let listed = estate
        .accounts()
        .map(|account| Resource::account(&account.project_id, &account.email));
    let named = estate
        .policies()
        .map(|(resource, _)| resource.clone())
        .filter(|resource| matches!(resource, Resource::ServiceAccount { .. }));
    listed
        .chain(named)
        .map(|resource| {
            let found = estate.resolve(&resource).exists().unwrap_or(resource);
            (found.id().to_lowercase(), found)
        })
        .collect()
}

/// Who can get at an account in one of the estates.
struct EstateHolders<'a> {
    estate: &'a Estate,
    target: &'a Resource,
    permission: &'a Permission,
    time: Timestamp,
    all: BTreeMap<String, Holder>,
}

/// What one principal has there.
struct AccessHeld {
    verdict: Verdict,
    via: Vec<Via>,
    except: Vec<TakenAway>,
}

impl EstateHolders<'_> {
    /// Whether a set has it, of which nobody is told by himself.
    fn has_set(&self) -> bool {
        self.all.keys().any(|principal| one(principal).is_none())
    }

    /// What it has, itself or as one of a set.
    fn of(&self, principal: &str) -> AccessHeld {
        if let Some(holder) = self.all.get(principal) {
            return AccessHeld {
                verdict: holder.verdict,
                via: holder.via.clone(),
                except: holder.except.clone(),
            };
        }
        let Some(one) = one(principal).filter(|_| self.has_set()) else {
            return self.by_basic_role(principal);
        };
        let permission = self.permission.as_str();
        let verdict = match may(self.estate, &one, permission, self.target, self.time) {
            Truth::Yes => Verdict::CanAccess,
            Truth::No => Verdict::CannotAccess,
            Truth::UnknownInfo => Verdict::UnknownInfo,
            Truth::UnknownConditional => Verdict::UnknownConditional,
        };
        let sets = self.all.iter().filter(|(set, _)| {
            let set = PolicyMember::v1(set).member;
            !matches!(set, Member::One(_)) && belongs(self.estate, &one, &set) != Truth::No
        });
        let (mut via, mut except) = (Vec::new(), Vec::new());
        for (_, holder) in sets {
            via.extend(holder.via.iter().cloned());
            if verdict != Verdict::CanAccess {
                except.extend(holder.except.iter().cloned());
            }
        }
        AccessHeld {
            verdict,
            via,
            except,
        }
    }

    /// What a set has as one of a project's owners, editors or viewers, whose row stands for it.
    fn by_basic_role(&self, set: &str) -> AccessHeld {
        let mut held = nothing();
        for (principal, holder) in &self.all {
            let Member::ProjectRole(role, project) = PolicyMember::v1(principal).member else {
                continue;
            };
            if !moved::has_role(self.estate, set, role, &project) {
                continue;
            }
            if weight(holder.verdict) > weight(held.verdict) {
                held.verdict = holder.verdict;
            }
            held.via.extend(holder.via.iter().cloned());
            held.except.extend(holder.except.iter().cloned());
        }
        held
    }
}

impl AccessHeld {
    /// Whether it cannot be told: some of a set may have it for certain all the same, by one way and not by another.
    fn may_only(&self) -> bool {
        weight(self.verdict) == 1
    }
}

/// The ways that are in one list alone.
fn in_one_alone(was: Vec<Via>, is: Vec<Via>) -> Vec<Via> {
    let (kept, gone): (Vec<Via>, Vec<Via>) = was.into_iter().partition(|via| is.contains(via));
    let new = is.into_iter().filter(|via| !kept.contains(via));
    gone.into_iter().chain(new).collect()
}

/// One with nothing, to which what is found is added.
fn nothing() -> AccessHeld {
    AccessHeld {
        verdict: Verdict::CannotAccess,
        via: Vec::new(),
        except: Vec::new(),
    }
}

/// The one identity that it is, and no set.
fn one(principal: &str) -> Option<Principal> {
    match PolicyMember::v1(principal).member {
        Member::One(one) => Some(one),
        _ => None,
    }
}

/// Who can, by principal. Nobody is what an account that is not there has.
fn holders(
    estate: &Estate,
    target: &Resource,
    permission: &Permission,
    time: Timestamp,
    unread: &mut BTreeSet<String>,
) -> BTreeMap<String, Holder> {
    if matches!(
        estate.resolve(target),
        Existence::Missing | Existence::Deleted
    ) {
        return BTreeMap::new();
    }
    let answer = who(estate, target, permission, time);
    unread.extend(answer.not_read);
    answer
        .results
        .into_iter()
        .map(|holder| (holder.principal.to_string(), holder))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::estate::Coverage;
    use crate::evaluate::tests::{from_value, generate};
    use crate::evaluate::{Truth, may};
    use crate::iam::Principal;
    use crate::iam::permission::GET_ACCESS_TOKEN;

    const NOW: &str = "2026-11-24T00:00:00Z";

    /// The same with one binding changed: gone, without its first member, or with another member; with somebody in a group
    /// or no longer; with a project elsewhere; without a deny policy, a boundary's binding, a boundary's rules or tags; or
    /// with a role that holds nothing.
    fn changed(file: &Value, pick: usize, how: usize, who: &str) -> Value {
        let mut file = file.clone();
        if how > 4 {
            let list = [
                "denyPolicies",
                "policyBindings",
                "principalAccessBoundaryPolicies",
                "tags",
                "roles",
            ][how - 5];
            match &mut file[list] {
                Value::Object(tags) => {
                    let of = tags.keys().nth(pick % tags.len().max(1)).cloned();
                    of.and_then(|of| tags.remove(&of));
                }
                Value::Array(all) if !all.is_empty() => {
                    let at = pick % all.len();
                    match list {
                        "roles" => all[at]["includedPermissions"] = json!([]),
                        "principalAccessBoundaryPolicies" => {
                            all[at]["details"]["rules"] = json!([]);
                        }
                        _ => drop(all.remove(at)),
                    }
                }
                _ => {}
            }
            return file;
        }
        if how > 2 {
            let key = ["groups", "projects"][how - 3];
            let parents: Vec<Value> = ["organizations", "folders"]
                .into_iter()
                .filter_map(|key| file[key].as_array())
                .flatten()
                .map(|level| level["name"].clone())
                .collect();
            let Some(list) = file[key].as_array_mut().filter(|list| !list.is_empty()) else {
                return file;
            };
            let at = pick % list.len();
            if how == 4 {
                list[at]["parent"] = parents[pick % parents.len()].clone();
            } else if let Some(members) = list[at]["members"].as_array_mut() {
                match members.iter().position(|member| member == who) {
                    Some(at) => drop(members.remove(at)),
                    None => members.push(json!(who)),
                }
            }
            return file;
        }
        let policies = file["iamPolicies"].as_object_mut().unwrap();
        let places: Vec<(String, usize)> = policies
            .iter()
            .flat_map(|(name, policy)| {
                let count = policy["bindings"].as_array().map_or(0, Vec::len);
                (0..count).map(move |at| (name.clone(), at))
            })
            .collect();
        if places.is_empty() {
            return file;
        }
        let (name, at) = &places[pick % places.len()];
        let bindings = policies[name]["bindings"].as_array_mut().unwrap();
        let members = bindings[*at]["members"].as_array_mut().unwrap();
        match how {
            0 => drop(bindings.remove(*at)),
            1 if !members.is_empty() => drop(members.remove(0)),
            _ if !members.contains(&json!(who)) => members.push(json!(who)),
            _ => {}
        }
        file
    }

    fn is_one(principal: &str) -> bool {
        let ones = ["user:", "serviceAccount:", "principal://"];
        ones.iter().any(|one| principal.starts_with(one))
    }

    /// GKE's workload, the one there is, has two names.
    fn is_same(a: &str, b: &str) -> bool {
        const WORKLOAD: &str = "svc.id.goog";
        a == b || (is_one(a) && a.contains(WORKLOAD) && b.contains(WORKLOAD))
    }

    proptest! {
        #![proptest_config(generate::slow_cases(128))]

        /// Whoever is named has before and after what pair by pair is said of it, and whoever is not named, himself or in
        /// a set that is, has the same as before.
        #[test]
        fn who_is_named_is_who_changed(
            file in generate::estate(),
            pick in any::<usize>(),
            how in 0_usize..10,
            new in any::<prop::sample::Index>(),
        ) {
            let callers = generate::callers();
            let other = changed(&file, pick, how, &callers[new.index(callers.len())]);
            let estates = [&file, &other].map(|file| from_value(file, Coverage::Whole));
            let [before, after] = &estates;
            let time: Timestamp = NOW.parse().unwrap();
            let permission = Permission::get_access_token();
            let told = compare(before, after, &permission, time);
            for (email, _) in generate::ACCOUNTS {
                let Some(target) = before.resolve(&Resource::account("-", email)).exists() else {
                    continue;
                };
                let name = target.full_name();
                let rows: Vec<&AccessChange> =
                    told.changes.iter().filter(|row| row.target == name).collect();
                // Whether something was not read, or something stands there that nobody can tell whom it is.
                let open = [before, after].map(|estate| {
                    let mut unread = BTreeSet::new();
                    let all = holders(estate, &target, &permission, time, &mut unread);
                    let is_unknown = |principal: &String| {
                        matches!(PolicyMember::v1(principal).member, Member::Unknown)
                    };
                    !unread.is_empty() || all.keys().any(is_unknown)
                });
                let may_be_unsaid = |pair: Truth, unread: bool| unread && pair != Truth::Yes;
                let texts = [&file, &other].map(Value::to_string);
                for caller in &callers {
                    // Nobody lists whom neither estate names: a set may give and take it without a word.
                    if !texts.iter().any(|text| text.contains(caller.as_str())) {
                        continue;
                    }
                    let Ok(one) = Principal::typed(caller) else {
                        continue;
                    };
                    let pair = [before, after]
                        .map(|estate| may(estate, &one, GET_ACCESS_TOKEN, &target, time));
                    let Some(row) = rows.iter().find(|row| is_same(&row.principal, caller)) else {
                        let unsaid = [0, 1].map(|at| pair[at] == Truth::No || may_be_unsaid(pair[at], open[at]));
                        prop_assert!(
                            pair[0] == pair[1]
                                || rows.iter().any(|row| !is_one(&row.principal))
                                || (unsaid == [true; 2] && pair != [Truth::Yes, Truth::No] && pair != [Truth::No, Truth::Yes]),
                            "{} on {}: {:?}, and nothing is told", caller, name, pair
                        );
                        continue;
                    };
                    for ((said, pair), open) in
                        [row.before, row.after].into_iter().zip(pair).zip(open)
                    {
                        // Of one who is not listed what was not read may speak.
                        prop_assert!(
                            Truth::from(said) == pair
                                || (said == Verdict::CannotAccess && may_be_unsaid(pair, open)),
                            "{} on {}: {:?} is told, {:?} is so", caller, name, said, pair
                        );
                    }
                }
            }
        }
    }
}
