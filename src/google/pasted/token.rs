//! Reads one name at a place of the text: an account, a permission, a project. A line may have broken inside it.

use super::names::{Checked, check};

/// No name is longer, broken or not.
const LONGEST: usize = 700;
/// Into no more pieces is a name broken.
const PIECES: usize = 6;

/// What kind of name stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A permission, in any spelling.
    Permission,
    /// A permission behind its key: of a service that is not known, too.
    Named,
    /// The account that was to be acted as.
    Target,
    /// Who called.
    Caller,
    /// A project's id or number.
    Project,
    /// `run.googleapis.com`.
    Service,
    /// The id of `troubleshootError`.
    ErrorId,
    /// A pool's id.
    Pool,
    /// A provider's id.
    Provider,
    /// A role's name.
    Role,
    /// A member of a policy, well formed or not.
    Member,
    /// A word that says nothing: `$MEMBER`, a resource that is no account.
    Word,
}

/// A name that was read: its value and where it ends (read forward) or begins (read backward).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenRead {
    pub value: String,
    pub edge: usize,
}

/// What may stand between words and the name that they announce.
fn opens(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\'' | '"' | '[' | '(' | '<' | '{' | '*' | '\\' | '|' | ':'
        )
}

/// What may stand behind a name.
pub(super) fn closes(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\'' | '"' | ']' | ')' | '>' | '}' | '*' | '\\' | '.' | ',' | ':' | ';' | '|' | '!'
        )
}

/// The characters of a name.
fn part(slot: TokenKind) -> fn(char) -> bool {
    match slot {
        TokenKind::Permission | TokenKind::Named | TokenKind::Role => {
            |c| c.is_ascii_alphanumeric() || "._/-:".contains(c)
        }
        TokenKind::Target => |c| c.is_ascii_alphanumeric() || "._/-:@+%".contains(c),
        TokenKind::Caller | TokenKind::Member => {
            |c| !c.is_whitespace() && !"'\"<>(){},;|*\\`".contains(c)
        }
        TokenKind::Service => |c| c.is_ascii_alphanumeric() || "._-/:".contains(c),
        TokenKind::Project => |c| c.is_ascii_alphanumeric() || ".:-/".contains(c),
        TokenKind::Pool | TokenKind::Provider => |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
        TokenKind::ErrorId => |c| c.is_ascii_alphanumeric() || "_+/=-".contains(c),
        TokenKind::Word => |c| !c.is_whitespace(),
    }
}

/// Where a line broke; a full one was surely broken by force (see [`super::frames`]).
const BREAKS: [char; 2] = ['\n', FULL];

/// A break behind a line that was full.
pub(super) const FULL: char = '\u{b}';

/// Where a name that was found stands.
struct Placed {
    edge: usize,
    /// Between quotes or brackets.
    enclosed: bool,
    /// What makes a name sure counts for this end of it.
    sure: bool,
}

/// One reading of a name: its pieces joined, and where in the text each end lies.
struct TokenReading {
    joined: String,
    /// Where the reading ends (forward) or begins (backward).
    edge: usize,
    /// The line was full where the reading stops, and more of a word follows.
    cut: bool,
}

/// The text from a place on, as far as a name can reach.
fn ahead(text: &str, at: usize) -> &str {
    let mut end = at.saturating_add(LONGEST).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(at..end).unwrap_or_default()
}

/// The text before a place, as far as a name can reach back.
fn behind(text: &str, at: usize) -> &str {
    let mut start = at.saturating_sub(LONGEST);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..at).unwrap_or_default()
}

/// The readings of the name at a place, the likeliest first. Where a line breaks inside, the text up to the break is
/// one, and what comes of joining is another.
pub(super) fn forward(text: &str, from: usize, slot: TokenKind) -> Vec<TokenRead> {
    let rest = ahead(text, from);
    let skipped = rest.find(|c| !opens(c)).unwrap_or(rest.len());
    if skipped > 40 {
        return Vec::new();
    }
    let start = from + skipped;
    let quote = text
        .get(..start)
        .and_then(|t| t.chars().next_back())
        .filter(|_| skipped > 0);
    if let Some(whole) = quoted_principal(text, start, quote, slot) {
        return vec![whole];
    }
    let is_part = part(slot);
    let mut options: Vec<TokenReading> = Vec::new();
    let (mut joined, mut at) = (String::new(), start);
    for _ in 0..PIECES {
        let rest = ahead(text, at);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let piece = rest.get(..end).unwrap_or_default();
        if piece.is_empty() || joined.len() + piece.len() > LONGEST {
            break;
        }
        joined.push_str(piece);
        at += end;
        let mut chars = ahead(text, at).chars();
        let next = chars.next();
        let rest = chars.as_str();
        let more = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        options.push(TokenReading {
            joined: joined.clone(),
            edge: at,
            cut: next == Some(FULL) || next == Some('\n') && more.is_some_and(torn),
        });
        if !next.is_some_and(|c| BREAKS.contains(&c)) {
            break;
        }
        at += 1;
    }
    let closer = quote.and_then(closer_of);
    let mut found = ranked(slot, &options, |option, end| {
        let edge = walk(text, start, end).min(option.edge);
        let closed = closer.is_some_and(|c| text.get(edge..).is_some_and(|t| t.starts_with(c)));
        Some(Placed {
            edge,
            enclosed: closed,
            sure: true,
        })
    });
    found.truncate(PIECES);
    found
}

/// The place behind so many bytes of a name, breaks not counted.
fn walk(text: &str, start: usize, bytes: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let mut left = bytes;
    for (at, c) in rest.char_indices() {
        if left == 0 {
            return start + at;
        }
        if !BREAKS.contains(&c) {
            left = left.saturating_sub(c.len_utf8());
        }
    }
    text.len()
}

/// The readings of the name that ends at a place, the likeliest first.
pub(super) fn backward(text: &str, to: usize, slot: TokenKind) -> Vec<TokenRead> {
    let before = behind(text, to);
    let closing = before.len()
        - before
            .trim_end_matches(|c: char| closes(c) && c != '.')
            .len();
    let end = to - closing;
    if closing > 40 {
        return Vec::new();
    }
    // GKE's workloads end in a bracket of their own.
    let closed = text.get(end..to).unwrap_or_default();
    let workload = slot == TokenKind::Caller && text.get(end..).is_some_and(|t| t.starts_with(']'));
    if workload {
        let whole = ending(text, end + 1, closed, slot);
        if whole.iter().any(|read| read.value.contains('[')) {
            return whole;
        }
    }
    ending(text, end, closed, slot)
}

/// The readings of the name whose last character stands before a place; `closed` is what stands behind it.
fn ending(text: &str, end: usize, closed: &str, slot: TokenKind) -> Vec<TokenRead> {
    let is_part = part(slot);
    let mut options: Vec<TokenReading> = Vec::new();
    let (mut joined, mut at) = (String::new(), end);
    for _ in 0..PIECES {
        let before = behind(text, at);
        let length = before.len() - before.trim_end_matches(is_part).len();
        let start = at - length;
        let piece = text.get(start..at).unwrap_or_default();
        if piece.is_empty() || joined.len() + piece.len() > LONGEST {
            break;
        }
        joined.insert_str(0, piece);
        at = start;
        let mut before = behind(text, at).chars();
        let previous = before.next_back();
        let rest = before.as_str();
        let more = rest.rfind(|c| !is_part(c)).map_or(rest, |last| {
            let last = last
                + rest
                    .get(last..)
                    .and_then(|t| t.chars().next())
                    .map_or(0, char::len_utf8);
            rest.get(last..).unwrap_or_default()
        });
        options.push(TokenReading {
            joined: joined.clone(),
            edge: at,
            cut: previous == Some(FULL) || previous == Some('\n') && torn(more),
        });
        if !previous.is_some_and(|c| BREAKS.contains(&c)) {
            break;
        }
        at -= 1;
    }
    ranked(slot, &options, |option, end| {
        let rest = option.joined.get(end..).unwrap_or_default();
        let whole = rest.chars().all(closes);
        let previous = text.get(..option.edge).and_then(|t| t.chars().next_back());
        let closer = previous.and_then(closer_of);
        whole.then_some(Placed {
            edge: option.edge,
            enclosed: closer.is_some_and(|c| closed.contains(c)),
            // It is where an address ends that is sure, not where it begins.
            sure: matches!(slot, TokenKind::Permission | TokenKind::Named),
        })
    })
}

/// Whether a piece at a line's edge looks torn off a word: short, and no word of its own.
fn torn(piece: &str) -> bool {
    let words = [
        "a", "all", "an", "and", "any", "are", "as", "at", "but", "by", "can", "did", "due", "for",
        "get", "got", "had", "has", "if", "in", "is", "it", "its", "may", "new", "no", "not",
        "now", "of", "off", "on", "one", "or", "out", "per", "run", "see", "set", "so", "the",
        "to", "try", "use", "via", "was", "we", "who", "you",
    ];
    (1..=3).contains(&piece.len())
        && piece.bytes().all(|b| b.is_ascii_lowercase())
        && !words.contains(&piece)
}

fn closer_of(opener: char) -> Option<char> {
    match opener {
        '\'' | '"' | '|' => Some(opener),
        '[' => Some(']'),
        '(' => Some(')'),
        '<' => Some('>'),
        '{' => Some('}'),
        _ => None,
    }
}

/// A principal identifier in quotes: its subject may hold spaces and brackets.
fn quoted_principal(
    text: &str,
    start: usize,
    quote: Option<char>,
    slot: TokenKind,
) -> Option<TokenRead> {
    let quote = quote.filter(|c| matches!(c, '\'' | '"'))?;
    let rest = ahead(text, start);
    if !matches!(slot, TokenKind::Caller | TokenKind::Member) || !rest.starts_with("principal") {
        return None;
    }
    let end = rest.find(quote).filter(|end| *end <= LONGEST)?;
    let value = rest.get(..end)?.replace(BREAKS, "");
    let whole = slot == TokenKind::Member || value.starts_with("principal://");
    let subject = value.contains("/subject/");
    let named = check(slot, &value).is_some_and(|named| named.value.len() == value.len());
    (named || whole && subject).then_some(TokenRead {
        value,
        edge: start + end,
    })
}

/// Those of the readings that are names of the kind, the likeliest first: what is surely one, then what stands whole
/// between quotes or brackets, then the shortest that does not stop where a line was full.
fn ranked(
    slot: TokenKind,
    options: &[TokenReading],
    placed: impl Fn(&TokenReading, usize) -> Option<Placed>,
) -> Vec<TokenRead> {
    let mut found: Vec<(u8, usize, TokenRead)> = Vec::new();
    for (place, option) in options.iter().enumerate() {
        let Some(Checked { value, sure, end }) = check(slot, &option.joined) else {
            continue;
        };
        let Some(at) = placed(option, end) else {
            continue;
        };
        let (edge, enclosed) = (at.edge, at.enclosed);
        let whole = end == option.joined.len();
        // A principal identifier that names nobody yet goes on in the next line.
        let begun = value.starts_with("principal")
            && !["/subject/", "/attribute.", "/group/", "/*", "//goog/"]
                .iter()
                .any(|part| value.contains(part));
        let (rank, order) = match (sure && at.sure, slot) {
            _ if begun => (4, place),
            // A permission that is known may be the beginning of another: `…serviceAccounts.get` + `AccessToken`.
            (true, TokenKind::Permission | TokenKind::Named) => (0, options.len() - place),
            (true, _) => (0, place),
            _ if enclosed => (1, place),
            _ if option.cut && whole => (3, place),
            _ => (2, place),
        };
        found.push((rank, order, TokenRead { value, edge }));
    }
    found.sort_by_key(|(rank, order, _)| (*rank, *order));
    found.into_iter().map(|(_, _, read)| read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::permission::{ACT_AS, GET_ACCESS_TOKEN, SIGN_BLOB, SIGN_JWT};

    fn first(text: &str, slot: TokenKind) -> Option<String> {
        forward(text, 0, slot).first().map(|r| r.value.clone())
    }

    #[test]
    fn an_account_is_read_across_a_break() {
        let own = Some("run@app.iam.gserviceaccount.com".to_owned());
        for text in [
            "run@app.iam.gserviceaccount.com",
            "'run@app.iam.gserviceaccount.com' (or",
            " [run@app.iam.gserviceaccount.com].",
            "run@app.iam.gser\nviceaccount.com to",
            "run@app.iam.gserviceaccount.com\nto make",
            "ru\nn@app.iam\n.gserviceaccount.com\nto make",
            "projects/-/serviceAccounts/run@app.iam.gserviceaccount.com.",
            "//iam.googleapis.com/projects/a/serviceAc\ncounts/run@app.iam.gserviceaccount.com",
            "mailto:run@app.iam.gserviceaccount.com",
            "serviceAccount:run@app.iam.gserviceaccount.co\nm",
        ] {
            assert_eq!(first(text, TokenKind::Target), own, "{text}");
        }
        assert_eq!(
            first("[ana@exam\nple.example] x", TokenKind::Caller).as_deref(),
            Some("ana@example.example")
        );
        assert_eq!(
            first("[ana@heron.exam\nple] x", TokenKind::Caller).as_deref(),
            Some("ana@heron.example")
        );
        assert_eq!(
            first("ana@heron.example\nwhich is", TokenKind::Caller).as_deref(),
            Some("ana@heron.example")
        );
        for none in [
            "resource (or",
            "",
            "a@b",
            "run@app.iam.gservice",
            "12345",
            "***",
        ] {
            assert_eq!(first(none, TokenKind::Target), None, "{none}");
        }
    }

    #[test]
    fn a_permission_is_read_in_every_spelling_and_across_a_break() {
        for (text, name) in [
            ("iam.serviceAccounts.get\nAccessToken' x", GET_ACCESS_TOKEN),
            ("iam.serviceaccounts.actas", ACT_AS),
            ("serviceAccounts.ActAs", ACT_AS),
            ("iam.googleapis.com/serviceAccounts.sign\nJwt", SIGN_JWT),
            ("storage.buckets.ge\nt denied", "storage.buckets.get"),
            ("iam.serviceAccounts.signBlob\nresource:", SIGN_BLOB),
        ] {
            assert_eq!(
                first(text, TokenKind::Permission).as_deref(),
                Some(name),
                "{text}"
            );
        }
        let back = |text: &str| {
            backward(text, text.len(), TokenKind::Permission)
                .first()
                .map(|r| r.value.clone())
        };
        assert_eq!(
            back("x 'iam.service\nAccounts.actAs' ").as_deref(),
            Some(ACT_AS)
        );
        assert_eq!(
            back("x '\niam.serviceaccounts.actAs'").as_deref(),
            Some(ACT_AS)
        );
        for none in [
            "storage.googleapis.com",
            "main.rs",
            "resource",
            "example.com",
        ] {
            assert_eq!(back(none), None, "{none}");
        }
    }
}
