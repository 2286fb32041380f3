//! The identity providers of a federated caller's pool.

use super::{Surveyor, shaped};
use crate::estate::Provider;
use crate::evaluate::Question;
use crate::google::wire::{Api, ApiError, all_pages, is_plain_name};
use crate::iam::{Pool, Principal};

impl Surveyor<'_> {
    /// The providers of a federated caller's pool, for its attribute mapping (iam v1,
    /// `workloadIdentityPools.providers.list`). Left out when they may not be read.
    pub(super) async fn providers(&self, question: &Question) -> Result<(), ApiError> {
        let Principal::Federated {
            pool: pool @ Pool::Workload { .. },
            ..
        } = &question.caller
        else {
            return Ok(());
        };
        let parent = pool.path();
        if !is_plain_name(&parent) {
            return Ok(());
        }
        let path = format!("v1/{parent}/providers?pageSize=100");
        let label = "providers of the caller's pool";
        let field = "workloadIdentityPoolProviders";
        let list = async {
            all_pages(self.ask, Api::Iam, &path, field)
                .await?
                .into_iter()
                .map(|v| shaped::<Provider>(label, v))
                .collect::<Result<Vec<_>, _>>()
        };
        for provider in self.watch(label, list).await?.unwrap_or_default() {
            self.known.put(|estate| estate.put_provider(provider));
        }
        Ok(())
    }
}
