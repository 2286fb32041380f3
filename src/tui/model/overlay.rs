//! What lies over the screen: menus, and whatever else does.

use super::super::keys::command::Command;
use super::super::look::page::ScreenPage;
use super::confirm::Confirm;
use super::estate::RowsTo;
use super::list::Item;
use super::menu::Menu;
use super::table::Table;
use crate::answer::inventory::{EstateTableKind, ExportFormat, FindingLead};
use crate::evaluate::Question;
use crate::iam::{Permission, Resource};

/// What stands in a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Matched and shown.
    pub text: String,
    /// Shown behind it.
    pub note: String,
    /// What it does.
    pub act: ChoiceAct,
}

/// What a choice does.
#[derive(Clone, Debug, PartialEq)]
pub enum ChoiceAct {
    /// Runs a command.
    Run(Command),
    /// Copies a text.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Asks for another permission.
    Permission(Permission),
    /// Goes through this account too.
    Through(Resource),
    /// Asks another question.
    Ask(Box<Question>),
    /// Takes rows of a table along.
    Export {
        /// Of which table.
        kind: EstateTableKind,
        /// In which form.
        format: ExportFormat,
        /// Where.
        to: RowsTo,
    },
    /// Goes where a finding leads.
    Lead(FindingLead),
    /// Chooses a pair, from accounts filtered by this text.
    Choose(String),
}

/// What a text is that is typed into a menu and stands for nothing in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Typed {
    /// Nothing.
    #[default]
    Nothing,
    /// A command with what it is about.
    Command,
    /// A permission.
    Permission,
    /// An account to go through.
    Hop,
    /// An attribute, `NAME=VALUE`.
    Attribute,
}

impl Item for Choice {
    fn key(&self) -> &str {
        &self.text
    }
    fn text(&self) -> &str {
        &self.text
    }
}

/// What lies over the screen.
pub enum Overlay {
    /// Something to be read.
    Page(ScreenPage),
    /// Something to choose from.
    Menu(Box<Menu>),
    /// Something to be confirmed.
    Confirm(Box<Confirm>),
    /// A list.
    Table(Table),
    /// A table of the whole estate; how it is looked at stands in the model, and stays there.
    Estate(EstateTableKind),
}
