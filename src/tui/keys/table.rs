//! Keys as data: one table of (context, keys, command). The footer, the help, the palette, the manual and the
//! tests all read it.

use super::command::Command;
use super::context::KeyContext;

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// Where it holds.
    pub context: KeyContext,
    /// The keys, in the notation of [`super::key::Key`], the one to be shown first.
    pub keys: &'static [&'static str],
    /// What they do.
    pub command: Command,
    /// Its word in the footer, where it stands there.
    pub footer: Option<&'static str>,
}

impl Entry {
    /// One line on what the keys do where they hold.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match (self.context, self.command) {
            (KeyContext::Answer, Command::Right) => {
                "unfold what is selected: a level's bindings, folded levels"
            }
            (KeyContext::Answer, Command::Left) => "fold it again, or go up to its level",
            (KeyContext::Confirm, Command::Open) => {
                "apply it, once the word stands there; the only key that writes"
            }
            (KeyContext::Confirm, Command::Back) => {
                "take back what is typed, then leave all as it is"
            }
            (KeyContext::Confirm | KeyContext::Applied, Command::Copy) => {
                "copy the change as a command, Terraform, a request and more"
            }
            (KeyContext::Confirm, Command::PageDown) => "show what is below",
            (KeyContext::Confirm, Command::PageUp) => "show what is above",
            (KeyContext::Applied, Command::Undo) => {
                "take what was just done back, after a confirmation"
            }
            (KeyContext::Menu, Command::Open) => "take what is selected",
            (KeyContext::Pick, Command::Open) => "choose what is selected; on the target, ask",
            (KeyContext::List, Command::Open) => {
                "ask about the pair that is selected, or show the change"
            }
            (KeyContext::List, Command::Refresh) => "read the list again",
            (KeyContext::Estate, Command::Open) => {
                "who can reach the account; the answer for a binding; a project's accounts; a finding"
            }
            (KeyContext::Estate, Command::Copy) => {
                "copy the name of what is selected; of a finding its id"
            }
            (KeyContext::Finding, Command::Open) => {
                "ask about whom and what it names: who can reach an account, the answer for a pair"
            }
            (KeyContext::Finding, Command::Copy) => "copy its id",
            (KeyContext::Finding, Command::Find) => "search the page",
            (KeyContext::Finding, Command::Up) => "a line up",
            (KeyContext::Finding, Command::Down) => "a line down",
            (KeyContext::Estate, Command::Find) => {
                "filter the table; COLUMN:WORD looks into that column alone"
            }
            (KeyContext::Estate, Command::Meaning) => {
                "the selected row whole, and what the columns say"
            }
            (KeyContext::Estate, Command::Save) => {
                "take the marked rows along, else those shown: CSV or JSON, a file or the clipboard"
            }
            (KeyContext::Estate, Command::NextPanel) => "the next table",
            (KeyContext::Estate, Command::PreviousPanel) => "the table before",
            (KeyContext::Estate, Command::Right) => "sort by the next column",
            (KeyContext::Estate, Command::Left) => "sort by the column before",
            (KeyContext::List, Command::Copy) => "copy what is selected",
            (KeyContext::List, Command::Find) => "filter the list",
            (KeyContext::List, Command::Meaning) => {
                "what is selected in full, and what is said beside the list"
            }
            (KeyContext::List, Command::Undo) => {
                "take the selected change back, after a confirmation"
            }
            (KeyContext::Read, Command::Find) => "search the page",
            (KeyContext::Answer, Command::Find) => "search picture and causes",
            (KeyContext::Find, Command::Open) => {
                "keep what is typed, and go on in the list or page"
            }
            (KeyContext::Find, Command::Back) => "take back what is typed",
            (KeyContext::Read, Command::Refresh) => {
                "read what the page shows again: back to the answer"
            }
            (KeyContext::Read, Command::Copy) => "copy what the page is about",
            (KeyContext::Read, Command::Up) => "a line up",
            (KeyContext::Read, Command::Down) => "a line down",
            _ => self.command.help(),
        }
    }
}

const fn row(
    context: KeyContext,
    keys: &'static [&'static str],
    command: Command,
    footer: Option<&'static str>,
) -> Entry {
    Entry {
        context,
        keys,
        command,
        footer,
    }
}

use Command as Do;
use KeyContext as In;

/// The table.
pub const TABLE: &[Entry] = &[
    row(In::Everywhere, &["k", "Up", "Ctrl-p"], Do::Up, None),
    row(In::Everywhere, &["j", "Down", "Ctrl-n"], Do::Down, None),
    row(In::Everywhere, &["Ctrl-u"], Do::HalfUp, None),
    row(In::Everywhere, &["Ctrl-d"], Do::HalfDown, None),
    row(In::Everywhere, &["PgUp"], Do::PageUp, None),
    row(In::Everywhere, &["PgDn"], Do::PageDown, None),
    row(In::Everywhere, &["g", "Home"], Do::Top, None),
    row(In::Everywhere, &["G", "End"], Do::Bottom, None),
    row(In::Everywhere, &["Tab"], Do::NextPanel, None),
    row(In::Everywhere, &["Shift-Tab"], Do::PreviousPanel, None),
    row(In::Everywhere, &["Esc", "Ctrl-["], Do::Back, None),
    row(In::Everywhere, &["?", "F1", "~"], Do::Help, None),
    row(In::Everywhere, &[":", "F2"], Do::Palette, None),
    row(In::Everywhere, &["%"], Do::Mouse, None),
    row(In::Everywhere, &["Ctrl-l"], Do::Repaint, None),
    row(In::Everywhere, &["Ctrl-z"], Do::Suspend, None),
    row(In::Everywhere, &["Ctrl-c"], Do::Interrupt, None),
    row(In::Everywhere, &["q"], Do::Quit, None),
    row(In::Everywhere, &["Q"], Do::QuitPrinting, None),
    row(In::Everywhere, &["e", "F12"], Do::Said, None),
    row(In::Everywhere, &["L", "F6"], Do::Log, None),
    row(In::Everywhere, &["H", "F7"], Do::History, None),
    row(In::Everywhere, &["A", "F4"], Do::Accounts, None),
    row(In::Everywhere, &["B"], Do::Bindings, None),
    row(In::Everywhere, &["O"], Do::Projects, None),
    row(In::Everywhere, &["V"], Do::Review, None),
    // Choosing.
    row(In::Pick, &["Tab"], Do::NextPanel, Some("other list")),
    row(In::Pick, &["Enter"], Do::Open, Some("choose")),
    row(In::Pick, &["Esc", "Ctrl-["], Do::Back, Some("clear")),
    row(In::Pick, &["F1"], Do::Help, Some("help")),
    row(In::Pick, &["F2"], Do::Palette, None),
    row(In::Pick, &["F3"], Do::Pairs, Some("pairs")),
    row(In::Pick, &["F5", "Ctrl-r"], Do::Refresh, None),
    row(In::Pick, &["F8"], Do::Permission, Some("permission")),
    row(In::Pick, &["Ctrl-c"], Do::Interrupt, Some("quit")),
    // The answer.
    row(In::Answer, &["f"], Do::Fix, Some("fix")),
    row(In::Answer, &["Enter"], Do::Open, Some("open")),
    row(In::Answer, &["Tab"], Do::NextPanel, Some("panel")),
    row(In::Answer, &["l", "Right"], Do::Right, None),
    row(In::Answer, &["h", "Left"], Do::Left, None),
    row(In::Answer, &["p"], Do::Pick, Some("pick")),
    row(In::Answer, &["y", "c"], Do::Copy, Some("copy")),
    row(In::Answer, &["/"], Do::Find, None),
    row(In::Answer, &["n"], Do::FindNext, None),
    row(In::Answer, &["N"], Do::FindPrevious, None),
    row(In::Answer, &["*"], Do::Star, None),
    row(In::Answer, &["P"], Do::Pairs, None),
    row(In::Answer, &["S"], Do::Save, None),
    row(In::Answer, &["R"], Do::Request, None),
    row(In::Answer, &["d"], Do::Meant, None),
    row(In::Answer, &["w"], Do::Who, None),
    row(In::Answer, &["x"], Do::Reach, None),
    row(In::Answer, &["s"], Do::Swap, None),
    row(In::Answer, &["m"], Do::Permission, None),
    row(In::Answer, &["v"], Do::Via, None),
    row(In::Answer, &["a"], Do::Attributes, None),
    row(In::Answer, &["i"], Do::Meaning, None),
    row(In::Answer, &["W"], Do::Watch, None),
    row(In::Answer, &["F"], Do::CompareFixes, None),
    row(In::Answer, &["Space"], Do::WhatIf, None),
    row(In::Answer, &["Backspace"], Do::AsRead, None),
    row(In::Answer, &["Y"], Do::RawPolicy, None),
    row(In::Answer, &["z"], Do::Zoom, None),
    row(In::Answer, &["o"], Do::Console, None),
    row(In::Answer, &["r", "F5"], Do::Refresh, None),
    row(In::Answer, &["u"], Do::Undo, None),
    row(In::Answer, &["["], Do::Earlier, None),
    row(In::Answer, &["]"], Do::Later, None),
    row(In::Answer, &["!", "F9"], Do::Legend, None),
    row(In::Answer, &[":"], Do::Palette, Some("menu")),
    row(In::Answer, &["?", "F1", "~"], Do::Help, Some("help")),
    row(In::Answer, &["q"], Do::Quit, Some("quit")),
    // A page to read.
    row(In::Read, &["j", "Down"], Do::Down, Some("down")),
    row(In::Read, &["k", "Up"], Do::Up, Some("up")),
    row(In::Read, &["/"], Do::Find, Some("search")),
    row(In::Read, &["n"], Do::FindNext, None),
    row(In::Read, &["N"], Do::FindPrevious, None),
    row(In::Read, &["r", "F5"], Do::Refresh, None),
    row(In::Read, &["y", "c"], Do::Copy, Some("copy")),
    row(
        In::Read,
        &["Esc", "Ctrl-[", "Enter"],
        Do::Back,
        Some("back"),
    ),
    // The confirmation.
    row(In::Confirm, &["Enter"], Do::Open, Some("apply")),
    row(
        In::Confirm,
        &["Esc", "Ctrl-["],
        Do::Back,
        Some("keep all as it is"),
    ),
    row(In::Confirm, &["Tab"], Do::NextRepair, None),
    // Letters are commands only before the first one of the word; see `update::confirm`.
    row(
        In::Confirm,
        &["t", "F3"],
        Do::ForTwoHours,
        Some("2 hours only"),
    ),
    row(In::Confirm, &["y", "F4"], Do::Copy, Some("copy as")),
    row(
        In::Confirm,
        &["i", "F8"],
        Do::Meaning,
        Some("what it means"),
    ),
    row(In::Confirm, &["F1"], Do::Help, None),
    row(In::Confirm, &["PgDn", "Down"], Do::PageDown, None),
    row(In::Confirm, &["PgUp", "Up"], Do::PageUp, None),
    row(In::Applied, &["u"], Do::Undo, Some("undo")),
    row(In::Applied, &["y", "c"], Do::Copy, Some("copy")),
    row(
        In::Applied,
        &["Esc", "Ctrl-[", "Enter"],
        Do::Back,
        Some("back to the answer"),
    ),
    row(
        In::Applied,
        &["Q"],
        Do::QuitPrinting,
        Some("quit and print"),
    ),
    // Menus and lists.
    row(In::Menu, &["Enter"], Do::Open, Some("choose")),
    row(In::Menu, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::List, &["Enter"], Do::Open, Some("open")),
    row(In::List, &["j", "Down"], Do::Down, Some("down")),
    row(In::List, &["k", "Up"], Do::Up, None),
    row(In::List, &["/"], Do::Find, Some("filter")),
    row(In::List, &["i"], Do::Meaning, Some("in full")),
    row(In::List, &["r", "F5"], Do::Refresh, None),
    row(In::List, &["u"], Do::Undo, None),
    row(In::List, &["y", "c"], Do::Copy, Some("copy")),
    row(In::List, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::List, &["?", "F1", "~"], Do::Help, Some("help")),
    // The tables of the estate.
    row(In::Estate, &["Enter"], Do::Open, Some("who")),
    row(In::Estate, &["s"], Do::Sort, Some("sort")),
    row(In::Estate, &["d"], Do::SortReverse, Some("turn")),
    row(In::Estate, &["/"], Do::Find, Some("filter")),
    row(In::Estate, &["Space"], Do::Mark, Some("mark")),
    row(In::Estate, &["S"], Do::Save, Some("take along")),
    row(In::Estate, &["i"], Do::Meaning, Some("in full")),
    row(In::Estate, &["Tab"], Do::NextPanel, Some("next table")),
    row(In::Estate, &["Shift-Tab"], Do::PreviousPanel, None),
    row(In::Estate, &["l", "Right"], Do::Right, None),
    row(In::Estate, &["h", "Left"], Do::Left, None),
    row(In::Estate, &["Backspace"], Do::UnmarkAll, None),
    row(In::Estate, &["y", "c"], Do::Copy, None),
    row(In::Estate, &["Y"], Do::Suppression, None),
    row(In::Estate, &["r", "F5"], Do::Refresh, None),
    row(In::Estate, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::Estate, &["?", "F1", "~"], Do::Help, Some("help")),
    // A finding.
    row(In::Finding, &["Enter"], Do::Open, Some("whom it names")),
    row(In::Finding, &["j", "Down"], Do::Down, Some("down")),
    row(In::Finding, &["k", "Up"], Do::Up, None),
    row(In::Finding, &["y", "c"], Do::Copy, Some("copy its id")),
    row(In::Finding, &["Y"], Do::Suppression, Some("suppress")),
    row(In::Finding, &["/"], Do::Find, Some("search")),
    row(In::Finding, &["n"], Do::FindNext, None),
    row(In::Finding, &["N"], Do::FindPrevious, None),
    row(In::Finding, &["Esc", "Ctrl-["], Do::Back, Some("back")),
    row(In::Finding, &["?", "F1", "~"], Do::Help, Some("help")),
    row(In::Find, &["Enter"], Do::Open, Some("keep it")),
    row(In::Find, &["Esc", "Ctrl-["], Do::Back, Some("take it back")),
    // Without credentials.
    row(
        In::SignedOut,
        &["Enter", "d"],
        Do::Accept,
        Some("look around"),
    ),
    row(In::SignedOut, &["q"], Do::Quit, Some("quit")),
];
