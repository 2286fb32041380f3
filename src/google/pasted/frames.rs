//! What stands around a line and is not part of it: frames, times, names of hosts, containers and steps, the marks of a
//! quotation.

use std::sync::LazyLock;

use regex::Regex;

use super::token::FULL;

/// What stands before a line, as often as it does. None of these could begin the rest of a broken word.
const BEFORE: &[&str] = &[
    // Terraform's frame and those of tables; a markdown quotation.
    r"[│┃╎┆|╷╵╭╰├└┌┐╔║╚▏▎▌>─═]+ ?",
    // Times: RFC 3339 and what loggers make of it, also in brackets.
    r"\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ,_]{1,2}[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.,:][0-9]{1,9})?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?\]?[:,]?(?:[ \t]|$)",
    r"\[?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?\]?(?:[ \t]|$)",
    // syslog and journald: `Nov 26 04:02:36 host app[12]: `
    r"[A-Z][a-z]{2} {1,2}[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2} [!-~]+ [!-~]+: ",
    // klog: `E1126 04:02:36.123456       1 sync.go:12] `
    r"[IWEF][0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+ +[0-9]+ [0-9A-Za-z_./-]+:[0-9]+\] ",
    // Containers: CRI, Docker Compose, kubectl.
    r"(?:stdout|stderr) [FP] ",
    r"[0-9A-Za-z_.-]+ +\| ",
    r"\[(?:pod|container)/[^\]\s]+\] ",
    // GitHub Actions, Azure Pipelines, GitLab, Cloud Build, git.
    r"##\[[a-z]+\]",
    r"::(?:error|warning|notice|debug)[^:\n]*::",
    r"\[[0-9]{1,6}\]\([^)\s]+\)",
    r"[0-9]{2}[OE][+ ]",
    r#"Step #[0-9]+(?: - "[^"\n]+")?: "#,
    r"remote: ",
    // Levels and places of loggers (Terraform's plugins, Airflow, Java).
    r"\[(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|stdout|stderr|main|command)\][ :]?",
    r"(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|SEVERE|CRITICAL)[ \t]+(?:- )?",
    r"(?:plugin|provider)\.[0-9A-Za-z_.-]+: ",
    r"\{[0-9A-Za-z_.]+:[0-9]+\} ",
    // Numbers of lines.
    r"[0-9]{1,6}[ \t]*[|│]",
    r"[0-9]{1,6}\t",
];

static FRAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"^(?:[ \t]*(?:{}))+", BEFORE.join("|"))).ok());

/// The ends of a box.
const AFTER: &[char] = &['│', '┃', '║', '╎', '╮', '╯', '┐', '┘'];

/// Every line without what stands around it. A line that is a number alone is the page's count of lines.
pub(super) fn taken_off(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let rest = FRAME
            .as_ref()
            .and_then(|frame| frame.find(line))
            .and_then(|found| line.get(found.end()..))
            .unwrap_or(line);
        let boxed = rest.trim_end();
        let inner = boxed.trim_end_matches(AFTER);
        let rest = if inner.len() < boxed.len() {
            inner.trim_end()
        } else {
            rest
        };
        let counts = rest.len() < 6 && rest.trim().bytes().all(|b| b.is_ascii_digit());
        if !counts {
            out.push_str(rest);
        }
    }
    out
}

/// A line shorter than this is not taken for full.
const NARROW: usize = 24;

/// All on one line. `\n` stands where a line broke and perhaps a word with it; [`FULL`] where the line was full, as
/// several are, so that it was broken by force and a word surely with it; a space where a space stood, or an empty line.
pub(super) fn joined(text: &str) -> String {
    let widths = || text.split('\n').map(|line| line.trim_end().chars().count());
    let widest = widths().max().unwrap_or(0);
    let forced = widest >= NARROW && widths().filter(|w| *w == widest).count() > 1;
    let mut out = String::with_capacity(text.len());
    let mut above = 0;
    for line in text.split('\n') {
        let inner = line.trim();
        let broken = out.ends_with(['\n', FULL]);
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        // A blank more than the line above has stood in the text.
        let blank_first = indent > above;
        above = indent;
        if inner.is_empty() || (blank_first && out.ends_with(FULL)) {
            if broken {
                out.pop();
                out.push(' ');
            }
            if inner.is_empty() {
                continue;
            }
        }
        let width = line.trim_end().chars().count();
        // A mail's lines go on behind an equals sign (quoted-printable, at most 76 characters).
        let soft = (60..=80).contains(&width) && inner.ends_with('=');
        let inner = if soft {
            inner.trim_end_matches('=')
        } else {
            inner
        };
        let mut blank = false;
        for c in inner.chars() {
            if c == '\t' || c == ' ' {
                blank = true;
                continue;
            }
            if blank {
                out.push(' ');
                blank = false;
            }
            out.push(c);
        }
        let spaced = line.ends_with([' ', '\t']);
        let full = soft || forced && width == widest;
        out.push(match (spaced, full) {
            (true, _) => ' ',
            (_, true) => FULL,
            _ => '\n',
        });
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_line_comes_off() {
        for before in [
            "│ ",
            "  > > ",
            "2026-04-13T19:07:51.8573814Z ",
            "2026-04-13T19:07:51.857Z ##[debug]",
            "[2026-11-26, 04:02:36 UTC] {taskinstance.py:1824} ERROR - ",
            "2026-11-26 04:02:36,123 ERROR ",
            "Nov 26 04:02:36 vm-1 app[812]: ",
            "E1126 04:02:36.123456       1 sync.go:12] ",
            "2026-11-26T04:02:36.123456789Z stderr F ",
            "web-1  | ",
            "Step #0 - \"deploy\": ",
            "::error file=a.yml,line=1::",
            "  12 | ",
            "[27](https://ci.example/run#step:4:27)",
        ] {
            let text = format!("{before}Permission denied");
            assert_eq!(taken_off(&text).trim(), "Permission denied", "{before}");
        }
        let boxed = "╭──────────╮\n│ denied   │\n╰──────────╯";
        assert!(taken_off(boxed).contains("\ndenied\n") || taken_off(boxed).contains("denied"));
        for kept in [
            "403 GET https://x",
            "Error 403: x",
            "-deploy@x",
            "[robin@x.example] y",
        ] {
            assert_eq!(taken_off(kept), kept);
        }
        assert!(FRAME.is_some());
    }

    #[test]
    fn a_line_that_breaks_is_told_from_one_that_ends() {
        assert_eq!(joined("a b\n  c \nd\n\n e"), "a b\nc d e");
        let full = "x".repeat(30);
        assert_eq!(
            joined(&format!("{full}\n{full}\n y")),
            format!("{full}{FULL}{full} y")
        );
    }
}
