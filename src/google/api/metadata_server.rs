//! The metadata server of a machine of Google's (page "About VM metadata"): not an API that the port
//! carries, but its paths stand here with the others.

/// Where the default account's token is.
pub const TOKEN: &str = "instance/service-accounts/default/token";

/// The path of an entry below the server's address: `computeMetadata/v1/…`.
#[must_use]
pub fn path(entry: &str) -> String {
    format!("computeMetadata/v1/{entry}")
}
