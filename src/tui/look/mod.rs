//! How things look, whatever they say: the theme's roles, pages as lines of pieces, widths of text.

pub mod find;
pub mod page;
pub mod svg;
pub mod text;
pub mod theme;
pub mod time;
