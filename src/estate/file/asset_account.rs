//! Accounts as an asset export tells them. What an asset comes to by itself is judged without what stands before it, so
//! that it can be done ahead.

use serde_json::{Map, Value};

use super::super::ServiceAccount;
use super::asset::whole;
use super::draft::{Draft, Taken, not, sound};
use super::kept::Fault;
use crate::estate::records::is_number;
use crate::iam::{AllowPolicy, Resource};

/// What an asset of an account comes to by itself.
#[derive(Debug)]
pub(super) struct JudgedAccount {
    /// As the asset is named.
    own: Resource,
    /// The project as it is told, by id, number or not at all.
    project: String,
    /// The account, and its address in lower case; `None` where its unique id alone is told.
    account: Option<(String, ServiceAccount)>,
}

impl JudgedAccount {
    /// Of an asset's name and data.
    ///
    /// # Errors
    /// It is named otherwise than an account, or data tell what no account has.
    pub fn of(name: &str, data: Value) -> Result<Self, Fault> {
        let own = Resource::parse(name).map_err(|e| Fault::from(e.to_string()))?;
        let Resource::ServiceAccount { project: home, .. } = &own else {
            return Err(not(
                name,
                "//iam.googleapis.com/projects/P/serviceAccounts/ID",
            ));
        };
        let told = match data {
            Value::Object(fields) => match moved(fields) {
                Ok(account) => Some(account),
                Err(fields) => whole::<ServiceAccount>(&Value::Object(fields), name)?,
            },
            _ => None,
        };
        let project = told.as_ref().map_or(&**home, |k| &k.project_id).to_owned();
        let account = match told {
            Some(mut told) => {
                // Accounts are named by it where data leave it out.
                if told.unique_id.is_empty() && is_number(own.id()) {
                    own.id().clone_into(&mut told.unique_id);
                }
                Some(told)
            }
            // Of a unique id alone another line may tell the address.
            None => (&**home != "-").then(|| ServiceAccount {
                name: own.relative(),
                ..ServiceAccount::default()
            }),
        };
        let account = account.map(sound).transpose()?;
        Ok(Self {
            account: account.map(|it| (it.email.to_lowercase(), it)),
            project,
            own,
        })
    }
}

/// An account of fields that are each as they are to be; else the fields, for whoever says what is wrong.
fn moved(fields: Map<String, Value>) -> Result<ServiceAccount, Map<String, Value>> {
    const TEXTS: [&str; 5] = ["name", "email", "projectId", "uniqueId", "displayName"];
    let right = fields.iter().all(|(key, value)| match key.as_str() {
        text if TEXTS.contains(&text) => matches!(value, Value::String(_) | Value::Null),
        "disabled" => matches!(value, Value::Bool(_) | Value::Null),
        _ => true,
    });
    if !right || !fields.get("name").is_some_and(Value::is_string) {
        return Err(fields);
    }
    let mut it = ServiceAccount::default();
    for (key, value) in fields {
        match (key.as_str(), value) {
            // What is null is not there.
            (_, Value::Null) => {}
            ("name", Value::String(text)) => it.name = text,
            ("email", Value::String(text)) => it.email = text,
            ("projectId", Value::String(text)) => it.project_id = text,
            ("uniqueId", Value::String(text)) => it.unique_id = text,
            ("displayName", Value::String(text)) => it.display_name = text,
            ("disabled", Value::Bool(disabled)) => it.disabled = disabled,
            (_, value) => {
                it.extra.insert(key, value);
            }
        }
    }
    it.settle_ids();
    Ok(it)
}

impl Draft {
    /// Takes in an account, below these levels.
    pub(super) fn account_asset(
        &mut self,
        judged: JudgedAccount,
        policy: Option<AllowPolicy>,
        way: &[Resource],
    ) -> Taken {
        let JudgedAccount {
            own,
            project,
            account,
        } = judged;
        if let Some(Resource::Project(number)) =
            way.iter().find(|r| matches!(r, Resource::Project(_)))
            && is_number(number)
            && project.bytes().any(|b| !b.is_ascii_digit())
            && project != "-"
            && self
                .export
                .project_ids
                .get(&**number)
                .is_none_or(|known| *known != project)
        {
            self.export.project_ids.insert(number.to_string(), project);
        }
        if let Some((email, account)) = account {
            if let Some(fresh) = &mut self.fresh {
                fresh.push(account.clone());
            }
            self.accounts
                .add_unless(email, account, self.at, tells_no_more)?;
        }
        self.asset_policy(own, policy)
    }
}

/// Whether an account tells nothing that the other does not tell just so: where an asset carries its policy alone.
fn tells_no_more(one: &ServiceAccount, other: &ServiceAccount) -> bool {
    let within = |a: &str, b: &str| a.is_empty() || a == b;
    one.name == other.name
        && one.email == other.email
        && within(&one.project_id, &other.project_id)
        && within(&one.unique_id, &other.unique_id)
        && within(&one.display_name, &other.display_name)
        && (!one.disabled || other.disabled)
        && one.extra.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = "//iam.googleapis.com/projects/p/serviceAccounts/7";

    /// Where one tells no more than the other, both together are the other.
    #[test]
    fn what_tells_no_more_adds_nothing() {
        let full = json!({"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "etag": "x", "uniqueId": "7",
            "email": "a@p.iam.gserviceaccount.com", "disabled": true, "projectId": "p"});
        let bare = json!({"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "projectId": "p"});
        let named = "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com";
        let of = |data: &Value| {
            JudgedAccount::of(named, data.clone())
                .unwrap()
                .account
                .unwrap()
                .1
        };
        let (full, bare) = (of(&full), of(&bare));
        assert!(tells_no_more(&bare, &full) && !tells_no_more(&full, &bare));
        assert_eq!(super::super::kept::merge(&full, &bare), Ok(full.clone()));
        assert_eq!(super::super::kept::merge(&bare, &full), Ok(full.clone()));
        let other = ServiceAccount {
            project_id: "q".into(),
            ..bare
        };
        assert!(!tells_no_more(&other, &full));
    }

    /// One that is moved is the one that would be read.
    #[test]
    fn fields_that_are_moved_come_to_what_is_read_of_them() {
        for data in [
            json!({"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "etag": "x", "uniqueId": "7",
                "email": "a@p.iam.gserviceaccount.com", "disabled": true, "displayName": null, "oauth2ClientId": "8"}),
            json!({"name": "projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "later": {"a": null}}),
            json!({"name": "projects/p/serviceAccounts/7", "projectId": "p", "disabled": null}),
        ] {
            let fields = data.as_object().unwrap().clone();
            let read = whole::<ServiceAccount>(&data, NAME).unwrap().unwrap();
            assert_eq!(moved(fields).unwrap(), read, "{data}");
        }
        for data in [
            json!({"name": "projects/p/serviceAccounts/7", "email": 7}),
            json!({"name": null, "email": "a@p.iam.gserviceaccount.com"}),
            json!({"name": "projects/p/serviceAccounts/7", "disabled": "yes"}),
        ] {
            let fields = data.as_object().unwrap().clone();
            assert_eq!(moved(fields.clone()), Err(fields));
        }
    }
}
