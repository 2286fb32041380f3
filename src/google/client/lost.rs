//! Why no answer came.

use super::super::pace::Missed;
use super::super::transport::why_final;
use super::calls::unclear;

/// In words; what another call does not mend is final.
pub(in crate::google) fn lost(what: &str, error: &reqwest::Error) -> Missed {
    let (words, is_final) = why_final(error);
    let error = unclear(what, words);
    if is_final {
        Missed::for_good(error)
    } else {
        error.into()
    }
}
