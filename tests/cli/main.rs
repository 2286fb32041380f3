//! The commands from outside: the built program, its exit codes, its JSON, its words.

mod boundaries;
mod common;
mod config;
#[cfg(unix)]
mod credentials;
mod differences;
#[cfg(unix)]
mod doctor;
mod emulator;
mod errors;
mod expectations;
mod explain;
mod export_forms;
mod export_without;
mod exports;
mod federation;
mod fix;
mod lists;
#[cfg(unix)]
mod log;
mod mixups;
mod paste;
mod paste_cases;
mod paste_words;
mod printed;
mod review;
mod sources;
mod tags;
mod terminal;
mod unique_ids;
