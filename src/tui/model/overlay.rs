//! What lies over the screen: menus, lists.

use std::sync::Arc;

use super::super::keys::command::Command;
use super::super::keys::keymap::KeyContext;
use super::super::look::page::ScreenPage;
use super::Ticket;
use super::confirm::{Change, Confirm};
use super::list::{Filtered, Item};
use crate::evaluate::Question;
use crate::iam::{Permission, Principal, Resource};

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

/// A menu.
pub struct Menu {
    /// Its title.
    pub title: String,
    /// What there is to choose from.
    pub list: Filtered<Choice>,
    /// Whether the context below decides what a command does: the palette.
    pub below: KeyContext,
    /// What a text is that is typed and matches nothing.
    pub typed: Typed,
}

/// One way to a target, or from a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRow {
    /// Who, or which account.
    pub name: String,
    /// Whether it is certain.
    pub certain: bool,
    /// The way, in words.
    pub way: String,
    /// The pair to be asked about.
    pub pair: Option<(Principal, Resource)>,
}

/// Who can reach a target, or what a caller can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// In words.
    pub title: String,
    /// Sorted by name.
    pub rows: Vec<PathRow>,
    /// What is not there, what was not read, what is taken for granted: a sentence each.
    pub notes: Vec<String>,
}

/// What a list shows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Being read.
    Loading,
    /// It could not be read; why.
    Failed(String),
    /// The changes made.
    Changes(Vec<Change>),
    /// Ways.
    Paths(Arc<Paths>),
}

/// A list over the screen.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub rows: Rows,
    /// The selected row.
    pub row: usize,
    /// The first row shown.
    pub offset: usize,
    /// Tells this reading from others.
    pub ticket: Ticket,
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::Loading | Rows::Failed(_) => 0,
            Rows::Changes(list) => list.len(),
            Rows::Paths(paths) => paths.rows.len(),
        }
    }

    /// Whether it shows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What lies over the screen.
pub enum Overlay {
    /// Something to be read.
    Page(ScreenPage),
    /// Something to choose from.
    Menu(Menu),
    /// Something to be confirmed.
    Confirm(Box<Confirm>),
    /// A list.
    Table(Table),
}
