//! Files that are taken along: new ones, whatever is there already.

use std::fs::{File, OpenOptions, remove_file};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::effects::KeptFiles;

/// So many names are tried (chosen).
const NAMES: usize = 1_000;

/// Writes both files under names that nothing has; gives the names.
///
/// # Errors
/// They cannot be written; in words.
pub(super) fn keep(files: &KeptFiles) -> Result<Vec<String>, String> {
    let folder = files.folder.as_deref().unwrap_or(Path::new(""));
    for n in 1..=NAMES {
        let stem = match n {
            1 => files.stem.clone(),
            n => format!("{}-{n}", files.stem),
        };
        let names = [format!("{stem}.svg"), format!("{stem}.md")];
        let paths = names.clone().map(|name| folder.join(name));
        let [picture, answer] = &paths;
        match both(picture, answer, files) {
            Ok(()) => return Ok(paths.map(|path| path.display().to_string()).to_vec()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(not_written(folder, &e)),
        }
    }
    Err(all_taken())
}

/// Writes one file under a name that nothing has; gives the name.
///
/// # Errors
/// It cannot be written; in words.
pub(super) fn keep_one(
    folder: Option<&Path>,
    stem: &str,
    extension: &str,
    bytes: &[u8],
) -> Result<String, String> {
    let folder = folder.unwrap_or(Path::new(""));
    for n in 1..=NAMES {
        let name = match n {
            1 => format!("{stem}.{extension}"),
            n => format!("{stem}-{n}.{extension}"),
        };
        let path = folder.join(name);
        let written = new(&path).and_then(|mut file| {
            let written = file.write_all(bytes);
            written.inspect_err(|_| drop(remove_file(&path)))
        });
        match written {
            Ok(()) => return Ok(path.display().to_string()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(not_written(folder, &e)),
        }
    }
    Err(all_taken())
}

fn not_written(folder: &Path, error: &io::Error) -> String {
    let at = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    format!("Nothing was written into {}: {error}", at.display())
}

fn all_taken() -> String {
    format!("There are {NAMES} files of that name already; nothing was written.")
}

fn both(picture: &Path, answer: &Path, files: &KeptFiles) -> io::Result<()> {
    let mut first = new(picture)?;
    // Both names are free, or neither is taken.
    let mut second = new(answer).inspect_err(|_| drop(remove_file(picture)))?;
    let written = first
        .write_all(files.picture.as_bytes())
        .and_then(|()| second.write_all(files.answer.as_bytes()));
    written.inspect_err(|_| {
        drop(remove_file(picture));
        drop(remove_file(answer));
    })
}

fn new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = KeptFiles {
            folder: Some(folder.path().to_owned()),
            stem: "a".to_owned(),
            picture: "svg".to_owned(),
            answer: "md".to_owned(),
        };
        std::fs::write(folder.path().join("a.md"), "mine").unwrap();
        let names = keep(&files).unwrap();
        assert!(
            names[0].ends_with("a-2.svg") && names[1].ends_with("a-2.md"),
            "{names:?}"
        );
        assert!(!folder.path().join("a.svg").exists());
        let names = keep(&files).unwrap();
        assert!(names[1].ends_with("a-3.md"), "{names:?}");
        assert_eq!(
            std::fs::read_to_string(folder.path().join("a.md")).unwrap(),
            "mine"
        );
        let nowhere = KeptFiles {
            folder: Some(folder.path().join("none")),
            ..files
        };
        assert!(
            keep(&nowhere)
                .unwrap_err()
                .contains("Nothing was written into")
        );
    }
}
