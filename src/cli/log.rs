//! `--log FILE`: what happened, one line each, for whoever looks into a failure. Never a secret.
//!
//! Taken in is what this crate itself tells; what other crates trace could hold a token.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;

use super::failure::Failure;

/// From now on what happens is written at the end of the file, which is made for its owner alone.
///
/// # Errors
/// The file cannot be written, or is none.
pub fn begin(path: &Path) -> Result<(), Failure> {
    let file = opened(path).map_err(|e| {
        let tried = format!("write the log {}", path.display());
        let next = "name a file in a directory that you may write into: --log FILE";
        Failure::new(tried, e.to_string(), next)
    })?;
    let lines = fmt::layer()
        .with_ansi(false)
        .with_target(false)
        // Else a full disk writes over the explorer's screen.
        .log_internal_errors(false)
        .with_writer(Arc::new(file))
        .with_filter(
            filter_fn(|told| told.target().starts_with("bindscope"))
                .with_max_level_hint(LevelFilter::INFO),
        );
    // A process logs into one file: only the first one counts.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "bindscope");
    Ok(())
}

fn opened(path: &Path) -> io::Result<File> {
    // A pipe that nobody reads would hold the program up before it has begun.
    let there = std::fs::metadata(path).ok();
    if there
        .as_ref()
        .is_some_and(|t| !may_be_written(t.file_type()))
    {
        return Err(io::Error::other("it is no file"));
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // It may have been there before, for everybody.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// A file, or a device: a terminal, or `/dev/null`.
fn may_be_written(kind: std::fs::FileType) -> bool {
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_char_device(&kind) {
        return true;
    }
    kind.is_file()
}
