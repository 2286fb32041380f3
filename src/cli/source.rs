//! The files of `--estate`: one, several, a directory of them, standard input. Each is opened when its turn
//! comes, so that thousands of shards are not open at once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::estate::file::{FileKey, FileReader, SourceFile};

use super::failure::Failure;

/// So many bytes of a file are read at a time.
const AT_A_TIME: usize = 1 << 20;
/// How deep a directory is looked into (*chosen*: an export with a path prefix makes two levels).
const DEEPEST: usize = 8;
/// What names of files end in that are read out of a directory, packed or not.
const ENDINGS: &[&str] = &["json", "ndjson", "jsonl", "yaml", "yml", "tfstate"];
const PACKED: &[&str] = &["gz", "zst"];

/// Opens what was given, in the order given; the files of a directory in the order of their names.
///
/// # Errors
/// A path that is not there or may not be read, a directory with nothing to read in it, standard input twice.
pub fn open(paths: &[PathBuf]) -> Result<Vec<SourceFile>, Failure> {
    let mut sources = Vec::new();
    let mut piped = false;
    for path in paths {
        let (key, path) = split(path);
        if path.as_os_str() == "-" {
            if std::mem::replace(&mut piped, true) {
                return Err(Failure::usage(
                    "standard input (-) is given twice",
                    "give it once; it can hold several exports, one after the other",
                ));
            }
            sources.push(stream("standard input", io::stdin()).about(key));
            continue;
        }
        let found = std::fs::metadata(path).map_err(|e| failed(path, &e))?;
        if !found.is_dir() {
            // Whether it may be read is asked before anything is: the wait may be long. A pipe stays open, it
            // can be read once.
            let open = File::open(path).map_err(|e| failed(path, &e))?;
            let source = if found.is_file() {
                file(path.to_owned())
            } else {
                stream(&path.display().to_string(), open)
            };
            sources.push(source.about(key));
            continue;
        }
        if let Some(key) = key {
            let directory = path.display();
            return Err(Failure::usage(
                format!("{directory} is a directory, and {key} stands before it"),
                "give each file of it that does not say what it is of with its own name, as in --estate projects/my-project=policy.yaml",
            ));
        }
        let mut files = Vec::new();
        collect(path, DEEPEST, &mut files).map_err(|(path, e)| failed(&path, &e))?;
        if files.is_empty() {
            let tried = format!("read the estate files in the directory {}", path.display());
            return Err(Failure::new(
                tried,
                format!(
                    "no file in it ends in .{}, packed or not",
                    ENDINGS.join(", .")
                ),
                "give the files themselves, or another directory",
            ));
        }
        files.sort();
        sources.extend(files.into_iter().map(file));
    }
    Ok(sources)
}

/// `KEY=FILE`, where that is not the name of a file itself.
fn split(path: &Path) -> (Option<FileKey>, &Path) {
    let named = path.to_str().and_then(|text| text.split_once('='));
    match named.map(|(key, rest)| (FileKey::parse(key), rest)) {
        Some((Some(key), rest)) if !path.exists() => (Some(key), Path::new(rest)),
        _ => (None, path),
    }
}

fn failed(path: &Path, e: &io::Error) -> Failure {
    let tried = format!("read the estate file {}", path.display());
    Failure::new(tried, e.to_string(), "check the path and who may read it")
}

/// A file that is opened when it is read, and again where it has to be looked at closely.
fn file(path: PathBuf) -> SourceFile {
    let name = path.display().to_string();
    SourceFile::reopened(&name, move || {
        let file = File::open(&path)?;
        Ok(Box::new(BufReader::with_capacity(AT_A_TIME, file)) as FileReader)
    })
}

/// What can be read once.
fn stream(name: &str, reader: impl Read + Send + 'static) -> SourceFile {
    let reader = BufReader::with_capacity(AT_A_TIME, reader);
    SourceFile::stream(name, Box::new(reader))
}

/// The files of a directory and of those in it. Links to directories are not followed: they may lead in a
/// circle.
fn collect(
    directory: &Path,
    depth: usize,
    into: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, io::Error)> {
    let at = |e| (directory.to_owned(), e);
    for entry in std::fs::read_dir(directory).map_err(at)? {
        let entry = entry.map_err(at)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(at)?;
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, into)?;
        } else if !kind.is_dir() && counts(&path) && path.is_file() {
            into.push(path);
        }
    }
    Ok(())
}

/// Whether a file of a directory is read: by its ending, or a number alone, as shards of an export with a
/// path prefix are named (`gcloud asset export --output-path-prefix`).
fn counts(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|n| n.to_str()) else {
        return false;
    };
    if name.starts_with('.') {
        return false;
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let mut parts: Vec<&str> = name.split('.').collect();
    if parts.last().is_some_and(|last| PACKED.contains(last)) {
        parts.pop();
    }
    parts.len() > 1 && parts.last().is_some_and(|last| ENDINGS.contains(last))
}
