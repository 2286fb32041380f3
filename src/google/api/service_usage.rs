//! The Service Usage API (discovery document serviceusage v1): which APIs a project has on.

use serde_json::{Value, json};

use crate::wire::{Api, ApiError, Ask, Tell, encode};

fn path(project: &str, service: &str) -> String {
    format!(
        "v1/projects/{}/services/{}",
        encode(project),
        encode(service)
    )
}

/// Whether a service (`iam.googleapis.com`) is on in a project, by id or number (`services.get`, `state`);
/// `None` when the answer does not say.
///
/// # Errors
/// As the client reports them.
pub async fn is_enabled(
    ask: &dyn Ask,
    project: &str,
    service: &str,
) -> Result<Option<bool>, ApiError> {
    let answer = ask.get(Api::ServiceUsage, &path(project, service)).await?;
    Ok(match answer.get("state").and_then(Value::as_str) {
        Some("ENABLED") => Some(true),
        Some("DISABLED") => Some(false),
        _ => None,
    })
}

/// Turns a service of a project on or off (`services.enable`, `disable`). It takes effect some time after.
///
/// # Errors
/// As the client reports them.
pub async fn switch(
    tell: &dyn Tell,
    project: &str,
    service: &str,
    on: bool,
) -> Result<(), ApiError> {
    let verb = if on { "enable" } else { "disable" };
    let path = format!("{}:{verb}", path(project, service));
    tell.tell(Api::ServiceUsage, &path, &json!({}))
        .await
        .map(drop)
}
