//! A menu: choices, and where it is about accounts those of the picking list behind them.

use std::borrow::Cow;
use std::sync::Arc;

use tui_input::Input;

use super::super::keys::KeyContext;
use super::list::{Batch, Filtered, Item, Matched, Matching, scrolled};
use super::{Account, Choice, ChoiceAct, Typed};
use crate::iam::Resource;

/// A menu.
pub struct Menu {
    /// Its title.
    pub title: String,
    /// What there is to choose from.
    pub list: MenuList,
    /// Whether the context below decides what a command does: the palette.
    pub below: KeyContext,
    /// What a text is that is typed and matches nothing.
    pub typed: Typed,
}

/// A row of a menu.
pub struct MenuRow<'m> {
    /// Which one, among those that the filter leaves.
    pub row: usize,
    /// What it is.
    pub choice: Cow<'m, Choice>,
    /// The places (in characters) of the text that matched.
    pub places: Vec<u32>,
}

/// What there is to choose from: choices, then accounts to go through. The accounts are those of a picking list, and
/// not copied.
pub struct MenuList {
    choices: Filtered<Choice>,
    accounts: Option<Filtered<Account>>,
    /// Whether the selected row is one of the accounts.
    on_account: bool,
    /// The first row shown, as of the last frame.
    pub offset: usize,
}

impl MenuList {
    /// These choices, and these accounts behind them.
    #[must_use]
    pub fn new(choices: Vec<Choice>, accounts: Option<Filtered<Account>>) -> Self {
        let mut list = Filtered::default();
        list.extend(choices.into_iter().map(Arc::new));
        let mut list = Self {
            choices: list,
            accounts,
            on_account: false,
            offset: 0,
        };
        list.select_row(0);
        list
    }

    /// Takes in accounts that came to the picking list.
    pub fn take(&mut self, batch: Arc<Batch<Account>>) {
        if let Some(accounts) = &mut self.accounts {
            accounts.take(batch);
        }
    }

    /// What is typed.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.choices.input
    }

    /// The same, to be changed; [`Self::filter`] applies it.
    pub fn input_mut(&mut self) -> &mut Input {
        &mut self.choices.input
    }

    /// Applies what is typed, to the accounts as far as [`Filtered::filter`] does; gives what is left.
    pub fn filter(&mut self) -> Option<Matching<Account>> {
        self.choices.refilter();
        let accounts = self.accounts.as_mut()?;
        accounts.input.clone_from(&self.choices.input);
        accounts.filter();
        let rest = accounts.rest();
        self.on_account = accounts.shown() > 0 || self.choices.shown() == 0;
        rest
    }

    /// Takes in what was matched elsewhere.
    pub fn matched(&mut self, some: Matched) {
        if let Some(accounts) = &mut self.accounts {
            accounts.matched(some);
            self.on_account |= self.choices.shown() == 0;
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.choices.total() + self.accounts.as_ref().map_or(0, Filtered::total)
    }

    /// How many the filter leaves.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.choices.shown() + self.accounts.as_ref().map_or(0, Filtered::shown)
    }

    /// Whether the filter was applied to all.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        self.accounts.as_ref().is_none_or(Filtered::is_matched)
    }

    /// The selected row.
    #[must_use]
    pub fn row(&self) -> usize {
        match &self.accounts {
            Some(accounts) if self.on_account => self.choices.shown() + accounts.row(),
            _ => self.choices.row(),
        }
    }

    /// Selects a row.
    pub fn select_row(&mut self, row: usize) {
        let row = row.min(self.shown().saturating_sub(1));
        match (row.checked_sub(self.choices.shown()), &mut self.accounts) {
            (Some(at), Some(accounts)) => {
                self.on_account = true;
                accounts.select_row(at);
            }
            _ => {
                self.on_account = false;
                self.choices.select_row(row);
            }
        }
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, by: isize) {
        self.select_row(self.row().saturating_add_signed(by));
    }

    /// What the selected row does.
    #[must_use]
    pub fn selected(&self) -> Option<ChoiceAct> {
        match &self.accounts {
            Some(accounts) if self.on_account => Some(through(accounts.selected()?).act),
            _ => self.choices.selected().map(|choice| choice.act.clone()),
        }
    }

    /// The first row to be shown in `room` rows, so that the selected one is in sight.
    #[must_use]
    pub fn first_shown(&self, room: usize) -> usize {
        scrolled(self.offset, self.row(), self.shown(), room)
    }

    /// Everything, filtered or not: for a menu that is short.
    #[must_use]
    pub fn all(&self) -> Vec<Cow<'_, Choice>> {
        let choices = self.choices.items().map(|choice| Cow::Borrowed(&**choice));
        let accounts = self.accounts.iter().flat_map(Filtered::items);
        let accounts = accounts.map(|account| Cow::Owned(through(account)));
        choices.chain(accounts).collect()
    }

    /// The rows that `room` rows show.
    #[must_use]
    pub fn window(&self, room: usize) -> Vec<MenuRow<'_>> {
        let first = self.first_shown(room);
        let (end, choices) = (first + room, self.choices.shown());
        let mut rows: Vec<MenuRow<'_>> = self
            .choices
            .rows(first..end)
            .into_iter()
            .map(|(row, choice, places)| MenuRow {
                row,
                choice: Cow::Borrowed(choice),
                places,
            })
            .collect();
        if let Some(accounts) = &self.accounts {
            let left = first.saturating_sub(choices)..end.saturating_sub(choices);
            let left = accounts.rows(left).into_iter();
            rows.extend(left.map(|(row, account, places)| MenuRow {
                row: choices + row,
                choice: Cow::Owned(through(account)),
                places,
            }));
        }
        rows
    }
}

/// An account as a choice: it is gone through.
fn through(account: &Account) -> Choice {
    Choice {
        text: account.text().to_owned(),
        note: String::new(),
        act: ChoiceAct::Through(Resource::account(&account.project, &account.email)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::ServiceAccount;

    /// A picking list of so many accounts.
    fn listed(count: usize) -> Filtered<Account> {
        let account = |n: usize| {
            Arc::new(Account::new(&ServiceAccount {
                email: format!("worker-{n:05}@app.iam.gserviceaccount.com"),
                project_id: "app".to_owned(),
                ..ServiceAccount::default()
            }))
        };
        let mut list = Filtered::default();
        list.sorted = true;
        list.extend((0..count).map(account));
        list
    }

    fn choice(text: &str) -> Choice {
        Choice {
            text: text.to_owned(),
            note: "hop 1".to_owned(),
            act: ChoiceAct::Choose(text.to_owned()),
        }
    }

    fn texts(list: &MenuList, room: usize) -> Vec<String> {
        let rows = list.window(room).into_iter();
        rows.map(|row| format!("{} {}", row.row, row.choice.text))
            .collect()
    }

    fn is_through(act: Option<ChoiceAct>, name: &str) -> bool {
        matches!(act, Some(ChoiceAct::Through(hop)) if hop.id().starts_with(name))
    }

    #[test]
    fn choices_stand_before_the_accounts() {
        let picked = listed(3);
        let mut list = MenuList::new(
            vec![choice("not through a"), choice("not through b")],
            Some(picked.alike()),
        );
        assert_eq!((list.total(), list.shown(), list.row()), (5, 5, 0));
        assert_eq!(
            texts(&list, 3),
            ["0 not through a", "1 not through b", "2 worker-00000@app"]
        );
        assert!(matches!(list.selected(), Some(ChoiceAct::Choose(_))));
        list.step(4);
        assert_eq!(list.row(), 4);
        assert!(is_through(list.selected(), "worker-00002@"));
        assert_eq!(
            texts(&list, 2),
            ["3 worker-00001@app", "4 worker-00002@app"]
        );
        list.step(-1);
        assert!(is_through(list.selected(), "worker-00001@"));
        list.step(-9);
        assert_eq!(list.row(), 0);
        // What is typed is meant for the accounts, unless none holds it.
        *list.input_mut() = Input::new("1".to_owned());
        assert!(list.filter().is_none());
        assert!(is_through(list.selected(), "worker-00001@"));
        *list.input_mut() = Input::new("not b".to_owned());
        list.filter();
        assert_eq!((list.shown(), list.row()), (1, 0));
        assert!(matches!(list.selected(), Some(ChoiceAct::Choose(_))));
        *list.input_mut() = Input::new("zzz".to_owned());
        list.filter();
        assert_eq!((list.shown(), list.selected()), (0, None));
        // The list that they are of is as it was.
        assert_eq!((picked.shown(), picked.input.value()), (3, ""));
    }

    #[test]
    fn many_accounts_are_matched_elsewhere() {
        let picked = listed(20_000);
        let mut list = MenuList::new(Vec::new(), Some(picked.alike()));
        *list.input_mut() = Input::new("19999".to_owned());
        let rest = list.filter().expect("they are many");
        assert!(!list.is_matched());
        let mut parts = Vec::new();
        rest.run(2, 8_000, &|| true, &mut |some| parts.push(some));
        for some in parts {
            list.matched(some);
        }
        assert!(list.is_matched());
        assert!(is_through(list.selected(), "worker-19999@"));
        // What comes to the picking list comes here too.
        let more = listed(20_001);
        list.take(more.batches().pop().unwrap());
        *list.input_mut() = Input::new("20000".to_owned());
        let rest = list.filter().expect("they are many");
        rest.run(1, usize::MAX, &|| true, &mut |some| list.matched(some));
        assert!(is_through(list.selected(), "worker-20000@"));
        assert_eq!(picked.total(), 20_000);
    }
}
