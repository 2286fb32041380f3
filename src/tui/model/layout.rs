//! Where the last frame put things: for clicks, for movements by a page, and for what stays in sight.

use ratatui::layout::Rect;

use super::super::keys::command::Command;
use super::{Model, Overlay, Panel, Side};

/// What a click hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A row of a picking list.
    PickRow(Side, usize),
    /// A picking list.
    PickList(Side),
    /// Caller or target of an answer.
    Pair(Side),
    /// A row of the tree.
    TreeRow(usize),
    /// A cause.
    WhyRow(usize),
    /// A panel of an answer.
    Panel(Panel),
    /// A hint: what its key does.
    Hint(Command),
    /// A row of a menu or list.
    OverlayRow(usize),
    /// The head of a column of a table of the estate.
    EstateHead(usize),
}

/// What the view tells of a frame. It is all that drawing gives back: the view itself changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Where a click lands, the topmost last.
    pub spots: Vec<(Rect, Spot)>,
    /// How many rows the part in focus shows.
    pub room: usize,
    /// The first row shown of each part that was drawn.
    pub tree: Option<usize>,
    /// The first line shown of the selected level's policy, where it stands beside the picture.
    pub policy: Option<usize>,
    /// How many rows of the tree have room.
    pub tree_room: usize,
    /// The same of the causes.
    pub why: Option<usize>,
    /// The first line of the causes with which the selected one is in sight.
    pub why_natural: usize,
    /// The same of the list of callers.
    pub callers: Option<usize>,
    /// The same of the list of targets.
    pub targets: Option<usize>,
    /// The same of what lies on top.
    pub top: Option<usize>,
    /// A page lies on top that has more lines than room.
    pub scrolls: bool,
}

impl Layout {
    /// Notes where a click lands.
    pub fn spot(&mut self, area: Rect, spot: Spot) {
        self.spots.push((area, spot));
    }
}

impl Model {
    /// Takes in how the last frame came out, so that the next one begins where it was.
    pub fn drawn(&mut self, layout: Layout) {
        let keep = |place: &mut usize, shown: Option<usize>| {
            if let Some(shown) = shown {
                *place = shown;
            }
        };
        if let Some(asked) = self.asked_mut() {
            keep(&mut asked.tree_offset, layout.tree);
            keep(&mut asked.why_offset, layout.why);
            keep(&mut asked.policy_offset, layout.policy);
        }
        keep(&mut self.pick.caller.offset, layout.callers);
        keep(&mut self.pick.target.offset, layout.targets);
        match self.overlays.last_mut() {
            Some(Overlay::Page(page)) => keep(&mut page.offset, layout.top),
            Some(Overlay::Menu(menu)) => keep(&mut menu.list.offset, layout.top),
            Some(Overlay::Table(table)) => keep(&mut table.offset, layout.top),
            Some(Overlay::Estate(kind)) => {
                let kind = *kind;
                keep(&mut self.estate.view_mut(kind).offset, layout.top);
            }
            Some(Overlay::Confirm(confirm)) => keep(&mut confirm.offset, layout.top),
            None => {}
        }
        self.layout = layout;
    }

    /// How many rows the part in focus shows.
    #[must_use]
    pub fn room(&self) -> usize {
        self.layout.room
    }
}
