//! The history as the write's ledger.

use std::path::PathBuf;

use jiff::Timestamp;

use super::ledger::{Ledger, WriteEnd};
use super::{ChangeRecord, ChangeState, begin, complete};
use crate::evaluate::Question;
use crate::repair::plan::edit::{self, Grant, PolicyBefore};
use crate::repair::plan::repair::Repair;
use crate::repair::plan::switch::Switch;

/// Where changes are written down, and for which question they are made.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The history's directory.
    pub dir: PathBuf,
    /// The base URL that changes are sent to.
    pub endpoint: String,
    /// Where the facts came from, in words.
    pub estate: String,
    /// The question that was asked.
    pub question: Question,
}

impl Journal {
    /// What is written down of a repair.
    pub(in crate::repair) fn record(&self, repair: &Repair) -> ChangeRecord {
        let etag = repair
            .before
            .get("etag")
            .and_then(serde_json::Value::as_str);
        ChangeRecord {
            resource: repair.resource.full_name(),
            grant: repair.grant(),
            replaced: repair.replaces.clone(),
            had_member: edit::contains(&repair.before, &repair.grant()),
            before: PolicyBefore::of(&repair.before),
            etag_before: etag.map(str::to_owned),
            ..self.blank()
        }
    }

    /// A record of nothing yet: when, where, for which question.
    fn blank(&self) -> ChangeRecord {
        ChangeRecord {
            time: Timestamp::now(),
            endpoint: self.endpoint.clone(),
            estate: self.estate.clone(),
            resource: String::new(),
            grant: Grant::default(),
            switch: None,
            replaced: None,
            had_member: false,
            before: PolicyBefore::default(),
            etag_before: None,
            caller: self.question.caller.to_string(),
            target: self.question.target.full_name(),
            permission: self.question.permission.to_string(),
        }
    }
}

impl Ledger for Journal {
    fn begin(&self, repair: &Repair) -> std::io::Result<String> {
        begin(&self.dir, &self.record(repair)).map_err(std::io::Error::other)
    }

    fn begin_switch(&self, switch: &Switch) -> std::io::Result<String> {
        let record = ChangeRecord {
            resource: switch.resource.full_name(),
            switch: Some(switch.kind.clone()),
            ..self.blank()
        };
        begin(&self.dir, &record).map_err(std::io::Error::other)
    }

    fn complete(&self, id: &str, end: &WriteEnd<'_>) -> std::io::Result<()> {
        let state = match end {
            WriteEnd::Applied { after } => ChangeState::Applied {
                etag: after
                    .get("etag")
                    .and_then(serde_json::Value::as_str)
                    .map(str::to_owned),
            },
            WriteEnd::NotApplied { why } => ChangeState::Failed {
                reason: (*why).to_owned(),
            },
            // It stays planned: only the policy can tell.
            WriteEnd::Unclear { .. } => return Ok(()),
        };
        complete(&self.dir, id, Timestamp::now(), &state).map_err(std::io::Error::other)
    }
}
