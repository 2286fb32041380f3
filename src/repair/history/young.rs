//! Whether something was changed so lately that it may not count yet. A policy carries no time; the
//! history does. Pure.

use jiff::Timestamp;

use super::{ChangeState, HistoryEntry, HistoryListing};
use crate::evaluate::Question;
use crate::iam::Resource;

/// When the newest grant that was made through `endpoint` for this caller, target and permission was
/// seen in the policy ([`crate::evaluate::explanation::Call::written`]); `None` where the history has
/// none in force. What was interrupted does not count, since nobody saw it; what was turned on
/// instead is no policy.
#[must_use]
pub fn last_grant(
    listing: &HistoryListing,
    endpoint: &str,
    question: &Question,
) -> Option<Timestamp> {
    let caller = question.caller.to_string();
    let is_for_it = |entry: &&HistoryEntry| {
        let record = &entry.record;
        matches!(entry.state, ChangeState::Applied { .. })
            && record.switch.is_none()
            && entry.is_at(endpoint)
            && record.caller == caller
            && record.permission == question.permission.as_str()
            // The project may be said or not (`-`); an account's address tells it alone.
            && Resource::parse(&record.target).is_ok_and(|t| t.id() == question.target.id())
    };
    let times = listing.entries.iter().filter(is_for_it).map(|e| e.changed);
    times.max()
}

#[cfg(test)]
mod tests {
    use super::super::ChangeRecord;
    use super::*;
    use crate::iam::Principal;
    use crate::repair::plan::edit::{Grant, PolicyBefore};
    use crate::repair::plan::switch::SwitchKind;

    const ENDPOINT: &str = "https://iam.googleapis.com";
    const CALLER: &str = "serviceAccount:run@p.iam.gserviceaccount.com";
    const TARGET: &str =
        "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn applied(second: i64) -> HistoryEntry {
        HistoryEntry {
            id: second.to_string(),
            record: ChangeRecord {
                time: at(second - 1),
                endpoint: ENDPOINT.to_owned(),
                estate: "live".to_owned(),
                resource: TARGET.to_owned(),
                grant: Grant::default(),
                switch: None,
                replaced: None,
                had_member: false,
                before: PolicyBefore::default(),
                etag_before: None,
                caller: CALLER.to_owned(),
                target: TARGET.to_owned(),
                permission: "iam.serviceAccounts.getAccessToken".to_owned(),
            },
            state: ChangeState::Applied { etag: None },
            etag_after: None,
            changed: at(second),
        }
    }

    fn found(entries: Vec<HistoryEntry>) -> Option<Timestamp> {
        let caller = Principal::parse(CALLER).unwrap();
        let target = Resource::account("-", "t@p.iam.gserviceaccount.com");
        let question = Question::new(caller, target, at(100));
        let listing = HistoryListing {
            entries,
            skipped: 0,
        };
        last_grant(&listing, "https://iam.googleapis.com/", &question)
    }

    #[test]
    fn the_newest_one_in_force_counts_and_when_it_was_seen() {
        assert_eq!(found(Vec::new()), None);
        assert_eq!(found(vec![applied(7)]), Some(at(7)));
        assert_eq!(found(vec![applied(9), applied(7), applied(8)]), Some(at(9)));
    }

    #[test]
    fn what_is_not_in_force_or_not_of_this_question_does_not_count() {
        type Edit = fn(&mut HistoryEntry);
        let others: [(&str, Edit); 9] = [
            ("planned", |e| e.state = ChangeState::Planned),
            ("undoing", |e| e.state = ChangeState::Undoing),
            ("undone", |e| e.state = ChangeState::Undone { etag: None }),
            ("failed", |e| {
                e.state = ChangeState::Failed {
                    reason: String::new(),
                }
            }),
            ("elsewhere", |e| {
                e.record.endpoint = "http://127.0.0.1:8080".to_owned();
            }),
            ("another caller", |e| {
                e.record.caller = "user:run@p.iam.gserviceaccount.com".to_owned();
            }),
            ("another target", |e| {
                e.record.target = TARGET.replace("/t@", "/at@");
            }),
            ("another permission", |e| {
                e.record.permission = "iam.serviceAccounts.actAs".to_owned();
            }),
            ("turned on", |e| e.record.switch = Some(SwitchKind::Account)),
        ];
        for (what, edit) in others {
            let mut entry = applied(9);
            edit(&mut entry);
            assert_eq!(found(vec![entry.clone()]), None, "{what}");
            assert_eq!(found(vec![entry, applied(5)]), Some(at(5)), "{what}");
        }
    }
}
