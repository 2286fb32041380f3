//! Several paths behind one `--estate`.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory;

use super::Cli;

/// The arguments with `--estate` before each of several paths behind it, as a shell's glob gives them. Only
/// before the command, where no bare word means anything else.
pub fn several(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let commands = Cli::command();
    let is_command = |word: &OsStr| {
        word == "help"
            || word
                .to_str()
                .is_some_and(|w| commands.find_subcommand(w).is_some())
    };
    let mut out: Vec<OsString> = Vec::new();
    let mut arguments = arguments.into_iter();
    out.extend(arguments.next());
    // Whether the next word is the option's value, and whether one behind it may be one more.
    let (mut value, mut more) = (false, false);
    for word in arguments.by_ref() {
        let bytes = word.as_encoded_bytes();
        let option = bytes.starts_with(b"-") && bytes != b"-";
        if value {
            (value, more) = (false, true);
        } else if word == "--estate" {
            value = true;
        } else if option {
            more = bytes.starts_with(b"--estate=");
        } else if is_command(&word) {
            out.push(word);
            break;
        } else if more {
            out.push("--estate".into());
        }
        out.push(word);
    }
    out.extend(arguments);
    out
}
