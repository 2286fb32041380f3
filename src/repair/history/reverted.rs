//! The strongest sign that a change will be reverted: it was before.

use super::{ChangeState, HistoryListing};
use crate::repair::plan::repair::Repair;

/// This program made the same change before, did not take it back, and the
/// policy no longer has it.
#[must_use]
pub fn was_reverted(listing: &HistoryListing, repair: &Repair) -> Option<String> {
    let grant = repair.grant();
    let resource = repair.resource.full_name();
    let entry = listing.entries.iter().find(|e| {
        e.record.resource == resource && e.record.grant == grant && e.record.switch.is_none()
    })?;
    (matches!(entry.state, ChangeState::Applied { .. }) && !repair.already).then(|| {
        format!(
            "The same was granted here on {} and is gone: somebody, or a program that owns this policy, took it out. Settle that first, or it will happen again.",
            entry.record.time.strftime("%Y-%m-%d at %H:%M UTC")
        )
    })
}
