//! Tag keys and values, bound or not.

use std::collections::BTreeMap;

use crate::estate::{Estate, Tag};

/// Keys and values by id or, where none is given, by namespaced name. Of a key only the key's fields count.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub keys: BTreeMap<String, Tag>,
    pub values: BTreeMap<String, Tag>,
    /// Counts those that were made here.
    made: u64,
}

impl Catalog {
    /// What an estate names anywhere.
    pub fn of(estate: &Estate) -> Self {
        let mut all = Self::default();
        for tag in estate.all_tags() {
            all.put(tag.clone());
        }
        all
    }

    pub fn put(&mut self, tag: Tag) {
        let name = |id: &String, namespaced: &String| match id.as_str() {
            "" => namespaced.clone(),
            _ => id.clone(),
        };
        let key = name(&tag.tag_key, &tag.namespaced_tag_key);
        self.keys.entry(key).or_insert_with(|| tag.clone());
        let value = name(&tag.tag_value, &tag.namespaced_tag_value);
        if !value.is_empty() {
            self.values.entry(value).or_insert(tag);
        }
    }

    pub fn key(&self, name: &str) -> Option<&Tag> {
        let mut all = self.keys.values();
        all.find(|tag| tag.tag_key == name || tag.namespaced_tag_key == name)
            .filter(|_| !name.is_empty())
    }

    /// The value of that id or namespaced name.
    pub fn value(&self, name: &str) -> Option<&Tag> {
        let mut all = self.values.values();
        all.find(|tag| tag.tag_value == name || tag.namespaced_tag_value == name)
            .filter(|_| !name.is_empty())
    }

    /// An id that nothing has yet.
    pub fn fresh(&mut self, kind: &str) -> String {
        loop {
            self.made += 1;
            let id = format!("{kind}/{}", 281_480_000_000_000 + self.made);
            if self.key(&id).or_else(|| self.value(&id)).is_none() {
                return id;
            }
        }
    }
}
