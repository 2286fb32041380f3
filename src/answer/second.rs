//! A second opinion: what Policy Troubleshooter says to the same question.

use std::time::Duration;

use super::Source;
use crate::evaluate::{Explanation, Verdict};
use crate::google::api::policy_troubleshooter::{TheirAnswer, troubleshoot, troubleshoot_error};
use crate::iam::Principal;
use crate::text::visible;

/// What an opinion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpinionAbout {
    /// The question as it is asked here.
    Question,
    /// The very call that was refused.
    RefusedCall,
    /// The question, because the refused call is not found there (yet).
    InsteadOfRefusedCall,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondOpinion {
    /// It answered.
    Given {
        /// What is said here.
        ours: Verdict,
        /// What it says.
        theirs: TheirAnswer,
        /// Of what.
        about: OpinionAbout,
    },
    /// It did not; why.
    NotGiven(String),
}

impl SecondOpinion {
    /// Whether both say the same; `None` where it gave no answer.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        match self {
            Self::Given { ours, theirs, .. } => Some(theirs.verdict == Some(*ours)),
            Self::NotGiven(_) => None,
        }
    }

    /// For people: one sentence where both say the same, and both reasons where they do not. `because`: the
    /// first cause that is told here.
    #[must_use]
    pub fn words(&self, because: Option<&str>) -> Vec<String> {
        let (ours, theirs, about) = match self {
            Self::NotGiven(why) => {
                return vec![format!(
                    "Policy Troubleshooter was not heard: {}.",
                    visible(why)
                )];
            }
            Self::Given {
                ours,
                theirs,
                about,
            } => (ours, theirs, *about),
        };
        let of = match about {
            OpinionAbout::RefusedCall => " of the call that was refused",
            OpinionAbout::Question | OpinionAbout::InsteadOfRefusedCall => "",
        };
        let not_yet = (about == OpinionAbout::InsteadOfRefusedCall).then(|| {
            "The call that was refused is not found there; that can take minutes: ask again from a minute on, doubling the pause."
                .to_owned()
        });
        let said = theirs
            .verdict
            .map_or("a state not known here", Verdict::word);
        if theirs.verdict == Some(*ours) {
            let same = format!("Policy Troubleshooter says the same{of}: {said}.");
            return std::iter::once(same).chain(not_yet).collect();
        }
        let states = theirs.states.iter();
        let states: Vec<String> = states
            .map(|(kind, state)| format!("{kind} {}", visible(state)))
            .collect();
        let because = because.map_or(String::new(), |why| {
            format!(": {}", why.trim_end_matches('.'))
        });
        let mut words = vec![
            format!(
                "Policy Troubleshooter says otherwise{of}: {said} ({}).",
                states.join(", ")
            ),
            format!("Here it is {}{because}.", ours.word()),
            "Either reads with its own eyes: a change that is still spreading, or a policy that one of the two may not read, tells them apart.".to_owned(),
        ];
        words.extend(not_yet);
        words
    }
}

/// How long after the first time a refused call that is not found is asked about again; each pause is twice the one
/// before (docs/semantics.md, "What people run into").
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// So often it is asked again, half an hour in all (chosen).
const AGAIN: u32 = 5;

impl Source<'_> {
    /// As [`Self::second_opinion`], told at once; and told anew where the refused call is found later only.
    pub async fn second_opinions(
        &self,
        explanation: &Explanation,
        error_id: Option<&str>,
        told: &(dyn Fn(SecondOpinion) + Sync),
    ) {
        let first = self.second_opinion(explanation, error_id).await;
        let late = |opinion: &SecondOpinion| {
            matches!(
                opinion,
                SecondOpinion::Given {
                    about: OpinionAbout::InsteadOfRefusedCall,
                    ..
                }
            )
        };
        let mut waits = late(&first);
        told(first);
        let (Some(id), mut pause) = (error_id, FIRST_PAUSE) else {
            return;
        };
        for _ in 0..AGAIN {
            if !waits {
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            match troubleshoot_error(self.ask, id).await {
                Ok(theirs) => {
                    return told(SecondOpinion::Given {
                        ours: explanation.verdict,
                        theirs,
                        about: OpinionAbout::RefusedCall,
                    });
                }
                // What is not answered may be so later.
                Err(error) => waits = matches!(error.status(), None | Some(404 | 429 | 500..)),
            }
        }
    }

    /// Asks Policy Troubleshooter what was asked here. It knows people and service accounts by their
    /// addresses, and no delegation chains. With the `error_info_id` of a refusal it is asked about that
    /// call, whoever made it.
    pub async fn second_opinion(
        &self,
        explanation: &Explanation,
        error_id: Option<&str>,
    ) -> SecondOpinion {
        let question = &explanation.question;
        let ours = explanation.verdict;
        let about = match error_id {
            None => OpinionAbout::Question,
            Some(id) => match troubleshoot_error(self.ask, id).await {
                Ok(theirs) => {
                    return SecondOpinion::Given {
                        ours,
                        theirs,
                        about: OpinionAbout::RefusedCall,
                    };
                }
                Err(error) if error.status() == Some(404) => OpinionAbout::InsteadOfRefusedCall,
                Err(error) => return SecondOpinion::NotGiven(error.why()),
            },
        };
        let (Principal::User(email) | Principal::ServiceAccount(email)) = &question.caller else {
            let why = "it is asked about people and service accounts alone";
            return SecondOpinion::NotGiven(why.to_owned());
        };
        if !question.via.is_empty() {
            return SecondOpinion::NotGiven("it knows no delegation chains".to_owned());
        }
        let (target, permission) = (&question.target, &question.permission);
        match troubleshoot(self.ask, email, target, permission, question.time).await {
            Ok(theirs) => SecondOpinion::Given {
                ours,
                theirs,
                about,
            },
            Err(error) => SecondOpinion::NotGiven(error.why()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Coverage, Estate};
    use crate::evaluate::{Question, explain};
    use crate::iam::Resource;
    use crate::wire::{Api, ApiError, Ask};
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use serde_json::{Value, json};
    use std::path::Path;

    /// Serves v3 with one answer, v3beta with another.
    struct Troubleshooter {
        beta: Result<Value, u16>,
        general: Result<Value, u16>,
    }

    impl Ask for Troubleshooter {
        fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
            panic!("{path} is not asked for");
        }

        fn ask<'a>(
            &'a self,
            api: Api,
            path: &'a str,
            body: &'a Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            assert_eq!(api, Api::PolicyTroubleshooter);
            let principal = &body["accessTuple"]["principal"];
            assert!(principal.is_null() || principal == "c@p.iam.gserviceaccount.com");
            let answer = match path {
                "v3beta/iam:troubleshootError" if body["errorInfoId"] == "5a09" => {
                    Ok(json!({ "overallAccessState": "OVERALL_ACCESS_STATE_CANNOT_ACCESS" }))
                }
                "v3beta/iam:troubleshootError" => Err(404),
                "v3beta/iam:troubleshoot" => self.beta.clone(),
                _ => self.general.clone(),
            };
            let answer = answer.map_err(|status| ApiError::Refused {
                what: "troubleshoot".to_owned(),
                status,
                reason: None,
                message: "off".to_owned(),
            });
            async move { answer }.boxed()
        }
    }

    async fn heard(beta: Result<Value, u16>, general: Result<Value, u16>) -> SecondOpinion {
        of_call(None, beta, general).await
    }

    async fn of_call(
        id: Option<&str>,
        beta: Result<Value, u16>,
        general: Result<Value, u16>,
    ) -> SecondOpinion {
        let caller = Principal::parse("c@p.iam.gserviceaccount.com").unwrap();
        let target = Resource::account("p", "t@p.iam.gserviceaccount.com");
        let time = "2026-11-24T12:00:00Z".parse().unwrap();
        let question = Question::new(caller, target, time);
        let explanation = explain(&Estate::new(Coverage::Partial), &question);
        let source = Source {
            ask: &Troubleshooter { beta, general },
            endpoint: "",
            history: Path::new(""),
            assumptions: &[],
            viewer: None,
        };
        source.second_opinion(&explanation, id).await
    }

    #[tokio::test]
    async fn a_difference_shows_both_reasons() {
        let theirs = json!({
            "overallAccessState": "CANNOT_ACCESS",
            "allowPolicyExplanation": { "allowAccessState": "ALLOW_ACCESS_STATE_NOT_GRANTED" },
        });
        // Where v3beta is not served, v3 is asked.
        let second = heard(Err(404), Ok(theirs)).await;
        assert_eq!(second.agrees(), Some(false));
        let words = second
            .words(Some("The policy could not be read."))
            .join(" ");
        assert!(
            words.contains("otherwise: CANNOT_ACCESS (allow ALLOW_ACCESS_STATE_NOT_GRANTED)"),
            "{words}"
        );
        assert!(
            words.contains("Here it is UNKNOWN_INFO: The policy could not be read."),
            "{words}"
        );
    }

    #[tokio::test]
    async fn a_refused_call_is_asked_about_by_its_id() {
        let theirs = || Ok(json!({ "overallAccessState": "UNKNOWN_INFO" }));
        let found = of_call(Some("5a09"), theirs(), Err(500)).await;
        let words = found.words(None).join(" ");
        assert!(
            words.contains("otherwise of the call that was refused: CANNOT_ACCESS"),
            "{words}"
        );
        let unknown = of_call(Some("77"), theirs(), Err(500)).await;
        assert_eq!(unknown.agrees(), Some(true));
        let words = unknown.words(None).join(" ");
        assert!(words.contains("from a minute on"), "{words}");
    }

    /// Finds the refused call when it is asked about the third time.
    struct Late(std::sync::atomic::AtomicUsize);

    impl Ask for Late {
        fn get<'a>(&'a self, _: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
            panic!("{path} is not asked for");
        }

        fn ask<'a>(
            &'a self,
            _: Api,
            path: &'a str,
            _: &'a Value,
        ) -> BoxFuture<'a, Result<Value, ApiError>> {
            use std::sync::atomic::Ordering;
            let found =
                path == "v3beta/iam:troubleshoot" || self.0.fetch_add(1, Ordering::SeqCst) == 2;
            let answer = found.then(|| json!({ "overallAccessState": "CANNOT_ACCESS" }));
            async move {
                answer.ok_or_else(|| ApiError::Refused {
                    what: "troubleshoot".to_owned(),
                    status: 404,
                    reason: None,
                    message: "not found".to_owned(),
                })
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_call_is_asked_about_again_after_a_minute_and_two() {
        let ask = Late(0.into());
        let source = Source {
            ask: &ask,
            endpoint: "",
            history: Path::new(""),
            assumptions: &[],
            viewer: None,
        };
        let caller = Principal::parse("c@p.iam.gserviceaccount.com").unwrap();
        let target = Resource::account("p", "t@p.iam.gserviceaccount.com");
        let question = Question::new(caller, target, "2026-11-24T12:00:00Z".parse().unwrap());
        let explanation = explain(&Estate::new(Coverage::Partial), &question);
        let begun = tokio::time::Instant::now();
        let told = std::sync::Mutex::new(Vec::new());
        let note = |opinion| {
            told.lock()
                .unwrap()
                .push((begun.elapsed().as_secs(), opinion));
        };
        source
            .second_opinions(&explanation, Some("5a09"), &note)
            .await;
        let told: Vec<_> = told
            .into_inner()
            .unwrap()
            .into_iter()
            .map(|(at, opinion)| match opinion {
                SecondOpinion::Given { about, .. } => (at, about),
                SecondOpinion::NotGiven(why) => panic!("{why}"),
            })
            .collect();
        let wanted = [
            (0, OpinionAbout::InsteadOfRefusedCall),
            (180, OpinionAbout::RefusedCall),
        ];
        assert_eq!(told, wanted);
    }

    #[tokio::test]
    async fn agreement_is_one_line_and_a_refusal_ends_nothing() {
        let theirs = json!({ "overallAccessState": "UNKNOWN_INFO" });
        let second = heard(Ok(theirs), Err(500)).await;
        assert_eq!(second.agrees(), Some(true));
        assert_eq!(second.words(None).len(), 1);
        let refused = heard(Err(403), Err(500)).await;
        assert_eq!(refused.agrees(), None);
        let words = refused.words(None).join(" ");
        assert!(words.contains("was not heard: not permitted"), "{words}");
        let new = heard(Ok(json!({ "overallAccessState": "PERHAPS" })), Err(500)).await;
        assert_eq!(new.agrees(), Some(false));
    }
}
