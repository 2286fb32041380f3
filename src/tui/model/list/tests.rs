//! Lists, filled, filtered and matched in whatever order, beside lists made anew.

use super::*;

struct Word(String);

impl Item for Word {
    fn key(&self) -> &str {
        &self.0
    }
    fn text(&self) -> &str {
        &self.0
    }
}

fn words(list: &[&str]) -> Vec<Arc<Word>> {
    list.iter()
        .map(|w| Arc::new(Word((*w).to_owned())))
        .collect()
}

fn shown(list: &Filtered<Word>) -> Vec<String> {
    let rows = list.window(100);
    rows.into_iter().map(|(_, w, _)| w.0.clone()).collect()
}

fn typed(list: &mut Filtered<Word>, text: &str) {
    list.input = Input::new(text.to_owned());
    list.refilter();
}

#[test]
fn typing_narrows_and_the_letters_are_known() {
    let mut list = Filtered::default();
    list.extend(words(&[
        "run-processor@app",
        "batch-loader@data",
        "runner@x",
    ]));
    typed(&mut list, "run");
    assert_eq!(shown(&list), ["runner@x", "run-processor@app"]);
    typed(&mut list, "runp");
    assert_eq!(shown(&list), ["run-processor@app"]);
    assert_eq!(list.window(5)[0].2, [0, 1, 2, 4]);
    typed(&mut list, "zzz");
    assert_eq!((list.shown(), list.total()), (0, 3));
    assert!(list.selected().is_none());
    typed(&mut list, "");
    assert_eq!(list.shown(), 3);
}

/// Page by page it is the same list as all at once, with the same thing selected.
#[test]
fn pages_are_merged_in() {
    let all: Vec<String> = (0..200_u32)
        .map(|n| format!("account-{}@p{}", n.wrapping_mul(2_654_435_761) % 97, n % 7))
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for (sorted, query) in [(true, ""), (false, ""), (true, "a1"), (false, "p3")] {
        for late in [all[0], all[150]] {
            let mut pages = Filtered::default();
            let mut once = Filtered::default();
            for list in [&mut pages, &mut once] {
                list.sorted = sorted;
                typed(list, query);
                list.select_key(late);
            }
            for page in all.chunks(13) {
                pages.extend(words(page));
            }
            once.extend(words(&all));
            let rows = |list: &Filtered<Word>| {
                let rows = list.window(1_000);
                rows.into_iter()
                    .map(|(_, w, _)| w.0.clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(rows(&pages), rows(&once), "{sorted} {query}");
            // Filtered first and filled then, filled first and filtered then.
            let mut ordered = Filtered {
                sorted,
                ..Filtered::default()
            };
            ordered.extend(words(&all));
            typed(&mut ordered, "e");
            typed(&mut ordered, query);
            assert_eq!(rows(&pages), rows(&ordered), "{sorted} {query}");
            typed(&mut pages, "");
            typed(&mut ordered, "");
            assert_eq!(rows(&pages), rows(&ordered), "{sorted} {query}");
            pages.select_key(late);
            if let Some(selected) = pages.selected()
                && rows(&pages).contains(&late.to_owned())
            {
                assert_eq!(selected.0, late, "{sorted} {query}");
            }
        }
    }
}

/// A long list, of which a filter looks at the first part alone.
fn long() -> Filtered<Word> {
    let mut list = Filtered {
        sorted: true,
        ..Filtered::default()
    };
    let many = (0..AT_ONCE * 3).map(|n| Arc::new(Word(format!("w{n:05}x"))));
    list.extend(many);
    list.extend(words(&["w9"]));
    list
}

fn begun(list: &mut Filtered<Word>, text: &str) -> Vec<Matched> {
    list.input = Input::new(text.to_owned());
    list.filter();
    let rest = list.rest().expect("it is long");
    assert!(!list.is_matched());
    assert!(list.shown() > 0 && list.shown() < list.total());
    let mut parts = Vec::new();
    rest.run(2, AT_ONCE, &|| true, &mut |some| parts.push(some));
    assert!(parts.len() > 1);
    parts
}

/// A long list is matched part by part: what comes of it is the same, the best match is selected in the
/// end, and what was selected meanwhile stays so.
#[test]
fn a_long_list_is_matched_part_by_part() {
    let mut list = long();
    for part in begun(&mut list, "w9") {
        list.matched(part);
    }
    assert!(list.is_matched());
    assert_eq!(list.selected().unwrap().0, "w9");
    let shown = list.shown();
    let parts = begun(&mut list, "w");
    list.step(3);
    let stays = list.selected().map(|w| w.0.clone());
    for part in parts {
        list.matched(part);
        assert_eq!(list.selected().map(|w| w.0.clone()), stays);
    }
    assert_eq!(list.shown(), list.total());
    list.input = Input::new("w9".to_owned());
    list.refilter();
    assert_eq!(list.shown(), shown);
}

/// What is matched for a query that was typed over counts for nothing, nor what is matched twice; what is no longer
/// wished ends.
#[test]
fn what_was_typed_over_leaves_nothing() {
    let mut list = long();
    let old = begun(&mut list, "w9");
    let new = begun(&mut list, "x");
    let rest = list.rest().unwrap();
    rest.run(2, AT_ONCE, &|| false, &mut |_| panic!("it is not wished"));
    let before = list.shown();
    for part in old {
        list.matched(part);
    }
    assert_eq!(list.shown(), before);
    // Something comes meanwhile.
    list.extend(words(&["late-x", "late"]));
    for part in new {
        list.matched(part);
    }
    assert!(list.is_matched());
    assert_eq!(list.shown(), list.total() - 2);
    // Whoever takes the best does not wait for what is matched elsewhere.
    let late = begun(&mut list, "w");
    list.match_rest();
    let all = list.shown();
    for part in late {
        list.matched(part);
    }
    assert_eq!(list.shown(), all);
    let late = begun(&mut list, "x");
    typed(&mut list, "");
    for part in late {
        list.matched(part);
    }
    assert_eq!(list.shown(), list.total());
    drop(list.clear());
    assert_eq!((list.shown(), list.total()), (0, 0));
}

#[test]
fn the_selection_stays_on_the_thing() {
    let mut list = Filtered::default();
    list.extend(words(&["b", "d"]));
    list.select_key("d");
    list.extend(words(&["a", "c"]));
    assert_eq!(list.selected().unwrap().0, "d");
    list.select_key("z");
    assert_eq!(list.selected_key(), Some("z"));
    list.extend(words(&["z"]));
    assert_eq!(list.selected().unwrap().0, "z");
    list.step(-100);
    assert_eq!(list.selected().unwrap().0, "b");
    list.step(100);
    assert_eq!(list.row(), 4);
}

#[test]
fn typing_leaves_the_selection_unless_something_matches_better() {
    let mut list = Filtered::default();
    list.extend(words(&["run-a", "run-processor", "x-run-y"]));
    list.select_key("run-processor");
    typed(&mut list, "run");
    assert_eq!(list.selected().unwrap().0, "run-processor");
    typed(&mut list, "run-a");
    assert_eq!(list.selected().unwrap().0, "run-a");
}

#[test]
fn a_filter_applies_to_what_comes_later() {
    let mut list = Filtered::default();
    typed(&mut list, "pri");
    list.extend(words(&["other", "bq-privileged"]));
    assert_eq!(shown(&list), ["bq-privileged"]);
}

#[test]
fn what_is_pinned_stands_first_until_something_is_typed() {
    let mut list = Filtered {
        sorted: true,
        ..Filtered::default()
    };
    list.extend(words(&["d", "b", "a"]));
    list.select_key("a");
    list.pin(&["c".to_owned(), "d".to_owned()]);
    assert_eq!(shown(&list), ["d", "a", "b"]);
    assert_eq!(list.selected().unwrap().0, "a");
    list.extend(words(&["c"]));
    assert_eq!(shown(&list), ["c", "d", "a", "b"]);
    typed(&mut list, "b");
    list.pin(&["b".to_owned()]);
    assert_eq!(shown(&list), ["b"]);
    typed(&mut list, "");
    assert_eq!(shown(&list), ["b", "a", "c", "d"]);
    assert_eq!(list.selected().unwrap().0, "b");
}

#[test]
fn the_window_follows_the_selection() {
    let mut list = Filtered::default();
    let many: Vec<String> = (0..50).map(|n| format!("w{n:02}")).collect();
    list.extend(many.iter().map(|w| Arc::new(Word(w.clone()))));
    list.select_row(30);
    let rows = list.window(10);
    assert_eq!((rows[0].0, rows[9].0), (21, 30));
    list.offset = list.first_shown(10);
    list.select_row(5);
    assert_eq!(list.window(10)[0].0, 5);
    assert!(list.window(0).is_empty());
}

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use proptest::prelude::*;

/// What happens to a list.
#[derive(Clone, Debug)]
enum Happens {
    Come(Vec<String>),
    Typed(String),
    Pinned(Vec<String>),
    Selected(String),
}

fn happens() -> impl Strategy<Value = Happens> {
    let name = "[abAB1é@-]{1,5}";
    let query = "[abAB1é@' !$^-]{0,3}";
    prop_oneof![
        3 => prop::collection::vec(name, 0..9).prop_map(Happens::Come),
        3 => query.prop_map(Happens::Typed),
        1 => prop::collection::vec(name, 0..3).prop_map(Happens::Pinned),
        1 => name.prop_map(Happens::Selected),
    ]
}

/// What a list of these has to show: all of it matched and sorted anew.
fn anew(all: &[String], sorted: bool, pins: &[String], query: &str) -> Vec<String> {
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut rows: Vec<_> = all
        .iter()
        .enumerate()
        .filter_map(|(nth, text)| {
            let score = pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher)?;
            let order = if query.is_empty() {
                let pin = pins.iter().position(|pin| pin == text);
                let by = if sorted { text.as_str() } else { "" };
                (pin.unwrap_or(usize::MAX), 0, by, nth)
            } else {
                ((u32::MAX - score) as usize, text.len(), "", nth)
            };
            Some((order, text))
        })
        .collect();
    rows.sort();
    rows.into_iter().map(|(_, text)| text.clone()).collect()
}

proptest! {
    /// Whatever happens in whatever order: the list is what it would be, made anew; and the selection stays.
    #[test]
    fn a_list_is_what_it_would_be_made_anew(
        sorted: bool,
        all in prop::collection::vec(happens(), 1..12),
    ) {
        let mut list = Filtered::<Word> { sorted, ..Filtered::default() };
        let (mut there, mut pins, mut query) = (Vec::<String>::new(), Vec::new(), String::new());
        for one in all {
            let stays = list.selected().map(|w| w.0.clone());
            let stays = stays.filter(|key| list.selected_key() == Some(key));
            match one {
                Happens::Come(names) => {
                    // One name stands once.
                    let mut fresh: Vec<String> = Vec::new();
                    for name in names {
                        if !there.contains(&name) && !fresh.contains(&name) {
                            fresh.push(name);
                        }
                    }
                    list.extend(fresh.iter().map(|name| Arc::new(Word(name.clone()))));
                    there.extend(fresh);
                    if let Some(stays) = stays {
                        prop_assert_eq!(&list.selected().unwrap().0, &stays);
                    }
                }
                Happens::Typed(text) => {
                    query = text.trim().to_owned();
                    typed(&mut list, &text);
                }
                Happens::Pinned(mut keys) => {
                    keys.dedup();
                    if keys.len() == 2 && keys.first() == keys.last() {
                        keys.pop();
                    }
                    list.pin(&keys);
                    pins = keys;
                    if let Some(stays) = stays {
                        prop_assert_eq!(&list.selected().unwrap().0, &stays);
                    }
                }
                Happens::Selected(key) => {
                    list.select_key(&key);
                    let rows = anew(&there, sorted, &pins, &query);
                    if rows.contains(&key) {
                        prop_assert_eq!(&list.selected().unwrap().0, &key);
                    }
                }
            }
            prop_assert_eq!(shown_from_top(&list), anew(&there, sorted, &pins, &query));
        }
    }
}

fn shown_from_top(list: &Filtered<Word>) -> Vec<String> {
    let rows = list.window(list.shown().max(1));
    rows.into_iter().map(|(_, w, _)| w.0.clone()).collect()
}

/// A list that was read anew takes the place of another: filter, selection and what stands first stay.
#[test]
fn a_list_takes_the_place_of_another() {
    let mut list = Filtered {
        sorted: true,
        ..Filtered::default()
    };
    list.extend(words(&["a", "b", "c", "d"]));
    list.pin(&["d".to_owned()]);
    list.select_key("c");
    let mut fresh = list.to_be_filled();
    fresh.extend(words(&["e", "d"]));
    fresh.extend(words(&["c", "b"]));
    assert_eq!(shown(&list), ["d", "a", "b", "c"]);
    drop(list.exchange(fresh));
    assert_eq!(shown(&list), ["d", "b", "c", "e"]);
    assert_eq!(list.selected().unwrap().0, "c");
    // With something typed, and more pinned meanwhile.
    let mut long = long();
    typed(&mut long, "w0001");
    long.select_row(3);
    let (stays, was) = (long.selected().unwrap().0.clone(), shown(&long));
    let mut fresh = long.to_be_filled();
    fresh.extend((0..AT_ONCE * 3).map(|n| Arc::new(Word(format!("w{n:05}x")))));
    long.pin(&["w00007x".to_owned()]);
    drop(long.exchange(fresh));
    long.match_rest();
    assert_eq!(long.selected().unwrap().0, stays);
    assert_eq!(shown(&long), was);
    typed(&mut long, "");
    assert_eq!(long.total(), AT_ONCE * 3);
    assert_eq!(long.window(100).len(), 100);
    long.select_row(0);
    assert_eq!(long.selected().unwrap().0, "w00007x");
    // What was selected and is gone: some row is.
    typed(&mut long, "w0001");
    long.select_row(9);
    let mut fresh = long.to_be_filled();
    fresh.extend(words(&["w0001"]));
    drop(long.exchange(fresh));
    assert_eq!(long.selected().unwrap().0, "w0001");
}
