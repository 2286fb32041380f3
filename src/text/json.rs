//! JSON as it is written, without a tree of it in memory: indented by two, every hidden character as `\uXXXX`.

use std::io::{self, Write};

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
