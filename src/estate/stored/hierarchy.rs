//! Accounts and projects in a file.

use std::sync::Arc;

use super::{
    ColumnReader, ColumnWriter, ExtrasWriter, MadeRecords, Numbers, Stored, StoredExtras, Texts,
};
use crate::estate::{Project, ServiceAccount};

/// Its name is not the one that project and address make.
const NAMED: usize = 1;
/// Its address is not written as it is looked for.
const ADDRESSED: usize = 2;
const DISABLED: usize = 4;

/// The name of an account that is named as Google names them.
fn name_of(project: &str, email: &str) -> String {
    format!("projects/{project}/serviceAccounts/{email}")
}

/// Accounts by their lower-case e-mail, in that order.
#[derive(Debug)]
pub(crate) struct StoredAccounts {
    keys: Texts,
    flags: Numbers,
    emails: Texts,
    names: Texts,
    projects: Texts,
    project: Numbers,
    unique_ids: Texts,
    display_names: Texts,
    extras: StoredExtras,
    /// Unique ids, in their order, with whose they are.
    ids: Texts,
    of_ids: Numbers,
    made: MadeRecords<(Arc<str>, Arc<ServiceAccount>)>,
}

impl StoredAccounts {
    pub fn read(from: &mut ColumnReader) -> Option<Self> {
        let keys = from.texts()?;
        Some(Self {
            flags: from.numbers()?,
            emails: from.texts()?,
            names: from.texts()?,
            projects: from.texts()?,
            project: from.numbers()?,
            unique_ids: from.texts()?,
            display_names: from.texts()?,
            extras: StoredExtras::read(from)?,
            ids: from.texts()?,
            of_ids: from.numbers()?,
            made: MadeRecords::of(keys.len()),
            keys,
        })
    }

    pub fn are_sound(&self) -> bool {
        let of = self.keys.len();
        let texts = [
            &self.keys,
            &self.emails,
            &self.names,
            &self.projects,
            &self.unique_ids,
            &self.display_names,
            &self.ids,
        ];
        let each = [
            &self.emails,
            &self.names,
            &self.unique_ids,
            &self.display_names,
        ];
        texts.into_iter().all(Texts::are_sound)
            && each.into_iter().all(|column| column.len() == of)
            && [&self.flags, &self.project]
                .into_iter()
                .all(|column| column.len() == of)
            && self.project.are_below(self.projects.len())
            && self.extras.are_sound(of)
            && self.keys.rise()
            && [&self.keys, &self.emails, &self.projects]
                .into_iter()
                .all(Texts::are_names)
            && self.ids.rise()
            && self.of_ids.len() == self.ids.len()
            && self.of_ids.are_below(of)
    }

    /// The project of one, as its record has it.
    pub fn project(&self, at: usize) -> &str {
        self.projects.get(self.project.get(at))
    }

    /// The places of those whose project, as their record has it, is one of these.
    pub fn of_projects(&self, is_one: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> + '_ {
        let wanted: Vec<bool> = self.projects.iter().map(is_one).collect();
        let all = self.project.iter().enumerate();
        all.filter_map(move |(at, project)| (wanted.get(project) == Some(&true)).then_some(at))
    }

    /// The lower-case e-mail of one.
    pub fn email(&self, at: usize) -> &str {
        self.keys.get(at)
    }

    fn make(&self, at: usize) -> (Arc<str>, Arc<ServiceAccount>) {
        let flags = self.flags.get(at);
        let (key, project) = (self.keys.get(at), self.project(at));
        let email = if flags & ADDRESSED == 0 {
            key
        } else {
            self.emails.get(at)
        };
        let name = match flags & NAMED {
            0 => name_of(project, email),
            _ => self.names.get(at).to_owned(),
        };
        let account = ServiceAccount {
            name,
            email: email.to_owned(),
            project_id: project.to_owned(),
            unique_id: self.unique_ids.get(at).to_owned(),
            display_name: self.display_names.get(at).to_owned(),
            disabled: flags & DISABLED != 0,
            extra: self.extras.get(at).into(),
        };
        (key.into(), Arc::new(account))
    }
}

impl Stored for StoredAccounts {
    type Key = Arc<str>;
    type Look = str;
    type Value = Arc<ServiceAccount>;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn find(&self, email: &str) -> Option<usize> {
        self.keys.find(email)
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Arc<ServiceAccount>)> {
        let (key, account) = self.made.get(at, || self.make(at))?;
        Some((key, account))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}

/// The columns of accounts, written.
#[derive(Default)]
pub struct AccountColumns {
    keys: Vec<String>,
    flags: Vec<usize>,
    emails: Vec<String>,
    names: Vec<String>,
    projects: Vec<String>,
    known: hashbrown::HashMap<String, usize>,
    project: Vec<usize>,
    unique_ids: Vec<String>,
    display_names: Vec<String>,
    extras: ExtrasWriter,
}

impl AccountColumns {
    /// The next one in the order of keys.
    pub fn put(&mut self, key: &str, account: &ServiceAccount) {
        let addressed = account.email != key;
        let named = account.name != name_of(&account.project_id, &account.email);
        let flag = |on: bool, flag: usize| if on { flag } else { 0 };
        let text = |on: bool, text: &str| if on { text.to_owned() } else { String::new() };
        self.keys.push(key.to_owned());
        self.flags.push(
            flag(named, NAMED) | flag(addressed, ADDRESSED) | flag(account.disabled, DISABLED),
        );
        self.emails.push(text(addressed, &account.email));
        self.names.push(text(named, &account.name));
        let next = self.projects.len();
        let at = *self
            .known
            .entry_ref(account.project_id.as_str())
            .or_insert(next);
        if at == next {
            self.projects.push(account.project_id.clone());
        }
        self.project.push(at);
        self.unique_ids.push(account.unique_id.clone());
        self.display_names.push(account.display_name.clone());
        self.extras.put(&account.extra);
    }

    /// The place of an account of that key and project.
    pub fn find(&self, project: &str, key: &str) -> Option<usize> {
        let at = self
            .keys
            .binary_search_by(|known| known.as_str().cmp(key))
            .ok()?;
        let of = self.projects.get(*self.project.get(at)?)?;
        (of == project).then_some(at)
    }

    /// `ids`: which account each unique id is looked up as.
    pub fn write(&self, ids: &[(&str, &str)], into: &mut ColumnWriter) {
        let place = |email: &str| {
            self.keys
                .binary_search_by(|key| key.as_str().cmp(email))
                .ok()
        };
        let mut found: Vec<(&str, usize)> = ids
            .iter()
            .filter_map(|(id, email)| Some((*id, place(email)?)))
            .collect();
        found.sort_unstable();
        let (ids, of_ids): (Vec<&str>, Vec<usize>) = found.into_iter().unzip();
        into.texts(&self.keys);
        into.numbers(&self.flags);
        into.texts(&self.emails);
        into.texts(&self.names);
        into.texts(&self.projects);
        into.numbers(&self.project);
        into.texts(&self.unique_ids);
        into.texts(&self.display_names);
        self.extras.write(into);
        into.texts(&ids);
        into.numbers(&of_ids);
    }
}

/// Projects by their id, in that order.
#[derive(Debug)]
pub(crate) struct StoredProjects {
    ids: Texts,
    names: Texts,
    parents: Texts,
    display_names: Texts,
    states: Texts,
    extras: StoredExtras,
    /// Numbers as texts, in their order, with whose they are.
    numbers: Texts,
    of_numbers: Numbers,
    made: MadeRecords<(Arc<str>, Project)>,
}

impl StoredProjects {
    pub fn read(from: &mut ColumnReader) -> Option<Self> {
        let ids = from.texts()?;
        Some(Self {
            names: from.texts()?,
            parents: from.texts()?,
            display_names: from.texts()?,
            states: from.texts()?,
            extras: StoredExtras::read(from)?,
            numbers: from.texts()?,
            of_numbers: from.numbers()?,
            made: MadeRecords::of(ids.len()),
            ids,
        })
    }

    pub fn are_sound(&self) -> bool {
        let of = self.ids.len();
        let each = [
            &self.names,
            &self.parents,
            &self.display_names,
            &self.states,
        ];
        [&self.ids, &self.numbers].into_iter().all(Texts::are_sound)
            && each
                .into_iter()
                .all(|column| column.are_sound() && column.len() == of)
            && self.extras.are_sound(of)
            && self.ids.rise()
            && [&self.ids, &self.names, &self.parents]
                .into_iter()
                .all(Texts::are_names)
            && self.numbers.rise()
            && self.of_numbers.len() == self.numbers.len()
            && self.of_numbers.are_below(of)
    }

    fn make(&self, at: usize) -> (Arc<str>, Project) {
        let id = self.ids.get(at);
        let project = Project {
            name: self.names.get(at).to_owned(),
            project_id: id.to_owned(),
            parent: self.parents.get(at).to_owned(),
            display_name: self.display_names.get(at).to_owned(),
            state: self.states.get(at).to_owned(),
            extra: self.extras.get(at),
        };
        (id.into(), project)
    }

    /// Writes projects, given in the order of their ids, and which one each number is looked up as.
    pub fn write(all: &[&Project], numbers: &[(&str, &str)], into: &mut ColumnWriter) {
        let column =
            |text: fn(&Project) -> &str| -> Vec<&str> { all.iter().map(|p| text(p)).collect() };
        let ids = column(|p| &p.project_id);
        let mut found: Vec<(&str, usize)> = numbers
            .iter()
            .filter_map(|(number, id)| Some((*number, ids.binary_search(id).ok()?)))
            .collect();
        found.sort_unstable();
        let (numbers, of_numbers): (Vec<&str>, Vec<usize>) = found.into_iter().unzip();
        into.texts(&ids);
        into.texts(&column(|p| &p.name));
        into.texts(&column(|p| &p.parent));
        into.texts(&column(|p| &p.display_name));
        into.texts(&column(|p| &p.state));
        let mut extras = ExtrasWriter::default();
        all.iter().for_each(|p| extras.put(&p.extra));
        extras.write(into);
        into.texts(&numbers);
        into.numbers(&of_numbers);
    }
}

impl Stored for StoredProjects {
    type Key = Arc<str>;
    type Look = str;
    type Value = Project;

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.ids.find(id)
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Project)> {
        let (id, project) = self.made.get(at, || self.make(at))?;
        Some((id, project))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}

/// The e-mails of accounts by their unique ids.
#[derive(Debug)]
pub(crate) struct StoredIds {
    accounts: Arc<StoredAccounts>,
    made: MadeRecords<(Arc<str>, Arc<str>)>,
}

impl StoredIds {
    pub fn of(accounts: &Arc<StoredAccounts>) -> Self {
        Self {
            made: MadeRecords::of(accounts.ids.len()),
            accounts: Arc::clone(accounts),
        }
    }
}

impl Stored for StoredIds {
    type Key = Arc<str>;
    type Look = str;
    type Value = Arc<str>;

    fn len(&self) -> usize {
        self.accounts.ids.len()
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.accounts.ids.find(id)
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Arc<str>)> {
        let all = &self.accounts;
        let made = || (all.ids.get(at).into(), all.email(all.of_ids.get(at)).into());
        let (id, email) = self.made.get(at, made)?;
        Some((id, email))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}

/// The ids of projects by their numbers.
#[derive(Debug)]
pub(crate) struct StoredNumbers {
    projects: Arc<StoredProjects>,
    made: MadeRecords<(Arc<str>, Arc<str>)>,
}

impl StoredNumbers {
    pub fn of(projects: &Arc<StoredProjects>) -> Self {
        Self {
            made: MadeRecords::of(projects.numbers.len()),
            projects: Arc::clone(projects),
        }
    }
}

impl Stored for StoredNumbers {
    type Key = Arc<str>;
    type Look = str;
    type Value = Arc<str>;

    fn len(&self) -> usize {
        self.projects.numbers.len()
    }

    fn find(&self, number: &str) -> Option<usize> {
        self.projects.numbers.find(number)
    }

    fn get(&self, at: usize) -> Option<(&Arc<str>, &Arc<str>)> {
        let all = &self.projects;
        let id = || all.ids.get(all.of_numbers.get(at)).into();
        let made = || (all.numbers.get(at).into(), id());
        let (number, id) = self.made.get(at, made)?;
        Some((number, id))
    }

    fn make_all(&self) {
        self.made.make_all(|at| {
            self.get(at);
        });
    }
}
