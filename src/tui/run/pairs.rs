//! The pairs that are kept, beside the history. A file that cannot be read is as good as none: nothing hangs on it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::super::model::KeptPair;

const FILE: &str = "pairs.json";
/// No file of ours is larger (chosen).
const LARGEST: u64 = 1_000_000;

/// What is kept; nothing where that cannot be read.
pub(super) fn read(folder: &Path) -> Vec<KeptPair> {
    let path = folder.join(FILE);
    let small = fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() <= LARGEST);
    let text = small.then(|| fs::read(&path).ok()).flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Keeps them: the file is the old one or the new one, never half of it. One that cannot be written is none.
pub(super) fn write(folder: &Path, pairs: &[KeptPair]) {
    if let Err(error) = replaced(folder, pairs) {
        tracing::info!(%error, "the pairs asked about are not kept");
    }
}

fn replaced(folder: &Path, pairs: &[KeptPair]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Its owner's alone, as temporary files are.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec_pretty(pairs)?)?;
    file.persist(folder.join(FILE)).map_err(|e| e.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_broken_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_empty());
        let pair = KeptPair {
            caller: "user:a@b".to_owned(),
            target: "t".to_owned(),
            permission: "p".to_owned(),
            favourite: true,
        };
        write(folder.path(), std::slice::from_ref(&pair));
        assert_eq!(read(folder.path()), [pair]);
        for broken in ["[{\"caller\": 1}]", "[{", "", "\u{0}\u{ff}"] {
            fs::write(folder.path().join(FILE), broken).unwrap();
            assert!(read(folder.path()).is_empty(), "{broken:?}");
        }
    }
}
