//! The bytes of a file as the JSON reader sees them: no byte order mark, comment lines blank,
//! no string beyond a limit, and counted.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::unpack;

/// The longest string that is read. Startup scripts and certificates in asset exports are far shorter.
const LONGEST_STRING: usize = 8 << 20;
const CHUNK: usize = 64 << 10;

/// Where reading has come to, shared with those who keep what is read.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadPosition(Rc<(Cell<u64>, Cell<u64>)>);

impl ReadPosition {
    /// The line, counted from 1.
    pub fn line(&self) -> u64 {
        self.0.0.get() + 1
    }

    /// Sets the line, counted from 1.
    pub fn stand_at(&self, line: u64) {
        self.0.0.set(line.saturating_sub(1));
    }

    /// Counts bytes that were taken in.
    pub fn take_in(&self, bytes: usize) {
        let more = u64::try_from(bytes).unwrap_or(u64::MAX);
        let all = &self.0.1;
        all.set(all.get().saturating_add(more));
    }

    /// Bytes taken in so far.
    pub fn bytes(&self) -> u64 {
        self.0.1.get()
    }
}

/// A file.
pub(super) struct Input {
    reader: Box<dyn Read>,
    packed: bool,
    chunk: Vec<u8>,
    at: usize,
    position: ReadPosition,
    /// Nothing but blanks on this line so far.
    fresh: bool,
    comment: bool,
    /// Bytes of the string that is open.
    string: Option<usize>,
    escaped: bool,
    /// Blanks before what [`Self::peek`] came to, on its line.
    indent: usize,
    /// No JSON: everything passes as it is.
    plain: bool,
}

/// By so much of a text its form is told.
const HEAD: u64 = 16 << 10;

impl Input {
    /// Unpacks it where it is packed, and takes the byte order mark away.
    ///
    /// # Errors
    /// As [`unpack::text`].
    pub fn new(reader: Box<dyn BufRead + Send>) -> io::Result<Self> {
        let (reader, packed) = unpack::text(reader)?;
        let mut input = Self {
            reader,
            packed,
            chunk: Vec::new(),
            at: 0,
            position: ReadPosition::default(),
            fresh: true,
            comment: false,
            string: None,
            escaped: false,
            indent: 0,
            plain: false,
        };
        input.fill()?;
        if input.chunk.starts_with(b"\xef\xbb\xbf") {
            input.at = 3;
        }
        Ok(input)
    }

    pub fn position(&self) -> ReadPosition {
        self.position.clone()
    }

    /// Unpacks what is left of a packed file, for nothing but whether it is whole: what is damaged makes the
    /// reader of its text stumble before the unpacker does.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&mut self) -> io::Result<()> {
        if self.packed {
            io::copy(&mut self.reader, &mut io::sink())?;
        }
        Ok(())
    }

    /// Passes blanks and comment lines; what comes then is not taken. `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.next()? {
                Some(b'\n') => self.indent = 0,
                Some(b) if b.is_ascii_whitespace() => self.indent += 1,
                Some(b) => {
                    // Given back: it was the last byte taken from this chunk.
                    self.at -= 1;
                    self.string = None;
                    return Ok(Some(b));
                }
                None => return Ok(None),
            }
        }
    }

    /// From here on everything passes as it is; gives the beginning of it, with the blanks that stand before it
    /// on its line.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn begin_text(&mut self) -> io::Result<Vec<u8>> {
        self.plain = true;
        let mut head = vec![b' '; self.indent.min(CHUNK)];
        self.take(HEAD).read_to_end(&mut head)?;
        Ok(head)
    }

    fn fill(&mut self) -> io::Result<()> {
        self.chunk.resize(CHUNK, 0);
        self.at = 0;
        let read = loop {
            match self.reader.read(&mut self.chunk) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.inspect_err(|_| self.chunk.clear())?;
        self.chunk.truncate(read);
        self.position.take_in(read);
        Ok(())
    }

    fn raw(&mut self) -> io::Result<Option<u8>> {
        if self.at >= self.chunk.len() {
            self.fill()?;
        }
        let byte = self.chunk.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        Ok(byte)
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        loop {
            let Some(byte) = self.raw()? else {
                return Ok(None);
            };
            if byte == b'\n' {
                let lines = &self.position.0.0;
                lines.set(lines.get() + 1);
                (self.fresh, self.comment, self.string) = (true, false, None);
                return Ok(Some(byte));
            }
            if self.comment {
                continue;
            }
            if let Some(length) = &mut self.string {
                *length += 1;
                if *length > LONGEST_STRING {
                    return Err(invalid(
                        "a string is longer than 8 MiB: expected one of a reasonable length",
                    ));
                }
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.string = None;
                }
                return Ok(Some(byte));
            }
            match byte {
                // A string holds no line end, so a line that begins with # is never inside one.
                b'#' if self.fresh => {
                    self.comment = true;
                    continue;
                }
                b'"' => (self.string, self.escaped, self.fresh) = (Some(0), false, false),
                b' ' | b'\t' | b'\r' => {}
                _ => self.fresh = false,
            }
            return Ok(Some(byte));
        }
    }
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.plain {
            if self.at >= self.chunk.len() {
                self.fill()?;
            }
            let read = self.chunk.get(self.at..).unwrap_or_default().read(out)?;
            self.at += read;
            return Ok(read);
        }
        // The JSON reader takes one byte at a time, so that it never holds what it has not judged.
        let Some(first) = out.first_mut() else {
            return Ok(0);
        };
        Ok(match self.next()? {
            Some(byte) => {
                *first = byte;
                1
            }
            None => 0,
        })
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
