//! The commands from outside: the built program, its exit codes, its JSON, its words.

mod boundaries;
#[cfg(unix)]
mod certificate;
mod closure;
mod common;
mod compiled;
mod config;
#[cfg(unix)]
mod credentials;
mod differences;
#[cfg(unix)]
mod doctor;
mod edges;
mod emulator;
mod errors;
mod expectations;
mod expected_sets;
mod explain;
mod export_forms;
mod export_without;
mod exports;
mod exports_met;
mod federation;
mod fix;
mod hostile;
mod lists;
#[cfg(unix)]
mod log;
mod many_projects;
mod marked_files;
mod mixups;
mod paste;
mod paste_cases;
mod paste_words;
mod path;
mod printed;
mod refused_forms;
#[cfg(unix)]
mod renewal;
mod review;
mod same_estate;
mod second;
mod single_files;
mod sources;
mod tags;
mod terminal;
mod terraform;
mod terraform_levels;
#[cfg(unix)]
mod tls;
#[cfg(unix)]
mod transport;
mod unique_ids;
mod unread;
mod watch;
#[path = "../words/mod.rs"]
mod words;
