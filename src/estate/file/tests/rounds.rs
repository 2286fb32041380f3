//! What is written can be read again, and damage never panics.

use proptest::prelude::*;

use super::export::EXPORT;
use super::*;

#[test]
fn what_a_survey_did_not_read_stays_unknown_in_a_file() {
    let mut estate = Estate::new(crate::estate::Coverage::Partial);
    let whole = read_text("f", &example().to_string()).unwrap();
    for organization in whole.organizations() {
        estate.put_organization(organization.clone());
    }
    for folder in whole.folders() {
        estate.put_folder(folder.clone());
    }
    let organization = Resource::parse("organizations/1001").unwrap();
    estate.put_policy(organization.clone(), crate::iam::AllowPolicy::default());
    let again = read_text("g", &to_json(&estate).to_string()).unwrap();
    assert!(again.allow_policy(&organization).is_known());
    let folder = Resource::parse("folders/2001").unwrap();
    assert!(!again.allow_policy(&folder).is_known());
    assert!(!again.deny_policies(&folder).is_known());
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}[a-z0-9]"
}

fn policy() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        name().prop_map(|n| format!("user:{n}@example.com")),
        name().prop_map(|n| format!("serviceAccount:{n}@p.iam.gserviceaccount.com")),
        Just("allUsers".to_owned()),
        "\\PC{0,12}",
    ];
    let binding = (
        name(),
        prop::collection::vec(member, 0..4),
        prop::option::of("\\PC{0,20}"),
    )
        .prop_map(|(role, members, condition)| {
            let mut b = json!({ "role": format!("roles/{role}"), "members": members });
            if let Some(expression) = condition {
                b["condition"] = json!({ "expression": expression, "title": "t" });
            }
            b
        });
    prop::collection::vec(binding, 0..4).prop_map(|b| json!({ "bindings": b, "etag": "BwY=" }))
}

prop_compose! {
    /// An estate with a tree of folders, projects that hang anywhere in it, and policies.
    fn estate()(
        folders in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        projects in prop::collection::btree_map(name(), (any::<prop::sample::Index>(), policy()), 0..5),
        accounts in prop::collection::btree_map(name(), (any::<prop::sample::Index>(), prop::option::of(policy()), any::<bool>()), 0..6),
        groups in prop::collection::btree_map(name(), prop::collection::vec(name(), 0..3), 0..3),
        hidden in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        text in "\\PC{0,30}",
    ) -> Value {
        let mut levels = vec!["organizations/1".to_owned()];
        let mut file = json!({
            "organizations": [{ "name": "organizations/1", "displayName": text }],
            "folders": [], "projects": [], "serviceAccounts": [], "groups": [], "iamPolicies": {},
            "unreadable": [],
        });
        for (n, parent) in folders.iter().enumerate() {
            let own = format!("folders/{}", n + 10);
            file["folders"].as_array_mut().unwrap().push(json!({ "name": own, "parent": parent.get(&levels), "displayName": "" }));
            levels.push(own);
        }
        for (n, (id, (parent, policy))) in projects.iter().enumerate() {
            file["projects"].as_array_mut().unwrap().push(json!({ "name": format!("projects/{}", n + 100), "projectId": id, "parent": parent.get(&levels), "displayName": "x" }));
            file["iamPolicies"][format!("//cloudresourcemanager.googleapis.com/projects/{id}")] = policy.clone();
        }
        let ids: Vec<&String> = projects.keys().collect();
        for (n, (id, (home, policy, disabled))) in accounts.iter().enumerate().filter(|_| !ids.is_empty()) {
            let home = home.get(&ids);
            let email = format!("{id}@{home}.iam.gserviceaccount.com");
            let relative = format!("projects/{home}/serviceAccounts/{email}");
            let mut account = json!({ "name": relative, "email": email, "projectId": home, "uniqueId": format!("9{n}"), "unheardOf": [1, { "a": null }] });
            if *disabled { account["disabled"] = json!(true); }
            file["serviceAccounts"].as_array_mut().unwrap().push(account);
            if let Some(policy) = policy { file["iamPolicies"][format!("//iam.googleapis.com/{relative}")] = policy.clone(); }
        }
        for (id, members) in &groups {
            let members: Vec<String> = members.iter().map(|m| format!("user:{m}@example.com")).collect();
            file["groups"].as_array_mut().unwrap().push(json!({ "email": format!("{id}@example.com"), "members": members }));
        }
        for at in &hidden {
            let hide = format!("//cloudresourcemanager.googleapis.com/{}", at.get(&levels));
            let list = file["unreadable"].as_array_mut().unwrap();
            if !list.contains(&json!(hide)) { list.push(json!(hide)); }
        }
        file
    }
}

/// The same lists in the same order, whatever was left out because it is empty.
fn sorted(mut file: Value) -> Value {
    let object = file.as_object_mut().unwrap();
    object.retain(|_, v| {
        v.as_array().is_none_or(|a| !a.is_empty()) && v.as_object().is_none_or(|o| !o.is_empty())
    });
    for list in object.values_mut() {
        for policy in list
            .as_object_mut()
            .into_iter()
            .flat_map(|o| o.values_mut())
        {
            let policy = policy.as_object_mut().unwrap();
            policy.retain(|_, v| v.as_array().is_none_or(|a| !a.is_empty()));
        }
        if let Some(list) = list.as_array_mut() {
            list.sort_by_key(|v| {
                v["email"]
                    .as_str()
                    .or(v["projectId"].as_str())
                    .unwrap_or_default()
                    .to_owned()
                    + &v.to_string()
            });
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn read_write_read_changes_nothing(file in estate()) {
        let estate = read_text("f", &file.to_string()).unwrap();
        let written = to_json(&estate);
        prop_assert_eq!(sorted(written.clone()), sorted(file));
        let again = read_text("g", &written.to_string()).unwrap();
        prop_assert_eq!(to_json(&again), written.clone());
        // In lines, and by the exact way.
        let lines = serde_json::to_vec_pretty(&written).unwrap();
        let stream = SourceFile::stream("g", Box::new(std::io::Cursor::new(lines.clone())));
        for source in [SourceFile::text("g", lines), stream] {
            let again = read(vec![source], &mut |_| {}).unwrap().estate;
            prop_assert_eq!(to_json(&again), written.clone());
        }
    }

    /// Whatever happens to a file on its way: an estate or an error in words, never a panic.
    #[test]
    fn damage_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(), export in any::<bool>()) {
        let mut bytes = if export { EXPORT.as_bytes().to_vec() } else { example().to_string().into_bytes() };
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at); } else { bytes[at] = byte; }
        let source = SourceFile::text("f", bytes.clone());
        let quick = read(vec![source], &mut |_| {}).map(|loaded| to_json(&loaded.estate));
        // Whichever way it is read, it says the same.
        let stream = SourceFile::stream("f", Box::new(std::io::Cursor::new(bytes.clone())));
        let exact = read(vec![stream], &mut |_| {}).map(|loaded| to_json(&loaded.estate));
        prop_assert_eq!(quick.as_ref().map_err(ToString::to_string), exact.as_ref().map_err(ToString::to_string));
        if let Err(error) = quick {
            let said = error.to_string();
            prop_assert!(said.starts_with("f, line ") || said.starts_with("cannot read f: "), "{}", said);
            prop_assert!(!said.chars().any(crate::text::is_hidden), "{}", said);
        }
    }
}
