//! Which of the names that were found belong to an error of its kind.

use super::find::{self, NamesFound};
use super::flat::Flat;
use super::form::Form;
use super::forms::FormTable;
use super::kind::Detail;
use super::token::TokenKind;
use super::{Pasted, PastedKind};
use crate::iam::Permission;

/// What gcloud says of the account that it works as: behind a refusal of something else, that is who called.
static WORKED_AS: FormTable = std::sync::LazyLock::new(|| {
    [
        "impersonation is used to impersonate {target}",
        "all API calls will be executed as {target}",
    ]
    .into_iter()
    .filter_map(|words| Form::new((words, None)))
    .collect()
});

/// The account whose administration was refused, as Terraform and the API name it.
static NAMED: FormTable = std::sync::LazyLock::new(|| {
    let rows = ["service account {target}"];
    rows.into_iter()
        .filter_map(|words| Form::new((words, None)))
        .collect()
});

pub(super) fn settled(flat: &Flat, names: NamesFound, kind: PastedKind, detail: Detail) -> Pasted {
    let permission = names.permission.as_deref();
    let mut found = Pasted {
        kind,
        permission: permission.and_then(|p| Permission::parse(p).ok()),
        target: names.target,
        caller: names.caller,
        service: names.service,
        project: names.project,
        error_info_id: names.error_id,
        pool: None,
        provider: None,
        member: None,
        role: None,
        detail: Detail::None,
        home: None,
    };
    match kind {
        PastedKind::AccountNotFound => found.target = names.gone.or(found.target),
        PastedKind::AccountDisabled => found.target = names.off.or(found.target),
        PastedKind::ApiDisabled if !found.is_about_iam() => {
            found.permission = None;
            found.target = None;
        }
        PastedKind::TokenExchangeRefused => {
            found.permission = None;
            found.pool = names.pool;
            found.provider = names.provider;
            found.home = names.home;
            // That stands in the audience's name.
            found.service = found.service.filter(|s| s != "iam.googleapis.com");
        }
        PastedKind::CredentialsMissing if !permission.is_some_and(find::acts) => {
            found.permission = None;
            found.target = None;
        }
        PastedKind::DelegationRefused => {
            found.permission = None;
            found.target = None;
        }
        PastedKind::WriteRefused => {
            found.permission = None;
            found.target = None;
            found.caller = None;
            if let Detail::Write(refused) = &detail {
                found.member.clone_from(&refused.member);
                found.role.clone_from(&refused.role);
                found.pool.clone_from(&refused.pool);
            }
        }
        PastedKind::OtherDenied => {
            let on_account = permission.is_some_and(|p| p.starts_with("iam.serviceAccount"));
            if !on_account {
                found.target = None;
            } else if !names.said {
                found.target = find::name(&NAMED, flat, TokenKind::Target);
            }
        }
        PastedKind::None => {
            found.permission = None;
            found.target = None;
            found.caller = None;
            found.service = None;
            found.project = None;
        }
        _ => {}
    }
    let own = "iamcredentials.googleapis.com";
    if kind == PastedKind::ImpersonationDenied && found.service.is_some() && flat.has(own) {
        found.service = Some(own.to_owned());
    }
    found.detail = detail;
    worked_as(flat, &mut found);
    // An account does not call itself by being named twice.
    if found.caller == found.target && kind != PastedKind::ImpersonationDenied {
        found.caller = None;
    }
    found
}

/// A command that works as an account calls as that account, when what was refused is something else.
fn worked_as(flat: &Flat, found: &mut Pasted) {
    if !matches!(
        found.kind,
        PastedKind::ImpersonationDenied | PastedKind::OtherDenied
    ) {
        return;
    }
    let Some(account) = find::name(&WORKED_AS, flat, TokenKind::Target) else {
        return;
    };
    if found.target.as_ref() != Some(&account) {
        found.caller = Some(account);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_form_of_every_table_is_read() {
        assert_eq!((super::WORKED_AS.len(), super::NAMED.len()), (2, 1));
        for (name, rows, forms) in super::super::forms::sizes() {
            assert_eq!(rows, forms, "{name}");
        }
    }
}
