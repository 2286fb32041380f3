//! Fields that are not known here, as records carry them along: nearly always a few texts under the same names.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use super::{ColumnReader, ColumnWriter, Numbers, Texts};

/// Those of the records of one table.
#[derive(Debug)]
pub struct StoredExtras {
    /// 0: none; else one more than twice the place of the names, or of the object and one.
    codes: Numbers,
    /// Lists of names, as JSON.
    shapes: Texts,
    /// Objects, as JSON.
    objects: Texts,
    /// Where the texts of each record begin.
    begins: Numbers,
    values: Texts,
    /// The names of each list.
    names: Vec<Vec<String>>,
}

impl StoredExtras {
    /// Those of so many records; `None`: they are not as they were written.
    pub fn read(from: &mut ColumnReader) -> Option<Self> {
        let (codes, shapes, objects) = (from.numbers()?, from.texts()?, from.texts()?);
        let (begins, values) = (from.numbers()?, from.texts()?);
        let names = shapes.iter().map(|list| serde_json::from_str(list).ok());
        let names = names.collect::<Option<Vec<Vec<String>>>>()?;
        Some(Self {
            codes,
            shapes,
            objects,
            begins,
            values,
            names,
        })
    }

    pub fn are_sound(&self, of: usize) -> bool {
        let texts = [&self.shapes, &self.objects, &self.values];
        let objects = || {
            let mut all = self.objects.iter();
            all.all(|text| serde_json::from_str::<Map<String, Value>>(text).is_ok())
        };
        self.codes.len() == of
            && self.begins.are_runs(of, self.values.len())
            && texts.into_iter().all(Texts::are_sound)
            && objects()
            && self.codes.iter().enumerate().all(|(at, code)| {
                let values = self.begins.run(at).len();
                match code.checked_sub(1).map(|code| (code / 2, code % 2)) {
                    None => values == 0,
                    Some((shape, 0)) => self.names.get(shape).is_some_and(|n| n.len() == values),
                    Some((object, _)) => values == 0 && object < self.objects.len(),
                }
            })
    }

    /// Those of one record.
    pub fn get(&self, at: usize) -> Map<String, Value> {
        match self.codes.get(at).checked_sub(1) {
            None => Map::new(),
            Some(code) if code % 2 == 1 => {
                serde_json::from_str(self.objects.get(code / 2)).unwrap_or_default()
            }
            Some(code) => {
                let names = self.names.get(code / 2).into_iter().flatten();
                let values = self.begins.run(at).map(|at| self.values.get(at).into());
                names.cloned().zip(values).collect()
            }
        }
    }
}

/// The same, written.
#[derive(Default)]
pub struct ExtrasWriter {
    codes: Vec<usize>,
    shapes: Vec<String>,
    objects: Vec<String>,
    known: HashMap<String, usize>,
    begins: Vec<usize>,
    values: Vec<String>,
}

impl ExtrasWriter {
    /// Those of the next record.
    pub fn put(&mut self, extra: &Map<String, Value>) {
        self.begins.push(self.values.len());
        if extra.is_empty() {
            self.codes.push(0);
            return;
        }
        let texts = extra.values().map(Value::as_str);
        let code = match texts.collect::<Option<Vec<&str>>>() {
            Some(texts) => {
                self.values.extend(texts.into_iter().map(str::to_owned));
                let names: Value = extra.keys().map(String::as_str).collect();
                let text = names.to_string();
                1 + 2 * number(&mut self.known, &mut self.shapes, text)
            }
            None => {
                let text = Value::Object(extra.clone()).to_string();
                2 + 2 * number(&mut self.known, &mut self.objects, text)
            }
        };
        self.codes.push(code);
    }

    pub fn write(&self, into: &mut ColumnWriter) {
        into.numbers(&self.codes);
        into.texts(&self.shapes);
        into.texts(&self.objects);
        into.numbers(&[&*self.begins, &[self.values.len()]].concat());
        into.texts(&self.values);
    }
}

/// The place of a text among those that are written once. A list and an object are never the same text.
fn number(known: &mut HashMap<String, usize>, all: &mut Vec<String>, text: String) -> usize {
    if let Some(at) = known.get(&text) {
        return *at;
    }
    all.push(text.clone());
    known.insert(text, all.len() - 1);
    all.len() - 1
}
