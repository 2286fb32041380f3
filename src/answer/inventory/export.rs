//! A table as a file: CSV (RFC 4180) or JSON.

use serde_json::{Map, Value, json};

use super::EstateTable;
use super::cells::{AtLeast, EstateCell};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// JSON.
    Json,
}

impl ExportFormat {
    /// For people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
        }
    }

    /// How names of such files end.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

impl EstateTable {
    /// These rows as a text.
    #[must_use]
    pub fn exported(&self, rows: &[u32], format: ExportFormat) -> String {
        match format {
            ExportFormat::Csv => self.csv(rows),
            ExportFormat::Json => self.json(rows),
        }
    }

    fn csv(&self, rows: &[u32]) -> String {
        let columns = self.kind.columns();
        let mut out = String::new();
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        out.push_str(&names.join(","));
        out.push_str("\r\n");
        for row in rows {
            for column in 0..columns.len() {
                if column > 0 {
                    out.push(',');
                }
                let cell = self.whole_cell(*row as usize, column);
                match cell {
                    EstateCell::Count(AtLeast {
                        certain,
                        or_more: false,
                    }) => out.push_str(&certain.to_string()),
                    EstateCell::Count(AtLeast { certain, .. }) => {
                        out.push_str(&format!("at least {certain}"));
                    }
                    EstateCell::Pending => field(&mut out, "not counted yet"),
                    other => field(&mut out, &other.words()),
                }
            }
            out.push_str("\r\n");
        }
        out
    }

    fn json(&self, rows: &[u32]) -> String {
        let columns = self.kind.columns();
        let object = |row: &u32| {
            let mut object = Map::new();
            for (at, column) in columns.iter().enumerate() {
                let value = match self.whole_cell(*row as usize, at) {
                    EstateCell::Count(AtLeast {
                        certain,
                        or_more: false,
                    }) => json!(certain),
                    EstateCell::Count(AtLeast { certain, .. }) => json!({ "atLeast": certain }),
                    EstateCell::Empty => json!(""),
                    EstateCell::NotRead | EstateCell::Pending => Value::Null,
                    other => json!(other.words()),
                };
                object.insert(column.name.to_owned(), value);
            }
            Value::Object(object)
        };
        let all: Vec<Value> = rows.iter().map(object).collect();
        let mut whole = json!({ self.kind.word(): all });
        if let (Some(read), Some(whole)) = (self.read(), whole.as_object_mut()) {
            let taken: Vec<&str> = read.assumptions.iter().map(|a| a.name()).collect();
            let (complete, not_read) = match self.review() {
                Some(answer) => (answer.review.complete, &answer.review.not_read),
                None => (
                    read.not_read.is_empty() && !read.estate.is_part(),
                    &read.not_read,
                ),
            };
            whole.insert("at".to_owned(), json!(read.time.to_string()));
            whole.insert("complete".to_owned(), json!(complete));
            whole.insert("notRead".to_owned(), json!(not_read));
            if let Some(answer) = self.review() {
                whole.insert("notJudged".to_owned(), answer.not_judged_as_json());
            }
            if !taken.is_empty() {
                whole.insert("assumptions".to_owned(), json!(taken));
            }
        }
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}

/// A field. One that a spreadsheet would take for a formula begins with an apostrophe (OWASP, "CSV Injection").
fn field(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let quoted = formula || text.contains([',', '"', '\n', '\r']);
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_a_formula_or_breaks_out_of_its_field() {
        let csv = |text: &str| {
            let mut out = String::new();
            field(&mut out, text);
            out
        };
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,b \"c\"\nd"), "\"a,b \"\"c\"\"\nd\"");
        for begin in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(csv(begin), format!("\"'{begin}\""));
        }
    }
}
