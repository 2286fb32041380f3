//! The mouse: a click selects, a second click on the same row opens, the wheel moves. Nothing is ever
//! confirmed with it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::keys::command::Command;
use super::super::keys::keymap::KeyContext;
use super::super::model::{Model, Overlay, Panel, Side, Spot};
use super::super::run::effects::Effect;

pub(super) fn update(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollUp => super::run(model, Command::Up),
        MouseEventKind::ScrollDown => super::run(model, Command::Down),
        MouseEventKind::Down(MouseButton::Left) => {
            click(model, Position::new(event.column, event.row))
        }
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, at: Position) -> Vec<Effect> {
    let spot = model
        .layout
        .spots
        .iter()
        .rev()
        .find(|(area, _)| area.contains(at))
        .map(|(_, spot)| *spot);
    let Some(spot) = spot else {
        return Vec::new();
    };
    let again = select(model, spot);
    // The confirmation has no rows, so a click cannot reach what writes.
    if again && !matches!(model.context(), KeyContext::Confirm | KeyContext::Applied) {
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
            Some(Overlay::Table(table)) => {
                let again = table.row == row;
                table.row = row;
                again
            }
            _ => false,
        },
    }
}
