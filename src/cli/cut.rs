//! `cut`: the fewest bindings whose removal leaves a caller no way to an account. It writes nothing.

use serde_json::{Value, json};

use super::Exit;
use super::args::{BetweenArgs, Format, Global};
use super::facts::{self, FactSource};
use super::failure::Failure;
use super::out::{self, Ink, TextPage, glyphs, mark};
use super::path::{
    asked, assumed, by_words, head_of, seen, step_json, step_text, unit_json, unit_words, unread,
};
use super::reach::short;
use super::scope;
use crate::answer::between::BetweenQuestion;
use crate::answer::cut::{CutAnswer, Removal};
use crate::evaluate::Truth;
use crate::text::counted;

/// So many who lose something are named for people; the rest is counted (chosen).
const NAMED: usize = 20;

/// Says what to remove.
///
/// # Errors
/// What opening and reading the facts gives; a target that does not exist.
pub async fn run(global: &Global, args: &BetweenArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let end = async {
        let (question, read) = asked(&facts, args, true).await?;
        let answer = question.cut(read);
        scope::tell(&answer.facts.unlisted);
        if global.format == Format::Json {
            out::json(&as_json(&question, &answer))?;
        } else {
            text(&facts, &question, &answer).print()?;
        }
        Ok(exit(&answer))
    };
    let end = end.await;
    facts.close();
    end
}

/// Separated: done; not to be separated: no; separated as far as can be read: unknown.
fn exit(answer: &CutAnswer) -> Exit {
    let separation = &answer.separation;
    match &separation.cut {
        _ if separation.bounded => Exit::Unknown,
        None => Exit::No,
        Some(_) if answer.proof.way_left == Some(true) => Exit::No,
        Some(_) if !separation.complete => Exit::Unknown,
        Some(_) => Exit::Done,
    }
}

fn as_json(question: &BetweenQuestion, answer: &CutAnswer) -> Value {
    let separation = &answer.separation;
    let mut object = head_of(question, &separation.target.full_name());
    let explained = answer
        .proof
        .explained
        .map(|(verdict, outcome)| json!({ "verdict": verdict.word(), "outcome": outcome.word() }));
    if let Some(map) = object.as_object_mut() {
        let cut = separation.cut.as_ref();
        let removals = cut.map(|_| answer.removals.iter().map(removal_json));
        let removals = removals.map(|all| all.collect::<Vec<Value>>());
        map.insert("cut".to_owned(), removals.into());
        map.insert("minimum".to_owned(), cut.map(|cut| cut.is_minimum()).into());
        map.insert("atLeast".to_owned(), cut.map(|cut| cut.at_least).into());
        map.insert("itself".to_owned(), separation.itself.into());
        let proof = json!({ "pathLeft": answer.proof.way_left, "explain": explained });
        map.insert("after".to_owned(), proof);
        let losses = &answer.losses;
        let lost = json!({
            "principals": losses.principals, "principalsLeftOut": losses.principals_left_out,
            "accounts": losses.accounts, "accountsLeftOut": losses.accounts_left_out,
            "bounded": losses.bounded,
        });
        map.insert("alsoLost".to_owned(), lost);
        let beside = answer.beside.as_ref().and_then(|beside| {
            let path = beside.paths.first()?;
            Some(beside.steps_of(path).map(step_json).collect::<Vec<Value>>())
        });
        map.insert("otherEdges".to_owned(), beside.into());
        map.insert("bounded".to_owned(), answer.bounded.into());
        map.insert("complete".to_owned(), separation.complete.into());
        map.insert("notRead".to_owned(), separation.not_read.clone().into());
    }
    assumed(&mut object, &answer.facts);
    object
}

fn removal_json(removal: &Removal) -> Value {
    let mut object = unit_json(&removal.unit);
    if let Some(map) = object.as_object_mut() {
        map.insert("command".to_owned(), removal.command.clone().into());
        map.insert("accounts".to_owned(), removal.accounts.into());
        map.insert("permissions".to_owned(), removal.permissions.into());
        map.insert("standsFor".to_owned(), removal.stands_for.clone().into());
    }
    object
}

fn text(facts: &FactSource, question: &BetweenQuestion, answer: &CutAnswer) -> TextPage {
    let separation = &answer.separation;
    let mut page = TextPage::default();
    let target = separation.target.full_name();
    let (caller, by) = (question.caller.to_string(), by_words(&question.by));
    let title = format!("What separates {caller} from {} by {by}", short(&target));
    page.line(Ink::Strong, title);
    seen(&mut page, facts);
    let say = |page: &mut TextPage, (tri, ink): (Truth, Ink), words: &str| {
        page.pieces(&[(ink, mark(tri)), (Ink::Plain, " "), (ink, words)]);
    };
    let (good, bad) = ((Truth::Yes, Ink::Good), (Truth::No, Ink::Bad));
    let unsure = (Truth::UnknownInfo, Ink::Unsure);
    match &separation.cut {
        None if separation.itself => say(
            &mut page,
            bad,
            "The caller is the account: no binding separates the two.",
        ),
        None => say(
            &mut page,
            unsure,
            "No cut was found: so many accounts are within reach that the search was given up.",
        ),
        Some(cut) if cut.units.is_empty() && separation.complete => {
            say(
                &mut page,
                good,
                "Nothing joins the two: there is no path to cut.",
            );
        }
        Some(cut) if cut.units.is_empty() => say(
            &mut page,
            unsure,
            "Nothing in sight joins the two, and not everything could be read.",
        ),
        Some(cut) => {
            let least = match (cut.is_minimum(), cut.units.len()) {
                (true, some) => format!("Remove {}; fewer will not do.", counted(some, "binding")),
                (false, some) => format!(
                    "Remove {}. Minimum not proven: it takes {} at least.",
                    counted(some, "binding"),
                    cut.at_least
                ),
            };
            say(&mut page, good, &least);
        }
    }
    for removal in &answer.removals {
        removal_text(&mut page, removal);
    }
    if !answer.removals.is_empty() {
        proof_text(&mut page, answer);
        losses_text(&mut page, answer);
    }
    let beside = answer.beside.as_ref();
    if let Some((beside, path)) = beside.and_then(|b| Some((b, b.paths.first()?))) {
        page.gap();
        page.wrapped(
            Ink::Unsure,
            "",
            "By other kinds of edge the caller still gets there, or may (--edges all cuts these too):",
        );
        for step in beside.steps_of(path) {
            step_text(&mut page, step, glyphs().arrow());
        }
    }
    let (complete, not_read) = (separation.complete, &separation.not_read);
    unread(&mut page, complete, not_read, &answer.facts);
    page
}

fn removal_text(page: &mut TextPage, removal: &Removal) {
    page.gap();
    page.line(Ink::Strong, format!("  {}", unit_words(&removal.unit)));
    let mut says = vec![match removal.accounts {
        1 => "counts for 1 service account".to_owned(),
        some => format!("counts for {some} service accounts"),
    }];
    says.extend(
        removal
            .permissions
            .map(|some| format!("holds {some} permissions")),
    );
    says.extend(
        removal
            .stands_for
            .as_ref()
            .map(|whom| format!("lets in {whom}")),
    );
    page.wrapped(Ink::Faint, "    ", &says.join("; "));
    match &removal.command {
        // On a line of its own, so that it can be pasted.
        Some(command) => page.block(Ink::Plain, format!("    {command}")),
        None => page.wrapped(
            Ink::Unsure,
            "    ",
            "no command can name it: its condition was not read, or its resource has no name that gcloud takes",
        ),
    }
}

fn proof_text(page: &mut TextPage, answer: &CutAnswer) {
    page.gap();
    match answer.proof.way_left {
        Some(false) => {}
        Some(true) => {
            page.line(
                Ink::Bad,
                "Without them a path is left all the same: not enough.",
            );
            return;
        }
        None => {
            page.line(
                Ink::Unsure,
                "Whether a path is left without them is not known: so many accounts are within reach that the search was given up.",
            );
            return;
        }
    }
    let explained = match answer.proof.explained {
        Some((verdict, _)) => format!(
            "Asked without them: no path is left, and explain says {}.",
            verdict.word()
        ),
        None => "Asked without them: no path is left.".to_owned(),
    };
    page.line(Ink::Plain, explained);
}

fn losses_text(page: &mut TextPage, answer: &CutAnswer) {
    let losses = &answer.losses;
    for (what, names, left_out) in [
        (
            "Who else loses the target by that, or may:",
            &losses.principals,
            losses.principals_left_out,
        ),
        (
            "What else the caller loses, or may:",
            &losses.accounts,
            losses.accounts_left_out,
        ),
    ] {
        if names.is_empty() {
            continue;
        }
        page.line(Ink::Unsure, what);
        for name in names.iter().take(NAMED) {
            page.line(Ink::Plain, format!("  {}", short(name)));
        }
        let more = names.len().saturating_sub(NAMED) + left_out;
        if more > 0 {
            page.line(Ink::Faint, format!("  and {more} more"));
        }
    }
    if losses.bounded {
        page.line(
            Ink::Unsure,
            "What else the caller loses is not known: so many accounts are within reach that the search was given up.",
        );
    } else if losses.principals.is_empty() && losses.accounts.is_empty() {
        page.line(
            Ink::Plain,
            "Nobody else loses the target by that, and the caller no other account, as far as was read.",
        );
    }
}
