//! The boundary policies that policy bindings name.

use std::collections::BTreeSet;

use super::{Surveyor, side_by_side};
use crate::google::api::boundaries;
use crate::wire::{ApiError, is_plain_name};

impl Surveyor<'_> {
    /// The boundary policies that bindings name.
    pub(super) async fn boundary_policies(&self) -> Result<(), ApiError> {
        let named: BTreeSet<String> = self.known.with(|estate| {
            estate
                .policy_bindings()
                .filter_map(|(_, list)| list.known().map(<[_]>::to_vec))
                .flatten()
                .filter(|b| b.is_boundary())
                .map(|b| b.policy.clone())
                .filter(|name| is_plain_name(name))
                .collect()
        });
        let tasks = named.iter().map(|name| async move {
            let label = format!("boundary {}", name.rsplit('/').next().unwrap_or(name));
            let answer = self
                .watch(&label, boundaries::boundary(self.ask, name))
                .await?;
            Ok::<_, ApiError>((name, answer))
        });
        let found = side_by_side(tasks).await?;
        self.known.put(|estate| {
            for (name, answer) in found {
                match answer {
                    // Bindings name the policy as they were given it; it is kept under that name too.
                    Ok(mut policy) => {
                        policy.name.clone_from(name);
                        estate.put_boundary(policy);
                    }
                    Err(error) => estate.mark_unreadable(name, &error.why()),
                }
            }
        });
        Ok(())
    }
}
