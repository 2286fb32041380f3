//! Lines of an export read side by side: others take blocks of whole lines and make assets of them, and this one
//! takes the assets in, block by block in the order of the file, so that what comes out is what one alone makes of
//! it.

use std::collections::VecDeque;
use std::fmt;
use std::io::BufRead;
use std::ops::Range;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::FileReading;
use super::asset::{self, ReadAsset};
use super::held::{MOST, NotQuick, Unpacked, first, values};
use crate::iam::allow::shared_members::SharedMembers;

/// So many bytes are a block, and what is left of its last line (chosen: enough that handing it over costs nothing).
const BLOCK: usize = if cfg!(test) { 300 } else { 1 << 20 };
/// What came of a line.
enum ReadLine {
    Asset(Box<ReadAsset>),
    /// Something else that may stand on a line of its own, at these bytes of the block.
    Other(Range<usize>),
}

/// A block of lines, read.
struct ReadBlock {
    bytes: Vec<u8>,
    lines: Result<Vec<ReadLine>, NotQuick>,
}

/// Reads what is left of an export.
///
/// # Errors
/// As [`super::quick::one`].
pub(super) fn lines(reader: &mut Unpacked, loading: &mut FileReading<'_>) -> Result<(), NotQuick> {
    // Blocks under way; more would only be held.
    let most = 2 * rayon::current_num_threads();
    // Members that were read, for whoever reads the next block.
    let members: Mutex<Vec<SharedMembers>> = Mutex::default();
    rayon::in_place_scope(|scope| {
        let mut begun: VecDeque<Receiver<ReadBlock>> = VecDeque::new();
        loop {
            let bytes = block(reader)?;
            let end = bytes.is_empty();
            if !end {
                let (send, receive) = channel();
                let members = &members;
                scope.spawn(move |_| {
                    let lines = sharing(members, || read(&bytes));
                    // Whoever waited for it may have given up.
                    let _ = send.send(ReadBlock { bytes, lines });
                });
                begun.push_back(receive);
            }
            while begun.len() > if end { 0 } else { most } {
                let Some(next) = begun.pop_front() else { break };
                take_in(next.recv().map_err(|_| NotQuick)?, loading)?;
            }
            if end {
                return Ok(());
            }
        }
    })
}

/// Reads with the members that another block was read with.
fn sharing<T>(members: &Mutex<Vec<SharedMembers>>, read: impl FnOnce() -> T) -> T {
    let known = members.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let (read, known) = known.unwrap_or_default().during(read);
    members
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(known);
    read
}

/// Whole lines, some [`BLOCK`] of them; nothing at the end.
fn block(reader: &mut Unpacked) -> Result<Vec<u8>, NotQuick> {
    let mut bytes = Vec::with_capacity(BLOCK + (BLOCK >> 2));
    while bytes.len() < BLOCK {
        let some = reader.fill_buf().map_err(|_| NotQuick)?;
        if some.is_empty() {
            return Ok(bytes);
        }
        let room = some.len().min(BLOCK - bytes.len());
        bytes.extend_from_slice(some.get(..room).unwrap_or_default());
        reader.consume(room);
    }
    let mut rest = std::io::Read::take(reader, MOST);
    let read = rest.read_until(b'\n', &mut bytes).map_err(|_| NotQuick)?;
    match u64::try_from(read) {
        Ok(read) if read < MOST => Ok(bytes),
        _ => Err(NotQuick),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<ReadLine>, NotQuick> {
    let mut found = Vec::new();
    let mut from = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let place = from..from + line.len();
        from = place.end;
        if matches!(first(line), None | Some(b'#')) {
            continue;
        }
        let before = found.len();
        let mut json = serde_json::Deserializer::from_slice(line);
        loop {
            let mut other = false;
            match LineSeed(&mut other).deserialize(&mut json) {
                Ok(asset) => found.push(ReadLine::Asset(Box::new(asset))),
                Err(_) if other => {
                    found.truncate(before);
                    found.push(ReadLine::Other(place));
                    break;
                }
                Err(_) => return Err(NotQuick),
            }
            if json.end().is_ok() {
                break;
            }
        }
    }
    Ok(found)
}

fn take_in(block: ReadBlock, loading: &mut FileReading<'_>) -> Result<(), NotQuick> {
    let ReadBlock { bytes, lines } = block;
    loading.position.take_in(bytes.len());
    for line in lines? {
        match line {
            ReadLine::Asset(asset) => {
                asset::keep::<de::value::Error>(loading, *asset).map_err(|_| NotQuick)?;
            }
            ReadLine::Other(place) => values(bytes.get(place).unwrap_or_default(), loading)?,
        }
    }
    Ok(())
}

/// An asset; whether it is something else is told beside the error.
struct LineSeed<'o>(&'o mut bool);

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = ReadAsset;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<ReadAsset, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LineSeed<'_> {
    type Value = ReadAsset;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an asset")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<ReadAsset, A::Error> {
        *self.0 = true;
        Err(de::Error::custom("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadAsset, A::Error> {
        match map.next_key::<String>()? {
            Some(key) if asset::begins(&key) => asset::read(key, map),
            _ => {
                *self.0 = true;
                Err(de::Error::custom("no asset"))
            }
        }
    }
}
