//! A question as a line for a shell: the one place where lines that call this program are made.
//!
//! What is printed can be pasted and asks the same again: it carries every option that the question
//! had, and where its facts come from, each quoted for `sh` and zsh ([`shell`]). Pure.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::evaluate::{Question, Seen};
use crate::iam::owner::project_of;
use crate::iam::permission::GET_ACCESS_TOKEN;
use crate::iam::{Permission, Principal, Resource};
use crate::text::{shell, shell_bytes};

/// The program, as `PATH` finds it.
const PROGRAM: &str = "bindscope";

/// Where facts come from, and how far is looked, as options of any command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOptions {
    words: String,
    passing: bool,
}

impl SourceOptions {
    /// An option with its value.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        push(&mut self.words, name, value.as_ref());
        self
    }

    /// An option that has no value, or one that is written into its word (`--demo=owner`).
    #[must_use]
    pub fn flag(mut self, word: &str) -> Self {
        self.words.push_str(&format!(" {}", shell(word)));
        self
    }

    /// Whether it ends with the process.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.passing
    }

    /// It ends with the process that serves it, and every change made there with it.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

/// How a question came to be asked, as far as [`Question`] itself does not hold it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// Where facts come from.
    pub source: SourceOptions,
    /// The time that was given; `None`: now, whenever that is.
    pub at: Option<Timestamp>,
    /// The file that a federated caller's claims were read from.
    pub claims: Option<PathBuf>,
}

/// What `fix` is told beside the question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixWith {
    /// A role instead of the narrowest.
    pub role: Option<String>,
    /// For how long.
    pub expires: Option<Duration>,
    /// Without asking.
    pub yes: bool,
}

impl CommandLine {
    /// Asks the question again.
    #[must_use]
    pub fn explain(&self, question: &Question) -> String {
        self.whole(self.question("explain", question))
    }

    /// Plans what mends it, shows it and asks.
    #[must_use]
    pub fn fix(&self, question: &Question, with: &FixWith) -> String {
        let mut question = question.clone();
        // What was refused is judged anew, so that it plans nothing else.
        if question.call.seen == Some(Seen::PermissionDenied) {
            question.call.seen = None;
        }
        let mut out = self.question("fix", &question);
        if let Some(role) = &with.role {
            push(&mut out, "--role", role.as_ref());
        }
        if let Some(length) = with.expires {
            push(&mut out, "--expires", seconds(length).as_ref());
        }
        if with.yes {
            out.push_str(" --yes");
        }
        self.whole(out)
    }

    /// Who gets to an account.
    #[must_use]
    pub fn who(&self, target: &Resource, permission: &Permission) -> String {
        let mut out = format!("{PROGRAM} who");
        push(&mut out, "--target", account(target).as_ref());
        if permission.as_str() != GET_ACCESS_TOKEN {
            push(&mut out, "--permission", permission.as_str().as_ref());
        }
        if let Some(time) = self.at {
            push(&mut out, "--at", time.to_string().as_ref());
        }
        self.whole(out)
    }

    /// Takes a change back; `None` where it ends with this process.
    #[must_use]
    pub fn undo(&self, id: &str) -> Option<String> {
        let out = format!("{PROGRAM} undo {}", shell(id));
        (!self.source.passing).then(|| self.whole(out))
    }

    fn whole(&self, mut line: String) -> String {
        line.push_str(&self.source.words);
        line
    }

    fn question(&self, command: &str, question: &Question) -> String {
        let mut out = format!("{PROGRAM} {command}");
        let mut put = |name: &str, value: &str| push(&mut out, name, value.as_ref());
        put("--caller", &caller(&question.caller));
        put("--target", &account(&question.target));
        if question.permission.as_str() != GET_ACCESS_TOKEN {
            put("--permission", question.permission.as_str());
        }
        for hop in &question.via {
            put("--via", &account(hop));
        }
        for (name, value) in &question.attributes {
            put("--attribute", &format!("{name}={value}"));
        }
        let call = &question.call;
        if let Some(project) = &call.quota_project {
            put("--quota-project", project);
        }
        if let Some(lifetime) = call.lifetime {
            put(
                "--lifetime",
                &seconds(Duration::from_secs(u64::from(lifetime))),
            );
        }
        if let Some(seen) = call.seen {
            put("--answered", seen.word());
        }
        if let Some(time) = self.at {
            put("--at", &time.to_string());
        }
        if question.claims.is_some() {
            let file = self.claims.clone().unwrap_or_else(|| "claims.json".into());
            push(&mut out, "--claims", file.as_os_str());
        }
        out
    }
}

/// As it was named: what is looked for in one project need not be in another, unless the address tells.
fn account(account: &Resource) -> String {
    match account {
        Resource::ServiceAccount {
            project,
            account: id,
        } if &**project != "-" && project_of(id) != Some(project) => account.relative(),
        other => other.id().to_owned(),
    }
}

/// With its kind: what a bare address is taken for hangs on its domain.
fn caller(caller: &Principal) -> String {
    caller.to_string()
}

fn seconds(length: Duration) -> String {
    match length.as_secs() {
        s if s % 3_600 == 0 => format!("{}h", s / 3_600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// A value that begins as an option does is written into the option's word.
fn push(out: &mut String, name: &str, value: &OsStr) {
    let bytes = value.as_encoded_bytes();
    if bytes.starts_with(b"-") {
        let word = [name.as_bytes(), b"=", bytes].concat();
        out.push_str(&format!(" {}", shell_bytes(&word)));
    } else {
        out.push_str(&format!(" {name} {}", shell_bytes(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Call;
    use crate::iam::{Permission, Pool};
    use std::sync::Arc;

    fn question() -> Question {
        Question {
            permission: Permission::parse("iam.serviceAccounts.actAs").unwrap(),
            via: vec![Resource::account(
                "-",
                "hop@heron-app.iam.gserviceaccount.com",
            )],
            attributes: vec![("repository".into(), "a/b c".into())],
            claims: Some(Arc::new(serde_json::json!({}))),
            call: Call {
                quota_project: Some("heron-bills".into()),
                lifetime: Some(43_200),
                seen: Some(Seen::LifetimeTooLong),
                written: None,
            },
            ..Question::new(
                Principal::Federated {
                    pool: Pool::Workload {
                        project: "51".into(),
                        pool: "actions".into(),
                    },
                    subject: "project:Don't Ask!:*".into(),
                },
                Resource::account("other", "t@heron-app.iam.gserviceaccount.com"),
                "2026-11-25T12:00:00Z".parse().unwrap(),
            )
        }
    }

    #[test]
    fn a_line_carries_all_that_the_question_had() {
        let line = CommandLine {
            source: SourceOptions::default()
                .option("--estate", "-odd's name.json")
                .option("--estate", "~/b.json")
                .option("--as", "user:ana@example.com"),
            at: Some("2026-11-25T12:00:00Z".parse().unwrap()),
            claims: Some("claims of main.json".into()),
        };
        let with = FixWith {
            role: Some("roles/iam.serviceAccountUser".into()),
            expires: Some(Duration::from_secs(5_400)),
            yes: true,
        };
        assert_eq!(
            line.fix(&question(), &with),
            [
                r"bindscope fix --caller 'principal://iam.googleapis.com/projects/51/locations/global/workloadIdentityPools/actions/subject/project:Don'\''t Ask!:*'",
                "--target projects/other/serviceAccounts/t@heron-app.iam.gserviceaccount.com",
                "--permission iam.serviceAccounts.actAs --via hop@heron-app.iam.gserviceaccount.com",
                "--attribute 'repository=a/b c' --quota-project heron-bills --lifetime 12h",
                "--answered LIFETIME_TOO_LONG --at 2026-11-25T12:00:00Z --claims 'claims of main.json'",
                "--role roles/iam.serviceAccountUser --expires 90m --yes",
                r"'--estate=-odd'\''s name.json' --estate '~/b.json' --as user:ana@example.com",
            ]
            .join(" ")
        );
        assert_eq!(
            line.undo("x").unwrap(),
            r"bindscope undo x '--estate=-odd'\''s name.json' --estate '~/b.json' --as user:ana@example.com"
        );
    }

    #[test]
    fn a_change_that_ends_with_the_process_is_not_taken_back_by_another() {
        let source = SourceOptions::default().flag("--demo=owner").passing();
        let line = CommandLine {
            source,
            ..CommandLine::default()
        };
        assert_eq!(line.undo("x"), None);
        let plain = Question::new(
            Principal::parse("user:a@b.example").unwrap(),
            Resource::account("-", "123"),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            line.explain(&plain),
            "bindscope explain --caller user:a@b.example --target 123 --demo=owner"
        );
    }
}
