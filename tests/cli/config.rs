//! What the configuration settles, as the commands obey it.

use super::common::{CALLER, Home, TARGET};

fn configured(text: &str) -> Home {
    let home = Home::new();
    let dir = home.path(".config/bindscope");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("config.toml"), text).unwrap();
    home
}

#[test]
fn read_only_by_default_is_opened_by_asking_for_it() {
    let home = configured("read-only = true\n");
    let fix = [
        "--demo", "fix", "--caller", CALLER, "--target", TARGET, "--yes",
    ];
    home.run(&fix).ends(2).says("nothing was changed");
    let mut asked = fix.to_vec();
    asked.push("--write");
    let ran = home.run(&asked);
    ran.ends(0);
    assert!(ran.out.contains("applied"), "{}", ran.out);
    let both = ["--demo", "--read-only", "--write", "history"];
    home.run(&both).ends(2);
}

#[test]
fn a_configuration_that_is_not_understood_is_refused_whole() {
    let home = configured("reed-only = true\n");
    home.run(&["--demo", "history"])
        .ends(2)
        .says("config.toml")
        .says("Did you mean read-only?");
    let home = configured("two-steps-from = \"everything\"\n");
    home.run(&["--demo", "history"])
        .ends(2)
        .says("acts-as-others");
    // What a shell asks for at its start still comes.
    home.run(&["completions", "bash"]).ends(0);
}

/// Unknown keys and values are refused with the line, and with what was likely meant.
#[test]
fn what_is_not_understood_is_told_with_its_line() {
    for (text, words) in [
        (
            "\n[keys]\nfx = \"F\"\n",
            "config.toml:3: there is no command fx. Did you mean fix?",
        ),
        (
            "theme = \"drak\"\n",
            "config.toml:1: there is no theme drak. Did you mean dark?",
        ),
        (
            "[defaults]\nendpoint = \"no url\"\n",
            "config.toml:2: invalid value 'no url'",
        ),
        (
            "[keys]\nfix = \"X\"\n\nlog = \"X\"\n",
            "config.toml:4: log and fix (config.toml:2) both want the key X (the answer)",
        ),
        (
            "[keys]\nback = \"none\"\n",
            "config.toml:2: back leaves back without a key",
        ),
    ] {
        configured(text)
            .run(&["--demo", "history"])
            .ends(2)
            .says(words);
        configured(text).run(&["config"]).ends(2).says(words);
        let doctor = configured(text).run(&["doctor", "--demo"]).out;
        let doctor = doctor.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(doctor.contains(words), "{doctor}");
    }
}

#[test]
fn the_effective_configuration_says_where_each_value_comes_from() {
    let home = configured(
        "theme = \"high-contrast\"\nread-only-projects = [\"prod-*\"]\n[defaults]\nproject = \"app-prod\"\nfolder = \"none\"\n",
    );
    home.run(&["config"]).ends(2).says("both say how far");
    let home = configured(
        "theme = \"high-contrast\"\nread-only-projects = [\"prod-*\"]\n[defaults]\nproject = \"app-prod\"\n[keys]\nlog = \"f\"\n",
    );
    let ran = home.run(&["--read-only", "config"]);
    ran.ends(0);
    let line = |name: &str| {
        let line = ran.out.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", ran.out));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("read-only "), "read-only true --read-only");
    assert_eq!(
        line("read-only-projects"),
        "read-only-projects prod-* config.toml:2"
    );
    assert_eq!(
        line("two-steps-from"),
        "two-steps-from acts-as-others default"
    );
    assert_eq!(line("theme"), "theme high-contrast config.toml:1");
    assert_eq!(
        line("defaults.project"),
        "defaults.project app-prod config.toml:4"
    );
    assert_eq!(line("keys.log"), "keys.log f config.toml:6");
    assert!(
        ran.out.contains("f is no longer fix (the answer)"),
        "{}",
        ran.out
    );
    let theme = |home: &Home| {
        let mut command = home.command(&["config", "--format", "json"]);
        let out = command.env("BINDSCOPE_THEME", "light").output().unwrap();
        let all: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let settings = all["settings"].as_array().unwrap().clone();
        settings.into_iter().find(|s| s["name"] == "theme").unwrap()
    };
    let light = theme(&home);
    assert_eq!(
        (&light["value"], &light["from"]),
        (&"light".into(), &"BINDSCOPE_THEME".into())
    );
}

#[test]
fn defaults_stand_in_for_options_that_are_not_given() {
    let home = configured("[defaults]\nproject = \"data-vault\"\n");
    let listed = home.run(&["--demo", "list", "service-accounts"]);
    listed.ends(0);
    assert!(!listed.out.contains("run-processor"), "{}", listed.out);
    assert!(listed.out.contains("bq-privileged"), "{}", listed.out);
    let other = home.run(&[
        "--demo",
        "--project",
        "app-prod",
        "list",
        "service-accounts",
    ]);
    assert!(other.out.contains("run-processor"), "{}", other.out);
    // A token stays with the endpoint that it was put beside, and the demo has its own of both.
    let home = configured(
        "[defaults]\nendpoint = \"http://127.0.0.1:9\"\naccess-token-file = \"/nowhere\"\n",
    );
    home.run(&["--demo", "list", "projects"]).ends(0);
    let told = home.run(&["--endpoint", "http://127.0.0.1:8", "config"]);
    told.ends(0);
    assert!(
        told.out
            .contains("not used: the facts are of another source"),
        "{}",
        told.out
    );
}

/// Nothing is written in a project that a pattern names, nor above any; `--write` opens one run.
#[test]
fn a_project_that_a_pattern_names_is_read_only() {
    let home = configured("read-only-projects = [\"data-*\"]\n");
    let fix = [
        "--demo", "fix", "--caller", CALLER, "--target", TARGET, "--yes",
    ];
    home.run(&fix)
        .ends(2)
        .says("nothing was changed: bq-privileged@data-vault is in a project that is read-only: data-* (config.toml:1)")
        .says("--write");
    let mut asked = fix.to_vec();
    asked.push("--write");
    home.run(&asked).ends(0);
    let home = configured("read-only-projects = \"prod-*\"\n");
    home.run(&fix).ends(0);
}

#[test]
fn a_theme_of_ones_own_is_a_file() {
    let home = configured("theme = \"mine\"\n");
    let themes = home.path(".config/bindscope/themes");
    std::fs::create_dir_all(&themes).unwrap();
    home.run(&["config"]).ends(2).says("there is no theme mine");
    std::fs::write(themes.join("mine.toml"), "[roles]\ngranted = \"#00ff00\"\n").unwrap();
    home.run(&["config"]).ends(0);
    std::fs::write(themes.join("mine.toml"), "[roles]\ngranted = \"grean\"\n").unwrap();
    home.run(&["config"])
        .ends(2)
        .says("mine.toml:2: \"grean\" is no colour");
}
