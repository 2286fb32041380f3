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
