//! The journal on the disk.

use super::file::{FILE, MAX_LINE};
use super::*;
use std::collections::HashSet;
use std::path::Path;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn record(second: i64) -> ChangeRecord {
    ChangeRecord {
        time: at(second),
        endpoint: "https://iam.googleapis.com".to_owned(),
        estate: "live".to_owned(),
        resource: "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com"
            .to_owned(),
        grant: Grant {
            role: "roles/iam.serviceAccountTokenCreator".to_owned(),
            member: "user:ana@example.com".to_owned(),
            condition: None,
        },
        switch: None,
        replaced: None,
        had_member: false,
        before: PolicyBefore {
            version: Some(1),
            had_bindings: true,
        },
        etag_before: Some("BwX=".to_owned()),
        caller: "user:ana@example.com".to_owned(),
        target: "//iam.googleapis.com/projects/p/serviceAccounts/t@p.iam.gserviceaccount.com"
            .to_owned(),
        permission: "iam.serviceAccounts.getAccessToken".to_owned(),
    }
}

fn applied(etag: &str) -> ChangeState {
    ChangeState::Applied {
        etag: Some(etag.to_owned()),
    }
}

#[test]
fn a_change_is_planned_then_applied_then_undone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("deep/down");
    assert_eq!(list(&dir).unwrap(), HistoryListing::default());
    let first = begin(&dir, &record(0)).unwrap();
    let second = begin(&dir, &record(1)).unwrap();
    let listing = list(&dir).unwrap();
    assert_eq!(listing.entries[0].id, second);
    assert_eq!(listing.entries[1].state, ChangeState::Planned);
    assert_eq!(listing.entries[1].record, record(0));

    complete(&dir, &first, at(2), &applied("BwY=")).unwrap();
    let failed = ChangeState::Failed {
        reason: "409".to_owned(),
    };
    complete(&dir, &second, at(3), &failed).unwrap();
    let listing = list(&dir).unwrap();
    assert_eq!(listing.entries[0].state, failed);
    assert_eq!(listing.newest_in_force().unwrap().id, first);
    complete(&dir, &first, at(4), &ChangeState::Undoing).unwrap();
    assert!(list(&dir).unwrap().find(&first).unwrap().state.is_open());
    complete(&dir, &first, at(5), &ChangeState::Undone { etag: None }).unwrap();
    let listing = list(&dir).unwrap();
    assert_eq!(listing.newest_in_force(), None);
    let entry = listing.find(&first).unwrap();
    assert_eq!(entry.etag_after.as_deref(), Some("BwY="));
    assert_eq!(entry.changed, at(5));
    let json = entry.to_json();
    assert_eq!(json["state"], "UNDONE");
    assert_eq!(json["grant"]["member"], "user:ana@example.com");
    assert_eq!(listing.skipped, 0);
}

#[test]
fn ids_are_found_by_what_they_alone_begin_with() {
    let dir = tempfile::tempdir().unwrap();
    let a = begin(dir.path(), &record(0)).unwrap();
    let listing = list(dir.path()).unwrap();
    assert_eq!(listing.find(&a[..6]).unwrap().id, a);
    assert_eq!(listing.find(""), None);
    begin(dir.path(), &record(0)).unwrap();
    let listing = list(dir.path()).unwrap();
    assert_eq!(listing.find(&a[..6]), None);
    assert_eq!(listing.find(&a).unwrap().id, a);
    assert!(a.len() <= 15, "{a}");
}

#[test]
fn whatever_is_cut_off_the_lines_before_survive_and_the_next_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let first = begin(dir.path(), &record(0)).unwrap();
    let whole = std::fs::read(&path).unwrap().len();
    begin(dir.path(), &record(1)).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    // Every place by CI; its ends and some between otherwise.
    let all = std::env::var_os("PROPTEST_CASES").is_some();
    let ends = [whole + 3, bytes.len() - 3];
    for cut in (whole..bytes.len()).filter(|c| all || *c < ends[0] || *c > ends[1] || c % 9 == 0) {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let third = begin(dir.path(), &record(2)).unwrap();
        complete(dir.path(), &first, at(3), &applied("x")).unwrap();
        let listing = list(dir.path()).unwrap();
        assert_eq!(listing.entries[0].id, third, "cut at {cut}");
        assert_eq!(listing.find(&first).unwrap().state, applied("x"));
        // A line that lacks only its end is whole.
        assert_eq!(
            listing.entries.len() + listing.skipped,
            if cut <= whole + 1 { 2 } else { 3 }
        );
    }
}

#[test]
fn what_a_later_version_wrote_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let id = begin(dir.path(), &record(0)).unwrap();
    let path = dir.path().join(FILE);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text = text.replacen('{', "{\"new\": {\"x\": [1]}, ", 1);
    text.push_str(&format!(
        "{{\"event\":\"COMPLETE\",\"id\":\"{id}\",\"time\":\"{}\",\"state\":\"APPLIED\",\"etag\":\"e\",\"moon\":1}}\n",
        at(1)
    ));
    text.push_str(&format!(
        "{{\"event\":\"COMPLETE\",\"id\":\"{id}\",\"time\":\"{}\",\"state\":\"TRANSCENDED\"}}\n{{\"event\":\"NOTE\"}}\n\u{1b}[2J\n",
        at(2)
    ));
    std::fs::write(&path, text).unwrap();
    let listing = list(dir.path()).unwrap();
    assert_eq!(listing.entries[0].state, applied("e"));
    assert_eq!(listing.skipped, 3);
}

#[test]
fn many_writers_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ids: HashSet<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    (0..10)
                        .map(|i| {
                            let id = begin(dir.path(), &record(i)).unwrap();
                            complete(dir.path(), &id, at(i), &applied(&id)).unwrap();
                            id
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|w| w.join().unwrap())
            .collect()
    });
    assert_eq!(ids.len(), 160);
    let listing = list(dir.path()).unwrap();
    assert_eq!((listing.entries.len(), listing.skipped), (160, 0));
    for entry in listing.entries {
        assert_eq!(entry.state, applied(&entry.id));
        assert!(ids.contains(&entry.id));
    }
}

#[cfg(unix)]
#[test]
fn the_journal_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("bindscope");
    begin(&dir, &record(0)).unwrap();
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.join(FILE)), 0o600);
    assert_eq!(mode(&dir), 0o700);
}

#[test]
fn no_secret_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut r = record(0);
    r.endpoint = "http://me:hunter2@proxy:8080/iam?key=hunter2".to_owned();
    let id = begin(dir.path(), &r).unwrap();
    let reason = "sent 'Authorization: Bearer hunter2' (ya29.hunter2) \"eyJhunter2\" ".to_owned()
        + &"x".repeat(9_000);
    complete(dir.path(), &id, at(1), &ChangeState::Failed { reason }).unwrap();
    let text = std::fs::read_to_string(dir.path().join(FILE)).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("http://proxy:8080/iam"));
    assert_eq!(list(dir.path()).unwrap().skipped, 0);
}

#[test]
fn an_entry_that_does_not_fit_is_refused_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mut r = record(0);
    r.caller = "x".repeat(MAX_LINE);
    let error = begin(dir.path(), &r).unwrap_err();
    assert!(error.to_string().contains("Nothing was sent"), "{error}");
    assert_eq!(list(dir.path()).unwrap(), HistoryListing::default());
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = begin(&file.join("sub"), &record(0))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("XDG_STATE_HOME") && error.contains("file"),
        "{error}"
    );
    std::fs::create_dir(dir.path().join(FILE)).unwrap();
    assert!(matches!(
        list(dir.path()),
        Err(HistoryError::Io { doing: "read", .. })
    ));
}

#[test]
fn the_default_place_is_the_state_directory() {
    let dir = default_dir().unwrap();
    assert!(dir.ends_with("bindscope"));
    assert!(dir.is_absolute());
}
