//! From an answer to rows: levels, what hangs below them, the lines between them.

use super::culprit;
use super::leaf::{self, Leaves};
use super::{Picture, Rail, Rank, TreeRow};
use crate::answer::levels::{gone, is_caller, said, title};
use crate::answer::states::LevelState;
use crate::estate::Estate;
use crate::evaluate::explanation::{Explanation, PolicyExplanation};
use crate::evaluate::{Cause, CauseKind};
use crate::iam::address::default_account;
use crate::iam::{Principal, Resource, ResourceKind};

/// The picture of an answer, from the top down.
#[must_use]
pub fn rows(picture: Picture<'_>) -> Vec<TreeRow> {
    let Picture {
        estate,
        explanation,
        causes,
        ..
    } = picture;
    let path: Vec<&PolicyExplanation> = explanation.allow.iter().rev().collect();
    let side: Vec<&PolicyExplanation> = explanation.off_path.iter().rev().collect();
    let join = joint(estate, explanation, &path).min(path.len());
    let levels = || path.iter().chain(&side).map(|p| &p.resource);
    let mut aside = aside(picture, &|at| levels().any(|level| level == at));
    let mut hanging = Hanging {
        picture,
        leaves: leaf::leaves(picture),
        tree: Forest::default(),
    };
    if !levels().any(|level| is_caller(explanation, level)) {
        hanging.tree.add(None, outsider(explanation, causes));
    }
    for (_, row) in aside.extract_if(.., |(at, _)| at.is_none()) {
        hanging.apart(None, row);
    }
    if join == 0 {
        hanging.chain(None, &side, false, &mut aside);
    }
    let mut above = None;
    for (i, policy) in path.iter().enumerate() {
        let at = hanging.level(above, policy, true, &mut aside);
        if i + 1 == join && !side.is_empty() {
            if let Some(row) = hanging.tree.rows.get_mut(at) {
                row.rank = row.rank.max(Rank::Joint);
            }
            hanging.chain(Some(at), &side, false, &mut aside);
        }
        above = Some(at);
    }
    hanging.tree.flat()
}

/// Rows that are being hung up.
struct Hanging<'a> {
    picture: Picture<'a>,
    leaves: Leaves,
    tree: Forest,
}

impl Hanging<'_> {
    /// Levels one below the other.
    fn chain(
        &mut self,
        mut above: Option<usize>,
        levels: &[&PolicyExplanation],
        on_path: bool,
        aside: &mut Vec<(Option<Resource>, TreeRow)>,
    ) {
        for policy in levels {
            above = Some(self.level(above, policy, on_path, aside));
        }
    }

    /// A level with what stands in its policy, and accounts beside the path that hang below it.
    fn level(
        &mut self,
        above: Option<usize>,
        policy: &PolicyExplanation,
        on_path: bool,
        aside: &mut Vec<(Option<Resource>, TreeRow)>,
    ) -> usize {
        let picture = self.picture;
        let mut row = level(picture.estate, picture.explanation, policy, on_path);
        blame(&mut row, picture);
        let at = self.tree.add(above, row);
        self.leaves_of(at, &policy.resource);
        let here =
            |(at, _): &mut (Option<Resource>, TreeRow)| at.as_ref() == Some(&policy.resource);
        for (_, row) in aside.extract_if(.., here).collect::<Vec<_>>() {
            self.apart(Some(at), row);
        }
        at
    }

    /// A place that is neither on the path nor on the caller's branch, and that a cause names.
    fn apart(&mut self, above: Option<usize>, row: TreeRow) {
        let resource = row.resource.clone();
        let at = self.tree.add(above, row);
        if let Some(resource) = resource {
            self.leaves_of(at, &resource);
        }
    }

    fn leaves_of(&mut self, at: usize, resource: &Resource) {
        let mut open = vec![at];
        for (depth, row) in self.leaves.remove(resource).unwrap_or_default() {
            open.truncate(depth + 1);
            let above = open.last().copied().unwrap_or(at);
            open.push(self.tree.add(Some(above), row));
        }
    }
}

/// Rows with what hangs below each, by their places.
#[derive(Default)]
struct Forest {
    rows: Vec<TreeRow>,
    below: Vec<Vec<usize>>,
    roots: Vec<usize>,
}

impl Forest {
    fn add(&mut self, above: Option<usize>, row: TreeRow) -> usize {
        let at = self.rows.len();
        self.rows.push(row);
        self.below.push(Vec::new());
        match above.and_then(|above| self.below.get_mut(above)) {
            Some(below) => below.push(at),
            None => self.roots.push(at),
        }
        at
    }

    /// From the top down, each with the lines that lead to it.
    fn flat(mut self) -> Vec<TreeRow> {
        let mut order = Vec::with_capacity(self.rows.len());
        let roots = std::mem::take(&mut self.roots);
        for root in roots {
            self.hang(root, 0, &[], Rail::Empty, &mut order);
        }
        order
    }

    /// `above`: for each depth from 1 to the one right above, whether its line goes on. `more`: what
    /// follows on this row's own line.
    fn hang(&self, at: usize, depth: usize, above: &[Rail], more: Rail, out: &mut Vec<TreeRow>) {
        let Some(row) = self.rows.get(at) else { return };
        let mut row = row.clone();
        row.depth = depth;
        row.rails = above.to_vec();
        row.more = more;
        out.push(row);
        let mut lines = above.to_vec();
        if depth > 0 {
            lines.push(more);
        }
        let below = self.below.get(at).map_or(&[][..], Vec::as_slice);
        for (i, child) in below.iter().enumerate() {
            let rest = below.get(i + 1..).unwrap_or_default();
            let heavy = |at: &usize| {
                let row = self.rows.get(*at);
                row.is_some_and(|r| r.on_path && r.leaf.is_none())
            };
            let more = if rest.iter().any(heavy) {
                Rail::Heavy
            } else if rest.is_empty() {
                Rail::Empty
            } else {
                Rail::Light
            };
            self.hang(*child, depth + 1, &lines, more, out);
        }
    }
}

/// How many levels of the path, from the top, the caller's branch hangs below.
fn joint(estate: &Estate, explanation: &Explanation, path: &[&PolicyExplanation]) -> usize {
    let Some(top) = explanation.off_path.last() else {
        return path.len();
    };
    let Some(parent) = estate.parent(&top.resource) else {
        return 0;
    };
    path.iter()
        .position(|p| p.resource == parent)
        .map_or(0, |at| at + 1)
}

/// What causes name that is on neither branch: where it hangs, where that is known, and its row.
fn aside(
    picture: Picture<'_>,
    is_level: &dyn Fn(&Resource) -> bool,
) -> Vec<(Option<Resource>, TreeRow)> {
    let Picture {
        estate,
        explanation,
        causes,
        ..
    } = picture;
    let mut out: Vec<(Option<Resource>, TreeRow)> = Vec::new();
    for (i, cause) in causes.iter().enumerate() {
        let suspect = cause.suspect.as_ref().map(|s| &s.resource);
        let Some(at) = suspect.or(cause.resource.as_ref()) else {
            continue;
        };
        // The caller's own row stands for it, wherever it is.
        let caller = explanation.question.caller.email() == Some(at.id());
        let known = out.iter().any(|(_, row)| row.is_level(at));
        if is_level(at) || known || caller || *at == explanation.question.target {
            continue;
        }
        let mut above = estate.parent(at);
        while let Some(level) = above.as_ref().filter(|level| !is_level(level)) {
            above = estate.parent(level);
        }
        let hangs_right = above.is_some() && above == estate.parent(at);
        let kind = match (at.kind(), cause.kind) {
            (_, CauseKind::QuotaProjectDenied | CauseKind::ApiDisabled) => "billed project",
            (ResourceKind::ServiceAccount, _) => "another account",
            (ResourceKind::Project, _) => "another project",
            (ResourceKind::Folder, _) => "another folder",
            (ResourceKind::Organization, _) => "organization",
        };
        let label = if hangs_right {
            name(estate, at)
        } else {
            estate.label(at)
        };
        let (state, note) = match cause.suspect.as_ref() {
            Some(suspect) => (
                LevelState::OffPath,
                format!("{}, not the target", title(estate, &suspect.role)),
            ),
            None => (LevelState::Off, culprit::wrong(cause.kind).to_owned()),
        };
        out.push((
            above,
            TreeRow {
                label,
                kind,
                note,
                blamed: i == 0 && cause.suspect.is_none(),
                ..TreeRow::unplaced(Some(at.clone()), state, Rank::Must)
            },
        ));
    }
    out
}

/// A person, a federated identity, or an account whose project was not read.
fn outsider(explanation: &Explanation, causes: &[Cause]) -> TreeRow {
    let caller = &explanation.question.caller;
    let kind = match caller {
        Principal::User(_) => "caller, a person",
        Principal::ServiceAccount(_) => "the caller",
        _ => "caller, federated",
    };
    let refused = causes.first().map(|c| c.kind).filter(|k| is_callers(*k));
    let (state, note) = match (gone(explanation.caller_state, false), refused) {
        (Some(word), _) => (LevelState::Off, word.to_owned()),
        (None, Some(kind)) => (LevelState::Off, culprit::wrong(kind).to_owned()),
        (None, None) => (LevelState::Nothing, "outside of this hierarchy".to_owned()),
    };
    TreeRow {
        label: caller.short(),
        kind,
        note,
        blamed: state == LevelState::Off,
        ..TreeRow::unplaced(None, state, Rank::Must)
    }
}

/// Causes that stand with the caller, before any policy counts.
#[must_use]
pub fn is_callers(kind: CauseKind) -> bool {
    matches!(
        kind,
        CauseKind::CallerNotFound
            | CauseKind::CallerDeleted
            | CauseKind::CallerDisabled
            | CauseKind::PoolUnusable
            | CauseKind::ProviderRefuses
            | CauseKind::SubjectTooLong
            | CauseKind::ScopeInsufficient
            | CauseKind::CredentialsExpired
    )
}

/// The first cause says what is the matter with a level, where its policies say nothing of it.
fn blame(row: &mut TreeRow, picture: Picture<'_>) {
    let first = picture.causes.first();
    // A grant that is young stands below its level, and says so there.
    let Some(cause) = first.filter(|c| c.kind != CauseKind::MayBePropagating) else {
        return;
    };
    let caller = row.kind.contains("caller");
    let here = match (&cause.suspect, &cause.resource) {
        (Some(suspect), _) => {
            // The leaf below says what is the matter; the level takes its state.
            let here = row.resource.as_ref() == Some(&suspect.resource);
            let weak = matches!(
                row.state,
                LevelState::Nothing | LevelState::ConditionNotMet | LevelState::Depends
            );
            if here && weak {
                row.state = culprit::state_of(suspect.kind, picture.explanation.outcome);
                row.note = format!(
                    "{}, {}",
                    title(picture.estate, &suspect.role),
                    row.state.brief()
                );
                row.rank = Rank::Must;
            }
            return;
        }
        (None, Some(resource)) if !is_callers(cause.kind) => {
            row.resource.as_ref() == Some(resource)
        }
        _ => is_callers(cause.kind) && caller,
    };
    if !here {
        return;
    }
    row.blamed = true;
    row.rank = Rank::Must;
    let off = matches!(
        cause.kind,
        CauseKind::ScopeInsufficient
            | CauseKind::CredentialsExpired
            | CauseKind::ProjectShutDown
            | CauseKind::ApiDisabled
            | CauseKind::QuotaProjectDenied
    );
    if off && row.state != LevelState::Denies {
        row.state = LevelState::Off;
        culprit::wrong(cause.kind).clone_into(&mut row.note);
    }
}

fn level(
    estate: &Estate,
    explanation: &Explanation,
    policy: &PolicyExplanation,
    on_path: bool,
) -> TreeRow {
    let resource = &policy.resource;
    let is_target = on_path && resource.kind() == ResourceKind::ServiceAccount;
    let kind = match (is_target, is_caller(explanation, resource)) {
        (true, true) => "caller and target",
        (true, false) => "the target",
        (false, true) => "the caller",
        (false, false) => resource.kind().word(),
    };
    let (state, note) = said(estate, explanation, policy);
    let end = kind.contains("caller") || kind.contains("target");
    let rank = if end || state != LevelState::Nothing {
        Rank::Must
    } else {
        Rank::Silent
    };
    TreeRow {
        label: name(estate, resource),
        kind,
        note,
        on_path,
        ..TreeRow::unplaced(Some(resource.clone()), state, rank)
    }
}

/// An account without its project, which stands right above it; everything else by its own name.
fn name(estate: &Estate, resource: &Resource) -> String {
    let label = estate.label(resource);
    // A default account is called after its project.
    let own = default_account(resource.id()).is_none();
    match (resource.kind(), label.split_once('@')) {
        (ResourceKind::ServiceAccount, Some((name, domain))) if own && !domain.contains('.') => {
            name.to_owned()
        }
        _ => label,
    }
}
