//! The one owner of the terminal's state: taken once, given back exactly once on every way out.

use std::io::{self, Stdout, Write, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

/// Whether the terminal is ours at the moment: whoever turns it off gives the terminal back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the title is ours at the moment.
static TITLED: AtomicBool = AtomicBool::new(false);

/// Rings the terminal's bell.
pub struct Bell;

impl crossterm::Command for Bell {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x07")
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal keeps its title, and takes it up again (XTerm Control Sequences, "Window manipulation", 22 and 23);
/// terminals that do not know this ignore it.
enum TitleStack {
    Push,
    Pop,
}

impl crossterm::Command for TitleStack {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(match self {
            Self::Push => "\x1b[22;2t",
            Self::Pop => "\x1b[23;2t",
        })
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal while it is ours.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal: raw mode, the alternate screen, bracketed paste, the mouse if wanted.
    ///
    /// # Errors
    /// When the terminal refuses; it is as it was then.
    pub fn take(mouse: bool) -> io::Result<Self> {
        restore_on_panic();
        let inner = ratatui::Terminal::new(CrosstermBackend::new(stdout()))?;
        let mut terminal = Self { inner, mouse };
        terminal.enter()?;
        Ok(terminal)
    }

    fn enter(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        let entered = execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )
        .and_then(|()| self.set_mouse(self.mouse))
        .and_then(|()| self.repaint());
        if entered.is_err() {
            give_back();
        }
        entered
    }

    /// Switches the mouse.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    /// Draws one frame, sent as one update so that nothing flickers.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.inner.draw(draw).map(|_| ());
        execute!(stdout(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Forgets what stands on the screen, so that all of it is drawn anew.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn repaint(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where the cursor is, and one that does not answer
        // would keep the first frame waiting for two seconds, and then end it.
        let size = self.inner.size()?;
        self.inner.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// The size in cells.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.inner.size()?;
        Ok((size.width, size.height))
    }

    /// Writes a control sequence beside the frames.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn send(&mut self, command: impl crossterm::Command) -> io::Result<()> {
        execute!(stdout(), command)
    }

    /// Sets the terminal's title; `None` gives it the one that it had.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn title(&mut self, title: Option<&str>) -> io::Result<()> {
        let Some(title) = title else {
            return if TITLED.swap(false, Ordering::SeqCst) {
                self.send(TitleStack::Pop)
            } else {
                Ok(())
            };
        };
        if !TITLED.swap(true, Ordering::SeqCst) {
            self.send(TitleStack::Push)?;
        }
        self.send(SetTitle(title))
    }

    /// Gives the terminal to the shell while the process sleeps, and takes it again after.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_process();
        self.enter()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once, however often it is asked.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nothing can be done about a terminal that is gone.
    let mut out = stdout();
    if TITLED.swap(false, Ordering::SeqCst) {
        let _ = execute!(out, SetTitle(""), TitleStack::Pop);
    }
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// Gives the terminal its modes back and writes nothing: what is written to a terminal that is stopped
/// waits for it.
pub(super) fn cook() {
    let _ = disable_raw_mode();
}

/// A panic's message belongs on the normal screen, whichever thread panics.
fn restore_on_panic() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}

/// Sleeps until the shell wakes the process group, as Ctrl-Z does where the terminal is not raw.
#[cfg(unix)]
fn stop_process() {
    // The shell's own `kill` is a child that cannot prompt; there is no safe call for it here
    // without another dependency.
    let _ = std::process::Command::new("kill")
        .args(["-TSTP", "0"])
        .stdin(std::process::Stdio::null())
        .status();
}

#[cfg(not(unix))]
fn stop_process() {}
