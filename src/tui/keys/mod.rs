//! Commands by name, and the one table of keys that lead to them.

pub mod command;
pub mod keymap;
