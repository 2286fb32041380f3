//! `review`: findings over everything in sight, as text, JSON, SARIF or a page of HTML.

mod html;
mod sarif;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::args::{Format, Global, ReviewArgs};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use super::{Exit, facts, scope};
use crate::answer::limits;
use crate::answer::reviewed::{ReviewAnswer, Reviewed, Suppression, mends, suppressions};
use crate::answer::unread_kinds::kinds;
use crate::estate::Estate;
use crate::evaluate::Truth;
use crate::evaluate::review::{KeyLimits, ReviewOptions, Severity, WayIn};
use crate::google::listing::Scope;
use crate::google::survey::{Everything, Groups};
use crate::iam::Permission;
use crate::repair::words::diff::DiffKind;

/// Reviews, and ends with 1 where something was found that nobody has suppressed.
///
/// # Errors
/// Suppressions that cannot be read; what opening and reading the facts gives.
pub async fn run(global: &Global, args: &ReviewArgs) -> Result<Exit, Failure> {
    let known = match &args.suppressions {
        Some(path) => read_suppressions(path)?,
        None => Vec::new(),
    };
    let (estate, sees_all_projects, unlisted) = estate(global).await?;
    let options = ReviewOptions {
        own: args.domains.clone(),
        sees_all_projects,
        keys: KeyLimits {
            days: args.key_days,
            many: args.keys,
        },
    };
    let time = args.at.unwrap_or_else(Timestamp::now);
    let whole = &mut |_| true;
    let most = match args.format {
        Format::Json | Format::Sarif | Format::Html => usize::MAX,
        _ if args.all => usize::MAX,
        _ => OF_ONE_RULE,
    };
    let (from, known) = (args.severity, known.as_slice());
    let answer = match args.format {
        Format::Json => ReviewAnswer::unmended(&estate, time, &options, from, known, whole),
        _ => ReviewAnswer::briefly(&estate, time, &options, from, known, most, whole),
    };
    // Nothing stops it.
    let Some(mut answer) = answer else {
        return Ok(Exit::Unknown);
    };
    answer.review.complete &= unlisted.is_empty();
    answer.review.not_read.extend(unlisted);
    let assumptions: Vec<_> = estate.assumptions().collect();
    match args.format {
        Format::Json => {
            let names: Vec<&str> = assumptions.iter().map(|a| a.name()).collect();
            let rows = answer.findings.iter().map(|one| FindingRow(&estate, one));
            out::json_with_rows(&as_json(&answer, time, &names), "findings", rows)?;
        }
        Format::Sarif => out::json(&sarif::page(&answer))?,
        Format::Html => out::write_out(&html::page(&answer, time))?,
        _ => as_text(&answer).print()?,
    }
    for (what, list) in answer.idle_suppressions() {
        for one in list {
            out::aside(&format!(
                "{what}: {} ({}, until {})",
                one.id, one.reason, one.until
            ));
        }
    }
    if let Some(words) = limits::taken_for_granted(&assumptions) {
        out::aside(&format!("{}{words}", limits::TAKEN));
    }
    let exit = if answer.open().next().is_some() {
        Exit::No
    } else if answer.review.complete {
        Exit::Done
    } else {
        Exit::Unknown
    };
    out::leave((estate, answer));
    Ok(exit)
}

/// Reads a file of suppressions.
///
/// # Errors
/// It cannot be read, or is no such file.
pub(super) fn read_suppressions(path: &std::path::Path) -> Result<Vec<Suppression>, Failure> {
    let tried = || format!("read the suppressions in {}", path.display());
    let text = crate::cli::text_file::read(path)
        .map_err(|e| Failure::new(tried(), e.to_string(), "check the path and who may read it"))?;
    suppressions(&text).map_err(|e| {
        let next = "write [[suppress]] with id, reason and until = \"2027-06-30\" (bindscope review --help)";
        Failure::new(tried(), e, next)
    })
}

/// The estate, whether all of its organization's projects are in it, and what was not listed. A file that is
/// looked at as a whole is read as `diff` reads it: what is asked is about all of it.
async fn estate(global: &Global) -> Result<(Estate, bool, Vec<String>), Failure> {
    let narrowed = global.viewer.is_some()
        || global.project.is_some()
        || global.folder.is_some()
        || global.organization.is_some();
    if !global.estate.is_empty() && !narrowed && global.demo.is_none() && global.endpoint.is_none()
    {
        return Ok((facts::read_estate(&global.estate)?, true, Vec::new()));
    }
    let facts = facts::open(global).await?;
    let permissions = WayIn::ON_ACCOUNT.iter().map(|way| way.permission());
    let powers = ["projects", "folders", "organizations"]
        .map(|kind| format!("resourcemanager.{kind}.setIamPolicy"));
    let wanted = permissions.chain(powers.iter().map(String::as_str));
    let everything = Everything {
        scope: Some(facts.scope.clone()),
        accounts: Vec::new(),
        account_policies: true,
        groups: Groups::Holding(wanted.filter_map(|p| Permission::parse(p).ok()).collect()),
        callers: true,
        ..Everything::default()
    };
    let sees_all = match &facts.scope {
        Scope::Organization(_) => true,
        Scope::Everything => global.demo.is_some() || !global.estate.is_empty(),
        _ => false,
    };
    let seen = scope::survey(&facts, &everything).await;
    facts.close();
    let seen = seen?;
    seen.tell();
    let not_listed = seen.not_listed().collect();
    Ok((seen.estate, sees_all, not_listed))
}

/// All but the findings, which are written one by one.
fn as_json(answer: &ReviewAnswer, time: Timestamp, assumptions: &[&str]) -> Map<String, Value> {
    let review = &answer.review;
    let ids = |list: &[Suppression]| -> Vec<Value> {
        let one = |s: &Suppression| json!({ "id": s.id, "reason": s.reason, "until": s.until.to_string() });
        list.iter().map(one).collect()
    };
    let mut whole = json!({
        "at": time.to_string(),
        "own": review.own,
        "findings": [],
        "notJudged": answer.not_judged_as_json(),
        "suppressionsOver": ids(&answer.over),
        "suppressionsUnknown": ids(&answer.unknown),
        "suppressionsOutgrown": ids(&answer.outgrown),
        "complete": review.complete,
        "notRead": review.not_read,
    });
    if let (false, Some(whole)) = (assumptions.is_empty(), whole.as_object_mut()) {
        whole.insert("assumptions".into(), json!(assumptions));
    }
    whole.as_object().cloned().unwrap_or_default()
}

/// A finding, made when its turn comes.
struct FindingRow<'a>(&'a Estate, &'a Reviewed);

impl Serialize for FindingRow<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        one_as_json(self.0, self.1).serialize(s)
    }
}

fn one_as_json(estate: &Estate, one: &Reviewed) -> Value {
    let finding = &one.finding;
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|e| {
            json!({
                "resource": e.resource.full_name(), "role": e.role, "member": e.member,
                "condition": e.condition.as_ref().map(|c| c.expression.as_str()),
            })
        })
        .collect();
    let ways: Vec<Value> = finding
        .ways
        .iter()
        .map(|way| {
            let mut row =
                json!({ "members": way.members, "path": way.path, "certain": way.certain });
            if let (Some(why), Some(row)) = (&way.why, row.as_object_mut()) {
                row.insert("why".into(), json!(why));
            }
            row
        })
        .collect();
    let mends: Vec<Value> = mends(estate, finding)
        .iter()
        .map(|m| json!({ "resource": m.resource.full_name(), "diff": m.diff.to_unified_string() }))
        .collect();
    let mut row = json!({
        "id": finding.id,
        "rule": finding.rule.id(),
        "severity": finding.severity.word(),
        "certain": finding.certain,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
        "path": finding.path,
        "ways": ways,
        "evidence": evidence,
        "mend": mends,
    });
    if let (Some(known), Some(row)) = (&one.suppressed, row.as_object_mut()) {
        let known = json!({ "reason": known.reason, "until": known.until.to_string() });
        row.insert("suppressed".into(), known);
    }
    row
}

/// So many findings of one rule are told in the text one by one (chosen: what somebody reads in one go).
const OF_ONE_RULE: usize = 100;

fn as_text(answer: &ReviewAnswer) -> TextPage {
    let mut page = TextPage::default();
    let arrow = format!(" {} ", out::glyphs().arrow());
    for one in answer.open().filter(|one| !one.counted) {
        let finding = &one.finding;
        let ink = match finding.severity {
            Severity::Critical | Severity::High => Ink::Bad,
            Severity::Medium => Ink::Unsure,
            Severity::Low => Ink::Plain,
        };
        let mark = out::mark(if finding.certain {
            Truth::No
        } else {
            Truth::UnknownInfo
        });
        page.pieces(&[
            (ink, &format!("{mark} {} ", finding.severity.word())),
            (Ink::Strong, finding.rule.id()),
            (Ink::Faint, &format!("  {}", finding.id)),
        ]);
        page.wrapped(Ink::Plain, "    ", &finding.message);
        for way in &one.ways_in_words(&arrow) {
            page.wrapped(Ink::Faint, "    way: ", way);
        }
        page.wrapped(Ink::Plain, "    mend: ", &finding.remedy);
        for mend in &one.mends {
            page.line(Ink::Faint, format!("    {}", mend.resource.relative()));
            for line in &mend.diff.lines {
                let ink = match line.kind {
                    DiffKind::Added => Ink::Good,
                    DiffKind::Removed => Ink::Bad,
                    DiffKind::Same => Ink::Faint,
                };
                page.line(ink, format!("      {}{}", line.kind.sign(), line.text));
            }
        }
        page.gap();
    }
    for (severity, rule, count) in answer.counted() {
        let words = format!("{count} more {} of {}", severity.word(), rule.id());
        page.line(Ink::Unsure, words);
    }
    if answer.open().any(|one| one.counted) {
        let words = format!(
            "No more than {OF_ONE_RULE} findings of one rule are told one by one, the heaviest first; all of them: --all, --format json, sarif or html."
        );
        page.wrapped(Ink::Unsure, "", &words);
        page.gap();
    }
    let count = |severity: Severity| {
        answer
            .open()
            .filter(|one| one.finding.severity == severity)
            .count()
    };
    let suppressed = answer.findings.len() - answer.open().count();
    let mut words: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .map(|severity| format!("{} {}", count(*severity), severity.word()))
        .collect();
    words.push(format!("{suppressed} suppressed"));
    page.line(Ink::Strong, words.join(", "));
    if !answer.review.own.is_empty() {
        page.wrapped(
            Ink::Faint,
            "The organization's own: ",
            &answer.review.own.join(", "),
        );
    }
    for rule in &answer.review.not_judged {
        page.wrapped(
            Ink::Unsure,
            "Not judged: ",
            &format!("{}: {}", rule.rule.id(), rule.why),
        );
    }
    if !answer.review.complete {
        page.line(
            Ink::Unsure,
            "There may be more: not everything could be read.",
        );
        for kind in kinds(&answer.review.not_read) {
            page.wrapped(Ink::Unsure, "  not read: ", &kind.words());
        }
        if answer.review.not_read.len() > kinds(&answer.review.not_read).len() {
            page.line(Ink::Faint, "  all of them: --format json");
        }
    }
    page
}
