//! The explorer's model without anybody to ask: for what is measured and counted of it.

use bindscope::answer::signs::Glyphs;
use bindscope::estate::KeysByAccount;
use bindscope::evaluate::Call;
use bindscope::google::CredentialsError;
use bindscope::google::listing::Scope;
use bindscope::iam::Permission;
use bindscope::repair::{CommandLine, SourceOptions, power};
use bindscope::tui::Start;
use bindscope::tui::keys::Key;
use bindscope::tui::look::theme::Theme;
use bindscope::tui::model::{Loading, Model, ReviewKnown, WatchOptions};
use bindscope::tui::preferences::Preferences;

/// The explorer while its lists fill, on a screen of 120 by 40.
pub fn model() -> Model {
    let mut model = Model::new(&start(), Theme::default(), Glyphs::Rich);
    model.signed_out = None;
    model.accounts = Loading::begun();
    model.size = (120, 40);
    model
}

/// Keys as the help writes them.
pub fn keys(notation: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = notation;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
        let (name, after) = match named {
            Some((name, after)) => (name.to_owned(), after),
            None if first == ' ' => ("Space".to_owned(), &rest[1..]),
            None => (first.to_string(), &rest[first.len_utf8()..]),
        };
        keys.push(Key::parse(&name).expect("a key's name"));
        rest = after;
    }
    keys
}

fn start() -> Start {
    Start {
        client: Err(CredentialsError::Missing(String::new())),
        source: "a million accounts".to_owned(),
        viewer: Some("administrator".to_owned()),
        origin: None,
        principal: None,
        scope: Scope::Everything,
        reading: None,
        read_only: true,
        caller: None,
        target: None,
        permission: Permission::get_access_token(),
        via: Vec::new(),
        attributes: Vec::new(),
        claims: None,
        call: Call::default(),
        open: false,
        history: std::env::temp_dir().join("bindscope-bench-keys"),
        offer: None,
        time: None,
        assumptions: Vec::new(),
        keys: KeysByAccount::default(),
        at_hand: None,
        given: None,
        review: ReviewKnown::default(),
        notes: Vec::new(),
        line: CommandLine {
            source: SourceOptions::default(),
            at: None,
            claims: None,
        },
        two_steps_from: power::TWO_STEPS_FROM,
        watching: WatchOptions::default(),
        preferences: Preferences::default(),
    }
}
