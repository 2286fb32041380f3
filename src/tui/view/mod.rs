//! Draws the model, and nothing else. One file per part of the screen.

mod answer;
mod bindings;
mod columns;
mod confirm;
mod estate;
mod frame;
mod header;
mod kept;
mod menu;
mod page;
mod pen;
mod pick;
mod table;
mod tree;
mod why;

pub(super) use header::whose;
pub use kept::{KEPT_WIDTH, kept_answer, kept_picture, lines_of};

use ratatui::Frame;

use super::keys::Keymap;
use super::look::theme::{StyleRole, Theme};
use super::model::{Layout, Model, Overlay, SMALLEST, Screen};
use crate::answer::signs::Glyphs;
use pen::Pen;

/// Draws a frame; tells where lists begin and where clicks land.
pub fn draw(frame: &mut Frame<'_>, model: &Model) -> Layout {
    let area = frame.area();
    let mut out = Layout {
        room: model.room(),
        ..Layout::default()
    };
    let mut pen = Pen::new(frame.buffer_mut(), model.theme, model.glyphs, &model.keys);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame::too_small(&mut pen, area);
        return out;
    }
    let said = frame::said(area, model, pen.glyphs.ellipsis());
    let between = frame::lines_between(area, model, said.len());
    let parts = frame::parts(area, between);
    let mut caret = None;
    pen.beneath = !model.overlays.is_empty();
    if model.signed_out.is_some() {
        frame::signed_out(&mut pen, parts.body, model);
    } else {
        match model.screen {
            Screen::Pick => caret = pick::draw(&mut pen, parts.body, model, &mut out),
            Screen::Answer => answer::draw(&mut pen, parts.body, model, &mut out),
        }
    }
    if let Some(overlay) = model.overlays.last() {
        // A list that something smaller lies on stays in sight around it.
        let mut unused = Layout::default();
        match model.overlays.iter().nth_back(1) {
            Some(Overlay::Table(it)) => {
                table::draw(&mut pen, parts.body, it, &mut unused);
            }
            Some(Overlay::Estate(kind)) => {
                estate::draw(&mut pen, parts.body, model, *kind, &mut unused);
            }
            _ => {}
        }
        pen.beneath = false;
        if matches!(overlay, Overlay::Confirm(_)) {
            pen.dim_all(parts.body);
        }
        // What lies below takes no clicks.
        out.spots.clear();
        caret = match overlay {
            Overlay::Page(it) => page::draw(&mut pen, parts.body, it, &mut out),
            Overlay::Menu(it) => menu::draw(&mut pen, parts.body, it, &mut out),
            Overlay::Table(it) => table::draw(&mut pen, parts.body, it, &mut out),
            Overlay::Estate(kind) => estate::draw(&mut pen, parts.body, model, *kind, &mut out),
            Overlay::Confirm(it) => confirm::draw(&mut pen, parts.body, it, model, &mut out),
        };
    }
    header::draw(&mut pen, parts.header, model, &mut out);
    if said.is_empty() {
        frame::crumbs(&mut pen, parts.notice, model);
    }
    frame::notice(&mut pen, parts.notice, model, &said);
    frame::footer(&mut pen, parts.footer, model, &mut out);
    if model.overlays.is_empty() && model.screen == Screen::Answer && said.is_empty() {
        let find = model.asked();
        caret = find
            .and_then(|asked| answer::find_line(&mut pen, parts.notice, asked))
            .or(caret);
    }
    if let Some(at) = caret {
        frame.set_cursor_position(at);
    }
    out
}

/// Draws that something is on its way, before there is a model.
pub fn waiting(frame: &mut Frame<'_>, theme: Theme, glyphs: Glyphs, source: &str, words: &str) {
    let area = frame.area();
    let mut pen = Pen::new(frame.buffer_mut(), theme, glyphs, Keymap::table());
    let x = pen.put(1, 0, area.width, StyleRole::Header, "bindscope");
    pen.name(
        x + 2,
        0,
        area.width.saturating_sub(x + 3),
        StyleRole::Dim,
        source,
    );
    pen.put(1, 2, area.width.saturating_sub(2), StyleRole::Text, words);
    let last = area.height.saturating_sub(1);
    let x = pen.put(1, last, area.width, StyleRole::Key, "Ctrl-C");
    pen.put(
        x + 1,
        last,
        area.width.saturating_sub(x + 1),
        StyleRole::Dim,
        "quit",
    );
}
