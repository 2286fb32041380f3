//! What asks on a terminal, on a real one.

use std::io::{Read, Write};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::common::{CALLER, Emulator, Home, TARGET};

/// Runs the program on a terminal, types `answer` once it asks, and gives exit code and screen.
fn typed(home: &Home, arguments: &[&str], asks: &str, answer: &str) -> (u32, String) {
    asked(home, arguments, asks, &mut |_| Some(answer.to_owned()))
}

/// The same, with what is typed each time it asks (the first is 0); `None` once it has been asked enough.
fn asked(
    home: &Home,
    arguments: &[&str],
    asks: &str,
    answers: &mut dyn FnMut(usize) -> Option<String>,
) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_bindscope"));
    command.args(arguments);
    command.env_clear();
    for (name, value) in home.command(&[]).get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("TERM", "xterm");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut writer = pair.master.take_writer().unwrap();
    let mut screen = String::new();
    let mut answered = 0;
    let mut buffer = [0; 4096];
    // The end of a pseudo-terminal is an error on Linux.
    while let Ok(count) = reader.read(&mut buffer) {
        if count == 0 {
            break;
        }
        screen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        if screen.matches(asks).count() > answered
            && let Some(answer) = answers(answered)
        {
            writer.write_all(answer.as_bytes()).unwrap();
            answered += 1;
        }
    }
    assert!(answered > 0, "it did not ask:\n{screen}");
    (child.wait().unwrap().exit_code(), screen)
}

#[test]
fn only_the_word_applies_and_the_word_undoes() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let before = emulator.policy();
    let mut fix = emulator.options();
    fix.extend(["fix", "--caller", CALLER, "--target", TARGET]);
    for answer in ["y\r", "yes\r", "\r", "GRANT\r"] {
        let (code, screen) = typed(&home, &fix, "Type grant", answer);
        assert_eq!(code, 1, "{answer:?}\n{screen}");
        assert!(screen.contains("nothing was changed"), "{screen}");
        assert_eq!(emulator.policy(), before, "{answer:?}");
    }
    let (code, screen) = typed(&home, &fix, "Type grant", "grant\r");
    assert_eq!(code, 0, "{screen}");
    assert!(
        screen.contains("\u{1b}[32m"),
        "colours on a terminal:\n{screen}"
    );
    assert_eq!(emulator.policy()["bindings"].as_array().unwrap().len(), 3);

    let mut undo = emulator.options();
    undo.push("undo");
    let (code, _) = typed(&home, &undo, "Type undo", "no\r");
    assert_eq!(code, 1);
    assert_eq!(emulator.policy()["bindings"].as_array().unwrap().len(), 3);
    let (code, screen) = typed(&home, &undo, "Type undo", "undo\r");
    assert_eq!(code, 0, "{screen}");
    assert_eq!(emulator.policy()["bindings"], before["bindings"]);
}

/// Somebody else changes the very binding while it is asked: shown again, and asked again.
#[test]
fn a_change_that_is_another_by_now_is_shown_and_asked_again() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo", "cross-project"]);
    let mut fix = emulator.options();
    fix.extend(["fix", "--caller", CALLER, "--target", TARGET]);
    let role = "roles/iam.serviceAccountTokenCreator";
    let theirs = |member: &str| {
        let mut policy = emulator.policy();
        let bindings = policy["bindings"].as_array_mut().unwrap();
        let there = bindings.iter_mut().find(|b| b["role"] == role);
        match there {
            Some(binding) => binding["members"]
                .as_array_mut()
                .unwrap()
                .push(member.into()),
            None => bindings.push(serde_json::json!({ "role": role, "members": [member] })),
        }
        emulator.set_policy(&policy);
    };
    let (code, screen) = asked(&home, &fix, "Type grant", &mut |time| {
        if time < 2 {
            theirs(&format!("user:other{time}@example.com"));
        }
        Some("grant\r".to_owned())
    });
    assert_eq!(code, 0, "{screen}");
    assert_eq!(screen.matches("Type grant").count(), 3, "{screen}");
    assert!(
        screen.contains("changed by somebody else meanwhile"),
        "{screen}"
    );
    assert!(screen.contains("user:other1@example.com"), "{screen}");
    let policy = emulator.policy();
    let binding = policy["bindings"].as_array().unwrap();
    let binding = binding.iter().find(|b| b["role"] == role).unwrap();
    let wanted = ["user:other0@example.com", "user:other1@example.com", CALLER];
    assert_eq!(binding["members"], serde_json::json!(wanted));

    // Declined when it is shown again: theirs alone is there.
    let undone = emulator.run(&home, &["undo"]);
    undone.ends(0);
    let (code, screen) = asked(&home, &fix, "Type grant", &mut |time| {
        if time == 0 {
            theirs("user:other2@example.com");
        }
        Some(if time == 0 { "grant\r" } else { "no\r" }.to_owned())
    });
    assert_eq!(code, 1, "{screen}");
    assert!(screen.contains("declined: nothing was changed"), "{screen}");
    assert!(!emulator.policy().to_string().contains(CALLER));
}
