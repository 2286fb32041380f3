//! A cheap look at the text before the parser sees it: tokens with their
//! places, matching brackets, and how deep the parser would have to go.
//!
//! The parser of the `cel` crate keeps its own limit for nested brackets (96)
//! but recurses once per link of a chain such as `a.b.c…` or `1 + 1 + …`, and
//! overflows a thread's stack of 2 MiB somewhere between 1,000 and 5,000 links.

/// How deep brackets may nest.
pub(super) const MAX_BRACKETS: usize = 60;
/// How many links the chains around any one place may have together.
pub(super) const MAX_CHAIN: usize = 100;

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScanToken {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// For an opening bracket its closing token, for a closing one its opening token.
    pub partner: Option<usize>,
}

/// The tokens of a text.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<ScanToken>);

impl Tokens {
    /// The token that starts at this byte.
    pub fn at(&self, start: usize) -> Option<usize> {
        self.0.binary_search_by_key(&start, |t| t.start).ok()
    }

    /// A token by index.
    pub fn get(&self, index: usize) -> Option<&ScanToken> {
        self.0.get(index)
    }

    /// The token that ends at this byte.
    fn ending(&self, end: usize) -> Option<usize> {
        self.0.binary_search_by_key(&end, |t| t.end).ok()
    }

    /// The end of the bracket that opens at this byte.
    pub fn close_of(&self, open: usize) -> Option<usize> {
        let token = self.get(self.at(open)?)?;
        Some(self.get(token.partner?)?.end)
    }

    /// The span with the parentheses that enclose exactly it.
    pub fn with_parens(&self, source: &str, mut start: usize, mut end: usize) -> (usize, usize) {
        while let (Some(first), Some(last)) = (self.at(start), self.ending(end)) {
            let Some(before) = first.checked_sub(1).and_then(|i| self.get(i)) else {
                break;
            };
            if source.get(before.start..before.end) != Some("(") || before.partner != Some(last + 1)
            {
                break;
            }
            let Some(after) = self.get(last + 1) else {
                break;
            };
            (start, end) = (before.start, after.end);
        }
        (start, end)
    }
}

/// What is wrong, and the byte where.
pub(super) type ScanError = (String, usize);

/// Splits the text and refuses what nests too deep.
pub(super) fn scan(source: &str) -> Result<Tokens, ScanError> {
    let bytes = source.as_bytes();
    let mut tokens: Vec<ScanToken> = Vec::new();
    // (index of the opening token, links in the chain of this level)
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut links = 0_usize;
    let mut total = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() || byte == 0x0c {
            at += 1;
            continue;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.starts_with(b"//") {
            at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            continue;
        }
        let start = at;
        let length = token_length(rest);
        at += length;
        let index = tokens.len();
        tokens.push(ScanToken {
            start,
            end: at,
            partner: None,
        });
        let mut link = false;
        match rest.get(..length).unwrap_or_default() {
            b"(" | b"[" | b"{" => {
                open.push((index, links));
                if open.len() > MAX_BRACKETS {
                    return Err((
                        format!("more than {MAX_BRACKETS} brackets nest in each other"),
                        start,
                    ));
                }
                // A call or an index is a link of the chain around it.
                total += 1;
                links = 0;
            }
            b")" | b"]" | b"}" => {
                if let Some((partner, before)) = open.pop() {
                    if let Some(token) = tokens.get_mut(partner) {
                        token.partner = Some(index);
                    }
                    if let Some(token) = tokens.get_mut(index) {
                        token.partner = Some(partner);
                    }
                    total = total.saturating_sub(links);
                    links = before + 1;
                }
            }
            b"," | b"&&" | b"||" => {
                total = total.saturating_sub(links);
                links = 0;
            }
            b"." | b"+" | b"-" | b"*" | b"/" | b"%" | b"<" | b">" | b"<=" | b">=" | b"=="
            | b"!=" | b"in" | b"?" => link = true,
            _ => {}
        }
        if link {
            links += 1;
            total += 1;
        }
        if total > MAX_CHAIN {
            return Err((
                format!("more than {MAX_CHAIN} operators hang on each other"),
                start,
            ));
        }
    }
    Ok(Tokens(tokens))
}

fn token_length(rest: &[u8]) -> usize {
    let first = rest.first().copied().unwrap_or_default();
    // A string, perhaps with a prefix.
    let prefix = rest
        .iter()
        .take(2)
        .take_while(|b| matches!(b, b'r' | b'R' | b'b' | b'B'))
        .count();
    if let Some(quote @ (b'"' | b'\'')) = rest.get(prefix).copied() {
        let raw = rest
            .get(..prefix)
            .is_some_and(|p| p.iter().any(|b| matches!(b, b'r' | b'R')));
        return prefix + string_length(rest.get(prefix..).unwrap_or_default(), quote, raw);
    }
    if first == b'`' {
        let close = rest.iter().skip(1).position(|b| *b == b'`');
        return close.map_or(rest.len(), |c| c + 2);
    }
    if first.is_ascii_alphabetic() || first == b'_' {
        return run(rest, |b| b.is_ascii_alphanumeric() || b == b'_');
    }
    let starts_number =
        first.is_ascii_digit() || (first == b'.' && rest.get(1).is_some_and(u8::is_ascii_digit));
    if starts_number {
        return number_length(rest);
    }
    match rest.get(..2) {
        Some(b"&&" | b"||" | b"==" | b"!=" | b"<=" | b">=") => 2,
        // One whole character, so that spans stay on boundaries.
        _ => {
            1 + rest
                .iter()
                .skip(1)
                .take_while(|b| **b & 0b1100_0000 == 0b1000_0000)
                .count()
        }
    }
}

fn run(rest: &[u8], of: impl Fn(u8) -> bool) -> usize {
    rest.iter().take_while(|b| of(**b)).count()
}

fn number_length(rest: &[u8]) -> usize {
    if rest.starts_with(b"0x") {
        let digits = run(rest.get(2..).unwrap_or_default(), |b| b.is_ascii_hexdigit());
        let suffix = rest
            .get(2 + digits)
            .is_some_and(|b| matches!(b, b'u' | b'U'));
        return 2 + digits + usize::from(suffix);
    }
    let mut length = run(rest, |b| b.is_ascii_digit());
    let digits_after =
        |from: usize| run(rest.get(from..).unwrap_or_default(), |b| b.is_ascii_digit());
    if rest.get(length) == Some(&b'.') {
        let fraction = digits_after(length + 1);
        if fraction > 0 {
            length += 1 + fraction;
        }
    }
    if matches!(rest.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits_after(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length + usize::from(matches!(rest.get(length), Some(b'u' | b'U')))
}

fn string_length(rest: &[u8], quote: u8, raw: bool) -> usize {
    let triple = rest.starts_with(&[quote, quote, quote]);
    let mut at = if triple { 3 } else { 1 };
    while let Some(&byte) = rest.get(at) {
        if byte == b'\\' && !raw {
            at += 2;
        } else if triple {
            if rest
                .get(at..)
                .is_some_and(|r| r.starts_with(&[quote, quote, quote]))
            {
                return at + 3;
            }
            at += 1;
        } else if byte == quote {
            return at + 1;
        } else if byte == b'\n' {
            return at;
        } else {
            at += 1;
        }
    }
    rest.len()
}
