//! `explain -`: a question out of a pasted error.

use std::io::{self, IsTerminal, Read};

use serde_json::json;

use super::super::args::{ExplainArgs, Format};
use super::super::failure::Failure;
use super::super::out::glyphs;
use super::super::out::{self, Ink, TextPage};
use super::Exit;
use crate::google::pasted::{self, Pasted, PastedKind};
use crate::iam::{Principal, Resource};

/// More than this is not read: no error is as long.
const LONGEST: u64 = 16 << 20;

/// Reads stdin to its end.
///
/// # Errors
/// When stdin cannot be read.
pub(super) fn read() -> Result<Pasted, Failure> {
    if io::stdin().is_terminal() {
        out::aside("Paste the error, then Enter and Ctrl-D.");
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|e| {
        Failure::new(
            "read the error from stdin",
            e.to_string(),
            "bindscope explain - < error.txt",
        )
    })?;
    // What is no text is an error among other things: what can be read of it is.
    let text = crate::text::decoded(&bytes)
        .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned());
    Ok(pasted::read(&text))
}

/// Caller and target: as given, else as the text has them; each `None` when it is missing.
///
/// # Errors
/// When what the text has is neither, such as a group.
pub(super) fn sides(
    args: &ExplainArgs,
    pasted: Option<&Pasted>,
) -> Result<(Option<Principal>, Option<Resource>), Failure> {
    let unclear = |what: &str, error: String| {
        let next = format!("give it yourself: --{what}");
        Failure::new(format!("take the {what} from the text"), error, next)
    };
    let caller = match (&args.caller, pasted.and_then(Pasted::principal)) {
        (Some(caller), _) => Some(caller.clone()),
        (None, Some(Ok(caller))) => Some(caller),
        (None, Some(Err(error))) => return Err(unclear("caller", error.to_string())),
        (None, None) => None,
    };
    let target = match (&args.target, pasted.and_then(Pasted::account)) {
        (Some(target), _) => Some(target.clone()),
        (None, Some(Ok(target))) => Some(target),
        (None, Some(Err(error))) => return Err(unclear("target", error.to_string())),
        (None, None) => None,
    };
    Ok((caller, target))
}

/// The text does not say enough: what was found in it, and what to add.
///
/// # Errors
/// When stdout cannot be written to.
pub(super) fn lacking(
    format: Format,
    args: &ExplainArgs,
    pasted: Option<&Pasted>,
) -> Result<Exit, Failure> {
    let Some(pasted) = pasted else {
        return Err(Failure::usage(
            "who wants access to what is not said",
            "add --caller and --target, or paste an error: bindscope explain -",
        ));
    };
    let mut page = TextPage::default();
    meaning(&mut page, pasted);
    if format == Format::Json {
        page.print_aside();
        out::json(&json!({ "pasted": pasted }))?;
    } else {
        found(&mut page, pasted);
        page.print()?;
    }
    let mut add = Vec::new();
    if args.caller.is_none() && pasted.caller.is_none() {
        add.push(
            "--caller MEMBER (who made the call: the account that the program runs as, or you)",
        );
    }
    if args.target.is_none() && pasted.target.is_none() {
        add.push("--target ACCOUNT (the service account that was to be acted as)");
    }
    let come_back = match pasted.kind {
        PastedKind::None => "the text is not about access, and names no pair to look at",
        _ if !pasted.is_about_acting() => {
            "the error is not about acting as a service account, and names no pair to look at"
        }
        _ => "the text does not name both sides, so that policies cannot be looked at",
    };
    let add = add.join(" and ");
    let next = if pasted.is_about_acting() {
        format!("run it again with {add}")
    } else {
        format!("to ask whether somebody may act as an account, run it again with {add}")
    };
    Err(Failure::usage(come_back, next))
}

/// What was found, one a line.
fn found(page: &mut TextPage, pasted: &Pasted) {
    page.gap();
    page.line(Ink::Strong, "Found in the text");
    for (name, value) in pasted.rows() {
        let (ink, value) = match &value {
            Some(value) => (Ink::Plain, value.as_str()),
            None => (Ink::Faint, "not said"),
        };
        page.pieces(&[(Ink::Faint, &format!("  {name:<11}")), (ink, value)]);
    }
}

/// What the error means and what mends it, for kinds that the causes do not tell.
pub(super) fn meaning(page: &mut TextPage, pasted: &Pasted) {
    if pasted.kind == PastedKind::ImpersonationDenied {
        return;
    }
    let meaning = pasted.meaning();
    page.wrapped(Ink::Strong, "The error: ", &meaning.what);
    page.wrapped(
        Ink::Good,
        &format!("  {} ", glyphs().arrow()),
        &meaning.remedy,
    );
    for command in &meaning.commands {
        page.line(Ink::Plain, format!("    {command}"));
    }
}

/// What the answer that follows does not say of the error.
pub(super) fn beside(page: &mut TextPage, pasted: &Pasted, permission_given: bool) {
    if let Some(words) = pasted.beside(permission_given) {
        page.gap();
        page.wrapped(Ink::Faint, "", &words);
    }
}
