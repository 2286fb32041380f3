//! A survey of the whole scope, with its progress on one passing line.

use super::facts::FactSource;
use super::failure::Failure;
use super::out;
use crate::estate::Estate;
use crate::google::survey::{Everything, at_hand, whole};

/// What was read, and what could not be listed (`projects/P`, `folders/N`) with why.
pub struct Surveyed {
    /// As far as it is known.
    pub estate: Estate,
    /// What of it was not seen at all.
    pub unlisted: Vec<(String, String)>,
}

impl Surveyed {
    /// The full names of what was not seen, for `notRead`.
    pub fn not_listed(&self) -> impl Iterator<Item = String> {
        self.unlisted
            .iter()
            .map(|(name, _)| format!("//cloudresourcemanager.googleapis.com/{name}"))
    }

    /// Says aside what was not seen, with why.
    pub fn tell(&self) {
        tell(&self.unlisted);
    }
}

/// Says aside what was not even listed (`projects/P`, `folders/N`), with why.
pub fn tell(unlisted: &[(String, String)]) {
    for (name, why) in unlisted {
        out::aside(&format!("not seen: what is in {name}: {why}"));
    }
}

/// Reads it.
///
/// # Errors
/// When there are no credentials, when signed out, when there is no connection, or when the first
/// search for projects is refused.
pub async fn survey(facts: &FactSource, everything: &Everything) -> Result<Surveyed, Failure> {
    let reader = facts.client()?.reader();
    let counting = out::Counting::default();
    let read = whole(&*reader, everything, &|step| counting.step(&step)).await;
    drop(counting);
    let (mut estate, unlisted) = read?;
    facts.qualify(&mut estate);
    Ok(Surveyed { estate, unlisted })
}

/// The same for what is told of the whole scope: of a file that this process read itself, without reading it back.
///
/// # Errors
/// As [`survey`].
pub async fn survey_of_all(
    facts: &FactSource,
    everything: &Everything,
) -> Result<Surveyed, Failure> {
    let near = facts.whole().and_then(|e| at_hand(e, everything));
    let Some((mut estate, unlisted)) = near else {
        return survey(facts, everything).await;
    };
    facts.qualify(&mut estate);
    Ok(Surveyed { estate, unlisted })
}
