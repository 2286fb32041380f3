//! Errors as people paste them: as tables of texts, in every wrapping, and by their wordings.

mod hostile;
mod told;
mod wordings;
mod wrapped;
