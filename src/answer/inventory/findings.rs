//! The table of findings: what a review of everything that was read finds.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::super::reviewed::{ReviewAnswer, Reviewed};
use super::cells::{EstateCell, EstateColumn};
use super::{EstateRead, RowSubject};
use crate::evaluate::WayIn;
use crate::evaluate::review::Severity;
use crate::iam::{Permission, Principal, Resource, address};

pub(super) const COLUMNS: [EstateColumn; 8] = [
    EstateColumn {
        name: "severity",
        title: "severity",
        narrow: 9,
        grows: false,
        rank: 0,
    },
    EstateColumn {
        name: "about",
        title: "about",
        narrow: 20,
        grows: true,
        rank: 0,
    },
    EstateColumn {
        name: "rule",
        title: "rule",
        narrow: 24,
        grows: false,
        rank: 1,
    },
    EstateColumn {
        name: "who",
        title: "who",
        narrow: 12,
        grows: true,
        rank: 2,
    },
    EstateColumn {
        name: "message",
        title: "what",
        narrow: 40,
        grows: true,
        rank: 6,
    },
    EstateColumn {
        name: "certain",
        title: "certain",
        narrow: 8,
        grows: false,
        rank: 5,
    },
    EstateColumn {
        name: "suppressed",
        title: "left",
        narrow: 16,
        grows: false,
        rank: 4,
    },
    EstateColumn {
        name: "id",
        title: "id",
        narrow: 16,
        grows: false,
        rank: 3,
    },
];

/// Where a finding leads on.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingLead {
    /// What can be asked about.
    pub subject: RowSubject,
    /// For which permission, where the finding is about one.
    pub permission: Option<Permission>,
}

/// The rows.
#[derive(Debug)]
pub(super) struct FindingRows {
    answer: ReviewAnswer,
    /// What each is about, as people call it.
    about: Vec<String>,
    /// Who comes in, in a few words: a finding may have very many members, and cells are drawn often.
    who: Vec<String>,
    /// A row by its id.
    rows: HashMap<String, usize>,
    open: [usize; Severity::ALL.len()],
}

impl FindingRows {
    /// `None`: it is wished no longer; see [`ReviewAnswer::new`].
    pub fn new(read: &EstateRead, goes_on: &mut dyn FnMut(usize) -> bool) -> Option<Self> {
        let mut answer = ReviewAnswer::new(
            &read.estate,
            read.time,
            &read.options,
            Severity::Low,
            &read.suppressions,
            goes_on,
        )?;
        answer.review.complete &= read.unlisted.is_empty();
        answer.review.not_read.extend(read.unlisted.iter().cloned());
        // What somebody left comes after what is open.
        answer.findings.sort_by_key(|one| one.suppressed.is_some());
        let about = answer.findings.iter().map(|one| {
            let subject = one.finding.subject.as_str();
            match Resource::parse(subject) {
                Ok(resource) => read.estate.label(&resource),
                Err(_) => {
                    let bare = subject.strip_prefix("serviceAccount:").unwrap_or(subject);
                    address::short(bare).to_owned()
                }
            }
        });
        let about = about.collect();
        let all = &answer.findings;
        let rows = (0..all.len()).zip(all).rev();
        Some(Self {
            about,
            who: all
                .iter()
                .map(|one| who(&one.finding.members(), 1))
                .collect(),
            // Of the same id the first counts.
            rows: rows
                .map(|(row, one)| (one.finding.id.clone(), row))
                .collect(),
            open: Severity::ALL.map(|severity| {
                let open = answer.open();
                open.filter(|one| one.finding.severity == severity).count()
            }),
            answer,
        })
    }

    pub fn open_by_severity(&self) -> [usize; Severity::ALL.len()] {
        self.open
    }

    pub fn len(&self) -> usize {
        self.answer.findings.len()
    }

    pub fn answer(&self) -> &ReviewAnswer {
        &self.answer
    }

    pub fn at(&self, row: usize) -> Option<&Reviewed> {
        self.answer.findings.get(row)
    }

    pub fn row_of(&self, id: &str) -> Option<usize> {
        self.rows.get(id).copied()
    }

    pub fn cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        match column {
            1 => {
                let about = self.about.get(row).map(String::as_str);
                EstateCell::text(about.unwrap_or_default())
            }
            3 => match self.who.get(row).map(String::as_str) {
                None | Some("") => EstateCell::Empty,
                Some(words) => EstateCell::text(words),
            },
            _ => self.whole_cell(row, column),
        }
    }

    pub fn whole_cell(&self, row: usize, column: usize) -> EstateCell<'_> {
        let Some(one) = self.at(row) else {
            return EstateCell::Empty;
        };
        let finding = &one.finding;
        match column {
            0 => {
                let weight = finding.severity as u64;
                let open = u64::from(one.suppressed.is_none());
                EstateCell::Ranked(Cow::Borrowed(finding.severity.word()), open * 4 + weight)
            }
            1 => EstateCell::text(finding.subject.as_str()),
            2 => EstateCell::text(finding.rule.id()),
            3 => match who(&finding.members(), usize::MAX) {
                words if words.is_empty() => EstateCell::Empty,
                words => EstateCell::text(words),
            },
            4 => EstateCell::text(finding.message.as_str()),
            5 => EstateCell::text(if finding.certain { "yes" } else { "perhaps" }),
            6 => one.suppressed.as_ref().map_or(EstateCell::Empty, |known| {
                EstateCell::text(format!("until {}", known.until))
            }),
            _ => EstateCell::text(finding.id.as_str()),
        }
    }

    /// What a finding names that can be asked about: first the pairs on its ways, then who gets at the accounts, then
    /// the accounts of the projects.
    pub fn leads(&self, row: usize, read: &EstateRead) -> Vec<FindingLead> {
        /// So many are given (chosen: a menu is filtered, but nobody reads thousands of rows).
        const LEADS: usize = 200;
        let Some(one) = self.at(row) else {
            return Vec::new();
        };
        let finding = &one.finding;
        let (mut pairs, mut accounts, mut projects) = (Vec::new(), Vec::new(), Vec::new());
        let mut place = |step: &str| match Resource::parse(step) {
            Ok(account @ Resource::ServiceAccount { .. }) => {
                if !accounts.contains(&account) {
                    accounts.push(account);
                }
            }
            Ok(Resource::Project(id)) => {
                if !projects.contains(&id) {
                    projects.push(id);
                }
            }
            Ok(_) => {}
            // Whoever comes in may be an account too.
            Err(_) => {
                let email = step.strip_prefix("serviceAccount:");
                let account = email.and_then(|email| read.estate.account(email));
                let account = account.map(|a| Resource::account(&a.project_id, &a.email));
                if let Some(account) = account.filter(|account| !accounts.contains(account)) {
                    accounts.push(account);
                }
            }
        };
        for way in finding.ways.iter().take(LEADS) {
            way.path.iter().for_each(|step| place(step));
            let starts = way.members.iter().map(|m| &**m);
            let starts = starts.chain(way.path.first().map(String::as_str));
            let second = way.path.get(1);
            let firsts = starts.filter_map(|start| Some((start, second?.as_str())));
            let later = way.path.windows(2).skip(1).filter_map(|step| match step {
                [from, to] => Some((from.as_str(), to.as_str())),
                _ => None,
            });
            for (from, to) in firsts.chain(later).take(LEADS) {
                let Some((caller, target)) = pair(from, to) else {
                    continue;
                };
                let lead = FindingLead {
                    permission: permission(one, read, from, &target),
                    subject: RowSubject::Pair(caller, target),
                };
                if pairs.len() < LEADS && !pairs.contains(&lead) {
                    pairs.push(lead);
                }
            }
        }
        place(&finding.subject);
        for binding in finding.evidence.iter().take(LEADS) {
            place(&binding.resource.full_name());
        }
        let asked = |subject| FindingLead {
            subject,
            permission: None,
        };
        let accounts = accounts.into_iter().map(RowSubject::Account);
        let projects = projects
            .into_iter()
            .map(|id| RowSubject::Project(id.to_string()));
        pairs
            .into_iter()
            .chain(accounts.chain(projects).map(asked))
            .take(LEADS)
            .collect()
    }
}

/// Two steps of a way as a pair to be asked about.
fn pair(from: &str, to: &str) -> Option<(Principal, Resource)> {
    let Ok(target @ Resource::ServiceAccount { .. }) = Resource::parse(to) else {
        return None;
    };
    let caller = match Resource::parse(from) {
        Ok(Resource::ServiceAccount { account, .. }) => {
            Principal::ServiceAccount(account.to_string())
        }
        Ok(_) => return None,
        Err(_) => Principal::parse(from).ok()?,
    };
    Some((caller, target))
}

/// By what somebody becomes an account: the first that the role of the binding gives of which the way is made.
fn permission(
    one: &Reviewed,
    read: &EstateRead,
    from: &str,
    target: &Resource,
) -> Option<Permission> {
    let evidence = &one.finding.evidence;
    let caller = pair(from, &target.full_name()).map(|(caller, _)| caller.to_string());
    let theirs = |member: &str| member == from || caller.as_deref() == Some(member);
    // Theirs come before those of others, and those on the target before those above it.
    let order = [(true, true), (true, false), (false, true), (false, false)];
    let way = order.into_iter().find_map(|order| {
        let alike = evidence
            .iter()
            .filter(|e| (theirs(&e.member), e.resource == *target) == order);
        let mut ways = alike.filter_map(|binding| {
            let role = read.estate.role(&binding.role).known()?;
            WayIn::of(&role).first().copied()
        });
        ways.next()
    });
    Permission::parse(way?.permission()).ok()
}

/// The first of the members, and how many more there are.
fn who(members: &BTreeSet<&Arc<str>>, named: usize) -> String {
    let short = |member: &&Arc<str>| {
        let bare = member.strip_prefix("serviceAccount:").unwrap_or(member);
        address::short(bare).to_owned()
    };
    let all = named == usize::MAX;
    let names: Vec<String> = members
        .iter()
        .take(named)
        .map(|m| if all { m.to_string() } else { short(m) })
        .collect();
    let more = match members.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
}
