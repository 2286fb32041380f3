//! What can be typed, typed.

use super::value::{attribute, base_url, duration, role};
use super::*;
use clap::CommandFactory;

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
