//! The table of service accounts.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::cells::{AtLeast, EstateCell, EstateColumn};
use super::power::{PowerSeen, Powers};
use super::{EstateRead, RowSubject};
use crate::answer::levels::gone;
use crate::estate::Read;
use crate::evaluate::Truth;
use crate::evaluate::explanation::{AccountState, Verdict};
use crate::evaluate::reach::{AccountHolders, WhoOfEach};
use crate::evaluate::review::{ConditionLife, Outsiders, condition_life};
use crate::iam::{Member, Permission, Resource, address};

/// Who gets a token of an account is what is counted.
pub(super) const COLUMNS: [EstateColumn; 10] = [
    column("account", "account", 16, true, 0),
    column("project", "project", 12, true, 3),
    column("state", "state", 8, false, 2),
    column("usedBy", "used by", 8, false, 1),
    column("outsiders", "outsiders", 10, false, 4),
    column("public", "public", 14, false, 5),
    column("reaches", "reaches", 8, false, 6),
    column("power", "power", 25, false, 7),
    column("keys", "keys", 8, false, 9),
    column("conditions", "conditions", 26, false, 8),
];

const fn column(
    name: &'static str,
    title: &'static str,
    narrow: u16,
    grows: bool,
    rank: u8,
) -> EstateColumn {
    EstateColumn {
        name,
        title,
        narrow,
        grows,
        rank,
    }
}

/// To whom an account is open, whoever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenTo {
    Nobody,
    /// Nobody that was seen, and not all was read.
    Unknown,
    GoogleAccounts,
    Everybody,
}

#[derive(Debug)]
struct AccountCounts {
    by: AtLeast,
    outsiders: Option<AtLeast>,
    open_to: OpenTo,
}

/// The conditions of the account's own policy.
#[derive(Clone, Copy, Debug)]
struct ConditionsSeen {
    expired: usize,
    ends: Option<Timestamp>,
}

#[derive(Debug)]
struct AccountLine {
    email: Box<str>,
    project: Arc<str>,
    state: AccountState,
    power: Option<PowerSeen>,
    /// `None`: the policy was not read.
    conditions: Option<ConditionsSeen>,
    /// Keys that people made and that are not disabled; `None`: its keys were not read.
    keys: Option<AtLeast>,
    counts: OnceLock<AccountCounts>,
    /// How many accounts it gets at by itself, so far; and how many it may.
    reaches: AtomicU32,
    may_reach: AtomicU32,
}

/// The rows.
#[derive(Debug)]
pub(super) struct AccountRows {
    lines: Vec<AccountLine>,
    /// A hash of each address: a name is looked for while somebody waits.
    names: Vec<u32>,
    read: bool,
    counted: AtomicUsize,
    /// Accounts that everybody gets at.
    public: AtomicU32,
    /// Something was not read by which accounts may get further.
    open: AtomicBool,
}

impl AccountRows {
    fn of(lines: Vec<AccountLine>, read: bool) -> Self {
        Self {
            names: lines.iter().map(|line| hash(&line.email)).collect(),
            lines,
            read,
            counted: AtomicUsize::new(0),
            public: AtomicU32::new(0),
            open: AtomicBool::new(false),
        }
    }

    pub fn listed(accounts: impl Iterator<Item = (String, String, bool)>) -> Self {
        let line = |(email, project, disabled): (String, String, bool)| {
            AccountLine::new(email.into(), project.into(), state_of(disabled))
        };
        Self::of(accounts.map(line).collect(), false)
    }

    pub fn new(read: &EstateRead) -> Self {
        let estate = &read.estate;
        let powers = Powers::new(estate);
        let all_read = all_policies_read(read);
        let mut lines: Vec<AccountLine> = estate
            .accounts()
            .map(|account| {
                let project = estate.project_id_of(account);
                let on = Resource::account(project, &account.email);
                let mut line = AccountLine::new(
                    account.email.as_str().into(),
                    project.into(),
                    state_of(account.disabled),
                );
                line.power = Some(powers.of(account, all_read));
                line.conditions = conditions_of(read, &on);
                line.keys = keys_of(read, &account.email);
                line
            })
            .collect();
        let deleted = estate.deleted_accounts().map(|account| {
            let project = estate.project_id_of(account);
            let email = account.email.as_str().into();
            AccountLine::new(email, project.into(), AccountState::Deleted)
        });
        lines.extend(deleted);
        Self::of(lines, true)
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn counted(&self) -> usize {
        self.counted.load(Ordering::Acquire)
    }

    fn is_done(&self) -> bool {
        self.counted() >= self.lines.len()
    }

    pub fn row_of(&self, name: &str) -> Option<usize> {
        let wanted = hash(name);
        let mut same = (0..)
            .zip(&self.names)
            .filter(|(_, known)| **known == wanted);
        same.find_map(|(row, _)| (&*self.lines.get(row)?.email == name).then_some(row))
    }

    pub fn subject(&self, row: usize) -> Option<RowSubject> {
        let line = self.lines.get(row)?;
        Some(RowSubject::Account(Resource::account(
            &line.project,
            &line.email,
        )))
    }

    pub fn cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        match (self.lines.get(row), column) {
            (Some(line), 0) => EstateCell::text(address::short(&line.email)),
            _ => self.whole_cell(row, column),
        }
    }

    pub fn whole_cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        let Some(line) = self.lines.get(row) else {
            return EstateCell::Empty;
        };
        let counts = line.counts.get();
        let counted = |of: fn(&AccountCounts) -> EstateCell<'static>| match counts {
            Some(counts) => of(counts),
            None if line.state == AccountState::Deleted => EstateCell::Empty,
            None => EstateCell::Pending,
        };
        match column {
            0 => EstateCell::text(&*line.email),
            1 => EstateCell::text(&*line.project),
            2 => EstateCell::text(gone(line.state, false).unwrap_or("active")),
            3 => counted(|c| EstateCell::Count(c.by)),
            4 => counted(|c| c.outsiders.map_or(EstateCell::NotRead, EstateCell::Count)),
            5 => counted(|c| open_to(c.open_to)),
            6 => self.reaches(line),
            7 => match line.power {
                Some(seen) => power(seen),
                None if line.state == AccountState::Deleted => EstateCell::Empty,
                None => self.unread(),
            },
            8 => match line.keys {
                Some(keys) => EstateCell::Count(keys),
                None if line.state == AccountState::Deleted => EstateCell::Empty,
                None => self.unread(),
            },
            _ => match line.conditions {
                Some(seen) => conditions(seen),
                None if line.state == AccountState::Deleted => EstateCell::Empty,
                None => self.unread(),
            },
        }
    }

    fn unread(&self) -> EstateCell<'static> {
        if self.read {
            EstateCell::NotRead
        } else {
            EstateCell::Pending
        }
    }

    fn reaches(&self, line: &AccountLine) -> EstateCell<'static> {
        if line.state == AccountState::Deleted {
            return EstateCell::Empty;
        }
        let own = line.reaches.load(Ordering::Relaxed);
        let certain = u64::from(own) + u64::from(self.public.load(Ordering::Relaxed));
        let open = self.open.load(Ordering::Relaxed) || line.may_reach.load(Ordering::Relaxed) > 0;
        if self.is_done() {
            EstateCell::Count(AtLeast {
                certain,
                or_more: open,
            })
        } else {
            EstateCell::Pending
        }
    }

    pub fn count(&self, read: &EstateRead, stop: &AtomicBool, told: &mut dyn FnMut(usize)) {
        /// How often it is told (chosen).
        const OFTEN: Duration = Duration::from_millis(200);
        let estate = &read.estate;
        let permission = Permission::get_access_token();
        let mut each = WhoOfEach::new(estate, &permission, read.time);
        let mut whose = Whose::new(read);
        let by_email: HashMap<String, usize> = (0..)
            .zip(&self.lines)
            .filter(|(_, line)| line.state != AccountState::Deleted)
            .map(|(row, line)| (line.email.to_lowercase(), row))
            .collect();
        let mut last = Instant::now();
        for (row, line) in self.lines.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            if line.state != AccountState::Deleted
                && let Some(account) = estate.account(&line.email)
            {
                let found = each.of(account);
                let counts = whose.counts(&found);
                self.reached(&found, counts.open_to, &by_email);
                let _ = line.counts.set(counts);
            }
            self.counted.store(row + 1, Ordering::Release);
            if last.elapsed() >= OFTEN {
                last = Instant::now();
                told(row + 1);
            }
        }
        told(self.lines.len());
    }

    /// Notes this account with the accounts that get at it.
    fn reached(&self, found: &AccountHolders, open_to: OpenTo, by_email: &HashMap<String, usize>) {
        let public = matches!(open_to, OpenTo::Everybody | OpenTo::GoogleAccounts);
        if public {
            self.public.fetch_add(1, Ordering::Relaxed);
        }
        if !found.complete {
            self.open.store(true, Ordering::Relaxed);
        }
        for holder in found.holders.iter() {
            let Some(email) = holder.principal.strip_prefix("serviceAccount:") else {
                let named = ["user:", "principal:", "group:"];
                if !named.iter().any(|kind| holder.principal.starts_with(kind))
                    && may_hold_accounts(&holder.principal)
                    && !(public && holder.verdict == Verdict::CanAccess)
                {
                    self.open.store(true, Ordering::Relaxed);
                }
                continue;
            };
            let Some(line) = by_email.get(email).and_then(|row| self.lines.get(*row)) else {
                continue;
            };
            match holder.verdict {
                Verdict::CanAccess if public => {}
                Verdict::CanAccess => {
                    line.reaches.fetch_add(1, Ordering::Relaxed);
                }
                _ => {
                    line.may_reach.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Whether service accounts may be in a set that stands as itself.
fn may_hold_accounts(set: &str) -> bool {
    let member = Member::parse_v1(set);
    !matches!(
        member,
        Member::Domain(_) | Member::Customer(_) | Member::One(_)
    ) && member.pool().is_none()
}

impl AccountLine {
    fn new(email: Box<str>, project: Arc<str>, state: AccountState) -> Self {
        Self {
            email,
            project,
            state,
            power: None,
            conditions: None,
            keys: None,
            counts: OnceLock::new(),
            reaches: AtomicU32::new(0),
            may_reach: AtomicU32::new(0),
        }
    }
}

fn hash(name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as u32
}

fn state_of(disabled: bool) -> AccountState {
    if disabled {
        AccountState::Disabled
    } else {
        AccountState::Active
    }
}

/// Whether every allow policy was read that may give an account something.
fn all_policies_read(read: &EstateRead) -> bool {
    let estate = &read.estate;
    read.not_read.is_empty()
        && !estate.is_part()
        && estate
            .levels()
            .all(|level| estate.knows_policy_whole(&level))
}

/// How many keys of people's an account has that open something; at least so many, where the type of some is not
/// told.
fn keys_of(read: &EstateRead, email: &str) -> Option<AtLeast> {
    let keys = read.estate.keys_of(email)?.iter();
    let mut seen = AtLeast::default();
    for key in keys.filter(|key| key.counts_at(read.time)) {
        seen.certain += u64::from(key.is_users());
        seen.or_more |= key.key_type.is_empty();
    }
    Some(seen)
}

fn conditions_of(read: &EstateRead, on: &Resource) -> Option<ConditionsSeen> {
    let Read::Known(policy) = read.estate.allow_policy(on) else {
        return None;
    };
    let mut seen = ConditionsSeen {
        expired: 0,
        ends: None,
    };
    let bindings = policy.into_iter().flat_map(|policy| &policy.bindings);
    for condition in bindings.filter_map(|binding| binding.condition.as_ref()) {
        match condition_life(&read.estate, on, condition, read.time) {
            ConditionLife::Expired => seen.expired += 1,
            ConditionLife::Holds(Some(end)) => {
                seen.ends = Some(seen.ends.map_or(end, |other| other.min(end)));
            }
            _ => {}
        }
    }
    Some(seen)
}

fn conditions(seen: ConditionsSeen) -> EstateCell<'static> {
    let ends = seen
        .ends
        .map(|end| format!("ends {}", end.strftime("%Y-%m-%d %H:%MZ")));
    let (words, rank) = match (seen.expired, ends) {
        (0, None) => return EstateCell::Empty,
        (0, Some(ends)) => (ends, 0),
        (n, None) => (format!("{n} expired"), 1),
        (n, Some(ends)) => (format!("{n} expired, {ends}"), 1),
    };
    // What ran out weighs most, then what ends first.
    let end = seen
        .ends
        .map_or(0, |end| u64::try_from(end.as_second()).unwrap_or(0));
    let soon = (u64::MAX >> 1) - end;
    EstateCell::Ranked(Cow::Owned(words), (rank << 63) | soon)
}

fn power(seen: PowerSeen) -> EstateCell<'static> {
    let word = match (seen.power.word(), seen.or_more) {
        ("does nothing", true) => return EstateCell::NotRead,
        (word, false) => Cow::Borrowed(word),
        (word, true) => Cow::Owned(format!("{word}+")),
    };
    EstateCell::Ranked(word, seen.power as u64 * 2 + u64::from(seen.or_more))
}

fn open_to(whom: OpenTo) -> EstateCell<'static> {
    let (word, rank) = match whom {
        OpenTo::Nobody => ("no", 0),
        OpenTo::Unknown => return EstateCell::NotRead,
        OpenTo::GoogleAccounts => ("Google account", 1),
        OpenTo::Everybody => ("everybody", 2),
    };
    EstateCell::Ranked(Cow::Borrowed(word), rank)
}

/// Whose those are who get at an account; each name is looked at once.
struct Whose<'e> {
    outsiders: Option<Outsiders<'e>>,
    known: HashMap<String, Truth>,
}

impl<'e> Whose<'e> {
    fn new(read: &'e EstateRead) -> Self {
        Self {
            outsiders: Outsiders::new(&read.estate, &read.options),
            known: HashMap::new(),
        }
    }

    fn counts(&mut self, found: &AccountHolders) -> AccountCounts {
        let may_be_more = found.may_be_more();
        let mut open_to = if found.complete {
            OpenTo::Nobody
        } else {
            OpenTo::Unknown
        };
        let mut outside = AtLeast {
            certain: 0,
            or_more: !found.complete,
        };
        let outsiders = self.outsiders.as_ref();
        for holder in found.holders.iter() {
            let set = match &*holder.principal {
                "allUsers" => Some(OpenTo::Everybody),
                "allAuthenticatedUsers" => Some(OpenTo::GoogleAccounts),
                _ => None,
            };
            let certain = holder.verdict == Verdict::CanAccess;
            match (set, open_to) {
                (None, _) | (Some(_), OpenTo::Everybody) => {}
                (Some(_), OpenTo::Nobody) if !certain => open_to = OpenTo::Unknown,
                (Some(_), _) if !certain => {}
                (Some(set), _) => open_to = set,
            }
            let Some(outsiders) = outsiders else { continue };
            let theirs = match self.known.get(&*holder.principal) {
                Some(known) => *known,
                None => {
                    // Everybody is an outsider too.
                    let theirs = if set.is_some() {
                        Truth::Yes
                    } else {
                        outsiders.has(&Member::parse_v1(&holder.principal))
                    };
                    self.known.insert(holder.principal.to_string(), theirs);
                    theirs
                }
            };
            match (theirs, certain) {
                (Truth::No, _) => {}
                (Truth::Yes, true) => outside.certain += 1,
                _ => outside.or_more = true,
            }
        }
        let certain = u64::try_from(found.certain().count()).unwrap_or(u64::MAX);
        AccountCounts {
            by: AtLeast {
                certain,
                or_more: may_be_more,
            },
            outsiders: outsiders.map(|_| outside),
            open_to,
        }
    }
}
