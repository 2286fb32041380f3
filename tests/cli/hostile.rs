//! Files that are made to hurt, or broken on their way: told with their place, in memory that is bounded, and never in the
//! words of a reader's insides.

use std::io::Write;
use std::process::{Command, Stdio};

use bindscope::estate::file::{FileKey, SourceFile, read};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::json;

use super::common::{Home, Ran};
use super::same_estate::a_few;

/// What only a program's insides are called.
const INSIDES: &[&str] = &[
    "serde",
    "struct ",
    "deserialize",
    "EOF while",
    "invalid type",
    "missing field",
    "any variant",
    "untagged",
    "invalid value",
    "trailing characters",
    "recursion limit",
    "at line ",
    "Budget",
    "anchor",
    "ScanError",
    "panicked",
    "column ",
    "Option",
    "Some(",
];

fn plain(words: &str) {
    for inside in INSIDES {
        assert!(!words.contains(inside), "{inside}: {words}");
    }
}

#[track_caller]
fn refused(home: &Home, name: &str, bytes: &[u8], words: &[&str]) -> Ran {
    let path = home.path(name);
    std::fs::write(&path, bytes).unwrap();
    let ran = home.run(&["--estate", path.to_str().unwrap(), "list", "projects"]);
    ran.ends(2).says(name);
    for word in words {
        ran.says(word);
    }
    plain(&ran.err);
    ran
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_lies_a_million_deep_is_refused() {
    let home = Home::new();
    let deep = |start: &str, open: &str| format!("{start}{}", open.repeat(1_000_000));
    for text in [
        deep("", "["),
        deep("", "{\"a\":"),
        deep("[{\"name\": \"x\", \"assetType\": \"x\", \"extra\": ", "["),
        deep("{\"iamPolicies\": {\"x\": ", "[{\"a\":"),
        deep(
            "{\"format_version\": \"1.0\", \"values\": ",
            "{\"child_modules\":[",
        ),
    ] {
        refused(&home, "deep.json", text.as_bytes(), &["line 1"]);
    }
    for text in [
        deep("", "- "),
        deep("a: ", "["),
        deep("a: ", "{b: "),
        deep("? ", "? "),
    ] {
        refused(&home, "deep.yaml", text.as_bytes(), &["line 1"]);
    }
    let mut stairs = String::new();
    for depth in 0..3_000 {
        stairs.push_str(&" ".repeat(depth));
        stairs.push_str("a:\n");
    }
    refused(
        &home,
        "stairs.yaml",
        stairs.as_bytes(),
        &["more than 128 deep"],
    );
    refused(
        &home,
        "deep.gz",
        &gzip(deep("", "[").as_bytes()),
        &["line 1"],
    );
}

/// So many megabytes on one line; `FORMS_LINE_MB` for more.
fn megabytes() -> usize {
    let set = std::env::var("FORMS_LINE_MB").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(12)
}

/// The program with a bound on its memory, given `start` and then `more` again and again, all on one line.
#[cfg(unix)]
fn endless(home: &Home, start: &str, more: &str) -> Ran {
    let program = home.command(&["--estate", "-", "list", "projects"]);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 1500000; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args());
    command.env_clear();
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let chunk = more.repeat((1 << 20) / more.len());
    // It may have given up before all was said.
    let mut said = stdin.write_all(start.as_bytes());
    for _ in 0..megabytes() {
        if said.is_err() {
            break;
        }
        said = stdin.write_all(chunk.as_bytes());
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn a_line_without_an_end_takes_no_memory_without_an_end() {
    let home = Home::new();
    for (start, more, words) in [
        ("{\"name\": \"", "a", "a string is longer than 8 MiB"),
        (
            "[{\"assetType\": \"x\", \"name\": \"x\", \"other\": \"",
            "\\\"",
            "a string is longer than 8 MiB",
        ),
        ("", " ", "the file is empty"),
        ("[", " ", "the file breaks off within a list"),
        ("a: ", "b", "standard input"),
        ("", "a", "neither JSON nor YAML"),
    ] {
        let ran = endless(&home, start, more);
        ran.ends(2).says(words);
        plain(&ran.err);
    }
}

#[test]
fn circles_and_doubles_are_told() {
    let home = Home::new();
    let folder =
        |name: &str, parent: &str| json!({ "name": name, "parent": parent, "displayName": "x" });
    let circle = json!([
        folder("folders/1", "folders/2"),
        folder("folders/2", "folders/1")
    ]);
    refused(
        &home,
        "circle.json",
        json!({ "folders": circle }).to_string().as_bytes(),
        &["in a circle", "folders/1"],
    );
    refused(
        &home,
        "list.json",
        circle.to_string().as_bytes(),
        &["in a circle"],
    );
    let asset = |name: &str, up: &str| {
        json!({ "name": format!("//cloudresourcemanager.googleapis.com/{name}"), "asset_type": "cloudresourcemanager.googleapis.com/Folder",
            "ancestors": [name, up] }).to_string()
    };
    let export = [
        asset("folders/1", "folders/2"),
        asset("folders/2", "folders/1"),
    ]
    .join("\n");
    refused(&home, "circle.ndjson", export.as_bytes(), &["in a circle"]);
    let tf = |name: &str, parent: &str| json!({ "type": "google_folder", "mode": "managed", "values": { "name": name, "parent": parent } });
    let state = json!({ "format_version": "1.0", "values": { "root_module": { "resources": [tf("folders/1", "folders/2"), tf("folders/2", "folders/1")] } } });
    refused(
        &home,
        "state.json",
        state.to_string().as_bytes(),
        &["in a circle"],
    );

    refused(
        &home,
        "twice.json",
        b"{\"projects\": [],\n\"projects\": []}",
        &["line 2", "stands twice"],
    );
    refused(
        &home,
        "twice.ndjson",
        b"{\"name\": \"x\",\n\"name\": \"y\", \"asset_type\": \"z\"}",
        &["line 2", "'name' stands twice"],
    );
    let policy = "{\"name\":\"//cloudresourcemanager.googleapis.com/projects/7\",\"asset_type\":\"cloudresourcemanager.googleapis.com/Project\",\"iam_policy\":{\"bindings\":[{\"role\":\"roles/a\",\"role\":\"roles/b\"}]}}";
    refused(
        &home,
        "role.ndjson",
        policy.as_bytes(),
        &["line 1", "'role' stands twice"],
    );
    let two = "{\"name\":\"x\",\"asset_type\":\"cloudresourcemanager.googleapis.com/Project\",\"iam_policy\":{},\"iam_policy\":{}}";
    refused(
        &home,
        "policy.ndjson",
        two.as_bytes(),
        &["'iam_policy' stands twice"],
    );

    // A deny rule of which two say who is denied: by the last nobody would be.
    let deny = r#"{"name":"policies/x/denypolicies/d","rules":[{"denyRule":{"deniedPermissions":["iam.googleapis.com/serviceAccounts.getAccessToken"],"deniedPrincipals":["principalSet://goog/public:all"],"deniedPrincipals":[]}}]}"#;
    let asset = |data: &str| {
        format!(
            r#"{{"name":"//iam.googleapis.com/policies/x/denypolicies/d","asset_type":"iam.googleapis.com/PolicyV2","resource":{{"data":{data}}}}}"#
        )
    };
    let words = ["the key 'deniedPrincipals' stands twice: expected it once"];
    let in_a_row = asset(&json!(deny).to_string());
    let resource = r#"{"name":"//iam.googleapis.com/policies/x/denypolicies/d","asset_type":"iam.googleapis.com/PolicyV2","resource":{"data":{}},"resource":{"data":{}}}"#;
    let state = format!(
        r#"{{"format_version":"1.0","values":{{"root_module":{{"resources":[{{"type":"google_iam_deny_policy","mode":"managed","values":{deny}}}]}}}}}}"#
    );
    for (name, text) in [
        ("deny.ndjson", asset(deny)),
        ("deny.json", format!("[{}]", asset(deny))),
        ("page.json", format!(r#"{{"assets":[{}]}}"#, asset(deny))),
        ("row.ndjson", in_a_row),
        ("listed.json", format!("[{deny}]")),
        ("single.json", deny.to_owned()),
        ("plan.json", state),
        ("single.yaml", deny.to_owned()),
    ] {
        refused(&home, name, text.as_bytes(), &words);
    }
    refused(
        &home,
        "resource.ndjson",
        resource.as_bytes(),
        &["'resource' stands twice in an asset"],
    );
    let ancestors = r#"{"name":"//cloudresourcemanager.googleapis.com/projects/7","ancestors":["projects/7","organizations/1"],"ancestors":["projects/7"],"asset_type":"cloudresourcemanager.googleapis.com/Project"}"#;
    refused(
        &home,
        "ancestors.ndjson",
        ancestors.as_bytes(),
        &["'ancestors' stands twice in an asset"],
    );
    // A path and the list of its parts are two keys for one thing.
    let both = r#"{"name":"//cloudresourcemanager.googleapis.com/projects/7","ancestry_path":"organization/1/project/7","ancestors":["projects/7","organizations/1"],"asset_type":"cloudresourcemanager.googleapis.com/Project","resource":{"data":{"projectId":"p-seven","projectNumber":"7","lifecycleState":"ACTIVE"}}}"#;
    let file = home.write("both.ndjson", both);
    let estate = format!("--estate={}", file.display());
    let listed = home.run(&[&estate, "--format=json", "list", "projects"]);
    let listed = listed.json();
    assert!(listed.to_string().contains("p-seven"), "{listed}");
}

#[test]
fn broken_bytes_are_told_in_every_form() {
    let home = Home::new();
    for (form, files) in a_few() {
        for (name, _, text) in files
            .iter()
            .filter(|(name, key, _)| key.is_none() && name != "groups.json")
        {
            let bytes = text.as_bytes();
            let packed = gzip(bytes);
            let name = format!("{form} {name}").replace(' ', "-");
            refused(
                &home,
                &name,
                &packed[..packed.len() * 2 / 3],
                &["the gzip data breaks off"],
            );
            let mut broken = bytes.to_vec();
            let letter = broken.iter().rposition(u8::is_ascii_alphabetic).unwrap();
            broken[letter] = 0xff;
            refused(&home, &name, &broken, &[]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn damage_of_any_kind_is_told_or_harmless(
        form in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, any::<u8>(), 1..40_usize), 1..4),
    ) {
        let forms = a_few();
        let (form, files) = &forms[form.index(forms.len())];
        let mut sources = Vec::new();
        for (name, key, text) in files {
            let mut bytes = text.clone().into_bytes();
            for (at, what, byte, much) in &damage {
                let at = at.index(bytes.len().max(1)).min(bytes.len());
                let end = (at + much).min(bytes.len());
                match what {
                    0 => bytes.truncate(at),
                    1 => drop(bytes.drain(at..end)),
                    2 => bytes.insert(at, *byte),
                    3 => { let part = bytes[at..end].to_vec(); bytes.splice(at..at, part); }
                    4 => { if let Some(b) = bytes.get_mut(at) { *b = *byte; } }
                    _ => { bytes.splice(at..end, b"null".iter().copied()); }
                }
            }
            sources.push(SourceFile::text(name, bytes).about(key.as_deref().and_then(FileKey::parse)));
        }
        if let Err(error) = read(sources, &mut |_| {}) {
            let words = error.to_string();
            for inside in INSIDES {
                prop_assert!(!words.contains(inside), "{}: {}: {}", form, inside, words);
            }
            prop_assert!(files.iter().any(|(name, _, _)| words.contains(name.as_str())), "{}: {}", form, words);
        }
    }
}

fn cases() -> u32 {
    let set = std::env::var("PROPTEST_CASES").ok();
    set.and_then(|n| n.parse().ok()).unwrap_or(64) * 4
}
