//! Things by name, with where each was read, so that the same thing said twice is noticed.

use std::num::NonZeroI64;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Where something was read: the file's index and the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct At {
    pub source: usize,
    pub line: u64,
    /// From an asset export, where the same thing stands on several lines, one per content type.
    pub asset: bool,
    /// What a single command printed, or what Terraform holds: it is silent about what is not in it.
    pub single: bool,
    /// When what an asset tells became so, where it says that: microseconds since 1970.
    pub time: Option<NonZeroI64>,
}

impl At {
    /// Whether two assets tell of two moments, so that the newer one counts.
    pub fn other_time(&self, earlier: &Self) -> bool {
        self.asset
            && earlier.asset
            && matches!((self.time, earlier.time), (Some(a), Some(b)) if a != b)
    }
}

/// What is wrong with something read, and the earlier place that it disagrees with.
#[derive(Debug)]
pub(super) struct Fault {
    pub what: String,
    pub earlier: Option<At>,
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self {
            what,
            earlier: None,
        }
    }
}

impl From<&str> for Fault {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

/// Things of one kind, by name. They are found by a hash whose seed is of this process, and put into the order of
/// their names once all are there.
#[derive(Debug)]
pub(super) struct Kept<T>(HashMap<String, (T, At)>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Serialize + DeserializeOwned + Clone> Kept<T> {
    /// Adds a thing. Twice in one estate file is a mistake; in exports and in different files what
    /// one leaves out the other adds, and what both say must be the same.
    ///
    /// # Errors
    /// It is there already and differs, or stands twice in one estate file.
    pub fn add(&mut self, key: String, thing: T, at: At) -> Result<(), Fault> {
        self.add_unless(key, thing, at, |_, _| false)
    }

    /// The same, where it is known when one tells nothing that the other does not: then the other counts.
    pub fn add_unless(
        &mut self,
        key: String,
        thing: T,
        at: At,
        tells_no_more: impl Fn(&T, &T) -> bool,
    ) -> Result<(), Fault> {
        let mut there = match self.0.entry(key) {
            Entry::Vacant(free) => {
                free.insert((thing, at));
                return Ok(());
            }
            Entry::Occupied(there) => there,
        };
        let (known, first) = there.get_mut();
        if first.source == at.source && !(first.asset && at.asset) {
            let line = first.line;
            return Err(format!(
                "'{}' is listed twice, first on line {line}: expected each once",
                there.key()
            )
            .into());
        }
        let both = if tells_no_more(&thing, known) {
            first.time = first.time.max(at.time);
            first.single &= at.single;
            return Ok(());
        } else if tells_no_more(known, &thing) {
            Ok(thing.clone())
        } else {
            merge(known, &thing)
        };
        match both {
            Ok(both) => {
                *known = both;
                first.time = first.time.max(at.time);
                first.single &= at.single;
                Ok(())
            }
            Err(_) if at.other_time(first) => {
                if at.time > first.time {
                    (*known, *first) = (thing, at);
                }
                Ok(())
            }
            Err(field) => {
                let earlier = Some(*first);
                Err(Fault {
                    what: format!("'{}' has another {field}", there.key()),
                    earlier,
                })
            }
        }
    }
}

impl<T> Kept<T> {
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key).map(|(thing, _)| thing)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.0.get_mut(key).map(|(thing, _)| thing)
    }

    /// The thing, where an older asset than this one tells of it.
    pub fn older(&mut self, key: &str, than: &At) -> Option<&mut T> {
        let (thing, at) = self.0.get_mut(key)?;
        (than.other_time(at) && than.time > at.time).then_some(thing)
    }

    /// Takes out those whose name does not hold.
    pub fn retain(&mut self, holds: impl Fn(&str) -> bool) {
        self.0.retain(|key, _| holds(key));
    }

    /// In no order, which differs from run to run.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T, At)> {
        self.0
            .iter()
            .map(|(key, (thing, at))| (key.as_str(), thing, *at))
    }

    /// In the order of the names.
    pub fn sorted(&self) -> Vec<(&str, &T, At)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_unstable_by_key(|(key, ..)| *key);
        all
    }

    /// In the order of the names.
    pub fn into_values(self) -> impl Iterator<Item = (T, At)> {
        let mut all: Vec<(String, (T, At))> = self.0.into_iter().collect();
        all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        all.into_iter().map(|(_, value)| value)
    }

    /// In no order, which differs from run to run.
    pub fn into_things(self) -> impl Iterator<Item = T> {
        self.0.into_values().map(|(thing, _)| thing)
    }
}

/// What changes by itself between two readings and decides nothing.
const FLEETING: &[&str] = &["etag", "updateTime", "createTime"];

/// One thing of two readings of it; the name of the field in which they differ when they do.
pub(super) fn merge<T: Serialize + DeserializeOwned + Clone>(a: &T, b: &T) -> Result<T, String> {
    let object = |t: &T| match serde_json::to_value(t) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let mut both = object(a);
    for (field, value) in object(b) {
        match both.get(&field) {
            Some(known) if *known == value || empty(&value) => {}
            Some(known) if !empty(known) && !FLEETING.contains(&field.as_str()) => {
                return Err(field);
            }
            _ => {
                both.insert(field, value);
            }
        }
    }
    serde_json::from_value(Value::Object(both)).map_err(|e| e.to_string())
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        _ => false,
    }
}
