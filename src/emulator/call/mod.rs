//! One request and its answer: what every wing speaks of. It knows neither the world nor the APIs.

pub(crate) mod etag;
mod refusal;
mod reply;
mod request;
pub(crate) mod selection;

pub(crate) use refusal::Refusal;
pub(crate) use reply::{Answer, Reply, listed};
pub(crate) use request::{Attributes, Call, Who, pairs};
