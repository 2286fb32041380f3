//! One table per rule of SEMANTICS.
