//! What is opened is what was compiled, as long as nobody changes it and afterwards; and nothing breaks on what is not
//! as it was written.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::estate::file::{SourceFile, read as read_files, read_text, to_json};
use crate::estate::{Group, Project, ServiceAccount};
use crate::iam::Binding;

const ESTATE: &str = r#"{"organizations":[{"name":"organizations/1","displayName":"example.com"}],
    "folders":[{"name":"folders/2","parent":"organizations/1","displayName":"f","state":"ACTIVE"}],
    "projects":[{"name":"projects/30","projectId":"p","parent":"folders/2","labels":{"a":"b"}},
        {"name":"projects/31","projectId":"q","parent":"organizations/1","createTime":"2026-01-01T00:00:00Z"}],
    "serviceAccounts":[{"name":"projects/p/serviceAccounts/a@p.iam.gserviceaccount.com","email":"a@p.iam.gserviceaccount.com","uniqueId":"7","etag":"x","oauth2ClientId":"7"},
        {"name":"projects/30/serviceAccounts/7000","email":"B@p.iam.gserviceaccount.com","uniqueId":"7000","projectId":"30","disabled":true,"displayName":"bé"},
        {"name":"projects/q/serviceAccounts/c@q.iam.gserviceaccount.com","email":"c@q.iam.gserviceaccount.com","projectId":"q","keys":{"n":1}}],
    "deletedServiceAccounts":[{"name":"projects/q/serviceAccounts/d@q.iam.gserviceaccount.com","email":"d@q.iam.gserviceaccount.com","projectId":"q","uniqueId":"9"}],
    "serviceAccountKeys":{"projects/q/serviceAccounts/c@q.iam.gserviceaccount.com":[{"name":"projects/q/serviceAccounts/c@q.iam.gserviceaccount.com/keys/k","keyType":"USER_MANAGED"}]},
    "groups":[{"email":"g@example.com","members":["user:ana@example.com","group:i@example.com","allUsers"]},{"email":"i@example.com","members":["serviceAccount:a@p.iam.gserviceaccount.com"]}],
    "roles":[{"name":"organizations/1/roles/r","includedPermissions":["iam.serviceAccounts.getAccessToken"],"stage":"GA"}],
    "iamPolicies":{"//cloudresourcemanager.googleapis.com/projects/p":{"version":3,"etag":"BwYAAAE=","auditConfigs":[{"service":"allServices"}],
        "bindings":[{"role":"roles/owner","members":["user:ana@example.com","group:g@example.com","user:ANA@example.com"]},
            {"role":"roles/viewer","members":["user:ana@example.com"],"condition":{"title":"t","expression":"request.time < timestamp(\"2027-01-01T00:00:00Z\")"}},
            {"role":"roles/editor","members":[],"later":{"a":null}}]},
        "//cloudresourcemanager.googleapis.com/folders/2":{"bindings":[{"role":"organizations/1/roles/r","members":["serviceAccount:a@p.iam.gserviceaccount.com"]}]},
        "//cloudresourcemanager.googleapis.com/projects/q":{"partial":"Terraform","bindings":[{"role":"roles/owner","members":["user:eve@example.com"]}]},
        "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com":{"bindings":[{"role":"roles/iam.serviceAccountTokenCreator","members":["group:g@example.com","domain:example.com"]}]},
        "//iam.googleapis.com/projects/q/serviceAccounts/c@q.iam.gserviceaccount.com":{"version":1,"bindings":[{"role":"roles/iam.serviceAccountTokenCreator","members":["user:eve@example.com"]}]}},
    "enabledServices":{"projects/p":["iam.googleapis.com"]},
    "tags":{"//cloudresourcemanager.googleapis.com/projects/p":[{"namespacedTagKey":"1/env","namespacedTagValue":"1/env/prod","tagKey":"tagKeys/1","tagValue":"tagValues/2"}]},
    "unreadable":["groups/h@example.com","//cloudresourcemanager.googleapis.com/organizations/1"]}"#;

fn opened(bytes: Vec<u8>) -> Result<Estate, String> {
    let read = read_files(vec![SourceFile::text("estate.index", bytes)], &mut |_| {});
    read.map(|loaded| loaded.estate).map_err(|e| e.to_string())
}

/// All that is asked of an estate, by name and over all, asked of it one by one first.
fn all_of(estate: &Estate, names: &BTreeSet<String>) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        all.push(format!(
            "{name}: {:?} {:?}",
            estate.account(name),
            estate.project(name)
        ));
        all.push(format!(
            "{:?} {:?}",
            estate.group(name),
            estate.is_deleted(name)
        ));
        all.push(format!("{:?}", estate.grants_naming(name)));
        if let Ok(resource) = Resource::parse(name) {
            let gap = estate.gap_of(&resource);
            all.push(format!("{:?} {gap}", estate.allow_policy(&resource)));
            all.push(format!("{:?}", estate.resolve(&resource)));
            all.push(format!("{:?}", estate.ancestry(&resource)));
        }
    }
    // However it is found: of each project its accounts.
    for project in names {
        let own = estate
            .accounts()
            .filter(|a| estate.project_id_of(a) == project);
        let mut own: Vec<String> = own.map(|a| format!("{a:?}")).collect();
        if let Some(stored) = estate.stored_accounts_of(project) {
            let mut found: Vec<String> = stored.iter().map(|a| format!("{a:?}")).collect();
            found.sort();
            own.sort();
            assert_eq!(found, own, "{project}");
        }
    }
    let mut members: Vec<_> = estate.members().map(|m| m.text.to_string()).collect();
    members.sort();
    let mut policies: Vec<_> = estate.policies().map(|p| format!("{p:?}")).collect();
    policies.sort();
    let mut groups: Vec<_> = estate.groups().map(|g| format!("{g:?}")).collect();
    groups.sort();
    all.extend(members.into_iter().chain(policies).chain(groups));
    all.extend(estate.accounts().map(|a| format!("{a:?}")));
    all.extend(estate.projects().map(|p| format!("{p:?}")));
    all.extend(estate.unreadable().map(|u| format!("{u:?}")));
    all.push(format!(
        "{} {}",
        estate.accounts.is_empty(),
        estate.groups.is_empty()
    ));
    all.push(to_json(estate).to_string());
    all
}

/// Every name that stands in it, and some that do not.
fn names_in(estate: &Estate) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = [
        "",
        "nobody@example.com",
        "projects/none",
        "user:none@example.com",
    ]
    .map(str::to_owned)
    .into();
    for account in estate.accounts().chain(estate.deleted_accounts()) {
        let of = Resource::account("-", &account.email).full_name();
        let other = Resource::account(&account.project_id, &account.email).full_name();
        names.extend([account.email.clone(), account.unique_id.clone(), of, other]);
        names.insert(account.email.to_uppercase());
    }
    for project in estate.projects() {
        let number = project.number().to_owned();
        names.extend([project.project_id.clone(), project.name.clone(), number]);
    }
    names.extend(estate.groups().map(|g| g.email.to_string()));
    names.extend(estate.members().map(|m| m.text.to_string()));
    names.extend(estate.policies().map(|(on, _)| on.full_name()));
    names
}

#[test]
fn what_is_opened_is_what_was_compiled() {
    let stories =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/estates")).unwrap();
    let stories = stories.map(|story| std::fs::read_to_string(story.unwrap().path()).unwrap());
    let estates: Vec<Estate> = stories
        .chain([ESTATE.to_owned(), r#"{"organizations":[]}"#.to_owned()])
        .filter_map(|text| read_text("estate.json", &text).ok())
        .collect();
    assert!(estates.len() > 10, "the stories are read too");
    for estate in estates {
        let names = names_in(&estate);
        let bytes = compile(&estate).unwrap();
        let again = opened(bytes.clone()).unwrap();
        assert_eq!(all_of(&again, &names), all_of(&estate, &names));
        assert_eq!(compile(&again).unwrap(), bytes, "the same bytes");
    }
}

/// One change, as the emulator and a survey make them.
fn change(estate: &mut Estate, what: u8, which: usize, with: usize) {
    let emails = [
        "a@p.iam.gserviceaccount.com",
        "b@p.iam.gserviceaccount.com",
        "new@q.iam.gserviceaccount.com",
    ];
    let email = emails[which % emails.len()];
    let on = [
        Resource::project("p"),
        Resource::account("p", emails[0]),
        Resource::account("q", "c@q.iam.gserviceaccount.com"),
        Resource::Folder("2".into()),
        Resource::project("new"),
    ];
    let on = on[which % on.len()].clone();
    let members = [
        "user:ana@example.com",
        "user:Ana@example.com",
        "user:new@example.com",
        "group:g@example.com",
    ];
    let (one, other) = (members[with % 4], members[with / 4 % 4]);
    match what % 8 {
        0 | 1 => {
            let policy = AllowPolicy {
                bindings: vec![
                    Binding::new("roles/owner", &[one]),
                    Binding::new("roles/new", &[other, one]),
                ],
                ..AllowPolicy::default()
            };
            estate.put_policy(on, policy);
        }
        2 => estate.remove_policy(&on),
        3 => estate.put_account(ServiceAccount {
            name: format!("projects/q/serviceAccounts/{email}"),
            email: email.to_owned(),
            project_id: "q".to_owned(),
            unique_id: format!("{}", 7 + with % 3),
            ..ServiceAccount::default()
        }),
        4 => drop(estate.delete_account(email)),
        5 => estate.forget_account(email),
        6 => estate.put_group(&Group {
            email: ["g@example.com", "new@example.com"][which % 2].to_owned(),
            members: vec![one.to_owned()],
        }),
        _ => estate.put_project(Project {
            name: format!("projects/{}", 30 + with % 3),
            project_id: ["p", "new"][which % 2].to_owned(),
            ..Project::default()
        }),
    }
}

#[test]
fn what_is_not_as_it_was_written_is_refused_by_what_it_is() {
    let good = compile(&read_text("estate.json", ESTATE).unwrap()).unwrap();
    let version = |version: u8| {
        let mut other = good.clone();
        other[16] = version;
        other
    };
    let mut longer = good.clone();
    longer.push(0);
    let cut = good[..good.len() - 1].to_vec();
    let mut all = vec![
        (version(3), "made by a newer bindscope"),
        (version(1), "made by an older bindscope"),
        (longer, "behind its end"),
        (cut, "cut off"),
        (MAGIC.to_vec(), "cut off"),
    ];
    // Wherever it is damaged, it is seen before anything is answered.
    for at in (HEAD..good.len()).step_by(97) {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        all.push((damaged, "damaged"));
    }
    for (bytes, word) in all {
        let told = opened(bytes).unwrap_err();
        assert!(
            told.contains(word) && told.contains("bindscope index"),
            "{told}"
        );
    }
}

/// A quarter of them where nobody asks for more, as CI does.
fn cases() -> ProptestConfig {
    let all = ProptestConfig::default();
    ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => all.cases,
            None => all.cases / 4,
        },
        ..all
    }
}

proptest! {
    #![proptest_config(cases())]

    /// Whoever makes such a file by hand can make its hash too. What is opened all the same can be asked anything.
    #[test]
    fn a_hostile_one_is_refused_or_whole_and_nothing_breaks(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        whole in prop::bool::weighted(0.9),
    ) {
        let estate = read_text("estate.json", ESTATE).unwrap();
        let good = compile(&estate).unwrap();
        let mut body = good[HEAD..].to_vec();
        for (at, byte) in flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if !whole {
            body.truncate(cut.index(body.len()));
        }
        let mut file = good[..20].to_vec();
        file.extend((body.len() as u64).to_le_bytes());
        file.extend(XxHash3_128::oneshot(&body).to_le_bytes());
        file.extend(&body);
        if let Ok(other) = opened(file) {
            let names = names_in(&estate);
            prop_assert!(!all_of(&other, &names).is_empty());
            let policies = other.allow.stored().unwrap();
            prop_assert_eq!(other.policies().count(), crate::estate::stored::Stored::len(&**policies));
            for (on, policy) in other.policies() {
                prop_assert_eq!(other.allow.get(on), Some(policy), "found by its name");
            }
        }
    }

    /// What is changed is changed the same, whether the rest is in memory or in a file.
    #[test]
    fn what_is_changed_afterwards_is_as_if_all_were_in_memory(
        changes in prop::collection::vec((any::<u8>(), 0_usize..30, 0_usize..48), 1..12),
    ) {
        let mut read = read_text("estate.json", ESTATE).unwrap();
        let bytes = compile(&read).unwrap();
        let mut compiled = opened(bytes.clone()).unwrap();
        let untouched = compiled.clone();
        let mut names = names_in(&read);
        for (what, which, with) in changes {
            change(&mut read, what, which, with);
            change(&mut compiled, what, which, with);
        }
        names.extend(names_in(&read));
        prop_assert_eq!(all_of(&compiled, &names), all_of(&read, &names));
        prop_assert_eq!(compile(&compiled).unwrap(), compile(&read).unwrap());
        prop_assert_eq!(compile(&untouched).unwrap(), bytes, "a clone does not see it");
    }
}
