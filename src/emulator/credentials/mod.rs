//! Who is asking: tokens and what they are given for, the metadata server, published keys.

mod assertion;
mod grant;
pub(crate) mod identify;
pub(crate) mod metadata;
pub(crate) mod oauth;
pub(crate) mod published;
mod sts;
