//! What these tests mostly do is wait: for a change to count, for a call to be tried again. So the first of them
//! begins everything that waits, and each waits for its own end.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{LazyLock, Mutex};

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::{faults, stories};

/// What one test comes to.
pub type Telling = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Background {
    runtime: Runtime,
    begun: Mutex<BTreeMap<String, JoinHandle<()>>>,
}

static BACKGROUND: LazyLock<Background> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    // Where the command line chooses tests, only those that are asked for begin.
    let all = std::env::args().count() == 1;
    let tellings = faults::all().into_iter().chain(stories::all());
    let begun = tellings
        .filter(|_| all)
        .map(|(name, telling)| (name, runtime.spawn(telling)))
        .collect();
    Background {
        runtime,
        begun: Mutex::new(begun),
    }
});

/// Waits for the end of one, which begins now if it has not; fails as it fails.
pub fn ends(name: &str) {
    let begun = BACKGROUND.begun.lock().unwrap().remove(name);
    let telling = begun.unwrap_or_else(|| {
        let mut all = faults::all().into_iter().chain(stories::all());
        let (_, telling) = all.find(|(known, _)| known == name).unwrap();
        BACKGROUND.runtime.spawn(telling)
    });
    if let Err(error) = BACKGROUND.runtime.block_on(telling) {
        std::panic::resume_unwind(error.into_panic());
    }
}
