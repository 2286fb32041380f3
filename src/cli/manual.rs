//! `completions` and `man`, made from the definition of the command line.

use std::io::Write as _;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::failure::Failure;
use super::{Exit, out};
use crate::tui::keys::Keymap;

/// Prints completions.
///
/// # Errors
/// When stdout cannot be written to.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bindscope", &mut bytes);
    out::write_out(&String::from_utf8_lossy(&bytes))?;
    Ok(Exit::Done)
}

/// Prints the manual page: the program's own, then each command's options.
///
/// # Errors
/// When stdout cannot be written to, or the page cannot be made.
pub fn man() -> Result<Exit, Failure> {
    let page = page().map_err(|e| Failure::new("make the manual page", e.to_string(), ""))?;
    out::write_out(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

/// One page for everything: a page for each command would have to be installed beside it.
fn page() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut command = Cli::command();
    command.build();
    let man = clap_mangen::Man::new(command.clone()).section("1");
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    // `help` says what the others' sections say.
    let subs = command.get_subcommands();
    for sub in subs.filter(|s| s.get_name() != "help") {
        let name = format!("bindscope {}", sub.get_name());
        // The options of every command stand above, once.
        let own = sub.clone().display_name(&name).mut_args(|arg| {
            if arg.is_global_set() {
                arg.hide(true)
            } else {
                arg
            }
        });
        let man = clap_mangen::Man::new(own).section("1");
        bytes.extend(format!(".SH \"{}\"\n", name.to_uppercase()).bytes());
        let mut part = Vec::new();
        man.render_synopsis_section(&mut part)?;
        man.render_description_section(&mut part)?;
        man.render_options_section(&mut part)?;
        // Its sections stand below the command's.
        let part = String::from_utf8_lossy(&part).replace(".SH ", ".SS ");
        bytes.extend(part.bytes());
    }
    keys(&mut bytes)?;
    man.render_extra_section(&mut bytes)?;
    Ok(bytes)
}

/// The explorer's keys, from the table that the explorer reads.
fn keys(bytes: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(bytes, ".SH KEYS")?;
    for (context, rows) in Keymap::table().sections() {
        writeln!(bytes, ".SS \"{}\"", roff(context.title()))?;
        for row in rows {
            let keys = row.keys.join(" ");
            writeln!(
                bytes,
                ".TP\n\\fB{}\\fR\n{}",
                roff(&keys),
                roff(row.entry.help())
            )?;
        }
    }
    Ok(())
}

/// A text that means nothing but itself in a manual page. None of ours begins a line with a dot.
fn roff(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('-', "\\-")
        .replace('~', "\\(ti")
        .replace('^', "\\(ha")
        .replace('"', "\\(dq")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_names_every_command_and_the_exit_codes() {
        let text = String::from_utf8(page().unwrap()).unwrap();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name().to_uppercase();
            assert!(
                text.contains(&format!(".SH \"BINDSCOPE {name}\"")),
                "{name}"
            );
        }
        assert!(text.contains("Exit codes"), "{text}");
        for (context, rows) in Keymap::table().sections() {
            assert!(text.contains(&format!(".SS \"{}\"", context.title())));
            for row in rows {
                assert!(text.contains(&roff(&row.keys.join(" "))), "{:?}", row.keys);
                assert!(
                    text.contains(&roff(row.entry.help())),
                    "{}",
                    row.entry.help()
                );
            }
        }
        assert_eq!(text.matches("\\-\\-organization").count(), 2, "{text}");
    }
}
