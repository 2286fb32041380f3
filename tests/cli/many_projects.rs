//! Organizations with more projects than are asked one by one: Asset search, and what there is without it.

use serde_json::{Value, json};

use super::common::{AT, Emulator, Home, side_by_side};

const TARGET: &str = "vault@p0002.iam.gserviceaccount.com";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

fn account(project: usize, name: &str, disabled: bool) -> Value {
    let email = format!("{name}@p{project:04}.iam.gserviceaccount.com");
    json!({ "name": format!("projects/p{project:04}/serviceAccounts/{email}"), "email": email,
        "projectId": format!("p{project:04}"), "uniqueId": format!("1000{project}"), "disabled": disabled })
}

fn level(name: &str) -> String {
    format!("//cloudresourcemanager.googleapis.com/{name}")
}

/// An organization of so many projects, of which the first few hold what matters, and every hundredth an account.
fn estate(projects: usize) -> Value {
    let mut accounts = vec![
        account(1, "app", false),
        account(2, "vault", false),
        account(3, "off", true),
        account(4, "batch", false),
        account(5, "far", false),
        account(6, "left", false),
    ];
    accounts.extend((1..projects / 100).map(|n| account(n * 100, "other", false)));
    let shut = |n: usize| if n == 6 { "DELETE_REQUESTED" } else { "ACTIVE" };
    let all = (1..=projects).map(|n| {
        json!({ "name": format!("projects/{}", 700_000 + n), "projectId": format!("p{n:04}"),
            "parent": format!("folders/{}", 10 + n % 3), "displayName": format!("p{n}"), "state": shut(n) })
    });
    let eve = |role: &str| json!({ "role": role, "members": ["user:eve@example.com"] });
    let sa = |email: &str| format!("serviceAccount:{email}.iam.gserviceaccount.com");
    json!({
        "organizations": [{ "name": "organizations/1", "displayName": "example.com", "directoryCustomerId": "C0" }],
        "folders": (10..13).map(|n| json!({ "name": format!("folders/{n}"), "parent": "organizations/1",
            "displayName": format!("f{n}") })).collect::<Vec<_>>(),
        "projects": all.collect::<Vec<_>>(),
        "serviceAccounts": accounts,
        "groups": [{ "email": "team@example.com", "members": ["user:ana@example.com", sa("batch@p0004")] }],
        "enabledServices": { "projects/p0005": ["iam.googleapis.com"] },
        "iamPolicies": {
            level("organizations/1"): { "bindings": [
                eve("roles/browser"), eve("roles/iam.serviceAccountViewer"),
                { "role": CREATOR, "members": [sa("left@p0006")] } ] },
            level("projects/p0002"): { "bindings": [
                { "role": CREATOR, "members": [sa("app@p0001"), sa("off@p0003"), "group:team@example.com"] } ] },
            level("projects/p0001"): { "bindings": [
                { "role": CREATOR, "members": [sa("other@p0100")] } ] },
            format!("//iam.googleapis.com/projects/p0002/serviceAccounts/{TARGET}"): { "bindings": [
                { "role": CREATOR, "members": [sa("far@p0005")] } ] },
        },
    })
}

fn emails(listed: &Value) -> Vec<&str> {
    let all = listed["serviceAccounts"].as_array().unwrap().iter();
    all.map(|a| a["email"].as_str().unwrap()).collect()
}

/// By Asset search, and, where that is refused, project by project: the same accounts, and it is said which way.
#[test]
fn accounts_are_searched_or_each_project_is_asked() {
    let home = Home::new();
    let file = home.write("estate.json", &estate(1_002).to_string());
    let file = file.to_str().unwrap();
    let list = ["--format=json", "list", "service-accounts"];
    let searched = home.run(&[&["--estate", file], &list[..]].concat());
    searched
        .ends(0)
        .says("Listed by Asset search, an index that lags by minutes");
    let found = searched.json();
    assert_eq!(found["assumptions"], json!(["ASSET_SEARCH_IS_CURRENT"]));
    assert_eq!(emails(&found).len(), 14, "{found}");
    // A project that is shut down shows no accounts, whichever way.
    assert!(
        !emails(&found).iter().any(|e| e.contains("p0006")),
        "{found}"
    );
    let below = home.run(&[&["--estate", file, "--organization=1"], &list[..]].concat());
    assert_eq!(below.ends(0).json(), found);
    let asked = home.run(&[&["--estate", file, "--as=user:eve@example.com"], &list[..]].concat());
    asked
        .ends(0)
        .says("as Asset search could not be used")
        .says("cloudasset.assets.searchAllResources");
    let asked = asked.json();
    assert_eq!(emails(&asked), emails(&found));
    assert_eq!(asked["complete"], true);
    assert!(asked.get("assumptions").is_none(), "{asked}");
}

/// Of a thousand active projects everything is read, of more only what has a say: the answer is the same, byte by byte.
#[test]
fn who_is_the_same_however_many_projects_have_no_say() {
    let home = Home::new();
    let ask = |projects: usize, as_whom: &[&str]| {
        let file = home.write("estate.json", &estate(projects).to_string());
        let mut arguments = vec!["--estate", file.to_str().unwrap(), "--format=json"];
        arguments.extend(as_whom);
        arguments.extend(["who", "--target", TARGET, "--at", AT]);
        let ran = home.run(&arguments);
        (ran.code, ran.json())
    };
    let within = ["--organization=1"];
    let (code, around) = ask(1_002, &within);
    assert_eq!(around["results"].as_array().unwrap().len(), 6, "{around}");
    assert_eq!(around["complete"], true);
    assert_eq!(ask(1_001, &within), (code, around.clone()));
    // A file that is looked at as a whole is not read back.
    assert_eq!(ask(1_002, &[]), (code, around));
}

/// A caller's reach over many projects: policies by one search, and that is told.
#[test]
fn reach_reads_policies_by_search_and_says_so() {
    let home = Home::new();
    let file = home.write("estate.json", &estate(1_002).to_string());
    let ask = |as_whom: &[&str]| {
        let mut arguments = vec!["--estate", file.to_str().unwrap(), "--format=json"];
        arguments.extend(as_whom);
        let caller = "far@p0005.iam.gserviceaccount.com";
        arguments.extend(["reach", "--caller", caller, "--at", AT]);
        home.run(&arguments)
    };
    let within = ["--organization=1"];
    let searched = ask(&within);
    let told = searched.json();
    let targets: Vec<&str> = told["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets.len(), 1, "{told}");
    assert!(targets[0].ends_with(TARGET), "{told}");
    let assumed = told["assumptions"].as_array().unwrap();
    assert!(
        assumed.contains(&json!("ASSET_SEARCH_IS_CURRENT")),
        "{told}"
    );
    // A file that is looked at as a whole is not searched.
    let whole = ask(&[]).json();
    assert_eq!(whole["results"], told["results"]);
    assert!(whole.get("assumptions").is_none(), "{whole}");
    // A policy that may not be read: who may search would see it, so the search is refused, and the rest is read.
    let mut hidden = estate(1_002);
    let on = format!("//iam.googleapis.com/projects/p0002/serviceAccounts/{TARGET}");
    hidden["unreadable"] = json!([on]);
    home.write("estate.json", &hidden.to_string());
    for as_whom in [&[][..], &within] {
        let told = ask(as_whom).json();
        assert_eq!(told["complete"], false);
        let not_read = told["notRead"].as_array().unwrap();
        assert!(not_read.contains(&json!(on)), "{told}");
        let assumed = told["assumptions"].as_array();
        let searched = json!("ASSET_SEARCH_IS_CURRENT");
        assert!(
            !assumed.is_some_and(|all| all.contains(&searched)),
            "{told}"
        );
    }
}

/// More than one page of projects, and more than one of accounts.
fn of_many_pages() -> Value {
    let mut estate = estate(1_002);
    let accounts = estate["serviceAccounts"].as_array_mut().unwrap();
    for n in 7..=1_002 {
        let mut more = account(n, "more", false);
        more["uniqueId"] = json!(format!("2000{n}"));
        accounts.push(more);
    }
    estate
}

/// With `SEARCH_FAULTS=all` every fault is tried, else the first few: each costs a survey of a thousand projects.
fn some<T>(faults: &[T], few: usize) -> &[T] {
    let all = std::env::var("SEARCH_FAULTS").is_ok_and(|wish| wish == "all");
    faults.get(..few).filter(|_| !all).unwrap_or(faults)
}

/// A search that ends in the middle is no list: each project is asked, what came stays and comes once, and it is said.
/// Quota spent, with and without a time to wait; a page that is not answered, a page token that is known no longer, a
/// connection that ends, a page of somebody else's.
#[test]
fn a_search_that_ends_in_the_middle_is_no_list() {
    let home = Home::new();
    let file = home.write("estate.json", &of_many_pages().to_string());
    let file = file.to_str().unwrap();
    let list = [
        "--format=json",
        "--organization=1",
        "list",
        "service-accounts",
    ];
    let whole = home.run(&[&["--estate", file], &list[..]].concat());
    let whole = whole.ends(0).json();
    assert!(emails(&whole).len() > 1_000);
    let under = |faults: &str| {
        let home = Home::new();
        let emulator = Emulator::start(&home, &["--estate", file, "--faults", faults]);
        let ran = emulator.run(&home, &list);
        (ran.code, ran.err.clone(), ran.json())
    };
    // The first three calls find the projects, the next three their accounts.
    let search = "GET /v1/organizations/1:searchAllResources";
    let cases = [
        (1, "429"),
        (3, "reset"),
        (5, "400"),
        (1, "429:1h"),
        (3, "400"),
        (5, "429:1h"),
        (5, "truncate"),
        (5, "html:200"),
    ];
    side_by_side(some(&cases, 2), |(page, fault)| {
        let (code, said, found) = under(&format!("{search} #{page}+ = {fault}"));
        let what = format!("{fault} from page {page} on: {said}");
        assert_eq!(code, 0, "{what}");
        assert!(said.contains("as Asset search could not be used"), "{what}");
        assert_eq!(emails(&found), emails(&whole), "{what}");
        assert_eq!(found["complete"], true, "{what}");
        assert!(found.get("assumptions").is_none(), "{what}");
    });
    // What can be had by asking once more is had.
    let (code, _, found) = under(&format!("{search} #5 = 503"));
    assert_eq!((code, &found), (0, &whole));
    // And where a project does not answer either, that is said: nobody takes the list for whole.
    let one = "GET /v1/projects/p0500/serviceAccounts = 403";
    let (_, _, found) = under(&format!("{search} #5+ = 400; {one}"));
    assert_eq!(found["complete"], false);
    assert!(
        found["notRead"].to_string().contains("projects/p0500"),
        "{}",
        found["notRead"]
    );
    assert!(emails(&found).len() > 1_000);
}

/// The searches that `who` and `reach` make: without them the same is asked one by one, and the answer is the same.
#[test]
fn answers_are_the_same_where_a_search_ends_in_the_middle() {
    let home = Home::new();
    let mut many = estate(1_002);
    // More than one page of policies.
    for n in 0..600 {
        let email = format!("w{n}@p0007.iam.gserviceaccount.com");
        let accounts = many["serviceAccounts"].as_array_mut().unwrap();
        accounts.push(
            json!({ "name": format!("projects/p0007/serviceAccounts/{email}"), "email": email,
            "projectId": "p0007", "uniqueId": format!("3000{n}") }),
        );
        let on = format!("//iam.googleapis.com/projects/p0007/serviceAccounts/{email}");
        many["iamPolicies"][on] =
            json!({ "bindings": [{ "role": CREATOR, "members": ["user:eve@example.com"] }] });
    }
    let file = home.write("estate.json", &many.to_string());
    let file = file.to_str().unwrap();
    let caller = "user:eve@example.com";
    let questions = [["who", "--target", TARGET], ["reach", "--caller", caller]];
    for question in some(&questions, 1) {
        let scope = ["--format=json", "--organization=1"];
        let asked = [&scope[..], &question[..], &["--at", AT]].concat();
        let whole = home.run(&[&["--estate", file], &asked[..]].concat());
        let mut whole = whole.ends(0).json();
        whole.as_object_mut().unwrap().remove("assumptions");
        let cases = ["2+ = 400", "1+ = 429:1h", "2+ = 429", "2+ = truncate"];
        side_by_side(some(&cases, 1), |fault| {
            let faults = format!("GET /v1/organizations/1:searchAll* #{fault}");
            let home = Home::new();
            let emulator = Emulator::start(&home, &["--estate", file, "--faults", &faults]);
            let mut found = emulator.run(&home, &asked).json();
            let assumptions = found.as_object_mut().unwrap().remove("assumptions");
            let assumed = assumptions.unwrap_or_default().to_string();
            assert!(
                !assumed.contains("ASSET_SEARCH_IS_CURRENT"),
                "{fault}: {assumed}"
            );
            assert_eq!(found, whole, "{question:?}, {fault}");
        });
    }
}
