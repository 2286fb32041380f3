//! One case: an estate, questions about it, and what must hold of the answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bindscope::answer::Source;
use bindscope::answer::paths::{PathEnd, PathsAnswer, PathsQuestion, Ways};
use bindscope::emulator::{self, Options};
use bindscope::estate::{Estate, ServiceAccount, file};
use bindscope::evaluate::reach::{Brings, reach_bringing};
use bindscope::evaluate::{
    Cause, CauseKind, Explanation, Outcome, Question, Verdict, WayIn, diagnose, explain, who,
};
use bindscope::google::credentials::Secret;
use bindscope::google::listing::{ListNews, Listing, Scope, list_accounts, list_at_hand};
use bindscope::google::survey::{Everything, whole};
use bindscope::google::{Client, Connect};
use bindscope::iam::{Permission, Principal, Resource};
use bindscope::repair::PlanOptions;
use bindscope::wire::Ask;
use jiff::Timestamp;
use serde_json::Value;

use super::chance::Chance;
use super::world;

/// The moment that is asked about.
const AT: &str = "2026-11-24T12:00:00Z";

/// How often which answer and which cause was met: a world in which nothing happens proves nothing.
pub static MET: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

fn met(what: String) {
    *MET.lock().unwrap().entry(what).or_default() += 1;
}

/// A question, as a user writes it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub caller: String,
    pub target: String,
    pub permission: &'static str,
    pub via: Vec<String>,
    pub attributes: Vec<(String, String)>,
    pub claims: Option<Arc<Value>>,
}

/// An estate with what is asked about it, and who looks.
#[derive(Clone, Debug)]
pub struct Case {
    pub world: Value,
    pub asked: Vec<Asked>,
    /// Kept from whoever looks.
    pub unreadable: Vec<String>,
    /// Who looks: nobody is the administrator.
    pub viewer: Option<&'static str>,
}

impl Case {
    /// A case by chance. Every other one is looked at with less sight.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mut chance = Chance::new(seed, number);
        let mut world = world::estate(&mut chance);
        let asked: Vec<Asked> = (0..6).map(|_| asked(&mut chance)).collect();
        // Left to chance alone, hardly anybody would be granted what is asked for.
        for one in &asked {
            if !chance.one_in(3) {
                world::grant(&mut chance, &mut world, &one.caller);
            }
            if chance.one_in(8) {
                world::deny(&mut chance, &mut world, one.permission);
            }
        }
        let (mut unreadable, mut viewer) = (Vec::new(), None);
        match number % 4 {
            1 => unreadable = world::unreadable(&mut chance),
            3 => viewer = Some(world::viewer(&mut chance, &mut world)),
            _ => {}
        }
        Self {
            world,
            asked,
            unreadable,
            viewer,
        }
    }

    fn sees_all(&self) -> bool {
        self.unreadable.is_empty() && self.viewer.is_none()
    }

    /// How many questions it asks.
    pub fn questions(&self) -> usize {
        // Each pair as explain, then one who and one reach.
        self.asked.len() + 2
    }

    /// Asks everything over the whole way; gives what is wrong with the answers.
    pub async fn check(&self) -> Vec<String> {
        let full = match file::read_text("oracle", &self.world.to_string()) {
            Ok(full) => full,
            Err(error) => return vec![format!("the estate is refused: {error}")],
        };
        let mut seen = self.world.clone();
        seen["unreadable"] = self.unreadable.clone().into();
        let seen = seen.to_string();
        let mut served = file::read_text("oracle", &seen).unwrap();
        // One in two lies in a compiled file, and is made piece by piece as it is asked about.
        if seen.len().is_multiple_of(2) {
            let bytes = file::compile(&served).unwrap();
            let compiled = vec![file::SourceFile::text("oracle.index", bytes)];
            served = file::read(compiled, &mut |_| ()).unwrap().estate;
        }
        let options = Options {
            viewer: self.viewer.map(|v| Principal::parse(v).unwrap()),
            ..Options::default()
        };
        let emulator = emulator::start(served.clone(), options).await.unwrap();
        let client = Client::connect(Connect {
            endpoint: Some(emulator.base_url()),
            token: Some(Secret::new(emulator.admin_token())),
            read_only: true,
        })
        .await
        .unwrap();
        let reader = client.reader();
        let mut wrong = Vec::new();
        for asked in &self.asked {
            self.explained(&full, &*reader, asked, &mut wrong).await;
        }
        if let Some(first) = self.asked.first() {
            self.listed(&full, &*reader, first, &mut wrong).await;
        }
        if self.viewer.is_none() {
            // Each takes as long as all that is asked above.
            for asked in self.asked.iter().take(2) {
                at_hand(&served, &*reader, asked, &mut wrong).await;
            }
            listed_at_hand(&served, &*reader, &mut wrong).await;
        }
        emulator.stop().await;
        wrong
    }

    /// `explain`, against the same question on the full estate.
    async fn explained(
        &self,
        full: &Estate,
        ask: &dyn Ask,
        asked: &Asked,
        wrong: &mut Vec<String>,
    ) {
        let question = asked.question();
        let right = explain(full, &question);
        let source = Source {
            ask,
            endpoint: "",
            history: Path::new("/nowhere"),
            assumptions: &[],
            given: None,
            viewer: None,
        };
        let told = source.answer(question, PlanOptions::default(), &|_| ());
        let told = match told.await {
            Ok(told) => told,
            Err(error) => return wrong.push(format!("{asked:?}: {error}")),
        };
        let pair = |e: &Explanation| (e.verdict, e.outcome);
        let same = |a: &Explanation| {
            let verdict = matches!(
                a.verdict,
                Verdict::UnknownInfo | Verdict::UnknownConditional
            ) || a.verdict == right.verdict;
            // That an account, a pool or an API is in order is taken for granted where it may not be
            // read, and the answer says so.
            let assumed = a.outcome == Outcome::WouldSucceed && !a.assumptions.is_empty();
            verdict && (a.outcome == Outcome::Unknown || assumed || a.outcome == right.outcome)
        };
        let explanation = &told.explanation;
        met(explanation.verdict.word().to_owned());
        met(explanation.outcome.word().to_owned());
        told.causes
            .iter()
            .for_each(|c| met(format!("{:?}", c.kind)));
        if self.sees_all() {
            if pair(explanation) != pair(&right) {
                wrong.push(format!(
                    "{asked:?}: {:?} over the whole way, {:?} on the full estate\n  told: {}\n  full: {}",
                    pair(explanation),
                    pair(&right),
                    listed(&told.causes),
                    listed(&diagnose(full, &right)),
                ));
                return;
            }
            let full_causes = diagnose(full, &right);
            if kinds(&told.causes) != kinds(&full_causes) {
                wrong.push(format!(
                    "{asked:?}: other causes over the whole way\n  told: {}\n  full: {}",
                    listed(&told.causes),
                    listed(&full_causes),
                ));
            }
        } else if !same(explanation) {
            wrong.push(format!(
                "{asked:?}: seen by less, {:?}; in full {:?}\n  told: {}",
                pair(explanation),
                pair(&right),
                listed(&told.causes),
            ));
        }
        let yes = explanation.outcome == Outcome::WouldSucceed;
        if yes
            != told
                .causes
                .iter()
                .all(|c| c.kind == CauseKind::MayBePropagating)
        {
            wrong.push(format!(
                "{asked:?}: {:?} with {:?}",
                pair(explanation),
                kinds(&told.causes)
            ));
        }
    }

    /// `who` and `reach`, against the full estate and against `explain`.
    async fn listed(&self, full: &Estate, ask: &dyn Ask, asked: &Asked, wrong: &mut Vec<String>) {
        let question = asked.question();
        let (permission, time) = (&question.permission, question.time);
        let quiet = |_| ();
        // Who asks about an account that does not exist is told so.
        if full.resolve(&question.target).exists().is_none() {
            return;
        }
        let everything = Everything::to_target(&question.target, permission, &Scope::Everything);
        match whole(ask, &everything, &quiet).await {
            Err(error) if self.sees_all() => wrong.push(format!("who: {error}")),
            Err(_) => {}
            Ok((estate, _)) => {
                let mut told = who(&estate, &question.target, permission, time);
                let all: BTreeMap<String, Verdict> = (told.results.iter())
                    .map(|r| (String::from(&*r.principal), r.verdict))
                    .collect();
                // That a set of accounts has no more members than those listed is known of a whole
                // estate alone; else it is told beside them.
                told.results
                    .retain(|r| !r.principal.ends_with("/type/ServiceAccount"));
                let mut right = who(full, &question.target, permission, time);
                // By name the full estate lists those whom a binding with the permission names; seen by
                // less, a role that could not be read may be one, and they are in a set beside that.
                for holder in &told.results {
                    let listed = right
                        .results
                        .iter()
                        .any(|r| r.principal == holder.principal);
                    let Ok(caller) = Principal::parse(&holder.principal) else {
                        continue;
                    };
                    let of = Question {
                        caller,
                        via: Vec::new(),
                        attributes: Vec::new(),
                        claims: None,
                        ..question.clone()
                    };
                    if !listed && explain(full, &of).verdict == Verdict::CanAccess {
                        right.results.push(holder.clone());
                    }
                }
                // Of a project that was shut down no account is listed: nothing in it can be used, so whoever
                // is left out cannot call.
                let usable = |principal: &str| {
                    let email = principal.strip_prefix("serviceAccount:");
                    let account = email.and_then(|email| full.account(email));
                    let home = account.and_then(|account| full.project(&account.project_id));
                    !home.is_some_and(bindscope::estate::Project::is_shut_down)
                };
                let rows = |w: &bindscope::evaluate::Who| -> BTreeMap<String, Verdict> {
                    w.results
                        .iter()
                        .filter(|r| usable(&r.principal))
                        .map(|r| (String::from(&*r.principal), r.verdict))
                        .collect()
                };
                self.compare(
                    "who",
                    asked,
                    &rows(&told),
                    &rows(&right),
                    told.complete,
                    wrong,
                );
                self.against_explain(&estate, asked, &all, told.complete, wrong);
                for holder in told.results.iter().filter(|r| usable(&r.principal)) {
                    let same = |r: &&bindscope::evaluate::reach::Holder| {
                        (&r.principal, r.verdict) == (&holder.principal, holder.verdict)
                    };
                    let other = right.results.iter().find(same).map(|r| r.outcome);
                    if self.sees_all() && other.is_some_and(|other| other != holder.outcome) {
                        let (who, outcome) = (&holder.principal, holder.outcome);
                        wrong.push(format!(
                            "who {asked:?}: {who} {outcome:?}, in full {other:?}"
                        ));
                    }
                }
            }
        }
        let brings = Brings {
            attributes: question.attributes.clone(),
            claims: question.claims.clone(),
        };
        let everything = Everything::from_caller(&question.caller, permission, &Scope::Everything);
        match whole(ask, &everything, &quiet).await {
            Err(error) if self.sees_all() => wrong.push(format!("reach: {error}")),
            Err(_) => {}
            Ok((estate, unlisted)) => {
                let mut told = reach_bringing(&estate, &question.caller, &brings, permission, time);
                let mut right = reach_bringing(full, &question.caller, &brings, permission, time);
                // A project that nobody showed is not known to be there. Of one that was shut down no account is
                // listed: nothing in it can be used.
                let shown = |r: &bindscope::evaluate::reach::Reached| match &r.target {
                    Resource::ServiceAccount { project, .. } => estate
                        .project(project)
                        .is_some_and(|project| !project.is_shut_down()),
                    _ => true,
                };
                told.results.retain(shown);
                right.results.retain(shown);
                let rows = |r: &bindscope::evaluate::Reach| -> BTreeMap<String, Verdict> {
                    r.results
                        .iter()
                        .map(|r| (r.target.full_name(), r.verdict))
                        .collect()
                };
                for reached in &told.results {
                    let same = |r: &&bindscope::evaluate::reach::Reached| {
                        (&r.target, r.verdict) == (&reached.target, reached.verdict)
                    };
                    let other = right.results.iter().find(same).map(|r| r.outcome);
                    if self.sees_all() && other.is_some_and(|other| other != reached.outcome) {
                        let (to, outcome) = (reached.target.full_name(), reached.outcome);
                        wrong.push(format!(
                            "reach {asked:?}: {to} {outcome:?}, in full {other:?}"
                        ));
                    }
                }
                self.compare(
                    "reach",
                    asked,
                    &rows(&told),
                    &rows(&right),
                    told.complete && unlisted.is_empty(),
                    wrong,
                );
            }
        }
    }

    fn compare(
        &self,
        what: &str,
        asked: &Asked,
        told: &BTreeMap<String, Verdict>,
        right: &BTreeMap<String, Verdict>,
        complete: bool,
        wrong: &mut Vec<String>,
    ) {
        if self.sees_all() {
            // A set is told as open where it is not known that nothing takes it from some of its
            // members; what is told of it may be less than on the full estate, never another thing.
            let open = |rows: &BTreeMap<String, Verdict>| -> BTreeMap<String, Verdict> {
                let told_open =
                    |name: &String| is_set(name) && told.get(name) == Some(&Verdict::UnknownInfo);
                let kept = rows.iter().filter(|(name, _)| !told_open(name));
                kept.map(|(name, verdict)| (name.clone(), *verdict))
                    .collect()
            };
            let (told, right) = (open(told), open(right));
            if told != right {
                wrong.push(format!("{what} {asked:?}: {}", difference(&told, &right)));
            }
            return;
        }
        for (name, verdict) in told {
            if *verdict == Verdict::CanAccess && right.get(name) != Some(&Verdict::CanAccess) {
                wrong.push(format!(
                    "{what} {asked:?}: {name} can, seen by less; in full {:?}",
                    right.get(name)
                ));
            }
        }
        for (name, verdict) in right {
            if *verdict == Verdict::CanAccess && !told.contains_key(name) && complete {
                wrong.push(format!(
                    "{what} {asked:?}: {name} is missing, and it says that it is complete"
                ));
            }
        }
    }

    /// What `who` says of a caller, `explain` says too.
    fn against_explain(
        &self,
        estate: &Estate,
        asked: &Asked,
        rows: &BTreeMap<String, Verdict>,
        complete: bool,
        wrong: &mut Vec<String>,
    ) {
        for caller in world::callers() {
            let question = Asked {
                caller: caller.clone(),
                via: Vec::new(),
                attributes: Vec::new(),
                claims: None,
                ..asked.clone()
            }
            .question();
            let one = explain(estate, &question).verdict;
            // An address is listed in lower case, however it is written.
            match rows.get(&question.caller.to_string()) {
                // What the caller's own boundaries are is read for the callers in scope alone.
                Some(verdict) if *verdict != one && one != Verdict::UnknownInfo => {
                    wrong.push(format!(
                        "who says {verdict:?} of {caller} on {}, explain {one:?}",
                        asked.target
                    ));
                }
                None if one == Verdict::CanAccess
                    && complete
                    && !rows.keys().any(|k| is_set(k)) =>
                {
                    wrong.push(format!(
                        "{caller} may on {}, and who does not list it",
                        asked.target
                    ));
                }
                _ => {}
            }
        }
    }
}

/// The accounts of an estate that is at hand are those that are listed over the whole way.
async fn listed_at_hand(served: &Estate, ask: &dyn Ask, wrong: &mut Vec<String>) {
    type Line = (String, String, String, bool);
    let line = |a: ServiceAccount| (a.email, a.project_id, a.display_name, a.disabled);
    let mut whole: Vec<Line> = Vec::new();
    let mut each = |news: ListNews| whole.extend(news.accounts().into_iter().map(line));
    let listing = list_accounts(ask, &Scope::Everything, &mut each).await;
    let listing = match listing {
        Ok(listing) => listing,
        Err(error) => return wrong.push(format!("the accounts could not be listed: {error}")),
    };
    let mut near: Vec<Line> = Vec::new();
    let mut each = |news: ListNews| near.extend(news.accounts().into_iter().map(line));
    let near_listing = list_at_hand(served, &|| true, &mut each);
    whole.sort();
    near.sort();
    let told = |listing: &Listing| {
        let names = listing.unreadable.iter().map(|(name, _)| name.clone());
        (
            listing.projects,
            listing.accounts,
            names.collect::<Vec<_>>(),
        )
    };
    if (whole, Some(told(&listing))) != (near, near_listing.as_ref().map(told)) {
        wrong.push(format!(
            "listed over the whole way: {listing:?}; at hand: {near_listing:?}"
        ));
    }
}

/// An estate that is at hand says what the same estate says over the whole way, letter by letter.
async fn at_hand(served: &Estate, ask: &dyn Ask, asked: &Asked, wrong: &mut Vec<String>) {
    let question = asked.question();
    let source = Source {
        ask,
        endpoint: "",
        history: Path::new("/nowhere"),
        assumptions: &[],
        given: None,
        viewer: None,
    };
    let to = Ways::To {
        target: question.target.clone(),
        caller: None,
    };
    // Of what was shut down a survey is told less than a file says.
    let all_in_use = !served
        .projects()
        .any(bindscope::estate::Project::is_shut_down);
    // By every kind of edge too, of some.
    let some = question.caller.to_string().len().is_multiple_of(4);
    let edges = if some {
        WayIn::ALL.to_vec()
    } else {
        Vec::new()
    };
    let each = [to, Ways::From(question.caller.clone())].into_iter();
    let each = each.flat_map(|ways| {
        let by_edges = some.then(|| (ways.clone(), edges.clone()));
        [Some((ways, Vec::new())), by_edges].into_iter().flatten()
    });
    for (ways, edges) in each {
        let paths = PathsQuestion {
            ways,
            permission: question.permission.clone(),
            edges,
            brings: Brings {
                attributes: question.attributes.clone(),
                claims: question.claims.clone(),
            },
            time: question.time,
            scope: Scope::Everything,
        };
        let whole = match source.paths(paths.clone(), &|_| ()).await {
            Ok(whole) => whole,
            Err(error) => return wrong.push(format!("{paths:?}: {error}")),
        };
        let Some(near) = source.paths_at_hand(&paths, served) else {
            met("ASKED_AROUND".to_owned());
            continue;
        };
        met("AT_HAND".to_owned());
        if !all_in_use {
            let definite = |end: &&PathEnd| end.outcome != Outcome::Unknown;
            for end in whole.ends.iter().filter(definite) {
                let same = |n: &&PathEnd| {
                    (&n.name, n.verdict, n.outcome) == (&end.name, end.verdict, end.outcome)
                };
                if !near.ends.iter().any(|n| same(&n)) {
                    wrong.push(format!("at hand, not as over the whole way: {end:?}"));
                }
            }
            continue;
        }
        let [whole, near] = [told(&whole), told(&near)];
        if whole != near {
            wrong.push(format!(
                "{:?} {} {:?}\n  over the whole way: {whole}\n  at hand:            {near}",
                paths.ways, paths.permission, paths.edges
            ));
        }
    }
}

/// All that is told of ways.
fn told(answer: &PathsAnswer) -> String {
    let unlisted = answer.unlisted.iter();
    let unlisted: Vec<&String> = unlisted.map(|(name, _)| name).collect();
    let ends = answer.ends.iter().map(|end| {
        let (path, via) = (end.trail.path(), end.trail.via());
        format!(
            "\n    {} {:?} {:?} {path:?} {via:?} {:?} {:?}",
            end.name, end.verdict, end.outcome, end.conditions, end.except
        )
    });
    format!(
        "complete {}, not read {:?}, not listed {unlisted:?}, not there {:?}, exchange {:?}{}",
        answer.complete,
        answer.not_read,
        answer.not_there,
        answer.exchange,
        ends.collect::<String>()
    )
}

impl Asked {
    pub fn question(&self) -> Question {
        let account = |text: &str| Resource::parse_account(text).unwrap();
        let mut question = Question::new(
            Principal::parse(&self.caller).unwrap(),
            account(&self.target),
            AT.parse::<Timestamp>().unwrap(),
        );
        question.permission = Permission::parse(self.permission).unwrap();
        question.via = self.via.iter().map(|hop| account(hop)).collect();
        question.attributes.clone_from(&self.attributes);
        question.claims.clone_from(&self.claims);
        question
    }
}

fn asked(chance: &mut Chance) -> Asked {
    let caller = chance.of(&world::callers()).clone();
    let federated = caller.starts_with("principal://");
    let attributes = if federated && chance.one_in(2) {
        vec![("repository".to_owned(), "o/r".to_owned())]
    } else {
        Vec::new()
    };
    let permission = *chance.of(&world::PERMISSIONS);
    // Nothing is attached through a chain.
    let chained = chance.one_in(6) && !permission.ends_with("actAs");
    let subject = caller
        .split_once("/subject/")
        .map(|(_, subject)| subject.to_owned());
    let claims = match &subject {
        Some(subject) if chance.one_in(2) => Some(Arc::new(world::claims(chance, subject))),
        _ => None,
    };
    Asked {
        caller,
        claims,
        target: world::target(chance),
        permission,
        via: if chained {
            vec![world::ACCOUNTS[chance.below(5)].0.to_owned()]
        } else {
            Vec::new()
        },
        attributes,
    }
}

fn is_set(name: &str) -> bool {
    name.starts_with("all")
        || name.starts_with("project")
        || name.starts_with("domain:")
        || name.starts_with("principalSet:")
        || name.starts_with("group:")
}

/// The kinds of causes, without those that tell where else to look: a question reads its own branches,
/// the full estate holds all.
fn kinds(causes: &[Cause]) -> Vec<CauseKind> {
    causes
        .iter()
        .map(|c| c.kind)
        .filter(|k| !matches!(k, CauseKind::GrantElsewhere | CauseKind::NoGrant))
        .collect()
}

fn listed(causes: &[Cause]) -> String {
    let mut text = String::new();
    for cause in causes {
        let _ = write!(text, "\n    {:?}: {}", cause.kind, cause.message);
    }
    text
}

fn difference(told: &BTreeMap<String, Verdict>, right: &BTreeMap<String, Verdict>) -> String {
    let mut text = String::new();
    for name in told
        .keys()
        .chain(right.keys().filter(|k| !told.contains_key(*k)))
    {
        let (a, b) = (told.get(name), right.get(name));
        if a != b {
            let _ = write!(text, "\n    {name}: told {a:?}, in full {b:?}");
        }
    }
    text
}

/// A case that can be looked at by several threads.
pub type Shared = Arc<Case>;
