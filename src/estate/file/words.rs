//! What the JSON reader says, in the words of people who have the file before them: what is there, and what
//! was expected. Its own words name its insides.

/// The reader's words without its own line and column, in ours.
pub(super) fn plain(text: &str) -> String {
    let text = match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(text),
        None => text,
    };
    if let Some(within) = text.strip_prefix("EOF while parsing ") {
        return format!("the file breaks off within {within}: copy or make it again");
    }
    if let Some((found, expected)) = kinds(text) {
        return format!("found {}, expected {}", there(found), wanted(expected));
    }
    if let Some(field) = quoted(text, "missing field ") {
        return format!("there is no '{field}' here: expected one");
    }
    if let Some(field) = quoted(text, "duplicate field ") {
        return format!("'{field}' stands twice here: expected it once");
    }
    let ours = match text {
        "recursion limit exceeded" => {
            "lists and objects lie more than 128 deep in each other: expected an estate or assets, where they never do"
        }
        "invalid unicode code point" => {
            "these bytes are no UTF-8: expected the file in UTF-8, as gcloud writes it"
        }
        "expected value" => {
            "found what is no JSON, expected a value: a text in quotation marks, a number, a list, an object"
        }
        "expected ident" => {
            "found an unknown word, expected true, false, null or a text in quotation marks"
        }
        "expected `:`" => "expected a colon behind the name of a field",
        "expected `,` or `]`" => "expected a comma or the end of the list",
        "expected `,` or `}`" => "expected a comma or the end of the object",
        "key must be a string" => "expected the name of a field in quotation marks",
        "trailing comma" => "a comma stands before the end: expected none there",
        "invalid escape" => "a backslash in a text stands before something that it cannot escape",
        "trailing characters" => "something stands behind the end: expected nothing more",
        "number out of range" => "found a number too large to be one: expected a smaller one",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a letter is written as \\uXXXX in a text: expected its other half behind it"
        }
        "expected `\"`" => "expected a text in quotation marks",
        "invalid number" => "found the beginning of a number, expected the whole of one",
        other if other.starts_with("control character") => {
            "a text holds an end of line or a control character: expected its closing quotation mark before"
        }
        other if other.starts_with("data did not match any variant") => {
            "found another kind of value than belongs here"
        }
        other => other,
    };
    ours.to_owned()
}

/// `invalid type: string "x", expected a boolean` and its kin.
fn kinds(text: &str) -> Option<(&str, &str)> {
    let starts = ["invalid type: ", "invalid value: "];
    let rest = starts.iter().find_map(|start| text.strip_prefix(start))?;
    rest.rsplit_once(", expected ")
}

fn quoted<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.strip_prefix(start)?
        .strip_prefix('`')?
        .strip_suffix('`')
}

fn there(found: &str) -> String {
    let bare = found.replace('`', "");
    for (theirs, ours) in [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
    ] {
        if let Some(value) = bare.strip_prefix(theirs) {
            let shown: String = value.chars().take(200).collect();
            return format!("{ours}{shown}");
        }
    }
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit value" => "null".to_owned(),
        _ => bare,
    }
}

fn wanted(expected: &str) -> &str {
    match expected {
        "a boolean" => "true or false",
        "a string" => "a text in quotation marks",
        "a sequence" => "a list",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f64" => "a number",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_of_the_readers_insides_is_told() {
        for (theirs, ours) in [
            (
                "invalid type: string \"yes\", expected a boolean at line 3 column 9",
                "found the text \"yes\", expected true or false",
            ),
            (
                "invalid type: integer `7`, expected struct Content",
                "found the number 7, expected an object",
            ),
            (
                "invalid type: null, expected a sequence",
                "found null, expected a list",
            ),
            (
                "EOF while parsing a list at line 1 column 1",
                "the file breaks off within a list: copy or make it again",
            ),
            (
                "missing field `name`",
                "there is no 'name' here: expected one",
            ),
        ] {
            assert_eq!(plain(theirs), ours);
        }
    }

    /// What the reader says of texts that are broken in each way that it knows.
    #[test]
    fn each_of_the_readers_words_has_one_of_ours() {
        for text in [
            "1 2",
            "{} }",
            "[1",
            "{\"a\"",
            "{\"a\" 1}",
            "[1 2]",
            "{\"a\":1 \"b\":2}",
            "{1:2}",
            "[1,]",
            r#""\x""#,
            r#""\ud800""#,
            r#""\ud800\n""#,
            r#""\ud800\u0041""#,
            r#""\u12""#,
            r#""\u12zz""#,
            "1e999",
            "-",
            "nul",
            "\"\n\"",
            "?",
            "",
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            let theirs = error.to_string();
            let bare = theirs.split(" at line ").next().unwrap();
            assert_ne!(plain(&theirs), bare, "{text}");
        }
    }
}
