//! Every built-in story, one test each: its answer, what `f` shows, and what is copied from it.
//!
//! A handful is compared screen by screen; of the others the lines that tell what is wrong, so that a change
//! of the picture is not read fifty times over.

use bindscope::emulator::stories::Story;

use crate::play::Opening;
use crate::{copies, story};

/// The stories whose whole screens are kept: the classic one, a chain, federation, a refusal that no binding
/// mends, what could not be read, and a boundary.
const WHOLE: &[&str] = &[
    "cross-project",
    "delegation",
    "github",
    "denied",
    "unreadable",
    "boundary",
];

macro_rules! tests {
    ($($test:ident $name:literal,)*) => {
        $(#[test]
        fn $test() {
            told(story($name));
        })*
    };
}

bindscope::each_story!(tests);

/// What the picture points at in each story, as its line begins to say it: the binding that was meant to grant
/// and does not, the one that grants, the rule, or the level where something is off.
const POINTED_AT: &[(&str, &str)] = &[
    ("api-off", "app-prod project ✗ IAM Credentials API off"),
    ("attribute-not-mapped", "≠ principalSet:git"),
    (
        "boundary",
        "▣ boundary Production only leaves the target out",
    ),
    (
        "boundary-deny-only",
        "◑ boundary Not production may leave the target out",
    ),
    (
        "boundary-v1",
        "✓ Token Creator run-processor@app-prod grants",
    ),
    ("caller-deleted", "run-processor the caller ✗ deleted"),
    ("caller-disabled", "run-processor the caller ✗ disabled"),
    ("caller-missing", "run-procesor the caller ✗ does not exist"),
    (
        "condition-attribute",
        "run-processor@app-prod asks for what accounts do not have",
    ),
    (
        "condition-broken",
        "≠ Token Creator run-processor@app-prod condition broken",
    ),
    (
        "condition-open",
        "◑ Token Creator run-processor@app-prod hangs on its condition",
    ),
    (
        "conditional",
        "◔ Token Creator run-processor@app-prod condition not met",
    ),
    (
        "cross-project",
        "run-processor@app-prod acts as 3 accounts of app-prod, stops here",
    ),
    (
        "custom-role-disabled",
        "≠ Token minter run-processor@app-prod the role is disabled",
    ),
    (
        "default-account",
        "ci-deploy@app-prod says who may act as the caller",
    ),
    (
        "delegation",
        "token-broker@ops-tools another account of that name",
    ),
    (
        "denied",
        "⊘ deny rule 1 principalSet://goog/public:all denies this",
    ),
    ("disabled", "bq-privileged the target ✗ disabled"),
    (
        "domain-restricted",
        "bq-privileged the target · no bindings",
    ),
    (
        "expired",
        "run-processor the caller ✗ its token has expired or is not valid",
    ),
    ("github", "≠ principalSet:github"),
    (
        "github-self",
        "bq-privileged@data-vault the caller is none of them",
    ),
    (
        "group",
        "✓ Token Creator group:data-users@example.com grants",
    ),
    (
        "group-unreadable",
        "◑ Token Creator group:data-users@example.com hangs on who is in it",
    ),
    ("inherited", "✓ Token Creator run-processor@app-prod grants"),
    ("lifetime", "✗ token asked for longer than it may live"),
    ("no-grant", "bq-privileged the target · no bindings"),
    (
        "not-in-group",
        "group:data-users@example.com the caller is not in it",
    ),
    ("owner", "≠ Owner user:ana@example.com not enough"),
    (
        "person-target",
        "ana@example.com the target ✗ no service account",
    ),
    (
        "pool-deleted",
        "caller, federated ✗ its pool gives no tokens",
    ),
    ("project-shut-down", "data-vault project ✗ shut down"),
    (
        "provider-refuses",
        "caller, federated ✗ its provider refuses the token",
    ),
    (
        "quota-denied",
        "ops-tools billed project ✗ the caller may not bill it",
    ),
    (
        "role-deleted",
        "≠ Token minter run-processor@app-prod the role is deleted",
    ),
    (
        "role-lacks",
        "≠ Service Account User run-processor@app-prod not enough",
    ),
    (
        "role-unknown",
        "◑ tokenMinter run-processor@app-prod a role not known here",
    ),
    (
        "role-unreadable",
        "◑ tokenMinter run-processor@app-prod a role not readable here",
    ),
    (
        "scopes",
        "run-processor the caller ✗ its token's scopes leave IAM out",
    ),
    (
        "self-grant",
        "≠ Token Creator bq-privileged@data-vault given to the target itself",
    ),
    (
        "subject-too-long",
        "caller, federated ✗ its subject is too long",
    ),
    (
        "tagged",
        "◔ Token Creator run-processor@app-prod condition not met",
    ),
    ("target-deleted", "bq-privileged the target ✗ deleted"),
    (
        "target-missing",
        "bq-priviliged the target ✗ does not exist",
    ),
    (
        "third-project",
        "run-processor@app-prod acts as accounts of data-lake, stops here",
    ),
    (
        "typo",
        "≠ Token Creator run-procesor@app-prod misspelled: 's' missing",
    ),
    (
        "unreadable",
        "example.com organization ? not readable: verdict hangs on it",
    ),
    (
        "unreadable-yes",
        "✓ Token Creator run-processor@app-prod grants",
    ),
    (
        "wrong-kind",
        "user:run-processor@example.com another kind of identity",
    ),
    (
        "wrong-target",
        "run-processor@app-prod acts as bq-privileged@data-lab, stops here",
    ),
    (
        "young",
        "run-processor@app-prod grants, may not count everywhere yet",
    ),
];

/// The lines of the picture, with one space where there are several.
fn picture(screen: &str) -> Vec<String> {
    let lines = screen
        .lines()
        .skip_while(|l| !l.contains(" where bindings are "));
    let lines = lines.skip(1).take_while(|l| !l.contains("─ why ─"));
    let left = lines.map(|l| l.split("│ ").next().unwrap_or(l));
    left.map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// The picture points at what the first cause names, at every size; where there is more room nothing is cut
/// that is seen where there is less; what had to be cut is read with Enter.
fn the_picture_points_at_it(story: &'static Story, play: &mut crate::play::Play) {
    let known = POINTED_AT.iter().find(|(name, _)| *name == story.name);
    let (_, wanted) = known.unwrap_or_else(|| panic!("no line for {}", story.name));
    let mut smaller: Vec<String> = Vec::new();
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        play.resize(width, height);
        let screen = play.screen();
        // A bar between two columns ends a line of the picture, and rails hold bars too.
        let lines: Vec<String> = if width == 80 {
            picture(&screen)
        } else {
            screen
                .lines()
                .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect()
        };
        let marked = lines.iter().find(|l| l.starts_with('▸'));
        let marked = marked.unwrap_or_else(|| panic!("no mark on\n{screen}"));
        assert!(
            marked.contains(wanted),
            "{wanted:?} is not marked on\n{screen}"
        );
        for line in smaller.iter().filter(|l| !l.contains('…')) {
            assert!(
                lines.iter().any(|l| l.contains(line)),
                "{line:?} is not on\n{screen}"
            );
        }
        smaller = lines;
        if width > 80 {
            smaller.clear();
        }
    }
    play.resize(80, 24);
    let cut = |play: &crate::play::Play| {
        let screen = play.screen();
        let marked = screen.lines().find(|l| l.starts_with(" ▸"));
        marked.is_some_and(|l| l.contains('…') && !l.contains("… "))
    };
    play.press("g");
    for _ in 0..20 {
        if cut(play) {
            play.press("<Enter>");
            let page = play.screen();
            assert!(page.contains('┌'), "nothing opened on\n{page}");
            play.press("<Esc>");
        }
        play.press("j");
    }
}

fn told(story: &'static Story) {
    let whole = WHOLE.contains(&story.name.as_str());
    let mut play = Opening::story(story).play();
    let answer = play.steady();
    let mut sizes = vec![("80x24", answer.clone())];
    play.press("<Tab>");
    for (width, height, word) in [(40, 12, "why"), (160, 45, "policy of")] {
        play.resize(width, height);
        // A caller from outside has no policy.
        let outside = play.screen().contains("It stands in no project");
        play.says("where bindings are");
        if !outside {
            play.says(word);
        }
        sizes.push((if width == 40 { "40x12" } else { "160x45" }, play.steady()));
    }
    play.resize(100, 40).press("<Tab>");
    play.keys("f");
    let fix = play.steady();
    if whole {
        for (size, screen) in sizes {
            insta::assert_snapshot!(format!("{}-{size}", story.name), screen);
        }
        insta::assert_snapshot!(format!("{}-fix", story.name), fix);
    } else {
        let lines = format!("{}\n\nf:\n{}", telling(&answer), dialog(&fix));
        insta::assert_snapshot!(story.name.as_str(), lines);
    }
    if story.repairable {
        copies::plans_the_same(story);
    }
    let mut play = Opening::story(story).play();
    the_picture_points_at_it(story, &mut play);
    if !answer.contains("The pasted error") {
        nothing_is_out_of_reach(&mut play);
    }
}

/// Whatever the panel has no room for is reached with the keys that it names.
fn nothing_is_out_of_reach(play: &mut crate::play::Play) {
    if !play.screen().contains("━ why ━") {
        play.press("<Tab>");
    }
    for key in ["j", "<PgDn>", "G"] {
        play.press("g");
        press_to_the_end(play, key, 40);
        // The panel is in focus, and says nothing of lines below (the picture may: `l` unfolds it).
        play.says("━ why ━")
            .never_says("more: PgDn")
            .says("Not looked at");
    }
}

/// Presses a key until the screen stays as it is.
fn press_to_the_end(play: &mut crate::play::Play, key: &str, most: usize) {
    for _ in 0..most {
        let before = play.screen();
        if play.press(key).screen() == before {
            return;
        }
    }
}

/// Of an answer: who, whom and how it ends; the levels where something stands; what grants, and
/// the first cause.
fn telling(screen: &str) -> String {
    let mut part = 0;
    let mut causes = 0;
    let kept = screen.lines().skip(1).filter(|line| {
        if line.starts_with(['─', '━']) {
            part += 1;
            return false;
        }
        let first = line.trim_start_matches(['│', ' ', '▸']);
        match part {
            0 => true,
            1 => !line.ends_with("· no bindings"),
            _ => {
                causes += usize::from(first.starts_with(|c: char| c.is_ascii_digit()));
                let tells = causes == 1 || (causes == 0 && first.starts_with('✓'));
                tells && !line.is_empty() && !line.ends_with("q quit")
            }
        }
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// What stands between the borders of the dialog; where nothing is missing, that it says so.
fn dialog(screen: &str) -> String {
    if screen.contains("✓ the call would succeed") {
        let says = screen.lines().find(|l| l.contains("Nothing is missing"));
        return says.expect(screen).trim().to_owned();
    }
    let lines = screen
        .lines()
        .skip_while(|line| !line.starts_with('┌'))
        .take_while(|line| !line.starts_with('└'));
    let inside = lines.map(|line| line.trim_matches(['┌', '┐', '─', '│', ' ']));
    let kept: Vec<&str> = inside.filter(|line| !line.is_empty()).collect();
    assert!(!kept.is_empty(), "no dialog on\n{screen}");
    kept.join("\n")
}
