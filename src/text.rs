//! Which characters may not reach a terminal, a shell or a reader's eye as they are.

mod count;
mod decode;
mod json;
mod wrap;

pub use count::counted;
pub use decode::decoded;
pub use json::{JsonObject, write_json, write_json_line};
pub use wrap::{Overlong, joint, wrap};

/// Control characters, and those that reorder or hide text (bidirectional overrides, zero-width
/// marks, line separators): a name that holds one could show as another name.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// How many cells of a terminal a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    use unicode_width::UnicodeWidthStr as _;
    // Nearly all that is drawn is plain ASCII, a cell each; the tables of Unicode are several times slower to ask.
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return text.len();
    }
    text.width()
}

/// A JSON text of the value in which every hidden character is written `\uXXXX`; still JSON, and
/// the same value when read again.
#[must_use]
pub fn visible_json(value: &serde_json::Value) -> String {
    let plain = value.to_string();
    if !plain.chars().any(is_hidden) {
        return plain;
    }
    // Outside strings compact JSON holds ASCII only, so what is hidden stands inside a string.
    let mut out = String::with_capacity(plain.len() + 16);
    for c in plain.chars() {
        push_json(&mut out, c);
    }
    out
}

/// One line for a person: hidden characters are shown as `\u{XXXX}`.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Text from outside in a message: in quotation marks, control characters escaped, at most 80 characters of it.
#[must_use]
pub fn in_quotes(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        format!("{short:?}…")
    } else {
        format!("{short:?}")
    }
}

/// Lines for a person: hidden characters are shown as `\u{XXXX}`, line ends stay.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// One word of a POSIX shell, for `sh` (dash, bash) and zsh alike: bare when every character is
/// harmless, else in single quotes. Hidden characters are written in octal, by a `printf` in the
/// word's place (`$'…'` would be shorter, and dash does not know it), so that a paste can run
/// nothing and the reader sees them.
#[must_use]
pub fn shell(text: &str) -> String {
    shell_bytes(text.as_bytes())
}

/// The same of what need not be text: a file's name.
#[must_use]
pub fn shell_bytes(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.chars().any(is_hidden)
    {
        return quoted(text);
    }
    // What `$(…)` would take from the end stands behind it.
    let end = bytes.iter().rev().take_while(|b| **b == b'\n').count();
    let (body, ends) = bytes.split_at(bytes.len() - end);
    let mut out = String::from("\"$(printf '");
    for (i, chunk) in body.utf8_chunks().enumerate() {
        for (j, c) in chunk.valid().char_indices() {
            let mut units = [0; 4];
            match c {
                '\\' => out.push_str("\\\\"),
                '%' => out.push_str("%%"),
                // `!` means the history to an interactive shell, within double quotes too; a format
                // may not begin as an option does.
                '\'' | '!' => push_octal(&mut out, c.encode_utf8(&mut units).as_bytes()),
                '-' if i == 0 && j == 0 => push_octal(&mut out, b"-"),
                c if is_hidden(c) => push_octal(&mut out, c.encode_utf8(&mut units).as_bytes()),
                c => out.push(c),
            }
        }
        push_octal(&mut out, chunk.invalid());
    }
    out.push_str("')\"");
    if !ends.is_empty() {
        out.push_str(&format!("'{}'", "\n".repeat(ends.len())));
    }
    out
}

/// Octal of three digits: what follows cannot be taken for part of it.
fn push_octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push_str(&format!("\\{byte:03o}"));
    }
}

/// Text without hidden characters.
fn quoted(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    // zsh expands a word that begins with `=`.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(harmless) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// [`visible_json`] over several lines, indented by two; ends without a line end.
#[must_use]
pub fn pretty_json(value: &serde_json::Value) -> String {
    let plain = format!("{value:#}");
    if plain
        .bytes()
        .all(|b| b == b'\n' || matches!(b, b' '..=b'~'))
    {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 16);
    // A line end inside a string is written `\n` already: those that are left are the layout's.
    for c in plain.chars() {
        if c == '\n' {
            out.push(c);
        } else {
            push_json(&mut out, c);
        }
    }
    out
}

fn push_json(out: &mut String, c: char) {
    if is_hidden(c) {
        let mut units = [0_u16; 2];
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const HOSTILE: &str = "a\u{1b}[2J\u{202e}b\r\nc\u{200b}";

    #[test]
    fn a_hostile_name_is_shown_and_not_obeyed() {
        let line = visible(HOSTILE);
        assert!(!line.chars().any(is_hidden), "{line:?}");
        assert!(line.contains("\\u{1b}[2J\\u{202e}b"), "{line}");
        let lines = visible_lines(HOSTILE);
        assert_eq!(lines.lines().count(), 2, "{lines:?}");
        assert!(
            !lines.chars().any(|c| c != '\n' && is_hidden(c)),
            "{lines:?}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn every_shell_there_is_reads_a_word_as_it_was() {
        let words: [&[u8]; 17] = [
            b"",
            b"plain@word.example",
            b"two words",
            b"it's",
            b"!hist !! \\!x",
            b"~root",
            b"~",
            b"=ls",
            b"a=~/b",
            b"*[a-z]?{1,2}",
            b"$HOME `id` $(id) \"q\" \\",
            b"-n",
            b"-%s\x1b[2J%d\\n'",
            b"line\nand !line\n",
            "\u{202e}hidden\u{200b}".as_bytes(),
            b"no text \xff\xfe",
            "gr\u{fc}n #c ;& | <> ^x".as_bytes(),
        ];
        let mut asked = 0;
        for shell in ["sh", "dash", "bash", "zsh", "ksh", "busybox"] {
            for word in words {
                let line = format!("printf '%s.' {}", shell_bytes(word));
                let mut command = std::process::Command::new(shell);
                if shell == "busybox" {
                    command.arg("sh");
                }
                let Ok(ran) = command.args(["-c", &line]).output() else {
                    continue;
                };
                asked += 1;
                let read = ran.stdout.strip_suffix(b".").unwrap_or_default();
                assert_eq!(read, word, "{shell}: {line}");
            }
        }
        assert!(asked >= words.len(), "there is no shell to ask");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = json!({ "k\u{7f}": [HOSTILE, {}, 1, null] });
        for text in [visible_json(&value), pretty_json(&value)] {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text:?}");
        }
        let mut written = Vec::new();
        write_json(&mut written, &value).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), pretty_json(&value));
    }
}
