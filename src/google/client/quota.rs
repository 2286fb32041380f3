//! The project that calls are billed to, where it is what is missing.

use super::super::credentials::QuotaProject;
use super::super::pace::Missed;
use crate::wire::ApiError;

/// Whether it was the quota project that was refused (doc "Troubleshoot quota and limit errors",
/// `USER_PROJECT_DENIED`).
pub(super) fn quota_refused(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { status: 403, reason: Some(reason), .. } if reason == "USER_PROJECT_DENIED")
}

/// Says what to do where the project that calls are billed to is what is missing.
fn about_quota(error: ApiError, billed: Option<&QuotaProject>) -> ApiError {
    let ApiError::Refused {
        what,
        status,
        reason,
        message,
    } = error
    else {
        return error;
    };
    let lacks = message.contains("requires a quota project");
    let denied = reason.as_deref() == Some("USER_PROJECT_DENIED");
    let message = match billed {
        _ if !lacks && !denied => message,
        Some(quota) if denied => format!(
            "{message} (calls are billed to {}, which {} names: you need serviceusage.services.use on it, roles/serviceusage.serviceUsageConsumer, or name another with --billing-project)",
            quota.project, quota.from
        ),
        _ => format!(
            "{message} (name a project that calls are billed to: --billing-project PROJECT, or gcloud auth application-default set-quota-project PROJECT)"
        ),
    };
    ApiError::Refused {
        what,
        status,
        reason,
        message,
    }
}

impl Missed {
    /// See there.
    pub(super) fn about_quota(self, billed: Option<&QuotaProject>) -> Self {
        let error = about_quota(self.error, billed);
        Self { error, ..self }
    }
}
