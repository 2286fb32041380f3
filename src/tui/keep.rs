//! What is taken along: the picture as SVG and the answer as Markdown, as they are shown now.

use std::path::PathBuf;

use super::look::svg::svg;
use super::look::theme::{Background, ThemeChoice};
use super::model::Model;
use super::pages::ticket;
use super::run::effects::KeptFiles;
use super::view::{KEPT_WIDTH, kept_answer, kept_picture};
use super::words::{picture_words, verdict_words};
use crate::iam::address;

/// The files; `None` while there is no answer.
#[must_use]
pub fn kept_files(model: &Model, folder: Option<PathBuf>) -> Option<KeptFiles> {
    let asked = model.asked()?;
    let known = asked.known()?;
    let question = &known.explanation.question;
    // Tickets are white (chosen).
    let theme = ThemeChoice::named("light").unwrap_or_default().light;
    let drawn = kept_answer(model, theme, KEPT_WIDTH)?;
    let name = |text: &str| {
        let name = text.split('@').next().unwrap_or(text);
        let name = name.rsplit([':', '/']).next().unwrap_or(name);
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let name: String = name.chars().filter(|c| plain(*c)).take(40).collect();
        if name.is_empty() {
            "x".to_owned()
        } else {
            name
        }
    };
    let caller = question.caller.short();
    let target = address::short(question.target.id());
    let stem = format!("bindscope-{}-{}", name(&caller), name(target));
    let title = format!("{caller} as {target}: {}", verdict_words(asked));
    let words = picture_words(known, asked).join(". ");
    Some(KeptFiles {
        picture: svg(&drawn, Background::Light, &title, &words),
        answer: ticket(asked, &model.source, &kept_picture(model, KEPT_WIDTH))?,
        folder,
        stem,
    })
}
