//! The answer for a ticket: Markdown that says what the screen says, and in which no name is markup.

use super::super::model::{Asked, KnownAnswer};
use super::super::words::{beside, in_zone, permission_words, picture_words, verdict_words};
use super::cause::not_judged;
use crate::iam::address;
use crate::repair::RemedyStep;
use crate::repair::equivalents::Equivalents;
use crate::text::{visible, visible_lines};

/// The answer. `source`: where facts come from; `picture`: the drawn lines.
#[must_use]
pub fn ticket(asked: &Asked, source: &str, picture: &[String]) -> Option<String> {
    let known = asked.known()?;
    let question = &known.explanation.question;
    let mut out = format!(
        "# {} as {}: {}\n\n",
        escaped(&question.caller.short()),
        escaped(address::short(question.target.id())),
        escaped(&verdict_words(asked))
    );
    let mut row = |name: &str, value: &str| {
        out.push_str(&format!("- {name}: {}\n", escaped(value)));
    };
    row("caller", &question.caller.to_string());
    row("target", question.target.id());
    let asks = permission_words(&question.permission);
    row("asks for", &format!("{} ({asks})", question.permission));
    for (what, said) in beside(question) {
        row(what, &said);
    }
    row("read", &in_zone(known.read_at, "%Y-%m-%d %H:%M:%S %Z"));
    row("from", source);
    why(&mut out, known);
    out.push_str("\n## Where bindings are\n\n");
    out.push_str(&fenced("text", &picture.join("\n")));
    out.push('\n');
    for line in picture_words(known, asked) {
        out.push_str(&format!("- {}\n", escaped(&line)));
    }
    mends(&mut out, known);
    let aside: Vec<String> = not_judged(&known.explanation)
        .iter()
        .map(|text| text.iter().map(|piece| piece.text.as_str()).collect())
        .collect();
    if !aside.is_empty() {
        out.push('\n');
        for line in aside {
            out.push_str(&format!("{}\n", escaped(&line)));
        }
    }
    Some(out)
}

fn why(out: &mut String, known: &KnownAnswer) {
    if known.causes.is_empty() {
        return;
    }
    out.push_str("\n## Why\n\n");
    for (i, cause) in known.causes.iter().enumerate() {
        out.push_str(&format!("{}. {}\n", i + 1, escaped(&cause.message)));
        let before = i.checked_sub(1).and_then(|i| known.causes.get(i));
        let said = before.is_some_and(|before| before.remedy == cause.remedy);
        if !cause.remedy.is_empty() && !said {
            out.push_str(&format!("   {}\n", escaped(&cause.remedy)));
        }
    }
}

/// What would mend it: the first way, with the commands for it.
fn mends(out: &mut String, known: &KnownAnswer) {
    if let Some(way) = known.plan.remedies.first() {
        out.push_str(&format!(
            "\n## What mends it\n\n{}\n\n",
            escaped(&way.title)
        ));
        for step in &way.steps {
            let command = match step {
                RemedyStep::Binding(repair) => {
                    let grant = repair.grant();
                    let change =
                        Equivalents::new(&repair.resource, &grant, &repair.before, &repair.after);
                    change
                        .ok()
                        .map(|c| c.replacing(repair.replaces.as_deref()).gcloud())
                }
                RemedyStep::Switch(switch) => Some(switch.gcloud()),
            };
            if let Some(command) = command {
                out.push_str(&fenced("sh", &command));
            }
        }
    }
    for other in &known.plan.elsewhere {
        out.push_str(&format!(
            "\n## What would help\n\n{} {}\n\n",
            escaped(&other.what),
            escaped(&other.who)
        ));
        out.push_str(&fenced("sh", &other.command));
    }
}

/// A block of text as it stands, whatever it holds.
fn fenced(kind: &str, text: &str) -> String {
    let text = visible_lines(text);
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{kind}\n{}\n{fence}\n", text.trim_end())
}

/// Text that means nothing but itself (CommonMark 0.31, "Backslash escapes", and GitHub's mentions and references).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = visible(text);
    let mut before = ' ';
    for c in text.chars() {
        let marks = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!'
        );
        // `@name` calls somebody, `run@app` does not.
        if c == '@' && !before.is_alphanumeric() {
            out.push_str("&#64;");
        } else {
            if marks {
                out.push('\\');
            }
            out.push(c);
        }
        before = c;
    }
    // What begins a line and would be a list, a heading of dashes or a quotation.
    let begins = out.trim_start().chars().next();
    let digits = out.split(['.', ')']).next().unwrap_or_default();
    let numbered = digits.len() < out.len()
        && !digits.is_empty()
        && digits.chars().all(|c| c.is_ascii_digit());
    if matches!(begins, Some('-' | '+' | '=')) {
        return format!("\\{}", out.trim_start());
    }
    if numbered {
        let rest = out.split_off(digits.len());
        return format!("{out}\\{rest}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_markup() {
        for (text, is) in [
            ("a_b*c", "a\\_b\\*c"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("[x](http://e)", "\\[x\\](http://e)"),
            ("- item", "\\- item"),
            ("1. item", "1\\. item"),
            ("run@app", "run@app"),
            ("@team see", "&#64;team see"),
            ("a\u{1b}[2J\nb", "a\\\\u{1b}\\[2J\\\\u{a}b"),
            ("plain words.", "plain words."),
        ] {
            assert_eq!(escaped(text), is, "{text}");
        }
        assert_eq!(fenced("sh", "a\n```\nb"), "````sh\na\n```\nb\n````\n");
    }
}
