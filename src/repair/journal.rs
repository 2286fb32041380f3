//! The history as the write's ledger.

use std::path::PathBuf;

use jiff::Timestamp;

use super::apply::{End, Ledger};
use super::edit::{self, Before, Grant};
use super::history::{self, Record, State};
use super::plan::Repair;
use super::switch::Switch;
use crate::evaluate::Question;

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

impl Ledger for Journal {
    fn begin(&self, repair: &Repair) -> std::io::Result<String> {
        let etag = repair
            .before
            .get("etag")
            .and_then(serde_json::Value::as_str);
        let record = Record {
            time: Timestamp::now(),
            endpoint: self.endpoint.clone(),
            estate: self.estate.clone(),
            resource: repair.resource.full_name(),
            grant: repair.grant(),
            switch: None,
            replaced: repair.replaces.clone(),
            had_member: edit::contains(&repair.before, &repair.grant()),
            before: Before::of(&repair.before),
            etag_before: etag.map(str::to_owned),
            caller: self.question.caller.to_string(),
            target: self.question.target.full_name(),
            permission: self.question.permission.to_string(),
        };
        history::begin(&self.dir, &record).map_err(std::io::Error::other)
    }

    fn begin_switch(&self, switch: &Switch) -> std::io::Result<String> {
        let record = Record {
            time: Timestamp::now(),
            endpoint: self.endpoint.clone(),
            estate: self.estate.clone(),
            resource: switch.resource.full_name(),
            grant: Grant::default(),
            switch: Some(switch.kind.clone()),
            replaced: None,
            had_member: false,
            before: Before::default(),
            etag_before: None,
            caller: self.question.caller.to_string(),
            target: self.question.target.full_name(),
            permission: self.question.permission.to_string(),
        };
        history::begin(&self.dir, &record).map_err(std::io::Error::other)
    }

    fn complete(&self, id: &str, end: &End<'_>) -> std::io::Result<()> {
        let state = match end {
            End::Applied { after } => State::Applied {
                etag: after
                    .get("etag")
                    .and_then(serde_json::Value::as_str)
                    .map(str::to_owned),
            },
            End::NotApplied { why } => State::Failed {
                reason: (*why).to_owned(),
            },
            // It stays planned: only the policy can tell.
            End::Unclear { .. } => return Ok(()),
        };
        history::complete(&self.dir, id, Timestamp::now(), &state).map_err(std::io::Error::other)
    }
}
