//! `index`: files read once and written as a compiled estate, which `--estate` opens without reading them again.

use std::path::{Path, PathBuf};

use super::args::{Global, IndexArgs};
use super::failure::Failure;
use super::{Exit, export, facts, out};
use crate::estate::file::compile;
use crate::text::counted;

/// Reads the files and writes the compiled estate.
///
/// # Errors
/// Options that say where facts come from, which are these files alone; an estate that cannot be read, a file that
/// cannot be written.
pub fn run(global: &Global, args: &IndexArgs) -> Result<Exit, Failure> {
    if global.demo.is_some() || !global.estate.is_empty() || global.endpoint.is_some() {
        return Err(Failure::usage(
            "index reads the files that are named behind it",
            "leave --demo, --estate and --endpoint away: bindscope index --out estate.index FILE…",
        ));
    }
    let to = match (&args.out, args.files.first()) {
        (Some(out), _) => out.clone(),
        (None, Some(first)) if first.as_os_str() != "-" => beside(first),
        (None, _) => {
            return Err(Failure::usage(
                "where to write is not said",
                "add --out FILE",
            ));
        }
    };
    let estate = facts::read_estate(&args.files)?;
    let shown = to.display().to_string();
    let bytes = compile(&estate).map_err(|e| {
        Failure::new(
            format!("compile the estate into {shown}"),
            e.to_string(),
            "use the files themselves with --estate",
        )
    })?;
    export::written(&to, &bytes).map_err(|e| {
        let tried = format!("write {shown}");
        Failure::new(
            tried,
            e.to_string(),
            "check the directory and who may write there",
        )
    })?;
    out::aside(&format!(
        "{}, {} and {} written to {shown}, {} MB: bindscope --estate {shown}",
        counted(estate.projects().count(), "project"),
        counted(estate.accounts().count(), "service account"),
        counted(estate.policies().count(), "policy"),
        bytes.len().div_ceil(1_000_000)
    ));
    out::leave((estate, bytes));
    Ok(Exit::Done)
}

/// `FILE.index`
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".index");
    name.into()
}
