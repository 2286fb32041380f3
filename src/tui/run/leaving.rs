//! Leaving always works: signals are heard on a thread of their own, whatever the others are stuck in,
//! and where the way out is barred the process ends without it, the terminal given back first.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::terminal;

/// How long whoever was asked to leave may take over it (chosen: not felt as waiting).
const GRACE: Duration = Duration::from_millis(120);
/// How long a terminal may take to hear that it is given back (chosen). One that is stopped never does.
const LAST_WORDS: Duration = Duration::from_millis(40);
/// How long the explorer may leave a Ctrl-C lying (chosen: longer than any frame takes).
const DEAF: Duration = Duration::from_millis(1_000);

/// Somebody wants the process to end: SIGINT, SIGTERM, SIGHUP or SIGQUIT, where there are signals.
pub struct Leaving(UnboundedReceiver<()>);

impl Leaving {
    /// Listens from now on. Whoever is then asked and has not ended the process a moment later is not
    /// waited for: it ends with this exit code.
    ///
    /// # Errors
    /// No thread, or no signal to listen for.
    pub fn listen(code: u8) -> io::Result<Self> {
        let (sender, asked) = unbounded_channel();
        let (ready, set_up) = mpsc::channel();
        thread::Builder::new()
            .name("leaving".to_owned())
            .spawn(move || {
                // Of its own: the threads that calls are made on may all be stuck.
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(hear(&sender, &ready, code)),
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            })?;
        // A signal that nobody hears yet would end the process with the terminal taken.
        set_up
            .recv()
            .map_err(|_| io::Error::other("the thread that hears signals ended"))??;
        Ok(Self(asked))
    }

    /// Ready when somebody wants the process to end.
    pub async fn asked(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn hear(asked: &UnboundedSender<()>, ready: &mpsc::Sender<io::Result<()>>, code: u8) {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let listen = || -> io::Result<[Signal; 4]> {
        Ok([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::quit())?,
        ])
    };
    let [mut a, mut b, mut c, mut d] = match listen() {
        Ok(signals) => signals,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
        _ = c.recv() => {}
        _ = d.recv() => {}
    }
    let _ = asked.send(());
    thread::sleep(GRACE);
    end(code);
}

#[cfg(not(unix))]
async fn hear(asked: &UnboundedSender<()>, ready: &mpsc::Sender<io::Result<()>>, code: u8) {
    let _ = ready.send(Ok(()));
    // Where Ctrl-C cannot be listened for, it ends the process by itself.
    if tokio::signal::ctrl_c().await.is_ok() {
        let _ = asked.send(());
        thread::sleep(GRACE);
        end(code);
    }
}

/// Ends the process at once. A terminal that takes no more output still gets its modes back.
fn end(code: u8) -> ! {
    let (done, given_back) = mpsc::channel();
    thread::spawn(move || {
        terminal::give_back();
        let _ = done.send(());
    });
    if given_back.recv_timeout(LAST_WORDS).is_err() {
        terminal::cook();
    }
    std::process::exit(i32::from(code))
}

/// How often the explorer has looked at what came.
static TURNS: AtomicU64 = AtomicU64::new(0);

/// The explorer has looked at what came.
pub fn awake() {
    TURNS.fetch_add(1, Ordering::Relaxed);
}

/// Ctrl-C was pressed: an explorer that does not look at it is not waited for.
pub fn interrupted() {
    let before = TURNS.load(Ordering::Relaxed);
    thread::spawn(move || {
        thread::sleep(DEAF);
        if TURNS.load(Ordering::Relaxed) == before {
            end(0);
        }
    });
}
