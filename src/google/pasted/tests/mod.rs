//! Errors as people paste them: as tables of texts, in every wrapping, and by their wordings.

mod hostile;
mod told;
mod wordings;
mod wrapped;

/// Whether everything is tried, as CI does; a person waits for a part of it (`PROPTEST_CASES`).
fn whole() -> bool {
    std::env::var_os("PROPTEST_CASES").is_some()
}
