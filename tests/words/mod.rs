//! What no text that a person reads may say: a count that its noun does not agree with, nothing counted as "0 of it",
//! punctuation twice, a length of time without its unit, a word twice, a key or a value that was never put in.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// What is counted anywhere: one, several.
const NOUNS: &[(&str, &str)] = &[
    ("account", "accounts"),
    ("answer", "answers"),
    ("asset", "assets"),
    ("attribute", "attributes"),
    ("binding", "bindings"),
    ("boundary", "boundaries"),
    ("byte", "bytes"),
    ("call", "calls"),
    ("caller", "callers"),
    ("case", "cases"),
    ("cause", "causes"),
    ("change", "changes"),
    ("character", "characters"),
    ("column", "columns"),
    ("condition", "conditions"),
    ("day", "days"),
    ("difference", "differences"),
    ("domain", "domains"),
    ("edge", "edges"),
    ("entry", "entries"),
    ("error", "errors"),
    ("expectation", "expectations"),
    ("file", "files"),
    ("finding", "findings"),
    ("fix", "fixes"),
    ("folder", "folders"),
    ("grant", "grants"),
    ("group", "groups"),
    ("holder", "holders"),
    ("hop", "hops"),
    ("hour", "hours"),
    ("identity", "identities"),
    ("key", "keys"),
    ("level", "levels"),
    ("line", "lines"),
    ("list", "lists"),
    ("member", "members"),
    ("minute", "minutes"),
    ("month", "months"),
    ("name", "names"),
    ("node", "nodes"),
    ("object", "objects"),
    ("organization", "organizations"),
    ("outsider", "outsiders"),
    ("pair", "pairs"),
    ("path", "paths"),
    ("permission", "permissions"),
    ("person", "people"),
    ("place", "places"),
    ("policy", "policies"),
    ("pool", "pools"),
    ("principal", "principals"),
    ("project", "projects"),
    ("provider", "providers"),
    ("question", "questions"),
    ("reason", "reasons"),
    ("record", "records"),
    ("resource", "resources"),
    ("role", "roles"),
    ("row", "rows"),
    ("rule", "rules"),
    ("second", "seconds"),
    ("set", "sets"),
    ("step", "steps"),
    ("suppression", "suppressions"),
    ("tag", "tags"),
    ("target", "targets"),
    ("thing", "things"),
    ("time", "times"),
    ("token", "tokens"),
    ("user", "users"),
    ("way", "ways"),
    ("week", "weeks"),
    ("word", "words"),
    ("year", "years"),
];

/// Words that may stand between a count and its noun.
const BETWEEN: &str = "(?:(?:more|other|such|further|direct|service|deny|custom|allow|federated|different|unread|older|single|whole|new|old|powerful|organization) ){0,2}";

/// Each rule: what it is about, and how what breaks it looks.
static RULES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let one: Vec<&str> = NOUNS.iter().map(|(one, _)| *one).collect();
    let several: Vec<&str> = NOUNS.iter().map(|(_, several)| *several).collect();
    let (one, several) = (one.join("|"), several.join("|"));
    // A number that is no part of a longer one, of a name, a date or an option.
    let alone = r"(?:^|[\s(\[·:,])";
    let end = r"(?:$|[\s.,;:)\]?!])";
    let is = "(?:is|was|has|does|holds|grants|reaches|lets|says|stands|waits|needs|comes|belongs)";
    let are = "(?:are|were|have|do|hold|grant|reach|let|say|stand|wait|need|come|belong)";
    [
        ("one counted as several", format!("{alone}1 {BETWEEN}(?:{several}){end}")),
        ("one counted as several", format!("{alone}1\\s+(?:{several}){end}")),
        ("several counted as one", format!("{alone}(?:[2-9]|[1-9][0-9]+|[0-9,]+,[0-9]{{3}}) {BETWEEN}(?:{one}){end}")),
        ("a verb for several after one", format!("{alone}1 {BETWEEN}(?:{one}) {are}{end}")),
        ("a verb for several after one", format!("{alone}1 of (?:these|those|them|its|the [a-z]+) {are}{end}")),
        ("a verb for one after several", format!("{alone}(?:[2-9]|[1-9][0-9]+) {BETWEEN}(?:{several}) {is}{end}")),
        ("none counted", format!("{alone}0 {BETWEEN}(?:{one}|{several}){end}")),
        ("punctuation twice", r"(?:^|[^.])\.\.(?:$|[\s)])|[a-z0-9)][.,;] ?[,;](?:$|\s)|[,;]\.(?:$|\s)|[^.…]\. \.(?:$|\s)|\?\?(?:$|\s)|…\.(?:$|\s)".to_owned()),
        ("a space before punctuation", r"[a-z)] [,;](?:$|\s)|[a-z)] \.$".to_owned()),
        ("a length of time without its unit", r"(?:^|[\s(])(?:300|600|1800|3600|7200|43200|86400)(?:$|[.,;)]|\s(?:$|[^s\s]))".to_owned()),
        ("a unit that is nobody's", r"(?:^|[\s(])[0-9]+ (?:secs?|mins?|hrs?)(?:$|[\s.,;)])".to_owned()),
        ("a plural in brackets", r"[a-z]\((?:e?s|ies)\)".to_owned()),
        ("an article of another sound", r"(?:^|\s)[aA] (?:[aeio][a-z]+)(?:$|[\s.,])|(?:^|\s)[aA]n [bcdfgjklmnpqrstvwyz][a-z]+(?:$|[\s.,])".to_owned()),
        (
            "what was to be put in",
            r#"(?:^|[\s(\["'·])\{[a-z]+(?:-[a-z]+)*\}"#.to_owned(),
        ),
        ("a value of the program's", r"\b(?:Some|Ok|Err|None)\(|\bNone,".to_owned()),
    ]
    .into_iter()
    .map(|(what, pattern)| (what, Regex::new(&pattern).unwrap()))
    .collect()
});

/// Words that no sentence has twice in a row.
const NEVER_TWICE: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "in", "is", "it", "not",
    "of", "on", "or", "that", "the", "this", "to", "was", "with",
];

/// Everything that is wrong with a text, each with the words around it.
pub fn wrong(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (what, rule) in RULES.iter() {
        for at in rule.find_iter(text) {
            found.insert(format!("{what}: {}", around(text, at.start(), at.end())));
        }
    }
    for line in text.lines() {
        let mut before = "";
        for word in line.split(' ') {
            if word == before && NEVER_TWICE.contains(&word) {
                found.insert(format!("a word twice: {}", line.trim()));
            }
            before = word;
        }
    }
    found
}

/// Those words, with some of what stands beside them.
fn around(text: &str, start: usize, end: usize) -> &str {
    let from = text[..start]
        .char_indices()
        .rev()
        .nth(25)
        .map_or(0, |(at, _)| at);
    let to = text[end..]
        .char_indices()
        .nth(25)
        .map_or(text.len(), |(at, _)| end + at);
    text[from..to].trim()
}
