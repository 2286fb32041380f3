//! Which characters may not reach a terminal, a shell or a reader's eye as they are.

/// Control characters, and those that reorder or hide text (bidirectional overrides, zero-width
/// marks, line separators): a name that holds one could show as another name.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A JSON text of the value in which every hidden character is written `\uXXXX`; still JSON, and
/// the same value when read again.
pub(super) fn visible_json(value: &serde_json::Value) -> String {
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
pub(super) fn visible(text: &str) -> String {
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
