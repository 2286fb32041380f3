//! Keys, the commands that they lead to, and the table that says which.

pub mod command;
mod context;
mod key;
pub mod keymap;
pub mod line;
mod table;

pub use context::KeyContext;
pub use key::Key;
pub use keymap::{Displaced, KeyRow, KeySetting, Keymap};
pub use table::{Entry, TABLE};
