//! Fields of a thing that are not known here.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Fields that are not known here, kept as they came, in their order. Of a million bindings hardly one has any, so
/// that none takes one word and not the nine of a map.
#[derive(Clone, Default)]
pub struct Extra(Option<Box<Map<String, Value>>>);

static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

impl Deref for Extra {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Map<String, Value> {
        self.0.as_deref().unwrap_or_else(|| &NONE)
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Map<String, Value> {
        self.0.get_or_insert_default()
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(fields: Map<String, Value>) -> Self {
        Self((!fields.is_empty()).then(|| Box::new(fields)))
    }
}

impl From<Extra> for Map<String, Value> {
    fn from(extra: Extra) -> Self {
        extra.0.map(|fields| *fields).unwrap_or_default()
    }
}

impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a String, &'a Value);
    type IntoIter = serde_json::map::Iter<'a>;
    fn into_iter(self) -> Self::IntoIter {
        self.deref().iter()
    }
}

/// None and an empty map are one thing.
impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            _ => **self == **other,
        }
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

impl Serialize for Extra {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.deref().serialize(s)
    }
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Extra;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extra, A::Error> {
                let mut extra = Extra::default();
                while let Some((name, value)) = map.next_entry()? {
                    extra.insert(name, value);
                }
                Ok(extra)
            }
        }
        d.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        name: String,
        #[serde(flatten)]
        extra: Extra,
    }

    #[test]
    fn unknown_fields_ride_along_in_their_order() {
        let text = r#"{"name":"a","z":1,"b":{"c":null}}"#;
        let thing: Thing = serde_json::from_str(text).unwrap();
        assert_eq!(thing.extra.keys().collect::<Vec<_>>(), ["z", "b"]);
        assert_eq!(serde_json::to_string(&thing).unwrap(), text);
        assert_eq!(format!("{:?}", thing.extra), format!("{:?}", *thing.extra));
    }

    #[test]
    fn none_takes_one_word_and_is_what_an_emptied_one_is() {
        let bare: Thing = serde_json::from_str(r#"{"name":"a"}"#).unwrap();
        assert!(bare.extra.0.is_none());
        assert_eq!(size_of::<Extra>(), size_of::<usize>());
        let mut emptied = bare.extra.clone();
        emptied.insert("z".into(), Value::Null);
        assert_ne!(emptied, bare.extra);
        emptied.remove("z");
        assert_eq!(emptied, bare.extra);
        assert_eq!(Extra::from(Map::new()), bare.extra);
        assert_eq!(serde_json::to_string(&bare).unwrap(), r#"{"name":"a"}"#);
        assert_eq!(Map::from(emptied), Map::new());
    }
}
