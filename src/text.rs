//! Which characters may not reach a terminal, a shell or a reader's eye as they are.

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

/// One word of a POSIX shell: bare when every character is harmless, else in single quotes. Hidden
/// characters are written in octal in `$'…'` (POSIX 2024; bash, zsh, ksh), so that a paste can run
/// nothing and the reader sees them.
#[must_use]
pub fn shell(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    // zsh expands a word that begins with `=`.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(harmless) {
        return text.to_owned();
    }
    if !text.chars().any(is_hidden) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            // Octal of three digits: what follows cannot be taken for part of it.
            c if is_hidden(c) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// [`visible_json`] over several lines, indented by two; ends without a line end.
#[must_use]
pub fn pretty_json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    // A line end inside a string is written `\n` already: those that are left are the layout's.
    for c in format!("{value:#}").chars() {
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

    #[test]
    fn json_stays_the_same_value() {
        let value = json!({ "k\u{7f}": [HOSTILE, {}, 1, null] });
        for text in [visible_json(&value), pretty_json(&value)] {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text:?}");
        }
    }
}
