//! Text of a file that is held in memory: how much at most, and the values of one.

use std::io::{BufReader, Read};

use serde::de::DeserializeSeed;

use super::FileReading;
use super::document::TopSeed;

/// So much of a file is held in memory, at most (chosen): a line, or all of a document of many lines.
pub(super) const MOST: u64 = 1 << 30;

/// The exact way has to read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotQuick;

/// The text of a file, unpacked.
pub(super) type Unpacked = BufReader<Box<dyn Read>>;

/// Every value of a text, one after another.
pub(super) fn values(text: &[u8], loading: &mut FileReading<'_>) -> Result<(), NotQuick> {
    let mut json = serde_json::Deserializer::from_slice(text);
    loop {
        let read = TopSeed(&mut *loading).deserialize(&mut json);
        read.map_err(|_| NotQuick)?;
        if json.end().is_ok() {
            return Ok(());
        }
    }
}

/// The first byte that is no blank.
pub(super) fn first(line: &[u8]) -> Option<u8> {
    line.iter().copied().find(|b| !b.is_ascii_whitespace())
}
