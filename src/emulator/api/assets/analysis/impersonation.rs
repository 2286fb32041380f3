//! Access by way of service accounts that can be impersonated
//! (`Options.analyzeServiceAccountImpersonation`, discovery document cloudasset v1).
//!
//! The document gives two examples. Asked where an identity has access, further queries ask which
//! accounts it can impersonate and where these have the access; asked who has access, they ask who can
//! impersonate the accounts among those found. In which order the queries stand, that those without
//! results are left out, and that accounts are followed through accounts are chosen.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::found::Analysis;
use super::question::AnalysisQuery;
use crate::emulator::api::assets::inventory;
use crate::emulator::api::cloud_identity;
use crate::emulator::call::ApiCall;
use crate::emulator::world::World;
use crate::iam::{Member, Resource};

/// "Only the following permissions are considered in this analysis."
const CONSIDERED: [&str; 6] = [
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.implicitDelegation",
];

/// Accounts that are followed in one answer ("a very expensive operation"); more are not explored.
const MOST: usize = 100;

/// The analyses (`IamPolicyAnalysis`) that found something, and whether everything was explored.
pub(crate) fn analyses(
    world: &World,
    call: &ApiCall,
    scope: &Resource,
    asked: &AnalysisQuery,
    found: &[String],
) -> (Vec<Value>, bool) {
    let mut work = Work {
        world,
        call,
        scope,
        shown: Vec::new(),
        whole: true,
        known: BTreeSet::new(),
    };
    match &asked.identity {
        Some((who, _)) => work.forward(asked, who),
        None => work.backward(asked, found),
    }
    (work.shown, work.whole)
}

struct Work<'a> {
    world: &'a World,
    call: &'a ApiCall,
    scope: &'a Resource,
    shown: Vec<Value>,
    whole: bool,
    /// Accounts that were met.
    known: BTreeSet<String>,
}

impl Work<'_> {
    fn ask(&mut self, question: &AnalysisQuery) -> Analysis {
        let analysis = Analysis::of(self.world, self.call, self.scope, question);
        self.whole &= analysis.whole();
        if !analysis.results.is_empty() {
            self.shown.push(analysis.shown(question, self.scope));
        }
        analysis
    }

    /// Whether an account is new and may still be followed.
    fn meets(&mut self, email: &str) -> bool {
        if self.known.contains(email) {
            return false;
        }
        if self.known.len() >= MOST {
            self.whole = false;
            return false;
        }
        self.known.insert(email.to_owned())
    }

    /// From an identity to the accounts that it can be, and what these may.
    fn forward(&mut self, asked: &AnalysisQuery, who: &str) {
        if let Some(email) = who.strip_prefix("serviceAccount:") {
            self.known.insert(email.to_lowercase());
        }
        let mut next = VecDeque::from([who.to_owned()]);
        while let Some(who) = next.pop_front() {
            let links = self.ask(&asked.of(&who).about(&CONSIDERED));
            let mut reached = BTreeSet::new();
            for place in &links.places {
                let below = inventory::inside(self.world, place);
                reached.extend(below.iter().filter_map(|r| match r {
                    Resource::ServiceAccount { account, .. } => Some(account.to_lowercase()),
                    _ => None,
                }));
            }
            for email in reached {
                if self.meets(&email) {
                    let account = format!("serviceAccount:{email}");
                    self.ask(&asked.of(&account));
                    next.push_back(account);
                }
            }
        }
    }

    /// From accounts that have access to those who can be them.
    fn backward(&mut self, asked: &AnalysisQuery, found: &[String]) {
        let mut next: VecDeque<String> = self.accounts_of(found).into();
        while let Some(email) = next.pop_front() {
            let Some(account) = self.world.find(&Resource::account("-", &email)) else {
                continue;
            };
            let links = self.ask(&asked.on(&account, &CONSIDERED));
            next.extend(self.accounts_of(&links.names));
        }
    }

    /// The accounts among identities that were not met yet, also those inside groups.
    fn accounts_of(&mut self, names: &[String]) -> Vec<String> {
        let mut emails = BTreeSet::new();
        let mut groups: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            match name.split_once(':') {
                Some(("serviceAccount", email)) => {
                    emails.insert(email.to_lowercase());
                }
                Some(("group", email)) => groups.push(email.to_lowercase()),
                _ => {}
            }
        }
        while let Some(email) = groups.pop() {
            if !seen.insert(email.clone()) || !cloud_identity::seen(self.world, self.call, &email) {
                continue;
            }
            let group = self.world.estate.group(&email).known();
            for member in group.iter().flat_map(|g| &g.members) {
                match &member.member {
                    Member::Group(inner) => groups.push(inner.to_lowercase()),
                    _ => {
                        if let Some(email) = member.text.strip_prefix("serviceAccount:") {
                            emails.insert(email.to_lowercase());
                        }
                    }
                }
            }
        }
        emails.into_iter().filter(|e| self.meets(e)).collect()
    }
}
