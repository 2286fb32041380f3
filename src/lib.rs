//! bindscope: why a service-account impersonation is refused, and the one binding that mends it.
//!
//! The floor plan. Arrows go one way; `docs/architecture.md` has the whole table, and `tests/floor_plan.rs`
//! fails on an arrow that is not in it.
#![forbid(unsafe_code)]

pub mod answer;
pub mod cli;
pub mod emulator;
pub mod estate;
pub mod evaluate;
pub mod google;
pub mod iam;
pub mod repair;
pub mod text;
pub mod tui;
pub mod wire;
