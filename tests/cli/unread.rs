//! What was not read: at its level, with why, and with what to ask an administrator for where somebody has to be asked.

use crate::common::{AT, CALLER, Emulator, Home, TARGET};

/// Every kind of policy that an answer reads, by the path of the call.
const READ: [&str; 6] = [
    "*/serviceAccounts/*:getIamPolicy",
    "/v3/projects/data-vault:getIamPolicy",
    "/v3/folders/*:getIamPolicy",
    "/v3/organizations/*:getIamPolicy",
    "GET /v2/policies/*/denypolicies",
    "GET /v3/organizations/*/policyBindings",
];

/// A refusal, an API that is off, a quota that is spent, a page of a proxy's: each narrows what is known and ends
/// nothing; a refusal names role, resource and command, in JSON and in text.
#[test]
fn whatever_was_not_read_says_why_and_whom_to_ask() {
    let home = Home::new();
    let cases = READ.iter().enumerate().flat_map(|(turn, path)| {
        let path = path.rsplit(' ').next().unwrap_or(path);
        // Quota and page by turns.
        let unanswered = ["429:1h", "html:200"][turn % 2];
        [
            (path, "403", true),
            (path, "html:403", true),
            (path, unanswered, false),
        ]
    });
    std::thread::scope(|scope| {
        for (path, fault, asks) in cases {
            let home = &home;
            scope.spawn(move || {
                let faults = format!("{path} = {fault}");
                let emulator = Emulator::start(home, &["--demo", "no-grant", "--faults", &faults]);
                let pair = ["--caller", CALLER, "--target", TARGET, "--at", AT];
                let ran =
                    |format: &str| emulator.run(home, &[&[format, "explain"], &pair[..]].concat());
                let json = ran("--format=json").json();
                let text = ran("--format=text").out;
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let unread = json["notRead"]
                    .as_array()
                    .unwrap_or_else(|| panic!("{faults}: {json}"));
                assert!(!unread.is_empty(), "{faults}");
                for thing in unread {
                    assert!(
                        thing["why"].as_str().is_some_and(|why| !why.is_empty()),
                        "{faults}: {thing}"
                    );
                    let request = &thing["request"];
                    assert_eq!(request.is_object(), asks, "{faults}: {thing}");
                    if !asks {
                        continue;
                    }
                    let part = |name: &str| {
                        request[name]
                            .as_str()
                            .unwrap_or_else(|| panic!("{faults}: {thing}"))
                    };
                    assert!(part("resource").starts_with("//"), "{faults}: {thing}");
                    assert!(part("command").contains(part("role")), "{faults}: {thing}");
                    assert!(text.contains(part("command")), "{faults}: {thing}\n{text}");
                }
                // Nobody takes it for a whole answer.
                assert_ne!(json["outcome"], "WOULD_SUCCEED", "{faults}");
            });
        }
    });
}
