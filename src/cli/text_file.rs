//! Files that a person wrote, as text.

use std::io;
use std::path::Path;

use crate::text::decoded;

/// The text of a file, however it is encoded ([`decoded`]).
///
/// # Errors
/// It cannot be read, or is no text.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    decoded(&bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}
