//! `closure`, and `reach` of much: what they write once says what was written again and again before.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::common::{AT, Home, Ran};

fn email(at: usize) -> String {
    format!("a{at:03}@app.iam.gserviceaccount.com")
}

/// So many accounts, of which each gives its token to the one before it, and the first to Ana; the last three go round.
/// Of what a condition decides that nobody knows here Ben may have the token of the second.
fn estate(count: usize) -> Value {
    let creator = "roles/iam.serviceAccountTokenCreator";
    let mut policies = serde_json::Map::new();
    for at in 0..count {
        let before = match at {
            0 => "user:ana@example.com".to_owned(),
            at => format!("serviceAccount:{}", email(at - 1)),
        };
        let mut bindings = vec![json!({ "role": creator, "members": [before] })];
        if at + 3 == count {
            let last = format!("serviceAccount:{}", email(count - 1));
            bindings = vec![json!({ "role": creator, "members": [before, last] })];
        }
        if at == 1 {
            bindings.push(json!({ "role": creator, "members": ["user:ben@example.com"],
                "condition": { "title": "kind", "expression": "resource.type == 'iam.googleapis.com/ServiceAccount'" } }));
        }
        let name = format!(
            "//iam.googleapis.com/projects/app/serviceAccounts/{}",
            email(at)
        );
        policies.insert(name, json!({ "bindings": bindings }));
    }
    let accounts: Vec<Value> = (0..count)
        .map(|at| json!({ "name": format!("projects/app/serviceAccounts/{}", email(at)), "email": email(at),
            "projectId": "app", "uniqueId": format!("{}", 1_000 + at), "disabled": at == 4 && count == 12 }))
        .collect();
    json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
        "projects": [{ "name": "projects/10", "projectId": "app", "parent": "organizations/1" }],
        "serviceAccounts": accounts,
        "iamPolicies": policies,
    })
}

fn run(home: &Home, count: usize, more: &[&str]) -> Ran {
    let path = home.write("estate.json", &estate(count).to_string());
    let estate = format!("--estate={}", path.display());
    home.run(&[&[&*estate], more, &["--at", AT]].concat())
}

fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.ends(0).out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn names(list: &Value) -> BTreeSet<String> {
    let all = list.as_array().unwrap().iter();
    all.map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_closure_says_of_each_caller_what_reach_says_of_it() {
    let home = Home::new();
    for kinds in [&[][..], &["--edges", "all"]] {
        let sets = [&["--format=json", "closure", "--sets"], kinds].concat();
        let ran = run(&home, 12, &sets);
        assert_eq!(ran.out, run(&home, 12, &sets).out, "the same in each run");
        let all = lines(&ran);
        let (head, rest) = all.split_first().unwrap();
        let (shared, rows): (Vec<&Value>, Vec<&Value>) =
            rest.iter().partition(|line| line.get("set").is_some());
        assert_eq!(head["results"], rows.len());
        assert_eq!(
            (&head["callers"], &head["accounts"]),
            (&json!(14), &json!(12))
        );
        let plain = lines(&run(
            &home,
            12,
            &[&["--format=json", "closure"], kinds].concat(),
        ));
        for (row, plain) in rows.iter().zip(&plain[1..]) {
            for field in ["caller", "canAccess", "unknown", "wouldFail", "complete"] {
                assert_eq!(row[field], plain[field], "{row}");
            }
            assert!(plain.get("accounts").is_none());
        }
        for row in rows {
            let caller = row["caller"].as_str().unwrap();
            let asked = [&["--format=json", "reach", "--caller", caller], kinds].concat();
            let one = run(&home, 12, &asked).ends(0).json();
            let of = |verdict: fn(&str) -> bool| -> BTreeSet<String> {
                let rows = one["results"].as_array().unwrap().iter();
                let rows = rows.filter(|row| verdict(row["verdict"].as_str().unwrap()));
                rows.map(|row| row["target"].as_str().unwrap().to_owned())
                    .collect()
            };
            let (mut can, mut may) = (names(&row["accounts"]), names(&row["perhaps"]));
            let mut next = row["of"].clone();
            while let Some(list) = shared.iter().find(|list| list["set"] == next) {
                can.extend(names(&list["accounts"]));
                may.extend(names(&list["perhaps"]));
                next = list["of"].clone();
            }
            if let Some(without) = row["without"].as_str() {
                can.remove(without);
            }
            may.retain(|name| !can.contains(name));
            assert_eq!(
                can,
                of(|verdict| verdict == "CAN_ACCESS"),
                "{caller} {kinds:?}"
            );
            assert_eq!(
                may,
                of(|verdict| verdict != "CAN_ACCESS"),
                "{caller} {kinds:?}"
            );
            assert_eq!(row["canAccess"], can.len(), "{caller}");
            assert_eq!(row["unknown"], may.len(), "{caller}");
            assert_eq!(row["complete"], one["complete"], "{caller} {kinds:?}");
        }
    }
}

#[test]
fn the_text_of_a_closure_names_the_farthest_and_counts_the_rest() {
    let home = Home::new();
    let text = run(&home, 80, &["closure"]).ends(0).out.clone();
    // Its own project's accounts in front of each other: Ana gets to all of them.
    assert!(text.contains("       80  user:ana@example.com"), "{text}");
    assert!(
        text.contains("and 32 more callers (all of them: --all)"),
        "{text}"
    );
    assert!(
        text.contains("Of 82 callers in sight, 82 get to some of 80 accounts, or may"),
        "{text}"
    );
    let all = run(&home, 80, &["closure", "--all"]).ends(0).out.clone();
    assert!(
        all.contains("user:ben@example.com, and perhaps 1 more"),
        "{all}"
    );
    assert!(!all.contains("more callers"), "{all}");
}

#[test]
fn paths_that_share_their_steps_are_the_whole_ones() {
    let home = Home::new();
    let asked = ["--format=json", "reach", "--caller", "user:ana@example.com"];
    let whole = run(&home, 220, &[&asked[..], &["--paths"]].concat())
        .ends(0)
        .json();
    let once = run(&home, 220, &asked).ends(0).json();
    let steps = once["steps"].as_array().unwrap();
    assert!(whole.get("steps").is_none());
    let (rows, right) = (
        once["results"].as_array().unwrap(),
        whole["results"].as_array().unwrap(),
    );
    assert_eq!((rows.len(), right.len()), (220, 220));
    for (row, right) in rows.iter().zip(right) {
        let (mut path, mut via) = (
            vec![row["target"].clone()],
            row["via"].as_array().unwrap().clone(),
        );
        let mut at = row["from"].as_u64();
        while let Some(step) = at.map(|at| &steps[usize::try_from(at).unwrap()]) {
            path.insert(0, step["to"].clone());
            if !step["via"].is_null() {
                via.insert(0, step["via"].clone());
            }
            at = step["from"].as_u64();
        }
        assert_eq!(json!(path), right["path"]);
        assert_eq!(json!(via), right["via"]);
        assert_eq!(row["length"], path.len() - 1);
        assert!(row.get("path").is_none());
    }
    let text = run(&home, 220, &asked[1..]).ends(0).out.clone();
    assert!(
        text.contains("and 20 more (all of them: --all, or --format json)"),
        "{text}"
    );
    let all = run(&home, 220, &[&asked[1..], &["--all"]].concat())
        .ends(0)
        .out
        .clone();
    assert!(
        all.contains(&email(219)) && !all.contains("more (all of them"),
        "{all}"
    );
}

/// Where only a set is granted nobody is said to get nowhere: whom nothing names is not looked at.
#[test]
fn a_closure_says_which_sets_let_in_others_than_it_tells_of() {
    let home = Home::new();
    let creator = "roles/iam.serviceAccountTokenCreator";
    let pool = "principalSet://iam.googleapis.com/projects/10/locations/global/workloadIdentityPools/gh/attribute.repository/o/r";
    for set in ["domain:example.com", "allAuthenticatedUsers", pool] {
        let mut estate = estate(2);
        let of = |at: usize| {
            format!(
                "//iam.googleapis.com/projects/app/serviceAccounts/{}",
                email(at)
            )
        };
        // Ben stands in a role that is about nothing of this.
        estate["iamPolicies"] = json!({
            of(0): { "bindings": [{ "role": creator, "members": [set] }] },
            of(1): { "bindings": [{ "role": "roles/viewer", "members": ["user:ben@other.example", "domain:viewers.example"] }] },
        });
        let path = home.write("sets.json", &estate.to_string());
        let from = format!("--estate={}", path.display());
        let json = home.run(&[&from, "--format=json", "closure", "--at", AT]);
        assert_eq!(lines(&json)[0]["sets"], json!([set]));
        let text = &home
            .run(&[&from, "closure", "--at", AT])
            .ends(0)
            .out
            .clone();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains(set) && text.contains("whom nothing names"),
            "{text}"
        );
        assert!(!text.contains("Nobody gets"), "{text}");
    }
    let none = lines(&run(&home, 3, &["--format=json", "closure"]));
    assert!(none[0].get("sets").is_none(), "{}", none[0]);
}
