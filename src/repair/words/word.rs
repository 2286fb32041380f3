//! The word that has to be typed before anything is written.

use super::meaning::AccountKind;
use super::{GrantMeaning, Power};
use crate::iam::ResourceKind;
use crate::repair::plan::{Remedy, RemedyStep};

/// For an ordinary grant, and for taking one back.
const GRANT: &str = "grant";

/// The word, and why it is no ordinary one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// To be typed.
    pub text: String,
    /// Why it is a name, a sentence; `None` for the ordinary word.
    pub because: Option<String>,
}

/// The word for a way whose grants mean `meanings`, in its steps' order. It is the name of what
/// something is turned on for; of a target that is as powerful as `from` or more, or that
/// is Google's own; else one word for all.
#[must_use]
pub fn word(way: &Remedy, meanings: &[GrantMeaning], from: Power) -> Word {
    let name = |id: &str| crate::text::visible(id.split_once('@').map_or(id, |(name, _)| name));
    let off = way.steps.iter().find_map(|step| match step {
        RemedyStep::Switch(switch) => Some(&switch.resource),
        RemedyStep::Binding(_) => None,
    });
    if let Some(resource) = off {
        let because = match resource.kind() {
            ResourceKind::ServiceAccount => "Somebody turned this account off",
            _ => "This turns an API on for the whole project",
        };
        return Word {
            text: name(resource.id()),
            because: Some(format!("{because}: its name is the word.")),
        };
    }
    let powerful = meanings
        .iter()
        .filter(|m| m.power >= from || m.kind == AccountKind::ServiceAgent)
        .max_by_key(|m| m.power);
    match powerful {
        Some(means) => Word {
            text: name(means.target.id()),
            because: Some(format!(
                "A powerful account (it {}): its name is the word.",
                means.power.word()
            )),
        },
        None => Word {
            text: GRANT.to_owned(),
            because: None,
        },
    }
}
