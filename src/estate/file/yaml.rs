//! YAML, as gcloud prints it (`--format=yaml`, and what get-iam-policy prints by default): one document, or
//! many with `---` between them. Each document is read as the JSON value that it stands for, by the same
//! readers as JSON.

use std::io::Read;

use serde::de::DeserializeSeed;
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Options, Spanned};

use super::FileReading;
use super::document::TopSeed;
use super::kept::Fault;
use super::{unique, words};

/// So much of a file is read (*chosen*: all of it is held; a policy has at most 1,500 members, a search of a large
/// organization some ten megabytes).
const MOST: usize = 256 << 20;
/// So many values there may be in a document, aliases unfolded (*chosen*).
const MOST_VALUES: usize = 20_000_000;
/// So deep lists and objects may lie in each other: as deep as in JSON.
const DEEPEST: usize = 128;

/// What is wrong, and on which line of the text (counted from 1; 0: of none), with the path in its document.
pub(super) struct YamlFlaw {
    pub line: u64,
    pub path: Option<serde_path_to_error::Path>,
    pub fault: Fault,
}

/// Reads every document of a text.
///
/// # Errors
/// What is wrong with it first.
pub(super) fn read(mut text: impl Read, loading: &mut FileReading<'_>) -> Result<(), YamlFlaw> {
    let documents = serde_saphyr::read_with_options::<_, Spanned<Value>>(&mut text, options());
    let from = loading.position.line();
    let mut any = false;
    for document in documents {
        let document = document.map_err(|error| YamlFlaw {
            line: error.location().map_or(0, |at| at.line()),
            path: None,
            fault: plain(&error).into(),
        })?;
        let line = document.referenced.line();
        // Between two marks, or after the last.
        if document.value.is_null() {
            continue;
        }
        any = true;
        loading.position.stand_at(from + line.max(1) - 1);
        let mut track = serde_path_to_error::Track::new();
        let top = serde_path_to_error::Deserializer::new(document.value, &mut track);
        if let Err(error) = TopSeed(&mut *loading).deserialize(top) {
            let fault = loading.fault.take();
            return Err(YamlFlaw {
                line,
                path: Some(track.path()),
                fault: fault.unwrap_or_else(|| words::plain(&error.to_string()).into()),
            });
        }
    }
    if any {
        return Ok(());
    }
    Err(YamlFlaw {
        line: 0,
        path: None,
        fault: "there is nothing in it but marks and comments: expected an estate, or what gcloud prints".into(),
    })
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(MOST),
            max_events: MOST_VALUES,
            max_nodes: MOST_VALUES,
            max_depth: DEEPEST,
            flow_nesting_limit: DEEPEST,
            max_documents: MOST_VALUES,
            max_total_scalar_bytes: MOST,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    }
}

/// What the reader says, in our words.
fn plain(error: &Error) -> String {
    match error.without_snippet() {
        Error::AliasError { error, .. } => plain(error),
        Error::InvalidUtf8Input => {
            "these bytes are no UTF-8: expected the file in UTF-8, as gcloud writes it".to_owned()
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => format!(
            "more comes of it than of a file that people write, as of one whose aliases are made to fill memory (lists and objects more than {DEEPEST} deep, or more than {} MB): if it is right, let the command print JSON (--format=json)",
            MOST >> 20
        ),
        Error::DuplicateMappingKey { key, .. } => match key {
            Some(key) => unique::twice(key),
            None => "a key stands twice: expected it once".to_owned(),
        },
        Error::UnknownAnchor { .. } => {
            "an alias (*) stands here for something that was not named before (&)".to_owned()
        }
        Error::Eof { .. } => "the file breaks off here: copy or make it again".to_owned(),
        _ => "found what is no YAML as gcloud prints it: copy or make the file again, or let the command print JSON (--format=json)".to_owned(),
    }
}
