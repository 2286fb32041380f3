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
use crate::iam::allow::shared_members::{SharedMembers, SideBySide};

/// So many bytes are a block, and what is left of its last line (chosen: enough that handing it over costs nothing).
const BLOCK: usize = if cfg!(test) { 300 } else { 1 << 20 };
/// Room for a block with the rest of its last line, as a rule.
const ROOM: usize = BLOCK + (BLOCK >> 2);

/// What came of a line.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are assets, and the room for them is used again, block by block"
)]
enum ReadLine {
    Asset(ReadAsset),
    /// Something else that may stand on a line of its own, at these bytes of the block.
    Other(Range<usize>),
}

/// A block of lines, read.
struct ReadBlock {
    bytes: Vec<u8>,
    lines: Vec<ReadLine>,
    read: Result<(), NotQuick>,
}

/// Room that blocks before took: what comes of them is as large as they are, and memory that is given back and taken
/// again costs more than reading.
#[derive(Default)]
struct BlockRoom {
    bytes: Vec<u8>,
    lines: Vec<ReadLine>,
}

/// Reads what is left of an export.
///
/// # Errors
/// As [`super::quick::one`].
pub(super) fn lines(reader: &mut Unpacked, loading: &mut FileReading<'_>) -> Result<(), NotQuick> {
    // Blocks under way; more would only be held.
    let most = 2 * rayon::current_num_threads();
    // Members that were read, for whoever reads the next block.
    let members = MembersOfBlocks::default();
    rayon::in_place_scope(|scope| {
        let mut begun: VecDeque<Receiver<ReadBlock>> = VecDeque::new();
        let mut spare: Vec<BlockRoom> = Vec::new();
        loop {
            let BlockRoom { bytes, mut lines } = spare.pop().unwrap_or_default();
            let bytes = block(reader, bytes)?;
            let end = bytes.is_empty();
            if !end {
                let (send, receive) = channel();
                let members = &members;
                scope.spawn(move |_| {
                    let read = members.during(|| read(&bytes, &mut lines));
                    // Whoever waited for it may have given up.
                    let _ = send.send(ReadBlock { bytes, lines, read });
                });
                begun.push_back(receive);
            }
            while begun.len() > if end { 0 } else { most } {
                let Some(next) = begun.pop_front() else { break };
                let taken = take_in(next.recv().map_err(|_| NotQuick)?, loading)?;
                // One that a long line made large is not kept.
                if taken.bytes.capacity() <= 2 * ROOM {
                    spare.push(taken);
                }
            }
            if end {
                return Ok(());
            }
        }
    })
}

/// Members that blocks were read with, and what whoever reads beside has read.
#[derive(Default)]
struct MembersOfBlocks {
    free: Mutex<Vec<SharedMembers>>,
    all: SideBySide,
}

impl MembersOfBlocks {
    /// Reads with the members that another block was read with.
    fn during<T>(&self, read: impl FnOnce() -> T) -> T {
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let known = free().pop();
        let known = known.unwrap_or_else(|| SharedMembers::beside(&self.all));
        let (read, known) = known.during(read);
        free().push(known);
        read
    }
}

/// Whole lines, some [`BLOCK`] of them, in room that was used before; nothing at the end.
fn block(reader: &mut Unpacked, room: Vec<u8>) -> Result<Vec<u8>, NotQuick> {
    let mut bytes = room;
    bytes.clear();
    bytes.reserve(ROOM);
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

fn read(bytes: &[u8], found: &mut Vec<ReadLine>) -> Result<(), NotQuick> {
    let mut last = None;
    // Once for all strings of it.
    let text = std::str::from_utf8(bytes).map_err(|_| NotQuick)?;
    let ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
    let mut from = 0;
    for end in ends.chain(std::iter::once(bytes.len())) {
        let place = std::mem::replace(&mut from, end)..end;
        let line = text.get(place.clone()).unwrap_or_default();
        if matches!(first(line.as_bytes()), None | Some(b'#')) {
            continue;
        }
        let before = found.len();
        let mut json = serde_json::Deserializer::from_str(line);
        loop {
            let mut other = false;
            match LineSeed(&mut other).deserialize(&mut json) {
                Ok(mut asset) => {
                    asset.judge_ahead(&mut last).map_err(|_| NotQuick)?;
                    found.push(ReadLine::Asset(asset));
                }
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
    Ok(())
}

/// Takes a block in; gives its room back.
fn take_in(block: ReadBlock, loading: &mut FileReading<'_>) -> Result<BlockRoom, NotQuick> {
    let ReadBlock {
        bytes,
        mut lines,
        read,
    } = block;
    read?;
    loading.position.take_in(bytes.len());
    for line in lines.drain(..) {
        match line {
            ReadLine::Asset(asset) => {
                asset::keep::<de::value::Error>(loading, asset).map_err(|_| NotQuick)?;
            }
            ReadLine::Other(place) => values(bytes.get(place).unwrap_or_default(), loading)?,
        }
    }
    Ok(BlockRoom { bytes, lines })
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
