//! Bearer tokens: opaque, random, short-lived. None is ever printed or logged.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::iam::Principal;

/// Tokens that were minted, with whom each stands for and until when.
#[derive(Default)]
pub(crate) struct Tokens {
    minted: HashMap<String, Minted>,
}

/// What a federated identity brought along: attribute to value.
pub(crate) type Attributes = Option<Arc<[(String, String)]>>;

struct Minted {
    who: Principal,
    attributes: Attributes,
    until: Timestamp,
}

/// What a token is worth.
pub(crate) enum Worth {
    Good(Principal, Attributes, Timestamp),
    Expired,
    Unknown,
}

impl Tokens {
    /// Remembers a new token.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn mint(
        &mut self,
        who: Principal,
        until: Timestamp,
        now: Timestamp,
    ) -> std::io::Result<String> {
        self.mint_with(who, None, until, now)
    }

    /// The same for an identity with attributes.
    ///
    /// # Errors
    /// As [`Self::mint`].
    pub fn mint_with(
        &mut self,
        who: Principal,
        attributes: Attributes,
        until: Timestamp,
        now: Timestamp,
    ) -> std::io::Result<String> {
        // Expired ones are kept for a while, so that they are called expired and not unknown.
        if self.minted.len() > 10_000 {
            self.minted.retain(|_, minted| minted.until > now);
        }
        let token = opaque()?;
        let minted = Minted {
            who,
            attributes,
            until,
        };
        self.minted.insert(token.clone(), minted);
        Ok(token)
    }

    /// Looks a token up.
    pub fn worth(&self, token: &str, now: Timestamp) -> Worth {
        match self.minted.get(token) {
            Some(minted) if minted.until > now => {
                Worth::Good(minted.who.clone(), minted.attributes.clone(), minted.until)
            }
            Some(_) => Worth::Expired,
            None => Worth::Unknown,
        }
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.minted.len())
    }
}

/// A new token in the form of Google's, `ya29.…`.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn opaque() -> std::io::Result<String> {
    Ok(format!("ya29.{}", URL_SAFE_NO_PAD.encode(random::<60>()?)))
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the system gives no random bytes for a token"))?;
    Ok(bytes)
}
