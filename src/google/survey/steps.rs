//! Accounts through which a caller may get to the target in two steps, where nothing grants it directly.

use super::{Surveyor, Wanted, side_by_side};
use crate::evaluate::{Question, explain, stones};
use crate::iam::Resource;
use crate::wire::ApiError;

impl Surveyor<'_> {
    /// Reads the branches of accounts that the target's policies name, where nothing that was read explains
    /// a refusal better than that nothing grants it.
    pub(super) async fn steps(&self, question: &Question) -> Result<(), ApiError> {
        if !question.via.is_empty() || !self.nothing_explains(question) {
            return Ok(());
        }
        let named = self.known.with(|estate| stones(&explain(estate, question)));
        let wanted = Wanted {
            deny: true,
            boundaries: true,
            org_policy: None,
        };
        let branches = named.iter().map(|email| {
            let account = Resource::account("-", email);
            self.account_branch(account, wanted)
        });
        side_by_side(branches).await?;
        if named.is_empty() {
            return Ok(());
        }
        // What these name is needed too.
        futures::try_join!(self.deny_rules(), self.roles(), self.boundary_policies())?;
        self.groups(question).await
    }
}
