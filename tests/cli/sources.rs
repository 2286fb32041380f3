//! Where the files of `--estate` come from: several, a directory of shards, standard input; packed, and in the
//! encodings that shells write. What a file is shows in its bytes, not in its name.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Value, json};

use super::common::{Home, Ran, question};

const RUNNER: &str = "serviceAccount:runner@dove-app.iam.gserviceaccount.com";
const SAFE: &str = "safe@dove-app.iam.gserviceaccount.com";

/// An export in three pieces.
fn shards() -> [String; 3] {
    let up = json!(["projects/31", "organizations/30"]);
    let asset = |kind: &str, name: &str, data: Value, bindings: Value| {
        let line = json!({ "name": name, "asset_type": kind, "resource": { "data": data },
            "iam_policy": { "bindings": bindings }, "ancestors": up });
        format!("{line}\n")
    };
    let account = |name: &str, unique: &str, bindings: Value| {
        let email = format!("{name}@dove-app.iam.gserviceaccount.com");
        let own = format!("projects/dove-app/serviceAccounts/{email}");
        let data = json!({ "name": own, "email": email, "uniqueId": unique, "projectId": "dove-app",
            "displayName": "Fr\u{e4}nzi \u{1f426}" });
        asset(
            "iam.googleapis.com/ServiceAccount",
            &format!("//iam.googleapis.com/{own}"),
            data,
            bindings,
        )
    };
    let organization = json!({ "name": "//cloudresourcemanager.googleapis.com/organizations/30",
        "asset_type": "cloudresourcemanager.googleapis.com/Organization", "ancestors": ["organizations/30"],
        "resource": { "data": { "displayName": "dove.example" } }, "iam_policy": { "bindings": [] } });
    let project =
        json!({ "projectId": "dove-app", "projectNumber": "31", "lifecycleState": "ACTIVE" });
    let grant = json!([{ "role": "roles/iam.serviceAccountTokenCreator", "members": [RUNNER] }]);
    [
        format!("{organization}\n"),
        asset(
            "cloudresourcemanager.googleapis.com/Project",
            "//cloudresourcemanager.googleapis.com/projects/31",
            project,
            json!([]),
        ),
        account("runner", "301", json!([])) + &account("safe", "302", grant),
    ]
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units
        .flat_map(|unit| {
            if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        })
        .collect()
}

/// What a file of these bytes is read as.
fn read(home: &Home, name: &str, bytes: &[u8]) -> Ran {
    let path = home.path(name);
    std::fs::write(&path, bytes).unwrap();
    let source = format!("--estate={}", path.display());
    home.explain(&[&source], RUNNER, SAFE)
}

#[track_caller]
fn yes(ran: &Ran) {
    assert_eq!(ran.ends(0).json()["verdict"], "CAN_ACCESS");
}

#[test]
fn packed_files_are_known_by_their_bytes() {
    let home = Home::new();
    let [first, second, third] = shards();
    let whole = format!("{first}{second}{third}");
    yes(&read(
        &home,
        "plain.json",
        gzip(whole.as_bytes()).as_slice(),
    ));
    yes(&read(&home, "plain", &zstd(whole.as_bytes())));
    // Members and frames one after the other, as `cat` of shards makes them.
    let parts = |pack: fn(&[u8]) -> Vec<u8>| shards().map(|s| pack(s.as_bytes())).concat();
    yes(&read(&home, "many.gz", &parts(gzip)));
    yes(&read(&home, "many.zst", &parts(zstd)));
    // A frame that is skipped, before and between.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let framed = [
        &skipped[..],
        &zstd(first.as_bytes()),
        &skipped,
        &zstd(second.as_bytes()),
        &zstd(third.as_bytes()),
    ];
    yes(&read(&home, "skipped.zst", &framed.concat()));
    // What is called packed and is not.
    yes(&read(&home, "called.gz", whole.as_bytes()));
}

#[test]
fn encodings_that_shells_write_are_read() {
    let home = Home::new();
    let whole = shards().concat();
    for big in [false, true] {
        for mark in [false, true] {
            yes(&read(&home, "wide.json", &utf16(&whole, big, mark)));
        }
        yes(&read(&home, "wide.gz", &gzip(&utf16(&whole, big, true))));
    }
    yes(&read(
        &home,
        "marked.json",
        &[b"\xef\xbb\xbf", whole.as_bytes()].concat(),
    ));
    yes(&read(
        &home,
        "marked.gz",
        &gzip(&[b"\xef\xbb\xbf", whole.as_bytes()].concat()),
    ));
}

#[test]
fn what_is_broken_or_no_text_is_told_with_what_to_do() {
    let home = Home::new();
    let whole = shards().concat();
    let (gz, zst) = (gzip(whole.as_bytes()), zstd(whole.as_bytes()));
    let mut damaged = gz.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    damaged[middle + 1] ^= 0x55;
    let mut wide = utf16(&whole, false, true);
    wide.pop();
    let table: [(&[u8], &[&str]); 12] = [
        (
            &gz[..gz.len() / 2],
            &["the gzip data breaks off after", "line"],
        ),
        (&gz[..gz.len() - 4], &["the gzip data breaks off after"]),
        (&zst[..zst.len() / 2], &["the zstd data breaks off after"]),
        (&damaged, &["the gzip data is damaged after"]),
        (&gzip(&gz), &["packed twice"]),
        (&wide, &["UTF-16", "breaks off within a character"]),
        (b"PK\x03\x04abcdefgh", &["zip archive", "unpack it"]),
        (b"BZh91AY&SY", &["bzip2 -d"]),
        (b"\xfd7zXZ\0\0\0", &["xz -d"]),
        (b"Obj\x01abc", &["Avro", "NEWLINE_DELIMITED_JSON"]),
        (b"PAR1abc", &["Parquet", "NEWLINE_DELIMITED_JSON"]),
        (&gzip(b""), &["the file is empty"]),
    ];
    for (bytes, words) in table {
        let ran = read(&home, "broken", bytes);
        assert_eq!(ran.code, 2, "{}", ran.out);
        for word in words {
            ran.says(word).says("broken");
        }
    }
}

#[test]
fn what_unpacks_without_measure_is_stopped() {
    let home = Home::new();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let blank = vec![b' '; 1 << 20];
    for _ in 0..80 {
        encoder.write_all(&blank).unwrap();
    }
    let ran = read(&home, "bomb.gz", &encoder.finish().unwrap());
    assert_eq!(ran.code, 2, "{}", ran.out);
    ran.says("more than 250 times as much")
        .says("gzip -d")
        .says("bomb.gz");
}

#[test]
fn several_paths_a_directory_and_standard_input() {
    let home = Home::new();
    let [first, second, third] = shards();
    let directory = home.path("shards");
    std::fs::create_dir_all(directory.join("iam.googleapis.com/ServiceAccount")).unwrap();
    std::fs::write(directory.join("a.ndjson"), &first).unwrap();
    std::fs::write(directory.join("b.json.gz"), gzip(second.as_bytes())).unwrap();
    std::fs::write(
        directory.join("iam.googleapis.com/ServiceAccount/0"),
        &third,
    )
    .unwrap();
    std::fs::write(directory.join("README.txt"), "not read").unwrap();
    std::fs::write(directory.join(".hidden.json"), "not read").unwrap();
    let shown = directory.display().to_string();
    yes(&home.explain(&["--estate", &shown], RUNNER, SAFE));
    // As a shell's glob gives them, before the command.
    let paths = [
        ("1.ndjson", first.clone()),
        ("2.ndjson", second),
        ("3.ndjson", third),
    ]
    .map(|(name, text)| home.write(name, &text).display().to_string());
    let globbed = ["--estate", &paths[0], &paths[1], &paths[2]];
    yes(&home.explain(&globbed, RUNNER, SAFE));
    yes(&home.pipe(
        &[&["--estate", "-"], &question(RUNNER, SAFE)[..]].concat(),
        &shards().concat(),
    ));
    yes(&home.pipe(
        &[&["--estate", &paths[0], "-"], &question(RUNNER, SAFE)[..]].concat(),
        &shards()[1..].concat(),
    ));

    home.run(&["--estate", "-", "--estate", "-", "list", "projects"])
        .ends(2)
        .says("given twice");
    home.run(&["--estate", "-", "explain", "-"])
        .ends(2)
        .says("cannot hold both the error and the estate");
    let empty = home.path("empty");
    std::fs::create_dir(&empty).unwrap();
    let shown = empty.display().to_string();
    home.run(&["--estate", &shown, "list", "projects"])
        .ends(2)
        .says("no file in it ends in .json");
    home.run(&["--estate", "missing.json", "list", "projects"])
        .ends(2)
        .says("missing.json");
}
