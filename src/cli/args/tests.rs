//! What can be typed, typed.

use super::value::{attribute, base_url, duration, role};
use std::ffi::OsString;

use clap::CommandFactory;

use super::*;

fn read(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("bindscope").chain(line.split_whitespace()))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_demo_takes_its_name_with_an_equals_sign_only() {
    let cli = read("--demo explain --caller a@b.c --target t@p.iam.gserviceaccount.com").unwrap();
    assert_eq!(cli.global.demo, Some(None));
    assert!(matches!(cli.command, Some(CliCommand::Explain(_))));
    let cli =
        read("explain --demo=owner --caller a@b.c --target t@p.iam.gserviceaccount.com").unwrap();
    assert_eq!(cli.global.demo, Some(Some("owner".into())));
}

#[test]
fn the_emulator_takes_its_demo_as_the_contract_writes_it() {
    let cli = read("emulator --demo cross-project --port 0").unwrap();
    assert_eq!(cli.global.demo, Some(Some("cross-project".into())));
    assert_eq!(
        read("emulator --demo=owner").unwrap().global.demo,
        Some(Some("owner".into()))
    );
}

#[test]
fn a_graph_has_formats_of_its_own() {
    assert_eq!(read("graph").unwrap().global.format, Format::Dot);
    assert_eq!(
        read("graph --format svg").unwrap().global.format,
        Format::Svg
    );
    assert!(read("graph --format json").is_err());
    assert!(read("list projects --format dot").is_err());
    assert_eq!(
        read("--format json list projects").unwrap().global.format,
        Format::Json
    );
}

#[test]
fn a_pasted_error_needs_neither_caller_nor_target() {
    assert!(read("explain -").is_ok());
    assert!(read("explain").is_err());
    assert!(read("explain x").is_err());
}

#[test]
fn values_are_read_where_they_are_typed() {
    for (text, length) in [
        ("2h", 7_200),
        ("10m", 600),
        ("1d", 86_400),
        ("1h 30m", 5_400),
    ] {
        assert_eq!(duration(text).unwrap().as_secs(), length, "{text}");
    }
    for text in ["", "0s", "-2h", "soon", "2", "99y"] {
        assert!(duration(text).is_err(), "{text}");
    }
    assert_eq!(base_url("http://h:1/").unwrap(), "http://h:1");
    for text in ["h:1", "ftp://h", "http://", "http://u:p@h", "http://h?x=1"] {
        assert!(base_url(text).is_err(), "{text}");
    }
    assert!(role("roles/iam.serviceAccountTokenCreator").is_ok());
    assert!(role("Token Creator").is_err());
    assert_eq!(
        attribute("attribute.repository=o/r").unwrap(),
        ("repository".into(), "o/r".into())
    );
    assert!(attribute("repository").is_err());
}

/// A line that is printed asks where the question was asked: as whom, billed to what, how far.
#[test]
fn a_printed_line_carries_every_option_that_says_where_facts_come_from() {
    let typed = "--as user:v@x.example --endpoint http://h:1 --access-token-file f \
        --impersonate d@p.iam.gserviceaccount.com,s@p.iam.gserviceaccount.com \
        --billing-project b --project p --write --estate e.json";
    let line = crate::repair::CommandLine {
        source: read(&format!("{typed} man")).unwrap().global.source(),
        ..Default::default()
    };
    let printed = line.explain(&crate::evaluate::Question::new(
        Principal::User("ana@x.example".into()),
        Resource::account("p", "s@p.iam.gserviceaccount.com"),
        Timestamp::UNIX_EPOCH,
    ));
    // How it is told and whether anything may be written is not where facts come from; the rest is one of
    // the options above, or excludes one of them.
    let beside = [
        "format",
        "log",
        "read-only",
        "demo",
        "folder",
        "organization",
        "help",
        "version",
    ];
    let mut command = Cli::command();
    command.build();
    for option in command.get_arguments().filter(|arg| arg.is_global_set()) {
        let name = option.get_long().unwrap();
        assert!(
            beside.contains(&name) || printed.contains(&format!("--{name}")),
            "--{name} is lost: {printed}"
        );
    }
    for (name, value) in [
        ("--folder", "1"),
        ("--organization", "2"),
        ("--demo=", "owner"),
    ] {
        let sign = if name.ends_with('=') { "" } else { " " };
        let source = read(&format!("{name}{sign}{value} man"))
            .unwrap()
            .global
            .source();
        let line = crate::repair::CommandLine {
            source,
            ..Default::default()
        };
        let printed = line.explain(&crate::evaluate::Question::new(
            Principal::User("ana@x.example".into()),
            Resource::account("p", "s@p.iam.gserviceaccount.com"),
            Timestamp::UNIX_EPOCH,
        ));
        assert!(
            printed.contains(&format!("{name}{sign}{value}")),
            "{printed}"
        );
    }
}

#[test]
fn several_paths_behind_one_option() {
    let spread = |line: &str| {
        let words = std::iter::once("bindscope").chain(line.split_whitespace());
        let words = several(words.map(OsString::from)).into_iter().skip(1);
        words
            .map(|w| w.into_string().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (typed, meant) in [
        (
            "--estate a b c list projects",
            "--estate a --estate b --estate c list projects",
        ),
        (
            "--estate=a b --as user:a@b.c who",
            "--estate=a --estate b --as user:a@b.c who",
        ),
        (
            "--estate a - --read-only",
            "--estate a --estate - --read-only",
        ),
        ("--estate a export b", "--estate a export b"),
        ("export --estate a b", "export --estate a b"),
        ("--project p list projects", "--project p list projects"),
    ] {
        assert_eq!(spread(typed), meant);
    }
}
