//! The roles that policies name.

use std::collections::BTreeSet;

use super::{Surveyor, side_by_side};
use crate::google::api::iam;
use crate::iam::predefined;
use crate::wire::{ApiError, is_plain_name};

impl Surveyor<'_> {
    /// Roles that no table here knows: custom ones, and predefined ones that are newer.
    pub(super) async fn roles(&self) -> Result<(), ApiError> {
        let unknown: BTreeSet<String> = self.known.with(|estate| {
            estate
                .policies()
                .flat_map(|(_, policy)| policy.bindings.iter())
                .filter(|b| predefined::role(&b.role).is_none() && is_role_name(&b.role))
                .map(|b| b.role.to_string())
                .collect()
        });
        // More policies may have come since roles were read.
        let unread = unknown
            .iter()
            .filter(|name| self.first(&format!("role {name}")));
        let tasks = unread.map(|name| async move {
            let label = format!("role {name}");
            let answer = self.watch(&label, iam::role(self.ask, name)).await?;
            Ok::<_, ApiError>((name, answer))
        });
        let found = side_by_side(tasks).await?;
        self.known.put(|estate| {
            for (name, answer) in found {
                match answer {
                    Ok(role) => estate.put_role(role),
                    Err(error) if error.status() == Some(404) => estate.put_missing_role(name),
                    Err(error) => estate.mark_unreadable(name, &error.why()),
                }
            }
        });
        Ok(())
    }
}

fn is_role_name(name: &str) -> bool {
    is_plain_name(name)
        && ["roles/", "projects/", "organizations/"]
            .iter()
            .any(|start| name.starts_with(start))
}
