//! Google Cloud as we imitate it.

pub mod large;
