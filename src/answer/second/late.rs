//! A refused call that is not found at once: it is asked about again, as long as Google's page says.

use std::time::Duration;

use super::{OpinionAbout, SecondOpinion};
use crate::answer::Source;
use crate::evaluate::Explanation;
use crate::google::api::policy_troubleshooter::troubleshoot_error;

/// How long after the first time a refused call that is not found is asked about again; each pause is twice the one
/// before (page "MCP Tools Reference: policytroubleshooter.googleapis.com", tool `troubleshoot_iam_error_id`).
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// After so long it is not asked about any more: it will not be found (the same page).
pub const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

impl Source<'_> {
    /// Asks about a refused call again that was not found, while that may help and at most for `limit`. Each
    /// pause is told before it begins. `None`: it was not found.
    pub async fn late_opinion(
        &self,
        explanation: &Explanation,
        error_id: &str,
        limit: Duration,
        pausing: &(dyn Fn(Duration) + Sync),
    ) -> Option<SecondOpinion> {
        let limit = limit.min(LONGEST_WAIT);
        let (mut pause, mut waited) = (FIRST_PAUSE, Duration::ZERO);
        loop {
            waited += pause;
            if waited > limit {
                return None;
            }
            pausing(pause);
            tokio::time::sleep(pause).await;
            pause *= 2;
            match troubleshoot_error(self.ask, error_id).await {
                Ok(theirs) => {
                    return Some(SecondOpinion::Given {
                        ours: explanation.verdict,
                        theirs,
                        about: OpinionAbout::RefusedCall,
                    });
                }
                // What is not answered may be so later.
                Err(error) if matches!(error.status(), None | Some(404 | 429 | 500..)) => {}
                Err(_) => return None,
            }
        }
    }

    /// As [`Self::second_opinion`], told at once; and told anew where the refused call is found later only.
    pub async fn second_opinions(
        &self,
        explanation: &Explanation,
        error_id: Option<&str>,
        told: &(dyn Fn(SecondOpinion) + Sync),
    ) {
        let first = self.second_opinion(explanation, error_id).await;
        let waits = first.is_waited_for();
        told(first);
        if let Some(id) = error_id.filter(|_| waits) {
            let found = self.late_opinion(explanation, id, LONGEST_WAIT, &|_| ());
            found.await.into_iter().for_each(told);
        }
    }
}
