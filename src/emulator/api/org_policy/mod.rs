//! Organization policies: the API in its two versions, and what they forbid here.

pub(crate) mod guard;
pub(crate) mod older;
pub(crate) mod policies;
