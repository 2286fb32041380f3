//! The quick way to read a file: whole values from memory, without a word of where they stand.
//!
//! A file is in order as a rule, and then nobody asks for lines and paths. So this way knows only that all went
//! well; whatever does not is read again by the exact way, which takes a byte at a time, bounds what it holds, and
//! says what is wrong and where. What it may read in full it reads as the exact way does: the same values, by the
//! same code, in the same order.

use std::io::{BufRead, BufReader, Read};

use super::held::{MOST, NotQuick, Unpacked, first, values};
use super::{FileReader, FileReading, abreast, unpack};

/// So many bytes are taken at a time: as many as a plain file's own reader, so that they are copied once.
const AT_A_TIME: usize = 1 << 20;

/// Reads one file to its end. A value on each line is read line by line; where the first value goes on after
/// its line, the file is one document.
///
/// # Errors
/// It cannot be read, holds nothing, holds more than [`MOST`] at a time, or something is wrong with it.
pub(super) fn one(reader: FileReader, loading: &mut FileReading<'_>) -> Result<(), NotQuick> {
    let (text, _) = unpack::text(reader).map_err(|_| NotQuick)?;
    let mut reader = BufReader::with_capacity(AT_A_TIME, text);
    let mut held = Vec::new();
    let mut begun = false;
    let mut mark = true;
    loop {
        held.clear();
        let read = take(&mut reader, &mut held, |from, into| {
            from.read_until(b'\n', into)
        })?;
        if read == 0 {
            break;
        }
        loading.position.take_in(read);
        if std::mem::take(&mut mark) && held.starts_with(b"\xef\xbb\xbf") {
            held.drain(..3).for_each(drop);
        }
        if matches!(first(&held), None | Some(b'#')) {
            continue;
        }
        if !begun && !is_closed(&held) {
            let more = take(&mut reader, &mut held, |from, into| from.read_to_end(into))?;
            loading.position.take_in(more);
            blank_comments(&mut held);
        }
        values(&held, loading)?;
        if !begun && first(&held) == Some(b'{') {
            // One value on each line, as far as can be told: an export.
            return abreast::lines(&mut reader, loading);
        }
        begun = true;
    }
    if begun { Ok(()) } else { Err(NotQuick) }
}

/// Reads no more than may be held; gives how much.
fn take(
    reader: &mut Unpacked,
    into: &mut Vec<u8>,
    how: impl FnOnce(&mut std::io::Take<&mut Unpacked>, &mut Vec<u8>) -> std::io::Result<usize>,
) -> Result<usize, NotQuick> {
    let held = u64::try_from(into.len()).unwrap_or(MOST);
    let mut some = reader.take(MOST.saturating_sub(held));
    let read = how(&mut some, into).map_err(|_| NotQuick)?;
    if some.limit() == 0 {
        return Err(NotQuick);
    }
    Ok(read)
}

/// Whether every bracket that a line opens is closed on it. Brackets in strings do not count.
fn is_closed(line: &[u8]) -> bool {
    let (mut open, mut string, mut escaped) = (0_i64, false, false);
    for byte in line {
        match (string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => string = !string,
            (false, b'{' | b'[') => open += 1,
            (false, b'}' | b']') => open -= 1,
            _ => {}
        }
    }
    open == 0 && !string
}

/// Makes lines that begin with # blank, as the exact way sees them. No string goes over a line's end, so that
/// none is touched.
fn blank_comments(text: &mut [u8]) {
    for line in text.split_mut(|b| *b == b'\n') {
        if first(line) == Some(b'#') {
            line.fill(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_close_nothing() {
        for (line, closed) in [
            (r#"{"a": "}"}"#, true),
            (r#"{"a": "\"}"}"#, true),
            (r#"{"a": "\\"}"#, true),
            (r#"{"a": ["#, false),
            ("{", false),
            (r#""open"#, false),
            ("", true),
        ] {
            assert_eq!(is_closed(line.as_bytes()), closed, "{line}");
        }
    }

    #[test]
    fn comment_lines_are_blank_and_others_as_they_were() {
        let mut text = b"{\n  # one\n \"a\": \"#\"\n#two\n}".to_vec();
        blank_comments(&mut text);
        assert_eq!(text, b"{\n       \n \"a\": \"#\"\n    \n}");
    }
}
