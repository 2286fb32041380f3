//! A file's bytes as the readers of its text see them: unpacked and in UTF-8. What it is shows in its first
//! bytes, never in its name (RFC 1952 for gzip, RFC 8878 for zstd, the Unicode Standard, 23.8, for byte
//! order marks). Everything streams: no more than a window of it is held.

use crate::text::counted;
use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How much more may come out than went in (*chosen*: exports of assets pack ten to forty times), once
/// [`FREE`] bytes have come.
const RATIO: u64 = 250;
const FREE: u64 = 64 << 20;
const CHUNK: usize = 32 << 10;

/// The text of a file, and whether it was packed.
///
/// # Errors
/// It cannot be read, is packed in a way that is not served or twice, or is a file of another kind; the
/// words say what to do.
pub(super) fn text(reader: impl Read + 'static) -> io::Result<(Box<dyn Read>, bool)> {
    let mut raw = PeekedReader::new(Box::new(reader))?;
    let packed = Packed::of(&raw.head);
    if let Some(packed) = packed {
        let went_in = Rc::new(Cell::new(0));
        let counted = PackedReader(raw, Rc::clone(&went_in));
        let inner: Box<dyn Read> = match packed {
            Packed::Gzip => Box::new(MultiGzDecoder::new(counted)),
            Packed::Zstd => Box::new(Zstd::new(counted)),
        };
        raw = PeekedReader::new(Box::new(Unpacking {
            inner,
            packed,
            went_in,
            came_out: 0,
        }))?;
        if Packed::of(&raw.head).is_some() {
            return Err(invalid(
                "it is packed twice: unpack it once, and give what comes of it",
            ));
        }
    }
    let text: Box<dyn Read> = match raw.head.as_slice() {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => {
            return Err(invalid(
                "it is UTF-32: save it as UTF-8 (iconv -f UTF-32 -t UTF-8)",
            ));
        }
        [0xff, 0xfe, ..] | [b'{' | b'[', 0, ..] => Box::new(Wide::new(raw, false)),
        [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] => Box::new(Wide::new(raw, true)),
        head => match foreign(head) {
            Some(words) => return Err(invalid(words)),
            None => Box::new(raw),
        },
    };
    Ok((text, packed.is_some()))
}

/// What is no text, by its first bytes.
fn foreign(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [b'P', b'K', 3, 4] => {
            "it is a zip archive: unpack it, and give the files in it; of a plan of Terraform, what terraform show -json prints"
        }
        [b'B', b'Z', b'h', _] => {
            "it is packed with bzip2: unpack it (bzip2 -d), or pack it with gzip or zstd"
        }
        [0xfd, b'7', b'z', b'X'] => {
            "it is packed with xz: unpack it (xz -d), or pack it with gzip or zstd"
        }
        [b'O', b'b', b'j', 1] => {
            "it is Avro, as BigQuery exports tables: export the table as newline-delimited JSON (bq extract --destination_format=NEWLINE_DELIMITED_JSON)"
        }
        [b'P', b'A', b'R', b'1'] => {
            "it is Parquet, as BigQuery exports tables: export the table as newline-delimited JSON (bq extract --destination_format=NEWLINE_DELIMITED_JSON)"
        }
        _ => return None,
    })
}

#[derive(Clone, Copy)]
enum Packed {
    Gzip,
    Zstd,
}

impl Packed {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that is skipped, as pzstd and seekable files begin.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Some(Self::Zstd),
            _ => None,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Gzip => ("gzip", "gzip -d"),
            Self::Zstd => ("zstd", "zstd -d"),
        }
    }
}

/// A reader whose first bytes were looked at.
struct PeekedReader {
    head: Vec<u8>,
    at: usize,
    inner: Box<dyn Read>,
}

impl PeekedReader {
    fn new(mut inner: Box<dyn Read>) -> io::Result<Self> {
        let mut head = Vec::new();
        inner.by_ref().take(4).read_to_end(&mut head)?;
        Ok(Self { head, at: 0, inner })
    }
}

impl Read for PeekedReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.head.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return self.inner.read(out);
        }
        let read = Cursor::new(rest).read(out)?;
        self.at += read;
        Ok(read)
    }
}

/// Counts what goes into an unpacker.
struct PackedReader<R>(R, Rc<Cell<u64>>);

impl<R: Read> Read for PackedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(out)?;
        self.1.set(self.1.get() + read as u64);
        Ok(read)
    }
}

/// What comes out of an unpacker, within measure.
struct Unpacking {
    inner: Box<dyn Read>,
    packed: Packed,
    went_in: Rc<Cell<u64>>,
    came_out: u64,
}

impl Read for Unpacking {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let (name, command) = self.packed.words();
        let read = self.inner.read(out).map_err(|e| {
            let how = match e.kind() {
                io::ErrorKind::Interrupted => return e,
                io::ErrorKind::UnexpectedEof => "breaks off",
                _ => "is damaged",
            };
            invalid(&format!(
                "the {name} data {how} after {} of it: copy or make the file again, nothing of it was used",
                counted(self.went_in.get(), "byte")
            ))
        })?;
        self.came_out += read as u64;
        if self.came_out > FREE && self.came_out / RATIO > self.went_in.get() {
            return Err(invalid(&format!(
                "more than {RATIO} times as much comes out of the {name} data as went in ({} MB of {} bytes), as from one made to fill memory: if it is right, unpack it ({command}) and give what comes of it",
                self.came_out / 1_000_000,
                self.went_in.get()
            )));
        }
        Ok(read)
    }
}

/// The frames of a zstd file, one after the other (RFC 8878, 3.1). The window that a frame may ask for is
/// bounded by the decoder (100 MB).
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    open: bool,
}

impl<R: Read> Zstd<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            decoder: FrameDecoder::new(),
            open: false,
        }
    }

    /// Opens the next frame; `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        loop {
            let mut first = [0];
            if self.source.read(&mut first)? == 0 {
                return Ok(false);
            }
            let mut source = Cursor::new(first).chain(&mut self.source);
            match self.decoder.reset(&mut source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut source.take(length.into()), &mut io::sink())?;
                }
                Err(_) => return Err(broken(&mut self.source)),
            }
        }
    }
}

/// Whether the data ended or is wrong: the decoder does not tell.
fn broken(source: &mut impl Read) -> io::Error {
    match source.read(&mut [0]) {
        Ok(0) => io::ErrorKind::UnexpectedEof.into(),
        Ok(_) => io::ErrorKind::InvalidData.into(),
        Err(e) => e,
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.open {
                if !self.next()? {
                    return Ok(0);
                }
                self.open = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let some = BlockDecodingStrategy::UptoBytes(CHUNK);
                if self.decoder.decode_blocks(&mut self.source, some).is_err() {
                    return Err(broken(&mut self.source));
                }
            }
            let read = self.decoder.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let told = self.decoder.get_checksum_from_data();
            if told.is_some() && told != self.decoder.get_calculated_checksum() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.open = false;
        }
    }
}

/// UTF-16 as UTF-8. `>` in Windows PowerShell writes it.
struct Wide {
    inner: PeekedReader,
    big: bool,
    /// Bytes of a character that is not whole yet.
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    began: bool,
}

impl Wide {
    fn new(inner: PeekedReader, big: bool) -> Self {
        Self {
            inner,
            big,
            raw: Vec::new(),
            out: Vec::new(),
            at: 0,
            began: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        const HALF: &str = "it is UTF-16 with half of a character in it: save it as UTF-8";
        let read = (&mut self.inner)
            .take(CHUNK as u64)
            .read_to_end(&mut self.raw)?;
        let mut units: Vec<u16> = self
            .raw
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok())
            .map(|pair| {
                if self.big {
                    u16::from_be_bytes(pair)
                } else {
                    u16::from_le_bytes(pair)
                }
            })
            .collect();
        let ended = read == 0;
        if !ended && units.last().is_some_and(|u| (0xd800..0xdc00).contains(u)) {
            units.pop();
        }
        let used = units.len() * 2;
        if ended && used < self.raw.len() {
            return Err(invalid(
                "it is UTF-16 and breaks off within a character: copy or make the file again",
            ));
        }
        self.raw.drain(..used);
        let text = String::from_utf16(&units).map_err(|_| invalid(HALF))?;
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) if !self.began => rest,
            _ => &text,
        };
        self.began |= used > 0;
        (self.out, self.at) = (text.as_bytes().to_vec(), 0);
        Ok(())
    }
}

impl Read for Wide {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut tries = 0;
        while self.at >= self.out.len() && tries < 2 {
            self.fill()?;
            tries += usize::from(self.out.is_empty());
        }
        let rest = self.out.get(self.at..).unwrap_or_default();
        let read = Cursor::new(rest).read(out)?;
        self.at += read;
        Ok(read)
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
