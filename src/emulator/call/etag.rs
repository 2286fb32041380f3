//! Etags: read in whichever base64 they come, issued in the canonical one.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::StatusError;

/// Decodes an etag, whichever base64 a client made of it.
pub(crate) fn decoded(etag: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let plain: String = etag
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    GeneralPurpose::new(&alphabet::STANDARD, config)
        .decode(plain)
        .ok()
}

/// Refuses a change by somebody who read another version: an etag was sent, and it is not the stored one.
pub(crate) fn same_version(sent: Option<&str>, stored: Option<&str>) -> Result<(), StatusError> {
    match (sent.filter(|e| !e.is_empty()), stored) {
        (Some(sent), Some(stored)) if decoded(sent) != decoded(stored) => {
            Err(StatusError::of_status(409))
        }
        _ => Ok(()),
    }
}

/// Eight bytes, seven of them the time in microseconds, as Google's look (`BwY…`); the count keeps
/// two writes of one microsecond apart.
pub(crate) fn new_etag(microseconds: i64, writes: u64) -> String {
    let time = u64::try_from(microseconds).unwrap_or_default() + writes;
    let mut bytes = time.to_be_bytes();
    if let Some(first) = bytes.first_mut() {
        *first = 7;
    }
    STANDARD.encode(bytes)
}

/// FNV-1a: stable over runs and versions, which is all that is asked of it here.
pub(crate) fn fingerprint(text: &str) -> [u8; 8] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash.to_be_bytes()
}
