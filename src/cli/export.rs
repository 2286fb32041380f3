//! `export`: writes what can be seen as an estate file.

use std::io::Write;
use std::path::Path;

use super::args::{ExportArgs, Global};
use super::facts;
use super::failure::Failure;
use super::{Exit, out, scope};
use crate::estate::file::to_json;
use crate::google::survey::{Everything, Groups};
use crate::text::{counted, pretty_json};

/// Reads the whole scope and writes it.
///
/// # Errors
/// What opening and reading the facts gives, a file that cannot be written.
pub async fn run(global: &Global, args: &ExportArgs) -> Result<Exit, Failure> {
    let facts = facts::open(global).await?;
    let everything = Everything {
        scope: Some(facts.scope.clone()),
        account_policies: true,
        groups: Groups::All,
        callers: true,
        ..Everything::default()
    };
    let seen = scope::survey(&facts, &everything).await;
    facts.close();
    let seen = seen?;
    let text = format!("{}\n", pretty_json(&to_json(&seen.estate)));
    seen.tell();
    if args.file == Path::new("-") {
        out::write_out(&text)?;
        return Ok(Exit::Done);
    }
    let shown = args.file.display().to_string();
    written(&args.file, text.as_bytes()).map_err(|e| {
        let tried = format!("write {shown}");
        Failure::new(
            tried,
            e.to_string(),
            "check the directory and who may write there",
        )
    })?;
    let estate = &seen.estate;
    out::aside(&format!(
        "{}, {} and {} written to {shown}",
        counted(estate.projects().count(), "project"),
        counted(estate.accounts().count(), "service account"),
        counted(estate.policies().count(), "policy")
    ));
    Ok(Exit::Done)
}

/// Beside the file first, then in its place: a file that was there stays whole until the new one is.
pub(super) fn written(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = match file.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    let mut fresh = tempfile::NamedTempFile::new_in(dir)?;
    fresh.write_all(bytes)?;
    fresh.as_file().sync_all()?;
    fresh.persist(file).map_err(|e| e.error)?;
    Ok(())
}
