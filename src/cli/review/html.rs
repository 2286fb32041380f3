//! A page of HTML: one file, no script, nothing from elsewhere, good to print. All text from outside is escaped.

use jiff::Timestamp;

use crate::answer::reviewed::{ReviewAnswer, Reviewed};
use crate::answer::unread_kinds::kinds;
use crate::evaluate::review::Severity;
use crate::repair::words::diff::DiffKind;
use crate::text::visible;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}h1{font-size:1.5rem}section{border:1px solid #999;border-left-width:.5rem;border-radius:.25rem;padding:.5rem 1rem;margin:1rem 0;break-inside:avoid}section.critical,section.high{border-left-color:#b00020}section.medium{border-left-color:#b26a00}section.low{border-left-color:#555}section.suppressed{opacity:.7}h2{font-size:1.05rem;margin:.2rem 0}code,pre{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}pre{background:#f4f4f4;padding:.5rem}del{text-decoration:none;background:#fdd}ins{text-decoration:none;background:#dfd}ul{padding-left:1.5rem}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2rem .6rem;text-align:left}";

/// The whole page.
pub(super) fn page(answer: &ReviewAnswer, time: Timestamp) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Review of service-account impersonation</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Review of service-account impersonation</h1>\n<p>As of {}.</p>\n",
        escaped(&time.to_string())
    );
    out += "<table><thead><tr><th>Severity</th><th>Findings</th></tr></thead><tbody>\n";
    for severity in Severity::ALL.iter().rev() {
        let count = answer
            .open()
            .filter(|one| one.finding.severity == *severity)
            .count();
        out += &format!("<tr><td>{}</td><td>{count}</td></tr>\n", severity.word());
    }
    let suppressed = answer.findings.len() - answer.open().count();
    out += &format!("<tr><td>suppressed</td><td>{suppressed}</td></tr>\n</tbody></table>\n");
    for one in &answer.findings {
        out += &section(one);
    }
    let mut notes: Vec<String> = answer
        .review
        .not_judged
        .iter()
        .map(|rule| format!("Not judged: {}: {}", rule.rule.id(), rule.why))
        .collect();
    let unread = kinds(&answer.review.not_read);
    notes.extend(
        unread
            .iter()
            .map(|kind| format!("Not read: {}", kind.words())),
    );
    if unread.len() < answer.review.not_read.len() {
        notes.push("All that was not read: --format json".to_owned());
    }
    if !notes.is_empty() {
        out += "<h2>What was not looked at</h2>\n<ul>\n";
        for note in notes {
            out += &format!("<li>{}</li>\n", escaped(&note));
        }
        out += "</ul>\n";
    }
    out + "</body>\n</html>\n"
}

fn section(one: &Reviewed) -> String {
    let finding = &one.finding;
    let aside = if one.suppressed.is_some() {
        " suppressed"
    } else {
        ""
    };
    let mut out = format!(
        "<section class=\"{}{aside}\" id=\"f-{}\">\n<h2>{}: {}</h2>\n<p>{}</p>\n",
        finding.severity.word(),
        escaped(&finding.id),
        finding.severity.word(),
        escaped(finding.rule.title()),
        escaped(&finding.message)
    );
    let ways = one.ways_in_words(" → ");
    if !ways.is_empty() {
        out += "<ul>\n";
        for way in &ways {
            out += &format!("<li><code>{}</code></li>\n", escaped(way));
        }
        out += "</ul>\n";
    }
    out += &format!("<p>{}</p>\n", escaped(&finding.remedy));
    for mend in &one.mends {
        out += &format!(
            "<p><code>{}</code></p>\n<pre>",
            escaped(&mend.resource.relative())
        );
        for line in &mend.diff.lines {
            let text = format!("{}{}\n", line.kind.sign(), escaped(&line.text));
            out += &match line.kind {
                DiffKind::Added => format!("<ins>{text}</ins>"),
                DiffKind::Removed => format!("<del>{text}</del>"),
                DiffKind::Same => text,
            };
        }
        out += "</pre>\n";
    }
    if let Some(known) = &one.suppressed {
        out += &format!(
            "<p>Suppressed until {}: {}</p>\n",
            known.until,
            escaped(&known.reason)
        );
    }
    out + &format!(
        "<p><code>{} {}</code></p>\n</section>\n",
        finding.rule.id(),
        escaped(&finding.id)
    )
}

/// A text as it may stand in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
