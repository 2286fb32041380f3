//! Cells as a picture (W3C, "Scalable Vector Graphics 2"): one text for each run of cells that look alike, with nothing
//! in it that runs or loads anything, and no character that hides.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::theme::Background;
use crate::text::visible;

/// Sizes in pixels: of a cell, of letters, around it all.
const CELL: f32 = 8.4;
const LINE: usize = 19;
const LETTERS: usize = 14;
const MARGIN: usize = 12;
/// Where letters stand in a line.
const BASE: usize = 14;

/// What text and paper are, where a cell does not say.
fn paper(background: Background) -> (&'static str, &'static str) {
    match background {
        Background::Dark => ("#d4d4dc", "#16181d"),
        Background::Light => ("#1c1e24", "#ffffff"),
    }
}

/// The whole of a screen or a part of it. `title` and `words` are read to those who do not see it.
#[must_use]
pub fn svg(buffer: &Buffer, background: Background, title: &str, words: &str) -> String {
    let area = buffer.area;
    let (ink, paper) = paper(background);
    let width = at(area.width) + 2.0 * at_pixels(MARGIN);
    let height = usize::from(area.height) * LINE + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.1}\" height=\"{height}\" viewBox=\"0 0 {width:.1} {height}\" role=\"img\" font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{LETTERS}\" fill=\"{ink}\">\n<title>{}</title>\n<desc>{}</desc>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{paper}\"/>\n",
        escaped(title),
        escaped(words)
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let (run, next) = run(buffer, x, y);
            if let Some(run) = run {
                out.push_str(&drawn(&run, x, y, background));
            }
            x = next;
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Cells of a line that look alike.
struct CellRun {
    text: String,
    cells: u16,
    look: CellLook,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct CellLook {
    ink: Color,
    paper: Color,
    modifier: Modifier,
}

fn look(cell: &Cell) -> CellLook {
    let (ink, paper) = if cell.modifier.contains(Modifier::REVERSED) {
        // What has no colour of its own is told apart by `drawn`.
        (cell.bg, cell.fg)
    } else {
        (cell.fg, cell.bg)
    };
    CellLook {
        ink,
        paper,
        modifier: cell.modifier,
    }
}

/// What begins at a cell, and where the next begins; blank paper is nothing.
fn run(buffer: &Buffer, x: u16, y: u16) -> (Option<CellRun>, u16) {
    let left = buffer.area.left();
    let top = buffer.area.top();
    let cell = |x: u16| buffer.cell((left + x, top + y));
    let Some(first) = cell(x) else {
        return (None, x + 1);
    };
    let look_here = look(first);
    let mut text = String::new();
    let mut next = x;
    while next < buffer.area.width
        && let Some(cell) = cell(next)
        && look(cell) == look_here
    {
        text.push_str(cell.symbol());
        next += u16::try_from(cell.symbol().width().max(1)).unwrap_or(1);
    }
    let plain = look_here.paper == Color::Reset
        && !look_here
            .modifier
            .intersects(Modifier::REVERSED | Modifier::UNDERLINED);
    let blank = text.trim().is_empty() && plain;
    let cells = next - x;
    let run = CellRun {
        text,
        cells,
        look: look_here,
    };
    ((!blank).then_some(run), next.max(x + 1))
}

fn drawn(run: &CellRun, x: u16, y: u16, background: Background) -> String {
    let (ink, paper) = paper(background);
    let reversed = run.look.modifier.contains(Modifier::REVERSED);
    let named = |colour: Color| colour_name(colour, background);
    let behind = named(run.look.paper).or_else(|| reversed.then(|| ink.to_owned()));
    let letters = named(run.look.ink).or_else(|| reversed.then(|| paper.to_owned()));
    let left = at(x) + at_pixels(MARGIN);
    let top = MARGIN + usize::from(y) * LINE;
    let wide = at(run.cells);
    let mut out = String::new();
    if let Some(behind) = behind {
        out.push_str(&format!(
            "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{LINE}\" fill=\"{behind}\"/>\n"
        ));
    }
    // Blanks at either end are left to the place of what stands between them.
    let before = run.text.len() - run.text.trim_start().len();
    let shown = run.text.trim();
    if shown.is_empty() {
        return out;
    }
    let left = left + at(u16::try_from(before).unwrap_or(0));
    let wide = at(u16::try_from(shown.width()).unwrap_or(0));
    let base = top + BASE;
    let fill = letters.map_or_else(String::new, |c| format!(" fill=\"{c}\""));
    let bold = if run.look.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let dim = if run.look.modifier.contains(Modifier::DIM) {
        " opacity=\"0.65\""
    } else {
        ""
    };
    let line = if run.look.modifier.contains(Modifier::UNDERLINED) {
        " text-decoration=\"underline\""
    } else {
        ""
    };
    // Whatever letters the reader's machine has, columns stay columns.
    out.push_str(&format!(
        "<text x=\"{left:.1}\" y=\"{base}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{fill}{bold}{dim}{line}>{}</text>\n",
        escaped(shown)
    ));
    out
}

fn at(cells: u16) -> f32 {
    f32::from(cells) * CELL
}

fn at_pixels(pixels: usize) -> f32 {
    pixels as f32
}

/// The colour as SVG has it; `None`: the paper's own. The terminal's sixteen are what most terminals make of them,
/// darker on a light background.
fn colour_name(colour: Color, background: Background) -> Option<String> {
    let dark = background == Background::Dark;
    let named =
        |on_dark: &str, on_light: &str| Some(if dark { on_dark } else { on_light }.to_owned());
    match colour {
        Color::Reset => None,
        Color::Black => named("#000000", "#000000"),
        Color::Red | Color::LightRed => named("#ff8a80", "#9e1414"),
        Color::Green | Color::LightGreen => named("#7ed385", "#146226"),
        Color::Yellow | Color::LightYellow => named("#f0c464", "#7a4a00"),
        Color::Blue | Color::LightBlue => named("#8ab4ff", "#0b4f9e"),
        Color::Magenta | Color::LightMagenta => named("#d8a0ff", "#6a1b8c"),
        Color::Cyan | Color::LightCyan => named("#78c8f0", "#005682"),
        Color::Gray => named("#c0c0c8", "#565660"),
        Color::DarkGray => named("#a0a0aa", "#565660"),
        Color::White => named("#ffffff", "#1c1e24"),
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Indexed(n) => Some(indexed(n)),
    }
}

/// xterm's table of 256.
fn indexed(n: u8) -> String {
    const SIXTEEN: [&str; 16] = [
        "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5",
        "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
    ];
    if let Some(colour) = SIXTEEN.get(usize::from(n)) {
        return (*colour).to_owned();
    }
    if n >= 232 {
        let grey = 8 + 10 * (n - 232);
        return format!("#{grey:02x}{grey:02x}{grey:02x}");
    }
    let part = |of: u8| if of == 0 { 0 } else { 55 + 40 * of };
    let n = n - 16;
    let (r, g, b) = (part(n / 36), part(n / 6 % 6), part(n % 6));
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text for XML, in an element or an attribute.
fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_in_a_name_is_markup() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 60, 2));
        buffer.set_string(0, 0, "</text><script>x</script>&\"'", Style::new());
        let reversed = Style::new().fg(Color::Red).add_modifier(Modifier::REVERSED);
        buffer.set_string(3, 1, "ab", reversed);
        let made = svg(&buffer, Background::Dark, "<a>\u{1b}[2J", "\u{202e}b");
        assert!(!made.contains("<script"), "{made}");
        assert!(made.contains("&lt;/text&gt;&lt;script&gt;x"), "{made}");
        assert!(made.contains("&lt;a&gt;\\u{1b}[2J") && made.contains("\\u{202e}b"));
        assert!(!made.chars().any(|c| c != '\n' && crate::text::is_hidden(c)));
        // Red behind, and the paper's colour before it.
        assert!(made.contains("fill=\"#ff8a80\"/>"), "{made}");
        assert!(made.contains("fill=\"#16181d\">ab</text>"), "{made}");
        assert_eq!(
            made.matches("<text").count(),
            made.matches("</text>").count()
        );
    }

    #[test]
    fn wide_letters_and_numbers_of_colours_keep_their_places() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        buffer.set_string(0, 0, "日本x", Style::new());
        let made = svg(&buffer, Background::Light, "", "");
        assert!(made.contains("textLength=\"42.0\""), "{made}");
        assert_eq!(indexed(94), "#875f00");
        assert_eq!(indexed(244), "#808080");
        assert_eq!(indexed(9), "#ff0000");
    }
}
