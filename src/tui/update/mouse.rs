//! The mouse: a click selects, a second click on the same row opens, the wheel moves. Nothing is ever
//! confirmed with it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::keys::KeyContext;
use super::super::keys::command::Command;
use super::super::model::{Model, Overlay, Panel, Side, Spot};
use super::super::run::effects::Effect;

pub(super) fn update(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, at, Command::Up),
        MouseEventKind::ScrollDown => wheel(model, at, Command::Down),
        MouseEventKind::Down(MouseButton::Left) => click(model, at),
        _ => Vec::new(),
    }
}

/// What lies there, the topmost.
fn under(model: &Model, at: Position) -> Option<Spot> {
    let mut spots = model.layout.spots.iter().rev();
    spots
        .find(|(area, _)| area.contains(at))
        .map(|(_, spot)| *spot)
}

/// The wheel moves what is under it; the focus stays where it is.
fn wheel(model: &mut Model, at: Position, command: Command) -> Vec<Effect> {
    let spot = under(model, at);
    if !model.overlays.is_empty() {
        return super::run(model, command);
    }
    match spot {
        Some(Spot::PickRow(side, _) | Spot::PickList(side)) => {
            let was = model.pick.on_target;
            model.pick.on_target = side == Side::Target;
            let effects = super::run(model, command);
            model.pick.on_target = was;
            effects
        }
        Some(Spot::TreeRow(_) | Spot::Panel(Panel::Tree)) => in_panel(model, Panel::Tree, command),
        Some(Spot::WhyRow(_) | Spot::Panel(Panel::Why)) => in_panel(model, Panel::Why, command),
        Some(Spot::Panel(Panel::Policy)) => in_panel(model, Panel::Policy, command),
        _ => super::run(model, command),
    }
}

fn in_panel(model: &mut Model, panel: Panel, command: Command) -> Vec<Effect> {
    let focused = model
        .asked_mut()
        .map(|asked| std::mem::replace(&mut asked.panel, panel));
    let effects = super::run(model, command);
    if let (Some(asked), Some(focused)) = (model.asked_mut(), focused) {
        asked.panel = focused;
    }
    effects
}

fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    let Some(spot) = under(model, at) else {
        return Vec::new();
    };
    let writes = matches!(model.context(), KeyContext::Confirm | KeyContext::Applied);
    if let Spot::Hint(command) = spot {
        // No click confirms anything: of the confirmation's hints that of Enter is not clicked.
        return if writes && command == Command::Open {
            Vec::new()
        } else {
            super::run(model, command)
        };
    }
    if let Spot::Pair(side) = spot {
        let effects = super::run(model, Command::Pick);
        model.pick.on_target = side == Side::Target;
        return effects;
    }
    if let (Spot::EstateHead(column), Some(Overlay::Estate(kind))) = (spot, model.overlays.last()) {
        let kind = *kind;
        return super::estate::sort_by(model, kind, column);
    }
    let again = select(model, spot);
    // The confirmation has no rows, so a click cannot reach what writes.
    if again && !writes {
        return super::run(model, Command::Open);
    }
    Vec::new()
}

/// Selects what was clicked; `true`: it was selected already.
fn select(model: &mut Model, spot: Spot) -> bool {
    match spot {
        Spot::PickList(side) => {
            model.pick.on_target = side == Side::Target;
            false
        }
        Spot::PickRow(side, row) => {
            let on_target = side == Side::Target;
            let focused = model.pick.on_target == on_target;
            model.pick.on_target = on_target;
            let list = model.pick.list_mut(side);
            let again = focused && list.row() == row;
            list.select_row(row);
            again
        }
        Spot::Hint(_) | Spot::Pair(_) | Spot::EstateHead(_) => false,
        Spot::Panel(panel) => {
            if let Some(asked) = model.asked_mut() {
                asked.panel = panel;
            }
            false
        }
        Spot::TreeRow(row) => model.asked_mut().is_some_and(|asked| {
            let again = asked.panel == Panel::Tree && asked.tree_row == row;
            asked.panel = Panel::Tree;
            asked.tree_row = row;
            again
        }),
        Spot::WhyRow(row) => model.asked_mut().is_some_and(|asked| {
            let again = asked.panel == Panel::Why && asked.why_row == row;
            asked.panel = Panel::Why;
            asked.why_row = row;
            again
        }),
        Spot::OverlayRow(row) => match model.overlays.last_mut() {
            Some(Overlay::Menu(menu)) => {
                let again = menu.list.row() == row;
                menu.list.select_row(row);
                again
            }
            Some(Overlay::Estate(kind)) => {
                let view = model.estate.view_mut(*kind);
                let again = view.row == row;
                view.row = row.min(view.rows.len().saturating_sub(1));
                again
            }
            Some(Overlay::Table(table)) => {
                let again = table.row == row;
                table.row = row;
                again
            }
            _ => false,
        },
    }
}
