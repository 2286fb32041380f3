//! JSON as it is written, without a tree of it in memory: indented by two, every hidden character as `\uXXXX`.

use std::io::{self, Write};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::{is_hidden, push_json};

/// Writes what [`super::pretty_json`] makes of the same value.
///
/// # Errors
/// What the writer gives.
pub fn write_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let visible = VisibleFormatter(PrettyFormatter::new());
    let written = value.serialize(&mut Serializer::with_formatter(out, visible));
    written.map_err(io::Error::from)
}

/// The same on one line.
///
/// # Errors
/// What the writer gives.
pub fn write_json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let visible = VisibleFormatter(CompactFormatter);
    let written = value.serialize(&mut Serializer::with_formatter(out, visible));
    written.map_err(io::Error::from)
}

/// So many elements of a list are written at first, until it is known how long they become (chosen).
const AT_FIRST: usize = 64;

/// About so many bytes of a list are held until they are out (chosen).
const HELD: usize = 1 << 21;

/// In so many pieces each thread has its share of them: some become longer than others.
const PIECES: usize = 4;

/// An object that is written as [`write_json`] writes it, entry by entry; its lists by all threads.
pub struct JsonObject<W: Write> {
    out: W,
    empty: bool,
}

impl<W: Write> JsonObject<W> {
    /// Begins one.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn begin(mut out: W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, empty: true })
    }

    /// An entry with a value.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn entry(&mut self, key: &str, value: &impl Serialize) -> io::Result<()> {
        self.key(key)?;
        self.out.write_all(&inside(value)?)
    }

    /// An entry with a list, whose elements are made when their turn comes.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn list<R: Serialize + Send + Sync>(
        &mut self,
        key: &str,
        mut elements: impl Iterator<Item = R>,
    ) -> io::Result<()> {
        self.key(key)?;
        self.out.write_all(b"[")?;
        let pieces = PIECES * rayon::current_num_threads();
        let mut at_once = AT_FIRST;
        let mut first = true;
        loop {
            let some: Vec<R> = elements.by_ref().take(at_once).collect();
            if some.is_empty() {
                break;
            }
            let pieces = some.par_chunks(some.len().div_ceil(pieces));
            let pieces = pieces.map(|piece| inside(&piece));
            let pieces = pieces.collect::<io::Result<Vec<Vec<u8>>>>()?;
            let length: usize = pieces.iter().map(Vec::len).sum();
            // An element may be a hundred bytes or a megabyte.
            at_once = (HELD * some.len() / length.max(1)).clamp(1, 4 * at_once);
            for piece in pieces {
                if !std::mem::take(&mut first) {
                    self.out.write_all(b",")?;
                }
                let piece = piece.strip_prefix(b"[").unwrap_or(&piece);
                let piece = piece.strip_suffix(b"\n  ]").unwrap_or(piece);
                self.out.write_all(piece)?;
            }
        }
        self.out.write_all(if first { b"]" } else { b"\n  ]" })
    }

    /// Ends it.
    ///
    /// # Errors
    /// What the writer gives.
    pub fn end(mut self) -> io::Result<()> {
        self.out.write_all(if self.empty { b"}" } else { b"\n}" })
    }

    fn key(&mut self, key: &str) -> io::Result<()> {
        let before: &[u8] = match std::mem::take(&mut self.empty) {
            true => b"\n  ",
            false => b",\n  ",
        };
        self.out.write_all(before)?;
        write_json(&mut self.out, &key)?;
        self.out.write_all(b": ")
    }
}

/// A value as it stands in an object.
fn inside(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut pretty = PrettyFormatter::new();
    pretty.begin_object(&mut io::sink())?;
    let mut text = Vec::new();
    let mut out = Serializer::with_formatter(&mut text, VisibleFormatter(pretty));
    value.serialize(&mut out).map_err(io::Error::from)?;
    Ok(text)
}

struct VisibleFormatter<F>(F);

impl<F: Formatter> Formatter for VisibleFormatter<F> {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        if text.bytes().all(|b| matches!(b, b' '..=b'~')) || !text.chars().any(is_hidden) {
            return out.write_all(text.as_bytes());
        }
        let mut shown = String::with_capacity(text.len() + 16);
        text.chars().for_each(|c| push_json(&mut shown, c));
        out.write_all(shown.as_bytes())
    }

    fn begin_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::text::pretty_json;

    fn by_entries(value: &Value) -> String {
        let mut out = Vec::new();
        let mut object = JsonObject::begin(&mut out).unwrap();
        for (key, value) in value.as_object().unwrap() {
            match value {
                Value::Array(list) => object.list(key, list.iter()).unwrap(),
                other => object.entry(key, other).unwrap(),
            }
        }
        object.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_object_is_written_alike_entry_by_entry() {
        let element = |at: usize| match at % 3 {
            0 => json!({ "at": at, "in": { "none": [], "\u{202e}": ["]", {}] } }),
            1 => json!([at, [null]]),
            _ => json!("\u{200b},\n  ]"),
        };
        for length in [
            0,
            1,
            AT_FIRST,
            AT_FIRST + 1,
            5 * AT_FIRST,
            21 * AT_FIRST + 7,
        ] {
            let list: Vec<Value> = (0..length).map(element).collect();
            let whole =
                json!({ "one": { "a": [1] }, "list": list, "last": [[], {}], "null": null });
            assert_eq!(by_entries(&whole), pretty_json(&whole), "{length}");
        }
        assert_eq!(by_entries(&json!({})), "{}");
    }
}
