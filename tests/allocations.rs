//! Nothing that is allocated for one question grows with the estate.

#[path = "../benches/support/explorer.rs"]
mod explorer;
#[path = "../benches/support/names.rs"]
mod names;
#[path = "../benches/support/mod.rs"]
mod support;

use std::sync::{Arc, Weak};

use bindscope::estate::Estate;
use bindscope::evaluate::{Question, diagnose, explain};
use bindscope::google::listing::Listing;
use bindscope::iam::{AllowPolicy, Principal, Resource};
use bindscope::tui::message::Message;
use bindscope::tui::model::list::Batch;
use bindscope::tui::model::{Account, Model};
use bindscope::tui::run::effects::Effect;
use bindscope::tui::{update::update, view};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
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

fn all_listed() -> Message {
    Message::Listed(Ok(Listing::default()), Timestamp::UNIX_EPOCH)
}

/// An explorer whose lists hold so many accounts, and one of them.
fn listing(count: usize) -> (Model, Weak<Account>) {
    let mut model = explorer::model();
    let account = |n: usize| Arc::new(Account::new(&names::account(n, count / 20)));
    let mut one = Weak::new();
    for batch in Batch::of((0..count).map(account)) {
        one = batch.items().next().map(Arc::downgrade).unwrap();
        let (callers, targets) = (Arc::clone(&batch), batch);
        drop(update(&mut model, Message::Accounts { callers, targets }));
    }
    drop(update(&mut model, all_listed()));
    (model, one)
}

/// Presses a key and draws; what it asks of others is theirs.
fn press(
    model: &mut Model,
    terminal: &mut Terminal<TestBackend>,
    key: &bindscope::tui::keys::Key,
) -> Vec<Effect> {
    let effects = update(model, Message::Key(key.event()));
    let mut layout = None;
    terminal
        .draw(|frame| layout = Some(view::draw(frame, model)))
        .unwrap();
    model.drawn(layout.unwrap());
    effects
}

/// Does what is matched elsewhere.
fn elsewhere(model: &mut Model, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Match(list, rest) = effect {
            let mut all = Vec::new();
            rest.run(1, usize::MAX, &|| true, &mut |some| all.push(some));
            for some in all {
                let more = update(model, Message::Matched(list, some));
                elsewhere(model, more);
            }
        }
    }
}

/// However many accounts are listed: no key copies them, and none sorts them anew.
#[test]
fn a_key_allocates_the_same_in_a_long_list_as_in_a_shorter_one() {
    let (mut short, mut long) = (listing(9_000).0, listing(36_000).0);
    let screen = || Terminal::new(TestBackend::new(120, 40)).unwrap();
    let (mut on_short, mut on_long) = (screen(), screen());
    let all = "<Down><PgDn><End><Home>api<Backspace><Esc><Tab>x<Esc><Tab><F2>acc<Esc><Esc><F4><Down>sd/w<Esc><Esc><Enter><Enter>v<Down>led<Esc><Esc>Ap<F5><Down>";
    for (nth, key) in explorer::keys(all).iter().enumerate() {
        // Tables of names are read once.
        if nth == 0 {
            press(&mut short, &mut on_short, key);
            press(&mut long, &mut on_long, key);
        }
        let (mut of_short, mut of_long) = (Vec::new(), Vec::new());
        let few = allocation_counter::measure(|| of_short = press(&mut short, &mut on_short, key));
        let many = allocation_counter::measure(|| of_long = press(&mut long, &mut on_long, key));
        elsewhere(&mut short, of_short);
        elsewhere(&mut long, of_long);
        let (few, many) = (few.bytes_total, many.bytes_total);
        // Which batches there are is copied: some bytes for each 2,000 accounts.
        assert!(
            many <= few + few / 4 + 20_000,
            "key {nth} ({key}): {few} bytes among 9,000 accounts, {many} among 36,000"
        );
    }
}

/// A list that is read anew is freed by others than the loop.
#[test]
fn a_list_that_is_read_anew_is_let_go() {
    let (mut model, one) = listing(5_000);
    let refresh = &explorer::keys("<F5>")[0];
    drop(update(&mut model, Message::Key(refresh.event())));
    let fresh = Arc::new(Account::new(&names::account(7, 5)));
    for batch in Batch::of([fresh]) {
        let (callers, targets) = (Arc::clone(&batch), batch);
        drop(update(&mut model, Message::Accounts { callers, targets }));
    }
    assert_eq!(model.pick.target.total(), 5_000);
    let effects = update(&mut model, all_listed());
    assert_eq!(model.pick.target.total(), 1);
    assert!(one.upgrade().is_some());
    drop(effects);
    assert!(one.upgrade().is_none());
}

/// What had come of one that is stopped, or asked for once more, is freed by others than the loop.
#[test]
fn what_had_come_of_a_list_that_is_stopped_is_let_go() {
    for key in ["<Ctrl-c>", "<F5>"] {
        let (mut model, _) = listing(40);
        let press = |model: &mut Model, key: &str| {
            update(model, Message::Key(explorer::keys(key)[0].event()))
        };
        drop(press(&mut model, "<F5>"));
        let fresh = Arc::new(Account::new(&names::account(7, 5)));
        let one = Arc::downgrade(&fresh);
        for batch in Batch::of([fresh]) {
            let (callers, targets) = (Arc::clone(&batch), batch);
            drop(update(&mut model, Message::Accounts { callers, targets }));
        }
        let effects = press(&mut model, key);
        assert_eq!(model.pick.target.total(), 40);
        assert!(one.upgrade().is_some(), "{key}");
        drop(effects);
        assert!(one.upgrade().is_none(), "{key}");
    }
}
