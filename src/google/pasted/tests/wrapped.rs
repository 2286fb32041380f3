//! The same texts in every wrapping that terminals, pages, chats, loggers and programs give them.

use super::super::read;
use super::told::{TABLES, fits, found, told};

/// What is done to a text, and under which name a failure is told.
type Wrapping = (&'static str, fn(&str) -> String);

const WRAPPINGS: &[Wrapping] = &[
    ("a terminal of 80", |t| broken(t, 80)),
    ("a terminal of 61", |t| broken(t, 61)),
    ("a terminal of 47", |t| broken(t, 47)),
    ("a terminal of 33", |t| broken(t, 33)),
    ("Windows", |t| t.replace('\n', "\r\n")),
    ("a frame", |t| lines(&broken(t, 72), "│ ", "")),
    ("a box", |t| boxed(&broken(t, 70))),
    ("a frame in colour", |t| {
        lines(
            &broken(t, 72),
            "\u{1b}[31m│\u{1b}[0m \u{1b}[0m",
            "\u{1b}[0m",
        )
    }),
    ("a markdown quotation", |t| lines(t, "> ", "")),
    ("an indented block", |t| {
        lines(&broken(t, 90), "        ", "")
    }),
    ("GitHub's log", |t| {
        lines(&broken(t, 100), "2026-11-26T04:02:36.1234567Z ", "")
    }),
    ("GitHub's debug log", |t| {
        lines(t, "2026-11-26T04:02:36.1234567Z ##[debug]", "")
    }),
    ("GitLab's log", |t| {
        lines(&broken(t, 100), "2026-11-26T04:02:36.123456Z 01O ", "")
    }),
    ("Cloud Build's log", |t| {
        lines(&broken(t, 88), "Step #3 - \"deploy\": ", "")
    }),
    ("syslog", |t| {
        lines(&broken(t, 77), "Nov 26 04:02:36 vm-1 app[812]: ", "")
    }),
    ("Docker Compose", |t| lines(&broken(t, 66), "web-1  | ", "")),
    ("Kubernetes", |t| {
        lines(
            &broken(t, 91),
            "2026-11-26T04:02:36.123456789Z stderr F ",
            "",
        )
    }),
    ("Airflow", |t| {
        lines(
            t,
            "[2026-11-26, 04:02:36 UTC] {taskinstance.py:1824} ERROR - ",
            "",
        )
    }),
    ("numbered lines", numbered),
    ("a JSON string", |t| format!("{{\"message\": {}}}", json(t))),
    ("a JSON string in a JSON string", |t| {
        format!(
            "{{\"log\": {}}}",
            json(&format!("{{\"message\": {}}}", json(t)))
        )
    }),
    ("a JSON string with escaped quotes", |t| {
        format!(
            "{{\"m\": {}}}",
            json(t)
                .replace('\'', "\\u0027")
                .replace('>', "\\u003e")
                .replace('<', "\\u003c")
                .replace('&', "\\u0026")
        )
    }),
    ("Python's repr", |t| {
        format!(
            "RuntimeError('{}')",
            t.replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('\n', "\\n")
        )
    }),
    ("Python's bytes", |t| {
        format!(
            "b'{}'",
            t.replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('\n', "\\n")
        )
    }),
    ("a page", |t| html(t)),
    ("a page's source in a page", |t| html(&html(t))),
    ("a page of code", |t| {
        format!("<pre><code>{}</code></pre>", html(t))
    }),
    ("typographic quotes", typographic),
    ("guillemets", |t| t.replace('"', "«")),
    ("backticks", |t| t.replace('\'', "`")),
    ("hard spaces", |t| t.replace(' ', "\u{a0}")),
    ("zero-width spaces", |t| t.replace('.', ".\u{200b}")),
    ("mail links", |t| {
        addresses(t, |a| format!("[{a}](mailto:{a})"))
    }),
    ("a chat's mail links", |t| {
        addresses(t, |a| format!("<mailto:{a}|{a}>"))
    }),
    ("bold addresses", |t| addresses(t, |a| format!("**{a}**"))),
    ("addresses as code", |t| addresses(t, |a| format!("`{a}`"))),
    ("escaped percent", |t| {
        addresses(t, |a| a.replace('@', "%40"))
    }),
    ("words in colour", |t| {
        t.replace(' ', " \u{1b}[1;31m").replace('.', "\u{1b}[0m.")
    }),
    ("colours as text", |t| lines(t, "\\u001b[31m", "\\u001b[0m")),
    ("a markdown block", |t| {
        format!("Hi,\n\n```text\n{t}\n```\n\nAny idea?")
    }),
    ("a line after it", |t| format!("{t}\nexit status 1\n")),
    ("lines before it", |t| {
        format!("Building...\nPushing image\n{t}")
    }),
];

/// As a terminal breaks lines: in the middle of a word.
fn broken(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let chars: Vec<char> = line.chars().collect();
        for (at, piece) in chars.chunks(width).enumerate() {
            // A terminal that is copied from does not keep the blanks at a line's edge apart from those of the text.
            if at > 0 {
                out.push('\n');
            }
            out.extend(piece);
        }
        out.push('\n');
    }
    out
}

fn lines(text: &str, before: &str, after: &str) -> String {
    text.lines()
        .map(|l| format!("{before}{l}{after}\n"))
        .collect()
}

fn boxed(text: &str) -> String {
    let rows: String = text.lines().map(|l| format!("│ {l:<70} │\n")).collect();
    format!("╭{0}╮\n{rows}╰{0}╯\n", "─".repeat(72))
}

fn numbered(text: &str) -> String {
    let numbers = text.lines().enumerate();
    numbers
        .map(|(n, l)| format!("{:>4} | {l}\n", n + 1))
        .collect()
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn typographic(text: &str) -> String {
    let mut open = false;
    text.chars()
        .map(|c| {
            if !matches!(c, '\'' | '"') {
                return c;
            }
            open = !open;
            match (c, open) {
                ('\'', true) => '‘',
                ('\'', false) => '’',
                (_, true) => '“',
                _ => '”',
            }
        })
        .collect()
}

fn addresses(text: &str, with: fn(&str) -> String) -> String {
    let pattern =
        regex::Regex::new(r"[a-z0-9][a-z0-9.-]*@[a-z0-9.-]+gserviceaccount\.com").unwrap();
    // Inside an address of the web nobody marks up a part.
    text.split_inclusive(' ')
        .map(|word| {
            let inside = word.contains('/') || word.contains('{') || word.contains(':');
            if inside {
                word.to_owned()
            } else {
                pattern
                    .replace_all(word, |found: &regex::Captures<'_>| with(&found[0]))
                    .into_owned()
            }
        })
        .collect()
}

#[test]
fn every_text_gives_the_same_in_every_wrapping() {
    let mut failed = Vec::new();
    // What is broken by hand is wrapped already.
    for (table, entries) in TABLES.into_iter().filter(|(name, _)| *name != "broken") {
        for (at, entry) in told(entries).into_iter().enumerate() {
            // Each wrapping and each text is met in any case, each in each by CI.
            let (from, step) = if super::whole() { (0, 1) } else { (at % 4, 4) };
            for (wrapping, wrap) in WRAPPINGS.iter().skip(from).step_by(step) {
                let text = wrap(&entry.text);
                let found = found(&read(&text));
                if !fits(&found, &entry.wanted) {
                    failed.push(format!(
                        "{table}, {}, in {wrapping}:\n  wanted {:?}\n  found  {found:?}",
                        entry.name, entry.wanted
                    ));
                }
            }
        }
    }
    let shown: Vec<_> = failed.iter().take(60).cloned().collect();
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        shown.join("\n")
    );
}
