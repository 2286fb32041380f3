//! What the terminal sends: read by one thread for as long as the process lives.
//!
//! A reader that is given up and made again (crossterm's own stream, when the explorer is opened
//! twice or wakes from sleep) can leave a key lying until the next one comes.

use std::io;
use std::sync::OnceLock;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::leaving;

type Incoming = Mutex<UnboundedReceiver<io::Result<Event>>>;

/// The next event; an error when the terminal is gone, after which nothing more comes.
///
/// # Errors
/// When the terminal cannot be read (any more).
pub async fn next() -> io::Result<Event> {
    let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone");
    incoming()
        .lock()
        .await
        .recv()
        .await
        .unwrap_or_else(|| Err(gone()))
}

fn incoming() -> &'static Incoming {
    static INCOMING: OnceLock<Incoming> = OnceLock::new();
    INCOMING.get_or_init(|| {
        let (sender, receiver) = unbounded_channel();
        std::thread::spawn(move || {
            loop {
                let event = read();
                let over = event.is_err();
                let interrupt = event.as_ref().is_ok_and(interrupts);
                if sender.send(event).is_err() || over {
                    return;
                }
                if interrupt {
                    leaving::interrupted();
                }
            }
        });
        Mutex::new(receiver)
    })
}

/// Whether it is Ctrl-C.
fn interrupts(event: &Event) -> bool {
    matches!(event, Event::Key(key) if key.kind == KeyEventKind::Press
        && key.code == KeyCode::Char('c')
        && key.modifiers == KeyModifiers::CONTROL)
}
