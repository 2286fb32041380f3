//! The judgement on a large organization: 1,000,000 bindings, 100,000 accounts, 10,000 projects.
//!
//! `cargo bench --bench evaluate`. One question with its whole explanation and diagnosis is to stay under
//! 50 microseconds in the median; the allocations beside the times show that nothing grows with the
//! estate (`small` is a hundredth of it).

mod support;

use std::sync::OnceLock;

use bindscope::estate::Estate;
use bindscope::evaluate::{Question, diagnose, explain, graph, may, reach, troubleshoot, who};
use bindscope::iam::{AllowPolicy, Permission, Principal, Resource};
use divan::{Bencher, black_box};
use jiff::Timestamp;
use support::{Size, email};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const LARGE: Size = Size {
    projects: 10_000,
    accounts: 10,
    bindings: 8,
};
const SMALL: Size = Size {
    projects: 100,
    accounts: 10,
    bindings: 8,
};

fn main() {
    divan::main();
}

fn estate(size: &str) -> &'static Estate {
    static BOTH: [OnceLock<Estate>; 2] = [OnceLock::new(), OnceLock::new()];
    let (slot, size) = if size == "large" {
        (0, LARGE)
    } else {
        (1, SMALL)
    };
    BOTH[slot].get_or_init(|| support::estate(size))
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap_or_default()
}

/// The questions: what is granted, what is granted with a condition, what is not, in three ways.
fn question(name: &str) -> Question {
    let caller = Principal::ServiceAccount(email(0, 0));
    let user = Principal::User("root@example.com".to_owned());
    let (caller, target) = match name {
        "inherited" => (user, (1, 2)),
        "conditional" => (caller, (1, 1)),
        "callers-project" => (caller, (2, 3)),
        "nothing" => (Principal::User("nobody@example.com".to_owned()), (2, 3)),
        _ => (caller, (2, 99)),
    };
    let target = Resource::account("-", &email(target.0, target.1));
    Question::new(caller, target, now())
}

const QUESTIONS: [&str; 4] = ["inherited", "conditional", "callers-project", "nothing"];

#[divan::bench(args = QUESTIONS, consts = [true, false])]
fn explain_and_diagnose<const IS_LARGE: bool>(bencher: Bencher<'_, '_>, name: &str) {
    let estate = estate(if IS_LARGE { "large" } else { "small" });
    let question = question(name);
    bencher.bench(|| {
        let explanation = explain(estate, black_box(&question));
        diagnose(estate, &explanation)
    });
}

#[divan::bench(args = QUESTIONS)]
fn quick_check(bencher: Bencher<'_, '_>, name: &str) {
    let estate = estate("large");
    let question = question(name);
    let target = estate.resolve(&question.target).exists();
    let permission = question.permission.as_str();
    bencher.bench(|| {
        target.as_ref().map(|t| {
            may(
                estate,
                black_box(&question.caller),
                permission,
                t,
                question.time,
            )
        })
    });
}

#[divan::bench]
fn as_policy_troubleshooter_answers(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    let explanation = explain(estate, &question("callers-project"));
    bencher.bench(|| troubleshoot(estate, black_box(&explanation)));
}

/// A name that nothing bears is looked for among all: the one question that goes through the accounts.
#[divan::bench]
fn no_such_account(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    let question = question("missing");
    bencher.bench(|| {
        let explanation = explain(estate, black_box(&question));
        diagnose(estate, &explanation)
    });
}

/// What a plan of a repair rests on: the same estate with one other policy.
#[divan::bench]
fn with_another_policy(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    let on = Resource::account("proj-00001", &email(1, 1));
    bencher.bench(|| {
        let mut other = estate.clone();
        other.put_policy(on.clone(), black_box(AllowPolicy::default()));
        other
    });
}

#[divan::bench]
fn who_can(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    let target = question("inherited").target;
    bencher.bench(|| {
        who(
            estate,
            black_box(&target),
            &Permission::get_access_token(),
            now(),
        )
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn what_can_be_reached(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    let caller = question("conditional").caller;
    bencher.bench(|| {
        reach(
            estate,
            black_box(&caller),
            &Permission::get_access_token(),
            now(),
        )
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn the_whole_graph(bencher: Bencher<'_, '_>) {
    let estate = estate("large");
    bencher.bench(|| graph(estate, black_box(&Permission::get_access_token()), now()));
}
