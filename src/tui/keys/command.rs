//! Named commands: what keys, the palette, the footer and the help all speak of.

/// Everything that can be asked of the explorer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// One line up.
    Up,
    /// One line down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first line.
    Top,
    /// The last line.
    Bottom,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// The next panel.
    NextPanel,
    /// The panel before.
    PreviousPanel,
    /// Open what is selected.
    Open,
    /// One step back.
    Back,
    /// Help for what is in focus.
    Help,
    /// The list of commands.
    Palette,
    /// Choose another pair.
    Pick,
    /// Caller and target change places.
    Swap,
    /// Plan a repair.
    Fix,
    /// Ask for the answer anew at intervals, or no longer.
    Watch,
    /// The repairs beside each other.
    CompareFixes,
    /// The next repair, where there are several.
    NextRepair,
    /// The grant for two hours only, or for good again.
    ForTwoHours,
    /// What the target may do.
    Meaning,
    /// Suppose a binding off, or on.
    WhatIf,
    /// Suppose nothing any more.
    AsRead,
    /// The policy of what is selected, as it stands.
    RawPolicy,
    /// The panel in focus alone, or all again.
    Zoom,
    /// Every service account, as a table.
    Accounts,
    /// Every binding, as a table.
    Bindings,
    /// Every project, as a table.
    Projects,
    /// What a review finds, as a table.
    Review,
    /// The lines that suppress a finding.
    Suppression,
    /// Sort by the next column.
    Sort,
    /// Sort the other way round.
    SortReverse,
    /// Mark a row, or no longer.
    Mark,
    /// Mark nothing any more.
    UnmarkAll,
    /// Who can reach this target.
    Who,
    /// What this caller can reach.
    Reach,
    /// Filter a list, search a page.
    Find,
    /// The next place in which it stands.
    FindNext,
    /// The place before.
    FindPrevious,
    /// What was said last, in full.
    Said,
    /// Word a request to an administrator.
    Request,
    /// Ask about the account that was meant in place of one that is nobody's.
    Meant,
    /// This pair among the favourites, or no longer.
    Star,
    /// The favourites, and the pairs that were asked about.
    Pairs,
    /// Write picture and answer into files.
    Save,
    /// Copy something.
    Copy,
    /// The console's page for what is selected.
    Console,
    /// Read everything again.
    Refresh,
    /// The calls that were made.
    Log,
    /// The changes that were made.
    History,
    /// Take a change back.
    Undo,
    /// The question before.
    Earlier,
    /// The question after.
    Later,
    /// Ask about another permission.
    Permission,
    /// Ask about a delegation chain.
    Via,
    /// Say what a federated caller's token says.
    Attributes,
    /// The signs and what they mean.
    Legend,
    /// Mouse on or off.
    Mouse,
    /// Draw everything anew.
    Repaint,
    /// Put the explorer to sleep.
    Suspend,
    /// Stop a load, else leave.
    Interrupt,
    /// Leave.
    Quit,
    /// Leave, and print the answer.
    QuitPrinting,
    /// Take up what is offered instead of credentials.
    Accept,
}

/// A command's name in the palette, and what it does.
struct Words(&'static str, &'static str);

impl Command {
    /// All of them, in the order of the palette.
    pub const ALL: [Self; 67] = [
        Self::Fix,
        Self::Pick,
        Self::Swap,
        Self::Copy,
        Self::Save,
        Self::Star,
        Self::Pairs,
        Self::Request,
        Self::Meant,
        Self::Who,
        Self::Reach,
        Self::Accounts,
        Self::Bindings,
        Self::Projects,
        Self::Review,
        Self::Suppression,
        Self::Sort,
        Self::SortReverse,
        Self::Mark,
        Self::UnmarkAll,
        Self::Permission,
        Self::Via,
        Self::Attributes,
        Self::Refresh,
        Self::Undo,
        Self::History,
        Self::Log,
        Self::Said,
        Self::Find,
        Self::FindNext,
        Self::FindPrevious,
        Self::Console,
        Self::Legend,
        Self::Help,
        Self::Palette,
        Self::Earlier,
        Self::Later,
        Self::Open,
        Self::Back,
        Self::NextPanel,
        Self::PreviousPanel,
        Self::Up,
        Self::Down,
        Self::HalfUp,
        Self::HalfDown,
        Self::PageUp,
        Self::PageDown,
        Self::Top,
        Self::Bottom,
        Self::Left,
        Self::Right,
        Self::NextRepair,
        Self::ForTwoHours,
        Self::Meaning,
        Self::Watch,
        Self::CompareFixes,
        Self::WhatIf,
        Self::AsRead,
        Self::RawPolicy,
        Self::Zoom,
        Self::Mouse,
        Self::Repaint,
        Self::Suspend,
        Self::Interrupt,
        Self::Quit,
        Self::QuitPrinting,
        Self::Accept,
    ];

    fn words(self) -> Words {
        match self {
            Self::Up => Words("up", "one line up"),
            Self::Down => Words("down", "one line down"),
            Self::HalfUp => Words("half-page-up", "half a page up"),
            Self::HalfDown => Words("half-page-down", "half a page down"),
            Self::PageUp => Words("page-up", "a page up"),
            Self::PageDown => Words("page-down", "a page down"),
            Self::Top => Words("top", "to the first line"),
            Self::Bottom => Words("bottom", "to the last line"),
            Self::Left => Words("left", "to the panel on the left, or scroll left"),
            Self::Right => Words("right", "to the panel on the right, or scroll right"),
            Self::NextPanel => Words("next-panel", "to the next panel"),
            Self::PreviousPanel => Words("previous-panel", "to the panel before"),
            Self::Open => Words("open", "open what is selected; never changes a policy"),
            Self::Back => Words("back", "one step back; never leaves the program"),
            Self::Help => Words("help", "the keys of what is in focus"),
            Self::Palette => Words("commands", "every command by name"),
            Self::Pick => Words("pick", "choose another caller and target"),
            Self::Swap => Words("swap", "let caller and target change places"),
            Self::Fix => Words(
                "fix",
                "plan a fix, and show its diff; nothing is applied yet",
            ),
            Self::NextRepair => Words("next-fix", "another fix, where there are several"),
            Self::ForTwoHours => Words("two-hours", "grant for two hours only, or for good again"),
            Self::Watch => Words(
                "watch",
                "ask anew at intervals and tell when the answer turns, or no longer",
            ),
            Self::CompareFixes => Words(
                "compare-fixes",
                "the fixes side by side, and what else each would allow",
            ),
            Self::WhatIf => Words(
                "what-if",
                "switch a binding, a condition's clause or a rule off or on in memory; nothing is written",
            ),
            Self::AsRead => Words(
                "as-read",
                "take back all that is switched: the answer as it was read",
            ),
            Self::RawPolicy => Words(
                "raw-policy",
                "the policy of the selected level as it stands, to be searched",
            ),
            Self::Zoom => Words("zoom", "the panel in focus alone, or all of them again"),
            Self::Meaning => Words("meaning", "what the target may do, and who else would gain"),
            Self::Who => Words("who", "who can reach this target"),
            Self::Reach => Words("reach", "what this caller can reach"),
            Self::Request => Words("request", "a request to an administrator, to be copied"),
            Self::Meant => Words(
                "meant",
                "ask again about the account that was meant, where a name is nobody's",
            ),
            Self::Find => Words("find", "filter the list, or search the page"),
            Self::FindNext => Words("find-next", "to the next line in which it stands"),
            Self::FindPrevious => Words("find-previous", "to the line before in which it stands"),
            Self::Said => Words("message", "what was said last, in full"),
            Self::Copy => Words(
                "copy",
                "copy an address, a command, the answer as JSON and more",
            ),
            Self::Star => Words("star", "this pair among the favourites, or no longer"),
            Self::Accounts => Words(
                "accounts",
                "every account as a table: who gets at it, its reach, its power",
            ),
            Self::Bindings => Words("bindings", "every binding as a table, member by member"),
            Self::Projects => Words("projects", "every project as a table"),
            Self::Review => Words(
                "review",
                "what a review of everything finds: who can become accounts and should not",
            ),
            Self::Suppression => Words(
                "suppression",
                "copy the lines that leave the finding, for a file of suppressions",
            ),
            Self::Sort => Words("sort", "sort by the next column"),
            Self::SortReverse => Words("sort-reverse", "sort the other way round"),
            Self::Mark => Words("mark", "mark the row, or no longer"),
            Self::UnmarkAll => Words("unmark-all", "mark nothing any more"),
            Self::Pairs => Words("pairs", "favourites, and the pairs asked about before"),
            Self::Save => Words(
                "save",
                "write the picture (SVG) and the answer (Markdown) into new files",
            ),
            Self::Console => Words("console", "the console's page for what is selected"),
            Self::Refresh => Words("refresh", "read everything again"),
            Self::Log => Words("log", "the calls that were made to Google Cloud"),
            Self::History => Words("history", "the changes made with bindscope"),
            Self::Undo => Words("undo", "take the newest change back, after a confirmation"),
            Self::Earlier => Words("earlier", "the question before this one"),
            Self::Later => Words("later", "the question after this one"),
            Self::Permission => Words("permission", "ask about another permission"),
            Self::Via => Words("via", "go through another account: a delegation chain"),
            Self::Attributes => Words("attributes", "what a federated caller's token says"),
            Self::Legend => Words("legend", "the signs and what they mean"),
            Self::Mouse => Words("mouse", "mouse on or off (off: the terminal selects text)"),
            Self::Repaint => Words("repaint", "draw everything anew"),
            Self::Suspend => Words("suspend", "back to the shell; fg returns"),
            Self::Interrupt => Words("interrupt", "stop a load; when nothing loads, leave"),
            Self::Quit => Words(
                "quit",
                "one step back from a page or list; on a screen, leave",
            ),
            Self::QuitPrinting => Words("quit-printing", "leave, and print the answer"),
            Self::Accept => Words("accept", "take up what is offered instead"),
        }
    }

    /// Whether it means the same everywhere, whatever has the focus.
    #[must_use]
    pub fn is_general(self) -> bool {
        matches!(
            self,
            Self::Help
                | Self::Legend
                | Self::Log
                | Self::Said
                | Self::History
                | Self::Accounts
                | Self::Bindings
                | Self::Projects
                | Self::Review
                | Self::Mouse
                | Self::Repaint
                | Self::Suspend
                | Self::Interrupt
                | Self::Quit
                | Self::QuitPrinting
        )
    }

    /// The command of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// Its name in the palette.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// One line on what it does.
    #[must_use]
    pub fn help(self) -> &'static str {
        self.words().1
    }
}
