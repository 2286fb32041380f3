//! Files as Windows writes them: `>` in its PowerShell makes UTF-16, editors put a byte order mark before UTF-8.

use serde_json::json;

use super::common::{CALLER, Emulator, Home, TARGET};
use super::credentials::{VARIABLE, with};

type Written = fn(&str) -> Vec<u8>;

const WRITTEN: [Written; 3] = [
    marked,
    |text| wide(text, u16::to_le_bytes),
    |text| wide(text, u16::to_be_bytes),
];

fn marked(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").into_bytes()
}

fn wide(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let units = marked(text);
    let units = std::str::from_utf8(&units).unwrap();
    units.encode_utf16().flat_map(unit).collect()
}

fn put(home: &Home, name: &str, bytes: &[u8]) -> String {
    let path = home.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[test]
fn what_is_expected_and_what_is_configured() {
    let expected = format!(
        "[[expect]]\ncaller = \"{CALLER}\"\ntarget = \"{TARGET}\"\nmay = \"no\"\nname = \"für später\"\n"
    );
    for written in WRITTEN {
        let home = Home::new();
        let file = put(&home, "expected.toml", &written(&expected));
        let ran = home.run(&["--demo", "test", &file]);
        ran.ends(0);
        assert!(ran.out.contains("1 as expected"), "{}", ran.out);
    }
}

#[test]
fn a_token_that_was_redirected_into_a_file() {
    let home = Home::new();
    let emulator = Emulator::start(&home, &["--demo"]);
    let token = std::fs::read_to_string(&emulator.token).unwrap();
    for written in WRITTEN {
        let file = put(&home, "token", &written(&format!("{}\r\n", token.trim())));
        let given = ["--endpoint", &emulator.url, "--access-token-file", &file];
        let asked = ["explain", "--caller", CALLER, "--target", TARGET];
        let ran = home.run(&[&given[..], &asked].concat());
        ran.ends(1);
        assert!(ran.out.contains("CANNOT_ACCESS"), "{}", ran.out);
    }
}

#[test]
fn credentials() {
    for written in WRITTEN {
        let home = Home::new();
        let away = home.path("away").display().to_string();
        let file = json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": { "file": away },
        });
        let path = put(&home, "credentials.json", &written(&file.to_string()));
        // Nobody is asked: the file with the token is not there, and waiting for it would not help.
        let ran = with(&home, &["list", "projects"], &[(VARIABLE, path.as_str())]);
        ran.ends(2).says(&away).says("credential_source");
        assert!(!ran.err.contains("try again"), "{}", ran.err);
    }
}

#[test]
fn a_pasted_error() {
    let home = Home::new();
    let error = "403 Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
    for (number, written) in WRITTEN.into_iter().enumerate() {
        let file = put(&home, &format!("error{number}.txt"), &written(error));
        let mut command = home.command(&["--demo", "--format=json", "explain", "-"]);
        command.stdin(std::fs::File::open(file).unwrap());
        let out = command.output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        let kind = &answer["pasted"]["kind"];
        assert_eq!(kind, "IMPERSONATION_DENIED", "{answer}");
    }
}
