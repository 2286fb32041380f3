//! `--claims FILE`: what a federated caller's token says.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::args::Beside;
use super::failure::Failure;

impl Beside {
    /// The claims, when a file of them is given.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(super) fn claims(&self) -> Result<Option<Arc<Value>>, Failure> {
        self.claims.as_deref().map(read).transpose()
    }
}

/// The claims of a token: its payload, decoded, one JSON object.
///
/// # Errors
/// When the file cannot be read, or holds something else.
pub(super) fn read(file: &Path) -> Result<Arc<Value>, Failure> {
    let tried = format!("read the claims from {}", file.display());
    let text = std::fs::read_to_string(file)
        .map_err(|e| Failure::new(&tried, e.to_string(), "check the path and who may read it"))?;
    let value: Value = serde_json::from_str(&text).map_err(|e| {
        let next = "the file must hold the token's payload, decoded: one JSON object";
        Failure::new(&tried, e.to_string(), next)
    })?;
    if !value.is_object() {
        let next = "the file must hold one JSON object, {\"sub\": …}";
        return Err(Failure::new(&tried, "it is JSON, and no object", next));
    }
    Ok(Arc::new(value))
}
