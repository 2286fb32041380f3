//! What the explorer asks of a terminal, and what comes back.

use crate::harness::Pty;

const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";

/// It is asked after the first frame, nothing waits for it, and no letter of the answer is typed.
#[test]
fn the_background_is_asked_and_the_answer_types_nothing() {
    let mut pty = Pty::bindscope(&["--demo"], &[]);
    pty.wait_for("Who calls").wait_for("in 4 projects");
    pty.wait_until_bytes("the question", |bytes| {
        let asked = bytes.windows(QUESTION.len()).position(|w| w == QUESTION);
        let drawn = bytes.windows(9).position(|w| w == b"bindscope");
        matches!((drawn, asked), (Some(drawn), Some(asked)) if drawn < asked)
    });
    // Keys come before, and behind.
    pty.send("run").wait_for("/ run");
    pty.send("\x1b]11;rgb:ffff/ffff/ffff\x1b\\").send("proc");
    pty.wait_for("/ runproc").wait_for("1 of 2, 10 in all");
    // On white what stood in cyan stands in blue: 34, in the terminal's sixteen colours.
    pty.wait_until_bytes("blue", |bytes| bytes.windows(7).any(|w| w == b"38;5;4;"));
    pty.send("\x03");
    pty.wait().given_back();
}

/// A variable says it where nothing answers.
#[test]
fn a_variable_says_what_the_background_is() {
    let light = ("COLORFGBG".to_owned(), "0;15".to_owned());
    let mut pty = Pty::bindscope(&["--demo"], &[light]);
    pty.wait_for("in 4 projects");
    pty.wait_until_bytes("blue", |bytes| bytes.windows(7).any(|w| w == b"38;5;4;"));
    let cyan = pty.bytes().windows(7).any(|w| w == b"38;5;6;");
    assert!(!cyan, "it was taken for a dark one first");
    pty.send("\x03");
    pty.wait().given_back();
}

/// Whoever says what the background is, or wants no hue, is asked nothing.
#[test]
fn who_settled_it_is_not_asked() {
    for variable in ["NO_COLOR", "BINDSCOPE_THEME"] {
        let value = if variable == "NO_COLOR" { "1" } else { "dark" };
        let mut pty = Pty::bindscope(&["--demo"], &[(variable.to_owned(), value.to_owned())]);
        pty.wait_for("in 4 projects").send("x").wait_for("/ x");
        let asked = pty.bytes().windows(QUESTION.len()).any(|w| w == QUESTION);
        assert!(!asked, "{variable}");
        pty.send("\x03");
        pty.wait().given_back();
    }
}

/// An Esc is an Esc, also while an answer may come.
#[test]
fn esc_is_no_answer() {
    let mut pty = Pty::bindscope(&["--demo"], &[]);
    pty.wait_for("in 4 projects")
        .send("zzz")
        .wait_for("No account matches");
    pty.send("\x1b")
        .wait_for("418023915701-compute@developer →");
    pty.send("\x03");
    pty.wait().given_back();
}
