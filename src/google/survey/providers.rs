//! Identity pools and their providers (iam v1, `workloadIdentityPools`, `workforcePools`): whether a federated
//! caller's token can be had at all, and what it carries.

use std::collections::BTreeSet;

use super::{Surveyor, side_by_side};
use crate::google::api::identity_pools;
use crate::iam::{Pool, Principal};
use crate::wire::{ApiError, is_plain_name};

/// More pools than this are not looked into for one question.
const POOLS_AT_MOST: usize = 50;

impl Surveyor<'_> {
    /// The pool of a caller, when it has one.
    pub(super) async fn pool_of(&self, caller: &Principal) -> Result<(), ApiError> {
        match caller {
            Principal::Federated { pool, .. } => self.pool(pool).await,
            _ => Ok(()),
        }
    }

    /// The pools that allow policies name, with their providers; how many of them were left out.
    pub(super) async fn pools_named(&self) -> Result<usize, ApiError> {
        let named: BTreeSet<Pool> = self.known.with(|estate| {
            let members = estate.members();
            members.filter_map(|m| m.member.pool().cloned()).collect()
        });
        let few = named.iter().take(POOLS_AT_MOST);
        side_by_side(few.map(|pool| self.pool(pool))).await?;
        Ok(named.len().saturating_sub(POOLS_AT_MOST))
    }

    /// A pool's state and its providers, those that are deleted too: a token of theirs is refused, and that
    /// is worth saying. GKE's own pools are Google's to keep, and have no providers.
    pub(super) async fn pool(&self, pool: &Pool) -> Result<(), ApiError> {
        let name = pool.path();
        if !pool.is_in_full() || pool.is_of_gke() || !is_plain_name(&name) || !self.first(&name) {
            return Ok(());
        }
        futures::try_join!(self.pool_state(pool, &name), self.providers(pool, &name))?;
        Ok(())
    }

    async fn pool_state(&self, pool: &Pool, name: &str) -> Result<(), ApiError> {
        let label = format!("identity pool {}", pool.id());
        let answer = self
            .watch(&label, identity_pools::pool(self.ask, name))
            .await?;
        let missing = answer.as_ref().is_err_and(|e| e.status() == Some(404));
        self.known.put(|estate| match answer {
            Ok(mut found) => {
                name.clone_into(&mut found.name);
                estate.put_pool(found);
            }
            Err(_) if missing => estate.put_missing_pool(name),
            Err(error) => estate.mark_unreadable(name, &error.why()),
        });
        match name.rsplit_once('/') {
            Some((parent, _)) if missing => self.pools_beside(pool, parent).await,
            _ => Ok(()),
        }
    }

    /// The pools beside one that is not there, for "did you mean".
    async fn pools_beside(&self, pool: &Pool, parent: &str) -> Result<(), ApiError> {
        if matches!(pool, Pool::Workforce { .. }) {
            return Ok(());
        }
        let label = format!("identity pools beside {}", pool.id());
        let list = identity_pools::pools_beside(self.ask, parent);
        let found = self.watch(&label, list).await?.unwrap_or_default();
        self.known.put(|estate| {
            found.into_iter().for_each(|pool| estate.put_pool(pool));
        });
        Ok(())
    }

    async fn providers(&self, pool: &Pool, name: &str) -> Result<(), ApiError> {
        let label = format!("providers of the identity pool {}", pool.id());
        let list = identity_pools::providers(self.ask, pool);
        let answer = self.watch(&label, list).await?;
        self.known.put(|estate| match answer {
            Ok(found) => found.into_iter().for_each(|p| estate.put_provider(p)),
            // Of a pool that is not there this says nothing more.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => estate.mark_unreadable(&format!("{name}/providers"), &error.why()),
        });
        Ok(())
    }
}
