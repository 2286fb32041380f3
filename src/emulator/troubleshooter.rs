//! Policy Troubleshooter v3 and v3beta (discovery documents policytroubleshooter v3 and v3beta).

use super::Answer;
use super::call::Call;
use super::state::Shared;

/// Answers what is a path of this API.
pub(crate) fn route(_shared: &Shared, _call: &Call) -> Option<Answer> {
    None
}
