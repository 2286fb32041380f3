//! One request and its answer: what every wing speaks of. It knows neither the world nor the APIs.

pub(crate) mod etag;
mod refusal;
mod reply;
mod request;
pub(crate) mod selection;

pub(crate) use refusal::StatusError;
pub(crate) use reply::{ApiAnswer, Reply, listed};
pub(crate) use request::{ApiCall, Requester, TokenAttributes, pairs};
