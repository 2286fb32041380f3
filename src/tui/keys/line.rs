//! What is typed whole into the palette: a command's name, or a command with what it is about.

use super::command::Command;
use super::context::KeyContext;
use super::keymap::Keymap;
use super::table::TABLE;
use crate::iam::{Permission, Principal, Resource, address};
use crate::text::visible;

/// A line that is a command.
#[derive(Clone, Debug, PartialEq)]
pub enum TypedLine {
    /// A command by its name.
    Command(Command),
    /// `why CALLER TARGET [PERMISSION]`: asks at once.
    Why {
        /// Who calls.
        caller: Principal,
        /// Which account is wanted.
        target: Resource,
        /// What is asked for, when it is said.
        permission: Option<Permission>,
    },
    /// `sa @PROJECT /TEXT`: to the accounts, filtered by these words.
    Accounts(String),
    /// `mouse on`, `mouse off`.
    Mouse(bool),
}

/// How the lines with something behind the name are written.
pub const FORMS: &str = "why CALLER TARGET, sa @PROJECT /TEXT, mouse on, mouse off";

impl TypedLine {
    /// Reads a line; `None`: it begins with no command's name.
    ///
    /// # Errors
    /// What is wrong with a line that is a command.
    #[must_use]
    pub fn read(text: &str) -> Option<Result<Self, String>> {
        let text = text.trim();
        let text = text.strip_prefix(':').unwrap_or(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let (name, rest) = words.split_first()?;
        match (name.to_lowercase().as_str(), rest) {
            ("why", rest) => Some(why(rest)),
            ("sa", rest) => {
                // Both marks are for whoever is used to them: a word matches names and projects alike.
                let plain = rest.iter().map(|word| word.trim_start_matches('/'));
                Some(Ok(Self::Accounts(plain.collect::<Vec<_>>().join(" "))))
            }
            ("mouse", ["on"]) => Some(Ok(Self::Mouse(true))),
            ("mouse", ["off"]) => Some(Ok(Self::Mouse(false))),
            ("q" | "q!" | "exit", []) => Some(Ok(Self::Command(Command::Quit))),
            (name, rest) => {
                let command = Command::named(name)?;
                Some(match rest {
                    [] => Ok(Self::Command(command)),
                    _ => Err(format!("{name} stands alone: nothing comes behind it.")),
                })
            }
        }
    }

    /// What Enter does with it, where `below` has the focus.
    #[must_use]
    pub fn words(&self, below: KeyContext) -> String {
        match self {
            Self::Command(command) if !is_here(*command, below) => elsewhere(*command, below),
            Self::Command(command) => format!("Enter: {}.", command.help()),
            Self::Why {
                caller,
                target,
                permission,
            } => {
                let asked = permission
                    .as_ref()
                    .map_or_else(String::new, |p| format!(" for {p}"));
                visible(&format!(
                    "Enter asks about {} and {}{asked}.",
                    caller.short(),
                    address::short(target.id())
                ))
            }
            Self::Accounts(text) if text.is_empty() => "Enter lists the accounts.".to_owned(),
            Self::Accounts(text) => {
                visible(&format!("Enter lists the accounts that match {text}."))
            }
            Self::Mouse(true) => "Enter gives the mouse to the explorer.".to_owned(),
            Self::Mouse(false) => "Enter gives the mouse back to the terminal.".to_owned(),
        }
    }
}

fn why(rest: &[&str]) -> Result<TypedLine, String> {
    let (caller, target, permission) = match rest {
        [] => return Err("why CALLER TARGET: who calls, and which account is wanted?".to_owned()),
        [_] => {
            return Err(
                "why CALLER TARGET: which account is wanted? It comes behind the caller."
                    .to_owned(),
            );
        }
        [caller, target] => (caller, target, None),
        [caller, target, permission] => (caller, target, Some(permission)),
        [_, _, _, more, ..] => {
            return Err(format!(
                "why CALLER TARGET [PERMISSION]: {} is one word too many.",
                visible(more)
            ));
        }
    };
    let caller = Principal::typed(caller).map_err(|_| {
        format!(
            "{} is no caller: name@project, an e-mail address, user:… or principal://….",
            visible(caller)
        )
    })?;
    let target = Resource::parse_account(target).map_err(|_| {
        format!(
            "{} is no service account: name@project, its e-mail address or its unique id.",
            visible(target)
        )
    })?;
    let permission = permission
        .map(|text| {
            Permission::parse(text).map_err(|_| {
                format!(
                    "{} is no permission: iam.serviceAccounts.getAccessToken is one.",
                    visible(text)
                )
            })
        })
        .transpose()?;
    Ok(TypedLine::Why {
        caller,
        target,
        permission,
    })
}

/// Whether a command means something where that has the focus.
#[must_use]
pub fn is_here(command: Command, below: KeyContext) -> bool {
    if is_by_key_alone(command, below) {
        return false;
    }
    // By name it is there, whatever keys it was given.
    let rows = Keymap::table().rows(below);
    command.is_general() || rows.iter().any(|row| row.entry.command == command)
}

/// Whether it is done by its key alone, by no menu and no click: what writes.
#[must_use]
pub fn is_by_key_alone(command: Command, below: KeyContext) -> bool {
    below == KeyContext::Confirm && command == Command::Open
}

/// Why a command that stands in no menu is not done.
#[must_use]
pub fn elsewhere(command: Command, below: KeyContext) -> String {
    if is_by_key_alone(command, below) {
        return "Only Enter behind the typed word applies anything.".to_owned();
    }
    let places: Vec<&str> = TABLE
        .iter()
        .filter(|e| e.command == command)
        .map(|e| e.context.title())
        .collect();
    let places = places.join(", ");
    format!(
        "{} does nothing here; where it does: {places}.",
        command.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_a_command_is_read_or_says_what_is_wrong() {
        let error = |text: &str| TypedLine::read(text).unwrap().unwrap_err();
        assert!(error("why").contains("who calls"));
        assert!(error("why a@b").contains("which account"));
        assert!(error(":why run bq@data").contains("run is no caller"));
        assert!(error("why a@b bq").contains("bq is no service account"));
        assert!(error("why a@b c@d iam").contains("iam is no permission"));
        assert!(error("why a@b c@d iam.x.y z").contains("z is one word too many"));
        assert!(error("refresh now").contains("stands alone"));
        assert_eq!(TypedLine::read("no such thing"), None);
        assert_eq!(TypedLine::read(""), None);
        let read = TypedLine::read("WHY run@app-prod bq@data-vault")
            .unwrap()
            .unwrap();
        assert_eq!(
            read.words(KeyContext::Pick),
            "Enter asks about run@app-prod and bq@data-vault."
        );
        for command in Command::ALL {
            let read = TypedLine::read(command.name()).unwrap().unwrap();
            assert_eq!(read, TypedLine::Command(command));
        }
    }
}
