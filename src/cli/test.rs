//! `test`: whether access is as a file of expectations says.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use futures::StreamExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Exit;
use super::args::{Format, Global, TestArgs};
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage};
use crate::answer::expectations::{self, Expectation, Judged};
use crate::answer::expected_sets::ExpectedSet;
use crate::answer::limits;
use crate::answer::paths::{PathsAnswer, PathsQuestion, Ways};
use crate::estate::{Assumption, ServiceAccount};
use crate::evaluate::reach::Brings;
use crate::evaluate::{Question, Truth};
use crate::google::listing::{Scope, list_accounts_by_project};
use crate::iam::Resource;
use crate::repair::CommandLine;

/// Questions asked at the same time.
const AT_ONCE: usize = 8;

/// A pair that is not as expected.
struct Astray {
    caller: String,
    target: String,
    unknown: bool,
    why: String,
    /// The command that explains it.
    explain: String,
}

/// What came of one expectation.
struct Tested {
    title: String,
    pairs: usize,
    astray: Vec<Astray>,
    /// Why it could not be asked, or not of everything that it names.
    not_asked: Option<(bool, String)>,
}

impl Tested {
    fn verdict(&self) -> Truth {
        let unknown = |astray: &Astray| astray.unknown;
        match &self.not_asked {
            Some((false, _)) => Truth::No,
            _ if self.astray.iter().any(|a| !unknown(a)) => Truth::No,
            Some((true, _)) => Truth::UnknownInfo,
            None if self.astray.iter().any(unknown) => Truth::UnknownInfo,
            None => Truth::Yes,
        }
    }

    /// Line by line what is not as expected.
    fn words(&self) -> Vec<String> {
        let asked = self.not_asked.iter().map(|(_, why)| why.clone());
        let astray = self.astray.iter().map(|a| {
            let unknown = if a.unknown { "unknown: " } else { "" };
            format!("{} -> {}: {unknown}{}", a.caller, a.target, a.why)
        });
        asked.chain(astray).collect()
    }
}

/// Asks what the file expects, and says what is otherwise.
///
/// # Errors
/// A file that cannot be read or expects nothing; what opening and reading the facts gives.
pub async fn run(global: &Global, args: &TestArgs) -> Result<Exit, Failure> {
    let shown = args.file.display().to_string();
    let tried = || format!("read the expectations in {shown}");
    let text = crate::cli::text_file::read(&args.file)
        .map_err(|e| Failure::new(tried(), e.to_string(), "check the path and who may read it"))?;
    let expected = expectations::read(&text).map_err(|e| {
        let next = "write [[expect]] with caller, target and may = \"yes\" or \"no\" (bindscope test --help)";
        Failure::new(tried(), e, next)
    })?;
    let facts = facts::open(global).await?;
    let end = tested(&facts, &expected, args.at).await;
    facts.close();
    let (tested, assumptions) = end?;
    match args.format {
        Format::Json => out::json(&as_json(&tested, &assumptions))?,
        Format::Tap => out::write_out(&as_tap(&tested))?,
        Format::Junit => out::write_out(&as_junit(&shown, &tested))?,
        Format::Text
        | Format::Dot
        | Format::Mermaid
        | Format::Svg
        | Format::Sarif
        | Format::Html => {
            as_text(&tested).print()?;
        }
    }
    if let Some(words) = limits::taken_for_granted(&assumptions) {
        out::aside(&words);
    }
    let verdicts: Vec<Truth> = tested.iter().map(Tested::verdict).collect();
    Ok(if verdicts.contains(&Truth::No) {
        Exit::No
    } else if verdicts.contains(&Truth::UnknownInfo) {
        Exit::Unknown
    } else {
        Exit::Done
    })
}

async fn tested(
    facts: &FactSource,
    expected: &[Expectation],
    at: Option<Timestamp>,
) -> Result<(Vec<Tested>, Vec<Assumption>), Failure> {
    let reader = facts.client()?.reader();
    let mut accounts: Vec<String> = Vec::new();
    let mut unlisted = None;
    if expected.iter().any(Expectation::has_pattern) {
        let listing = list_accounts_by_project(&*reader, &facts.scope, &mut |news| {
            let addressed = news
                .accounts()
                .into_iter()
                .filter(ServiceAccount::has_address);
            accounts.extend(addressed.map(|account| account.email));
        })
        .await?;
        accounts.sort();
        if let Some((what, why)) = listing.unreadable.first() {
            unlisted = Some(format!(
                "not all service accounts could be listed, so a * may stand for more: {what} ({why})"
            ));
        }
    }
    let line = CommandLine {
        source: facts.source.clone(),
        at,
        claims: None,
    };
    let source = facts.source(&*reader)?;
    let time = at.unwrap_or_else(Timestamp::now);
    let mut assumptions: Vec<Assumption> = Vec::new();
    // What a caller gets to is read over the whole scope: once for each.
    let mut known: HashMap<String, PathsAnswer> = HashMap::new();
    let mut all = Vec::new();
    for expectation in expected {
        let mut tested = Tested {
            title: expectation.title(),
            pairs: 0,
            astray: Vec::new(),
            not_asked: None,
        };
        let of_set = ExpectedSet::of(expectation, &accounts, time, &facts.scope);
        let questions = match &of_set {
            Err(why) => Err(why.clone()),
            Ok(Some(_)) => Ok(Vec::new()),
            Ok(None) => expectation.questions(&accounts, time),
        };
        if let Ok(Some(asked)) = &of_set {
            tested.pairs = asked.targets.len();
            let told = source.judged_set(asked, facts.whole(), &|_| ()).await?;
            for assumption in told.assumptions {
                if !assumptions.contains(&assumption) {
                    assumptions.push(assumption);
                }
            }
            for (target, judged) in asked.targets.iter().zip(told.judged) {
                tested
                    .astray
                    .extend(set_astray(&line, asked, target, judged));
            }
        }
        match questions {
            Err(why) => tested.not_asked = Some((false, why)),
            Ok(questions) => {
                if of_set.is_ok_and(|set| set.is_none()) {
                    tested.pairs = questions.len();
                }
                if expectation.has_pattern() {
                    tested.not_asked = unlisted.clone().map(|why| (true, why));
                }
                let mut answers = futures::stream::iter(questions)
                    .map(|question| async {
                        let judged = source.judged(question.clone(), &|_| ()).await;
                        (question, judged)
                    })
                    .buffered(AT_ONCE);
                while let Some((question, judged)) = answers.next().await {
                    let (_, explanation, causes) = judged?;
                    for assumption in &explanation.assumptions {
                        if !assumptions.contains(assumption) {
                            assumptions.push(*assumption);
                        }
                    }
                    let mut judged = expectation.judge(&explanation, &causes);
                    if judged == Judged::AsExpected && expectation.asks_for_chains() {
                        let ways = match known.entry(key(&question)) {
                            Entry::Occupied(known) => known.into_mut(),
                            Entry::Vacant(room) => {
                                let asked = ways_of(&question, facts.scope.clone());
                                let near = facts.whole();
                                let near = near.and_then(|e| source.paths_at_hand(&asked, e));
                                room.insert(match near {
                                    Some(found) => found,
                                    None => source.paths(asked, &|_| ()).await?,
                                })
                            }
                        };
                        judged = Expectation::judge_ways(&explanation.question.target, ways);
                    }
                    let (unknown, why) = match judged {
                        Judged::AsExpected => continue,
                        Judged::Otherwise(why) => (false, why),
                        Judged::Unknown(why) => (true, why),
                    };
                    tested.astray.push(astray(&line, &question, unknown, why));
                }
            }
        }
        all.push(tested);
    }
    assumptions.sort();
    Ok((all, assumptions))
}

fn key(question: &Question) -> String {
    let Question {
        caller,
        permission,
        attributes,
        ..
    } = question;
    format!("{caller}\n{}\n{attributes:?}", permission.as_str())
}

fn ways_of(question: &Question, scope: Scope) -> PathsQuestion {
    PathsQuestion {
        ways: Ways::From(question.caller.clone()),
        permission: question.permission.clone(),
        edges: Vec::new(),
        brings: Brings {
            attributes: question.attributes.clone(),
            claims: None,
        },
        time: question.time,
        scope,
    }
}

fn set_astray(
    line: &CommandLine,
    asked: &ExpectedSet,
    target: &Resource,
    judged: Judged,
) -> Option<Astray> {
    let (unknown, why) = match judged {
        Judged::AsExpected => return None,
        Judged::Otherwise(why) => (false, why),
        Judged::Unknown(why) => (true, why),
    };
    Some(Astray {
        caller: asked.set.text.to_string(),
        target: target.id().to_owned(),
        unknown,
        why,
        explain: line.who(target, &asked.permission),
    })
}

fn astray(line: &CommandLine, question: &Question, unknown: bool, why: String) -> Astray {
    Astray {
        caller: question.caller.to_string(),
        target: question.target.id().to_owned(),
        unknown,
        why,
        explain: line.explain(question),
    }
}

fn as_text(tested: &[Tested]) -> TextPage {
    let mut page = TextPage::default();
    for one in tested {
        let (ink, word) = match one.verdict() {
            Truth::Yes => (Ink::Good, "as expected"),
            Truth::No => (Ink::Bad, "otherwise"),
            Truth::UnknownInfo | Truth::UnknownConditional => (Ink::Unsure, "unknown"),
        };
        let mark = out::mark(one.verdict());
        let pairs = if one.pairs > 1 {
            format!(" ({} pairs)", one.pairs)
        } else {
            String::new()
        };
        page.pieces(&[
            (ink, &format!("{mark} {word}: ")),
            (Ink::Plain, &one.title),
            (Ink::Faint, &pairs),
        ]);
        for words in one.words() {
            page.wrapped(Ink::Plain, "    ", &words);
        }
        if let Some(first) = one.astray.first() {
            page.pieces(&[(Ink::Faint, "    "), (Ink::Faint, &first.explain)]);
        }
    }
    let count = |tri| tested.iter().filter(|t| t.verdict() == tri).count();
    page.line(
        Ink::Strong,
        format!(
            "{} as expected, {} otherwise, {} unknown",
            count(Truth::Yes),
            count(Truth::No),
            count(Truth::UnknownInfo)
        ),
    );
    page
}

fn word(tested: &Tested) -> &'static str {
    match tested.verdict() {
        Truth::Yes => "AS_EXPECTED",
        Truth::No => "OTHERWISE",
        Truth::UnknownInfo | Truth::UnknownConditional => "UNKNOWN",
    }
}

fn as_json(tested: &[Tested], assumptions: &[Assumption]) -> Value {
    let results: Vec<Value> = tested
        .iter()
        .map(|one| {
            let astray: Vec<Value> = one
                .astray
                .iter()
                .map(|a| {
                    json!({
                        "caller": a.caller, "target": a.target,
                        "unknown": a.unknown, "why": a.why, "explain": a.explain,
                    })
                })
                .collect();
            let mut result = json!({
                "name": one.title, "result": word(one), "pairs": one.pairs, "astray": astray,
            });
            if let (Some((_, why)), Some(result)) = (&one.not_asked, result.as_object_mut()) {
                result.insert("notAsked".into(), json!(why));
            }
            result
        })
        .collect();
    let mut whole = json!({ "results": results });
    if let (false, Some(whole)) = (assumptions.is_empty(), whole.as_object_mut()) {
        let names: Vec<&str> = assumptions.iter().map(|a| a.name()).collect();
        whole.insert("assumptions".into(), json!(names));
    }
    whole
}

/// Test Anything Protocol 14 (testanything.org): diagnostics as YAML, its strings written as JSON's are,
/// which YAML reads.
fn as_tap(tested: &[Tested]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", tested.len());
    for (number, one) in tested.iter().enumerate() {
        let ok = if one.verdict() == Truth::Yes {
            "ok"
        } else {
            "not ok"
        };
        let title = crate::text::visible(&one.title)
            .replace('\\', "\\\\")
            .replace('#', "\\#");
        text += &format!("{ok} {} - {title}\n", number + 1);
        let words = one.words();
        if words.is_empty() {
            continue;
        }
        text += &format!("  ---\n  result: {}\n  astray:\n", word(one));
        for line in words {
            text += &format!("    - {}\n", json!(crate::text::visible(&line)));
        }
        text += "  ...\n";
    }
    text
}

/// JUnit's XML (the schema that CI systems share): what is otherwise is a failure, what nobody can tell an
/// error.
fn as_junit(file: &str, tested: &[Tested]) -> String {
    let count = |tri| tested.iter().filter(|t| t.verdict() == tri).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
        escaped(file),
        tested.len(),
        count(Truth::No),
        count(Truth::UnknownInfo)
    );
    for one in tested {
        let head = format!(
            "    <testcase classname=\"bindscope\" name=\"{}\"",
            escaped(&one.title)
        );
        let element = match one.verdict() {
            Truth::Yes => {
                text += &format!("{head}/>\n");
                continue;
            }
            Truth::No => "failure",
            Truth::UnknownInfo | Truth::UnknownConditional => "error",
        };
        let words = one.words();
        let message = words.first().map(String::as_str).unwrap_or_default();
        text += &format!(
            "{head}>\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>\n",
            escaped(message),
            words
                .iter()
                .map(|line| escaped(line))
                .collect::<Vec<_>>()
                .join("\n")
        );
    }
    text + "  </testsuite>\n</testsuites>\n"
}

/// A text as it may stand in XML, in an attribute too.
fn escaped(text: &str) -> String {
    crate::text::visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
}
