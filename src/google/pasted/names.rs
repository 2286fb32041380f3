//! The names themselves: what is an account, a caller, a permission, in every spelling.

use std::sync::LazyLock;

use regex::Regex;

use super::token::TokenKind;
use crate::iam::permission::{
    ACT_AS, GET_ACCESS_TOKEN, GET_OPEN_ID_TOKEN, IMPLICIT_DELEGATION, SIGN_BLOB, SIGN_JWT,
};
use crate::iam::principal::GKE_POOL;
use crate::iam::{Permission, predefined};

static ACCOUNT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?i:(?:https?:)?/{0,2}(?:iam|iamcredentials)\.googleapis\.com/)?(?:v\d\w{0,6}/)?",
        r"(?:projects/[^/\s]{1,100}/serviceAccounts/)?(?i:mailto:|serviceAccounts?[:/]|user:)?",
        r"(?:([A-Za-z0-9][A-Za-z0-9._-]*@(?:[A-Za-z0-9-]+\.){0,8}?gserviceaccount\.com)",
        r"|([A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)|(\d{15,32}))",
    ))
    .ok()
});

static PERMISSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^((?:[a-z]+\.googleapis\.com/)?[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9_]+){1,4})[./:-]*$",
    )
    .ok()
});

static MEMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(principal(?:Set)?://\S+",
        r"|serviceAccount:[a-z0-9.:-]+\.svc\.id\.goog\[[^\]\s]+\]",
        r"|(?:serviceAccount:|user:|group:|domain:|deleted:[A-Za-z]+:)[^\s\[\]]+",
        r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:\?uid=\d+)?)",
    ))
    .ok()
});

static ROLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^((?i:(?:projects/[^/\s]{1,100}/|organizations/\d{1,30}/)?roles/)[A-Za-z0-9_.]+[A-Za-z0-9_])").ok()
});

static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:https?://)?([a-z0-9-]+(?:\.[a-z0-9-]+){0,3}\.googleapis\.com)").ok()
});

static PROJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:projects/)?((?:[a-z0-9.-]{1,60}:)?[A-Za-z0-9][A-Za-z0-9.-]{0,60}[A-Za-z0-9])")
        .ok()
});

/// What a reading holds.
pub(super) struct Checked {
    pub value: String,
    /// It surely ends where it does.
    pub sure: bool,
    /// Where in the reading the name ends.
    pub end: usize,
}

fn captured(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<Checked> {
    let groups = pattern.as_ref()?.captures(text)?;
    let found = groups.iter().skip(1).flatten().next()?;
    Some(Checked {
        value: found.as_str().to_owned(),
        sure: false,
        end: found.end(),
    })
}

/// The name in a reading.
pub(super) fn check(slot: TokenKind, text: &str) -> Option<Checked> {
    match slot {
        TokenKind::Target => account(text),
        TokenKind::Permission | TokenKind::Named => {
            let (permission, sure, end) = permission(text)?;
            let service = permission.as_str().split('.').next().unwrap_or_default();
            (sure || slot == TokenKind::Named || predefined::service_exists(service)).then(|| {
                Checked {
                    value: permission.as_str().to_owned(),
                    sure,
                    end,
                }
            })
        }
        TokenKind::Caller => caller(text),
        TokenKind::Member => member(text),
        TokenKind::Role => captured(&ROLE, text).map(|found| Checked {
            sure: predefined::role(&found.value).is_some(),
            ..found
        }),
        TokenKind::Service => captured(&HOST, text).map(|found| Checked {
            sure: true,
            ..found
        }),
        TokenKind::Project => captured(&PROJECT, text),
        TokenKind::Pool | TokenKind::Provider => {
            let id = text.trim_end_matches('.');
            (id.len() >= 2).then(|| Checked {
                value: id.to_owned(),
                sure: id.ends_with(GKE_POOL),
                end: id.len(),
            })
        }
        TokenKind::ErrorId if !(8..=200).contains(&text.len()) => None,
        TokenKind::ErrorId | TokenKind::Word => (!text.is_empty()).then(|| Checked {
            value: text.to_owned(),
            sure: false,
            end: text.len(),
        }),
    }
}

/// An account's address or unique id.
fn account(text: &str) -> Option<Checked> {
    // An address of the web that was broken inside its escape.
    if let Some((before, after)) = text.split_once("%40") {
        let found = account(&format!("{before}@{after}"))?;
        let covered = found.end > before.len();
        return Some(Checked {
            end: if covered { found.end + 2 } else { found.end },
            ..found
        });
    }
    let groups = ACCOUNT.as_ref()?.captures(text)?;
    if let Some(own) = groups.get(1) {
        let after = text.get(own.end()..).unwrap_or_default();
        // `gserviceaccount.community.example` is another domain.
        let more = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
        return (!more).then(|| Checked {
            value: own.as_str().to_owned(),
            sure: true,
            end: own.end(),
        });
    }
    let found = groups.get(2).or_else(|| groups.get(3))?;
    let value = found.as_str();
    let id = value.bytes().all(|b| b.is_ascii_digit());
    // The beginning of Google's own domain: the line broke inside.
    let last = value.rsplit(['.', '@']).next().unwrap_or_default();
    let half = value.contains(".gservice")
        || value.contains("@gservice")
        || (last.len() > 2 && "gserviceaccount".starts_with(last));
    (!half).then(|| Checked {
        value: value.to_owned(),
        sure: id && value.len() == 21,
        end: found.end(),
    })
}

/// Who called: a principal identifier, a member, an address, a unique id.
fn caller(text: &str) -> Option<Checked> {
    let inner = text.trim_start_matches(['[', ']', ':', '=']);
    let skipped = text.len() - inner.len();
    let inner = inner.trim_end_matches(['.', ':', ',', '!', '?']);
    let inner = if inner.contains('[') {
        inner
    } else {
        inner.trim_end_matches(']')
    };
    let found = match captured(&MEMBER, inner) {
        Some(member) => {
            let set = ["principalSet:", "group:", "domain:", "deleted:"];
            if set.iter().any(|kind| member.value.starts_with(kind)) {
                return None;
            }
            if member.value.starts_with("principal:") || member.value.contains('[') {
                member
            } else {
                let kind = ["user:", "serviceAccount:"]
                    .into_iter()
                    .find(|kind| member.value.starts_with(kind))
                    .unwrap_or_default();
                let own = account(member.value.get(kind.len()..)?)?;
                Checked {
                    value: format!("{kind}{}", own.value),
                    sure: own.sure,
                    end: kind.len() + own.end,
                }
            }
        }
        // `projects/-/serviceAccounts/…`, `mailto:…`, a unique id.
        None => account(inner)?,
    };
    Some(Checked {
        end: skipped + found.end,
        ..found
    })
}

/// A member of a policy as somebody wrote it.
fn member(text: &str) -> Option<Checked> {
    let text = text.trim_end_matches(['.', ':', ',', ']']);
    let found = captured(&MEMBER, text).unwrap_or_else(|| Checked {
        value: text.to_owned(),
        sure: false,
        end: text.len(),
    });
    let own = ["user:", "serviceAccount:"]
        .iter()
        .find_map(|kind| found.value.strip_prefix(kind));
    let address = account(own.unwrap_or(&found.value)).is_some_and(|a| a.sure);
    (!found.value.is_empty()).then(|| Checked {
        sure: address && !found.value.contains("://"),
        ..found
    })
}

/// The permissions that act as an account.
pub(super) const ACTING: [&str; 6] = [
    GET_ACCESS_TOKEN,
    GET_OPEN_ID_TOKEN,
    IMPLICIT_DELEGATION,
    SIGN_BLOB,
    SIGN_JWT,
    ACT_AS,
];

/// What permissions on service accounts begin with, as services write it: Cloud Run and Compute Engine in small
/// letters, some without the service.
const ON_ACCOUNTS: &[&str] = &[
    "iam.googleapis.com/serviceaccounts.",
    "iam.serviceaccounts.",
    "iam.serviceaccount.",
    "serviceaccounts.",
    "serviceaccount.",
];

/// A permission in any of its spellings, whether it is one that exists, and where it ends in the text.
fn permission(text: &str) -> Option<(Permission, bool, usize)> {
    let Checked {
        value: text, end, ..
    } = captured(&PERMISSION, text)?;
    let small = text.to_ascii_lowercase();
    if let Some(verb) = ON_ACCOUNTS.iter().find_map(|head| small.strip_prefix(head)) {
        if let Some(acting) = ACTING.iter().find(|p| {
            let own = p.rsplit('.').next().unwrap_or_default();
            own.eq_ignore_ascii_case(verb)
        }) {
            return Some((Permission::parse(acting).ok()?, true, end));
        }
        let written = text.rsplit('.').next().unwrap_or_default();
        let name = format!("iam.serviceAccounts.{written}");
        let known = predefined::permission_exists(&name);
        return Some((Permission::parse(&name).ok()?, known, end));
    }
    let parts = text.split('.').count();
    let host = small.ends_with("googleapis.com") || small.ends_with(".com");
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase());
    if host || !plain || (parts < 3 && !text.contains('/')) {
        return None;
    }
    let found = Permission::parse(&text).ok()?;
    let known = predefined::permission_exists(found.as_str());
    Some((found, known, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        let all = [&ACCOUNT, &PERMISSION, &MEMBER, &ROLE, &HOST, &PROJECT];
        assert!(all.iter().all(|p| p.is_some()));
    }
}
