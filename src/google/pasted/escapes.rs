//! Escapes of strings, pages and addresses, and characters that only look.

/// One level of escapes: backslashes as in JSON, Python, Go and Java, entities of HTML, percent signs of addresses.
pub(super) fn one_level(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&', '%']) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (put, used) = escape(after);
        out.push(put);
        rest = after.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// What an escape at the beginning of a text stands for, and how many bytes it takes.
fn escape(text: &str) -> (char, usize) {
    let found = match text.as_bytes().first() {
        Some(b'\\') => backslash(text),
        Some(b'&') => entity(text),
        _ => percent(text),
    };
    found.unwrap_or_else(|| {
        let first = text.chars().next().unwrap_or(' ');
        (first, first.len_utf8())
    })
}

fn backslash(text: &str) -> Option<(char, usize)> {
    let hex = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| all)?;
        Some((char::from_u32(code)?, to))
    };
    match text.chars().nth(1)? {
        'r' if text.get(1..4) == Some("r\\n") => Some(('\n', 4)),
        'n' => Some(('\n', 2)),
        'r' => Some((' ', 2)),
        't' => Some(('\t', 2)),
        // A line that goes on in the next one: shells, Makefiles, Python.
        '\n' => Some(('\n', 2)),
        c @ ('"' | '\'' | '\\' | '/' | '`' | '_' | '*' | '[' | ']' | '|') => Some((c, 2)),
        'u' => hex(2, 6),
        'x' => hex(2, 4),
        // Colours as shells write them: `\e[31m`, `\033[31m`.
        'e' if text.get(2..3) == Some("[") => Some(('\u{1b}', 2)),
        '0' if text.get(1..4) == Some("033") => Some(('\u{1b}', 4)),
        _ => None,
    }
}

/// The entities that errors hold: pages escape quotes, angles and the ampersand alone, some by number.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(10).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "quot" | "ldquo" | "rdquo" => '"',
        "apos" | "lsquo" | "rsquo" => '\'',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse().ok(), |h| u32::from_str_radix(h, 16).ok());
            char::from_u32(code?)?
        }
    };
    Some((c, end + 1))
}

/// `%40` and its kin; what could not stand in an error is left as it is.
fn percent(text: &str) -> Option<(char, usize)> {
    let digits = text.get(1..3)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let code = u8::from_str_radix(digits, 16).ok()?;
    (code.is_ascii_graphic() || code == b' ').then_some((char::from(code), 3))
}

/// Colours and other control sequences off; quotes, spaces and line ends of one form.
pub(super) fn plain_characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => control_sequence(&mut chars),
            // CSI in one character.
            '\u{9b}' => parameters(&mut chars),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{b}' | '\u{c}' => out.push('\n'),
            '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{b4}' | '`'
            | '\u{ff07}' => {
                out.push('\'');
            }
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' | '\u{ab}'
            | '\u{bb}' | '\u{ff02}' => {
                out.push('"');
            }
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                out.push(' ');
            }
            '\n' | '\t' => out.push(c),
            c if crate::text::is_hidden(c) => {}
            c => out.push(c),
        }
    }
    out
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What follows an escape character: ECMA-48's sequences, and those that end with a bell (titles, links). One that
/// never ends is cut at the line's end, so that nothing of the error is lost.
fn control_sequence(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            parameters(chars);
        }
        Some(']' | 'P' | '_' | '^') => {
            while let Some(c) = chars.peek() {
                match c {
                    '\n' => return,
                    '\u{7}' | '\u{9c}' => {
                        chars.next();
                        return;
                    }
                    '\u{1b}' => {
                        chars.next();
                        if chars.peek() == Some(&'\\') {
                            chars.next();
                        }
                        return;
                    }
                    _ => {
                        chars.next();
                    }
                }
            }
        }
        Some('(' | ')') => {
            chars.next();
            chars.next();
        }
        _ => {}
    }
}

/// The parameters of a control sequence and the letter that ends it.
fn parameters(chars: &mut Chars<'_>) {
    while let Some(c) = chars.peek() {
        match c {
            '0'..='9' | ';' | ':' | '<' | '=' | '>' | '?' | ' '..='/' => {
                chars.next();
            }
            '@'..='~' => {
                chars.next();
                return;
            }
            _ => return,
        }
    }
}
