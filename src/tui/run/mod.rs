//! Everything that touches the world outside of the model: the loop, the terminal, its input, and the
//! tasks that carry effects out.

mod background;
mod clipboard;
pub mod effects;
pub mod estate;
pub mod executor;
mod explorer;
mod input;
mod keep;
pub mod leaving;
mod listing;
mod pairs;
mod paths;
pub mod terminal;

pub use explorer::Explorer;
pub use listing::ReadingTeller;
