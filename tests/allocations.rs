//! Nothing that is allocated for one question grows with the estate.

#[path = "../benches/support/mod.rs"]
mod support;

use bindscope::estate::Estate;
use bindscope::evaluate::{Question, diagnose, explain};
use bindscope::iam::{AllowPolicy, Principal, Resource};
use jiff::Timestamp;
use support::{Size, email};

fn size(projects: usize) -> Size {
    Size {
        projects,
        accounts: 10,
        bindings: 4,
    }
}

fn bytes(run: impl FnMut()) -> u64 {
    let mut run = run;
    // Once before: conditions are compiled, the table of roles is read.
    run();
    allocation_counter::measure(run).bytes_total
}

fn questions() -> Vec<Question> {
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let caller = || Principal::ServiceAccount(email(0, 0));
    let target = |p, a| Resource::account("-", &email(p, a));
    vec![
        Question::new(caller(), target(1, 1), now),
        Question::new(caller(), target(2, 3), now),
        Question::new(
            Principal::User("root@example.com".into()),
            target(1, 2),
            now,
        ),
        Question::new(
            Principal::User("nobody@example.com".into()),
            target(2, 3),
            now,
        ),
        // A name that nobody bears is looked for among all accounts, in no more memory.
        Question::new(caller(), target(2, 77), now),
    ]
}

#[test]
fn one_question_allocates_the_same_on_a_large_estate_as_on_a_small_one() {
    let (small, large) = (support::estate(size(20)), support::estate(size(600)));
    for question in questions() {
        let ask = |estate: &Estate| {
            bytes(|| {
                let explanation = explain(estate, &question);
                assert!(explanation.deny.len() == 3);
                drop(diagnose(estate, &explanation));
            })
        };
        let (few, many) = (ask(&small), ask(&large));
        assert!(few > 0);
        if question.target.id().starts_with("sa-77@") {
            // Comparing two names takes a little room and gives it back: what is held at once counts.
            let held = |estate: &Estate| {
                allocation_counter::measure(|| {
                    drop(diagnose(estate, &explain(estate, &question)));
                })
                .bytes_max
            };
            assert!(held(&large) < 2 * held(&small) + 4_096);
            continue;
        }
        assert!(
            many <= few + few / 4,
            "{} on {}: {few} bytes among 200 accounts, {many} among 6,000",
            question.caller,
            question.target
        );
    }
}

/// What a plan of a repair rests on: an estate with one other policy, the rest shared.
#[test]
fn an_estate_with_another_policy_shares_the_rest() {
    let (small, large) = (support::estate(size(20)), support::estate(size(600)));
    let on = Resource::account("proj-00001", &email(1, 1));
    let change = |estate: &Estate| {
        bytes(|| {
            let mut other = estate.clone();
            other.put_policy(on.clone(), AllowPolicy::default());
            assert!(
                other
                    .allow_policy(&on)
                    .known()
                    .flatten()
                    .unwrap()
                    .bindings
                    .is_empty()
            );
        })
    };
    let (few, many) = (change(&small), change(&large));
    assert!(many < 20 * few.max(20_000), "{few} bytes, then {many}");
    assert!(
        !large
            .allow_policy(&on)
            .known()
            .flatten()
            .unwrap()
            .bindings
            .is_empty()
    );
}
