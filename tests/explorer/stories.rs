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

fn told(story: &'static Story) {
    let whole = WHOLE.contains(&story.name.as_str());
    let mut play = Opening::story(story).play();
    let answer = play.steady();
    if !play.screen().contains("The pasted error") {
        nothing_is_out_of_reach(&mut play);
    }
    let mut sizes = vec![("80x24", answer.clone())];
    for (width, height, word) in [(40, 12, "why"), (160, 45, "policy of")] {
        play.resize(width, height);
        play.says("where bindings are").says(word);
        sizes.push((if width == 40 { "40x12" } else { "160x45" }, play.steady()));
    }
    let mut play = Opening {
        size: (100, 40),
        ..Opening::story(story)
    }
    .play();
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
}

/// Whatever the panel has no room for is reached with the keys that it names.
fn nothing_is_out_of_reach(play: &mut crate::play::Play) {
    for key in ["j", "<PgDn>", "G"] {
        for _ in 0..40 {
            play.press(key);
        }
        play.never_says("more: PgDn").says("Not looked at");
        play.press("g");
    }
}

/// Of an answer: who, whom and how it ends; the levels where something stands; what grants, and
/// the first cause.
fn telling(screen: &str) -> String {
    let mut part = 0;
    let mut causes = 0;
    let kept = screen.lines().skip(1).filter(|line| {
        if line.starts_with('─') {
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
                tells && !line.is_empty() && !line.starts_with(" f fix")
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
