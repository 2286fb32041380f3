//! What a text names: permission, target, caller, service, project and the rest.
//!
//! What may as well be the other of the pair is left alone: a wrong guess is worse than a question.

use super::PoolHome;
use super::flat::Flat;
use super::form::{Form, FormMatch};
use super::forms;
use super::names::ACTING;
use super::token::{self, TokenKind};

/// So many mentions are looked at.
const MENTIONS: usize = 2_000;

/// The names of a text, and how sure they are.
#[derive(Debug, Default)]
pub(super) struct NamesFound {
    /// The permission that was refused, or that the failed call needs.
    pub permission: Option<String>,
    /// A sentence says that the permission was refused.
    pub said: bool,
    /// The words are those of acting as an account or signing as one, whatever is said besides.
    pub acting: bool,
    pub target: Option<String>,
    pub caller: Option<String>,
    pub service: Option<String>,
    pub project: Option<String>,
    pub error_id: Option<String>,
    pub pool: Option<String>,
    pub provider: Option<String>,
    pub home: Option<PoolHome>,
    /// An account that does not exist, by its own sentence.
    pub gone: Option<String>,
    /// An account that is off, by its own sentence.
    pub off: Option<String>,
}

/// The first match in a table.
fn first(table: &[Form], flat: &Flat) -> Option<FormMatch> {
    table.iter().find_map(|form| form.matches(flat).next())
}

/// The first name of a kind in a table.
pub(super) fn name(table: &[Form], flat: &Flat, slot: TokenKind) -> Option<String> {
    table.iter().find_map(|form| {
        let mut found = form.matches(flat);
        found.find_map(|m| m.get(slot).map(str::to_owned))
    })
}

/// Of the refusals in a table, the first that is about acting as an account, else the first.
fn refusal(table: &[Form], flat: &Flat) -> Option<FormMatch> {
    let mut other = None;
    for found in table.iter().flat_map(|form| form.matches(flat)) {
        if found.permission().is_some_and(acts) {
            return Some(found);
        }
        other = other.or(Some(found));
    }
    other
}

/// Whether a permission acts as an account.
pub(super) fn acts(permission: &str) -> bool {
    ACTING.contains(&permission)
}

pub(super) fn names(flat: &Flat) -> NamesFound {
    let said = refusal(&forms::SAID, flat);
    let attached = said
        .as_ref()
        .is_none_or(|m| !m.permission().is_some_and(acts))
        .then(|| first(&forms::ACTING, flat))
        .flatten();
    let call = first(&forms::CALL, flat);
    let tool = first(&forms::TOOL, flat);
    let method = first(&forms::METHOD, flat);
    let sentence = attached.as_ref().or(said.as_ref());
    let alone = refusal(&forms::PERMISSION, flat);
    let implied = call.iter().chain(&tool).chain(&method);
    let mut names = NamesFound {
        said: sentence.is_some(),
        acting: attached.is_some() || implied.clone().next().is_some(),
        ..NamesFound::default()
    };
    let mention = || {
        let mut all = forms::MENTION.iter().flat_map(|form| form.matches(flat));
        all.find_map(|m| m.permission().filter(|p| acts(p)).map(str::to_owned))
    };
    names.permission = sentence
        .and_then(FormMatch::permission)
        .or_else(|| alone.as_ref().and_then(FormMatch::permission))
        .map(str::to_owned)
        .or_else(mention)
        .or_else(|| {
            implied
                .clone()
                .find_map(|m| m.permission().map(str::to_owned))
        });
    names.target = target(flat, sentence, call.as_ref(), tool.as_ref());
    names.caller = caller(flat, sentence);
    names.service = service(flat);
    names.project = name(&forms::PROJECT, flat, TokenKind::Project);
    names.error_id = name(&forms::ERROR_ID, flat, TokenKind::ErrorId);
    names.provider = name(&forms::PROVIDER, flat, TokenKind::Provider);
    names.home = home(flat);
    let pool = name(&forms::PROVIDER, flat, TokenKind::Pool);
    names.pool = pool.or_else(|| name(&forms::POOL, flat, TokenKind::Pool));
    names.gone = name(&forms::STATE, flat, TokenKind::Target);
    names.off = name(&forms::OFF, flat, TokenKind::Target);
    names
}

fn target(
    flat: &Flat,
    sentence: Option<&FormMatch>,
    call: Option<&FormMatch>,
    tool: Option<&FormMatch>,
) -> Option<String> {
    let of = |found: Option<&FormMatch>| {
        found
            .and_then(|m| m.get(TokenKind::Target))
            .map(str::to_owned)
    };
    let tools = || name(&forms::TOOL, flat, TokenKind::Target);
    let found = of(sentence)
        .or_else(|| of(call))
        .or_else(|| of(tool))
        .or_else(tools)
        .or_else(|| name(&forms::ACTING, flat, TokenKind::Target))
        .or_else(|| name(&forms::STATE, flat, TokenKind::Target))
        .or_else(|| name(&forms::OFF, flat, TokenKind::Target))
        .or_else(|| name(&forms::TARGET, flat, TokenKind::Target))?;
    // A log entry names an account by its number, and by its address somewhere else.
    let number = found.bytes().all(|b| b.is_ascii_digit());
    let address = |table: &[Form]| {
        let mut all = table.iter().flat_map(|form| form.matches(flat));
        all.find_map(|m| {
            m.get(TokenKind::Target)
                .filter(|t| t.contains('@'))
                .map(str::to_owned)
        })
    };
    let other = number.then(|| address(&forms::CALL).or_else(|| address(&forms::TARGET)));
    Some(other.flatten().unwrap_or(found))
}

fn caller(flat: &Flat, sentence: Option<&FormMatch>) -> Option<String> {
    let subject = name(&forms::SUBJECT, flat, TokenKind::Caller);
    if let Some(subject) = subject.filter(|s| s.starts_with("principal://")) {
        return Some(subject);
    }
    let said = sentence
        .and_then(|m| m.get(TokenKind::Caller))
        .map(str::to_owned);
    said.or_else(|| name(&forms::CALLER, flat, TokenKind::Caller))
        .or_else(|| mentioned(flat))
}

/// A federated identity or a workload of GKE that stands anywhere: nothing else is called by such a name.
fn mentioned(flat: &Flat) -> Option<String> {
    ["principal://", "serviceaccount:"].iter().find_map(|head| {
        let mut places = flat.places(head).take(MENTIONS);
        places.find_map(|place| {
            let at = flat.in_text(place);
            // With the quote before it, if there is one: it tells where the name ends.
            let before = flat.text.get(..at)?;
            let from = before.strip_suffix(['\'', '"']).map_or(at, str::len);
            let found = token::forward(&flat.text, from, TokenKind::Caller);
            let own = |name: &String| name.starts_with("principal://") || name.contains('[');
            found.into_iter().map(|read| read.value).find(own)
        })
    })
}

/// Where the pool is kept that is named.
fn home(flat: &Flat) -> Option<PoolHome> {
    if let Some(project) = name(&forms::HOME, flat, TokenKind::Project) {
        return Some(PoolHome::Project(project));
    }
    flat.has("locations/global/workforcePools/")
        .then_some(PoolHome::Workforce)
}

/// The service that answered; addresses of pages for people are none.
fn service(flat: &Flat) -> Option<String> {
    let no_api = [
        "www.googleapis.com",
        "oauth2.googleapis.com",
        "accounts.googleapis.com",
    ];
    let mut all = forms::SERVICE.iter().flat_map(|form| form.matches(flat));
    all.find_map(|m| {
        let name = m.get(TokenKind::Service)?;
        (!no_api.contains(&name)).then(|| name.to_owned())
    })
}
