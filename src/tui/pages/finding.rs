//! A finding of a review: what is the case, by which ways and bindings, what mends it, what leaves it.

use super::super::look::page::{ScreenPage, Text, line, piece};
use super::super::look::theme::StyleRole;
use crate::answer::inventory::EstateTable;
use crate::answer::reviewed::Reviewed;
use crate::answer::signs::Glyphs;
use crate::evaluate::review::Severity;
use crate::repair::words::diff::DiffKind;
use crate::text::{counted, visible};

/// So many bindings and lines of a diff are shown (chosen: what a person reads; a diff of a thousand members is for
/// `review --format json`).
const SHOWN: usize = 200;

/// How a severity looks.
#[must_use]
pub fn severity_role(severity: Severity) -> StyleRole {
    match severity {
        Severity::Critical | Severity::High => StyleRole::Denied,
        Severity::Medium => StyleRole::Unknown,
        Severity::Low => StyleRole::Dim,
    }
}

/// `None`: there is no finding in that row.
#[must_use]
pub fn finding_page(table: &EstateTable, row: usize, glyphs: Glyphs) -> Option<ScreenPage> {
    let one = table.finding(row)?;
    let time = table.read()?.time;
    let finding = &one.finding;
    let text = |role, words: &str| line(role, visible(words));
    let head = |words: &str| line(StyleRole::Heading, words);
    let mut lines = vec![
        vec![
            piece(
                severity_role(finding.severity),
                format!("{}  ", finding.severity.word()),
            ),
            piece(StyleRole::Text, finding.rule.title()),
        ],
        vec![
            piece(StyleRole::Dim, format!("{}  ", finding.rule.id())),
            piece(StyleRole::Dim, finding.id.clone()),
        ],
        Vec::new(),
        text(StyleRole::Text, &finding.message),
    ];
    let arrow = format!(" {} ", glyphs.arrow());
    let ways = one.all_ways_in_words(&arrow);
    if !ways.is_empty() {
        lines.extend([Vec::new(), head("by which way")]);
        lines.extend(
            ways.iter()
                .map(|way| text(StyleRole::Path, &format!("  {way}"))),
        );
    }
    lines.extend(evidence(one));
    lines.extend([Vec::new(), head("what mends it")]);
    lines.push(text(StyleRole::Text, &finding.remedy));
    lines.extend(mends(one));
    lines.extend([Vec::new(), head("what leaves it")]);
    match &one.suppressed {
        Some(known) => lines.push(text(
            StyleRole::Unknown,
            &format!("It is suppressed until {}: {}", known.until, known.reason),
        )),
        None => {
            let suppression = one.suppression(time);
            lines.extend(
                suppression
                    .lines()
                    .map(|l| text(StyleRole::Dim, &format!("  {l}"))),
            );
            lines.push(line(
                StyleRole::Dim,
                "In a file for --suppressions, with a reason of yours.",
            ));
        }
    }
    let title = format!("finding {}", finding.rule.id());
    let mut page = ScreenPage::new(title, lines).copying("the finding's id", finding.id.clone());
    page.of_finding = Some(finding.id.clone());
    Some(page)
}

/// The bindings on the ways.
fn evidence(one: &Reviewed) -> Vec<Text> {
    let all = &one.finding.evidence;
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Vec::new(), line(StyleRole::Heading, "by which bindings")];
    for binding in all.iter().take(SHOWN) {
        let condition = binding.condition.as_ref();
        let condition = condition.map_or_else(String::new, |c| format!(", if {}", c.expression));
        let words = format!(
            "  {} to {} on {}{condition}",
            binding.role,
            binding.member,
            binding.resource.relative()
        );
        lines.push(line(StyleRole::Text, visible(&words)));
    }
    lines.extend(more(all.len(), "binding"));
    lines
}

/// What is taken out, policy by policy.
fn mends(one: &Reviewed) -> Vec<Text> {
    let mut lines = Vec::new();
    let mut left = SHOWN;
    let mut hidden = 0;
    for mend in &one.mends {
        let all = &mend.diff.lines;
        if left == 0 {
            hidden += all.len();
            continue;
        }
        lines.push(line(
            StyleRole::Dim,
            format!("  {}", visible(&mend.resource.relative())),
        ));
        for changed in all.iter().take(left) {
            let role = match changed.kind {
                DiffKind::Added => StyleRole::Added,
                DiffKind::Removed => StyleRole::Removed,
                DiffKind::Same => StyleRole::Dim,
            };
            lines.push(vec![
                piece(role, format!("  {}", changed.kind.sign())),
                piece(role, visible(&changed.text)),
            ]);
        }
        hidden += all.len().saturating_sub(left);
        left = left.saturating_sub(all.len());
    }
    if hidden > 0 {
        lines.extend(more(SHOWN + hidden, "line"));
    }
    lines
}

fn more(of: usize, what: &str) -> Option<Text> {
    let more = of.saturating_sub(SHOWN);
    (more > 0).then(|| {
        line(
            StyleRole::Dim,
            format!(
                "  and {} (all of them: bindscope review --format json)",
                counted(more, &format!("more {what}"))
            ),
        )
    })
}
