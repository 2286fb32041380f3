//! The pairs that are kept, beside the history. Nothing hangs on that file; what stands there and is not understood
//! (broken, of another program, of a later version) is somebody's, and stays as it is.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use super::super::model::KeptPair;

const FILE: &str = "pairs.json";
/// No file of ours is larger (chosen).
const LARGEST: u64 = 1_000_000;

/// What is kept; nothing where there is no such file.
///
/// # Errors
/// What stands there cannot be read, or is not understood.
pub(super) fn read(folder: &Path) -> Result<Vec<KeptPair>, String> {
    let path = folder.join(FILE);
    let because = |why: &str| {
        let path = path.display();
        format!("{path} is left as it is: {why}. Move it away to have them kept")
    };
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(because(&error.to_string())),
        Ok(what) if !what.is_file() => return Err(because("it is no file")),
        Ok(what) if what.len() > LARGEST => {
            return Err(because("it is too long to be one of bindscope's"));
        }
        Ok(_) => {}
    }
    let text = fs::read(&path).map_err(|error| because(&error.to_string()))?;
    serde_json::from_slice(&text).map_err(|_| because("these are no pairs of bindscope's"))
}

/// Keeps one more, with those that others kept meanwhile. The file is the old one or the new one, never half of it; one
/// that cannot be written is none.
pub(super) fn keep(folder: &Path, pair: KeptPair, favourite: Option<bool>) {
    let kept = read(folder).and_then(|mut pairs| {
        pair.put(&mut pairs, favourite);
        replace(folder, &pairs).map_err(|error| error.to_string())
    });
    if let Err(error) = kept {
        tracing::info!(%error, "the pairs asked about are not kept");
    }
}

fn replace(folder: &Path, pairs: &[KeptPair]) -> io::Result<()> {
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

    fn pair(caller: &str) -> KeptPair {
        KeptPair {
            caller: caller.to_owned(),
            target: "t".to_owned(),
            permission: "p".to_owned(),
            favourite: false,
            other: serde_json::Map::default(),
        }
    }

    #[test]
    fn what_is_not_understood_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let one = r#"{"caller": "user:a@b", "target": "t", "permission": "p"}"#;
        let long = " ".repeat(1_000_001);
        let broken = [
            r#"[{"caller": 1}]"#,
            "[{",
            "",
            "\u{0}\u{ff}",
            r#"{"version": 2, "pairs": []}"#,
            // One that is not, among others that are.
            &format!("[{one}, {{}}]"),
            &long,
        ];
        for text in broken {
            fs::write(&file, text).unwrap();
            assert!(read(folder.path()).is_err(), "{text:?}");
            keep(folder.path(), pair("user:c@d"), Some(true));
            assert_eq!(fs::read(&file).unwrap(), text.as_bytes());
        }
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        keep(folder.path(), pair("user:c@d"), None);
        assert!(file.is_dir());
        assert!(read(folder.path()).unwrap_err().contains("no file"));
    }

    /// Two explorers keep what each of them asks, and what a later version says beside.
    #[test]
    fn what_others_keep_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let file = folder.path().join(FILE);
        let other = r#"[{"caller": "a", "target": "t", "permission": "p", "favourite": true, "note": "mine"}]"#;
        fs::write(&file, other).unwrap();
        keep(folder.path(), pair("b"), None);
        keep(folder.path(), pair("a"), None);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(r#""note": "mine""#), "{text}");
        let kept = read(folder.path()).unwrap();
        let order: Vec<_> = kept.iter().map(|p| (&*p.caller, p.favourite)).collect();
        assert_eq!(order, [("a", true), ("b", false)]);
    }
}
