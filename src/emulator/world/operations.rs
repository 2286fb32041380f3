//! Operations that are over already, remembered for whoever asks for them again.

use std::collections::VecDeque;

use serde_json::Value;

use crate::iam::Principal;

/// How many operations are remembered.
const REMEMBERED: usize = 1_000;

/// The newest operations, each with who started it (`None`: the administrator).
#[derive(Debug, Default)]
pub(crate) struct Operations(VecDeque<(Option<Principal>, Value)>);

impl Operations {
    pub fn keep(&mut self, who: Option<Principal>, operation: Value) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((who, operation));
    }

    pub fn find(&self, name: &str) -> Option<&(Option<Principal>, Value)> {
        self.0
            .iter()
            .find(|(_, operation)| operation.get("name").and_then(Value::as_str) == Some(name))
    }
}
