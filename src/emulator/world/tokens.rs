//! Bearer tokens: opaque, random, short-lived. None is ever printed or logged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::emulator::call::TokenAttributes;
use crate::iam::Principal;

/// How many tokens are kept before expired ones are forgotten: until then they are called expired and
/// not unknown.
const ROOM_FOR_EXPIRED: usize = ROOM / 10;
/// How many are kept at all; beyond this the oldest is forgotten although it is good (chosen: far more
/// than clients hold at a time).
const ROOM: usize = if cfg!(test) { 10_000 } else { 100_000 };

/// Tokens that were minted, with whom each stands for and until when.
#[derive(Default)]
pub(crate) struct TokenStore {
    minted: HashMap<Arc<str>, Minted>,
    /// By number, so by age.
    by_age: BTreeMap<u64, Arc<str>>,
    /// End and number, the first to expire first.
    by_end: BTreeSet<(Timestamp, u64)>,
    /// How many were ever minted.
    count: u64,
}

struct Minted {
    number: u64,
    who: Principal,
    attributes: TokenAttributes,
    project: Option<Arc<str>>,
    /// What it was made for; `None` is everything.
    scopes: Option<Arc<[String]>>,
    until: Timestamp,
}

/// What a token is worth.
pub(crate) enum TokenWorth {
    Good(Principal, TokenAttributes, Timestamp),
    Expired,
    Unknown,
}

impl TokenStore {
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
        self.mint_for(who, None, None, until, now)
    }

    /// The same for an identity with attributes, whose calls count for this project.
    ///
    /// # Errors
    /// As [`Self::mint`].
    pub fn mint_for(
        &mut self,
        who: Principal,
        attributes: TokenAttributes,
        project: Option<Arc<str>>,
        until: Timestamp,
        now: Timestamp,
    ) -> std::io::Result<String> {
        self.forget(now);
        let token = opaque()?;
        let number = self.count;
        self.count += 1;
        let key: Arc<str> = token.as_str().into();
        self.by_age.insert(number, Arc::clone(&key));
        self.by_end.insert((until, number));
        let minted = Minted {
            number,
            who,
            attributes,
            project,
            scopes: None,
            until,
        };
        self.minted.insert(key, minted);
        Ok(token)
    }

    /// Makes room for one more.
    fn forget(&mut self, now: Timestamp) {
        while self.minted.len() >= ROOM_FOR_EXPIRED
            && let Some(&(until, number)) = self.by_end.first()
            && until <= now
        {
            self.remove(number);
        }
        while self.minted.len() >= ROOM
            && let Some((&number, _)) = self.by_age.first_key_value()
        {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: u64) {
        if let Some(token) = self.by_age.remove(&number)
            && let Some(minted) = self.minted.remove(&token)
        {
            self.by_end.remove(&(minted.until, minted.number));
        }
    }

    /// Narrows a token to the scopes that it was asked for.
    pub fn narrow(&mut self, token: &str, scopes: Vec<String>) {
        if let Some(minted) = self.minted.get_mut(token) {
            minted.scopes = Some(scopes.into());
        }
    }

    /// The scopes that a token was narrowed to.
    pub fn scopes(&self, token: &str) -> Option<Arc<[String]>> {
        self.minted.get(token)?.scopes.clone()
    }

    /// The project that a token's calls count for, where it was bound to one.
    pub fn project(&self, token: &str) -> Option<Arc<str>> {
        self.minted.get(token)?.project.clone()
    }

    /// Looks a token up.
    pub fn worth(&self, token: &str, now: Timestamp) -> TokenWorth {
        match self.minted.get(token) {
            Some(minted) if minted.until > now => {
                TokenWorth::Good(minted.who.clone(), minted.attributes.clone(), minted.until)
            }
            Some(_) => TokenWorth::Expired,
            None => TokenWorth::Unknown,
        }
    }
}

impl std::fmt::Debug for TokenStore {
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

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{ROOM, ROOM_FOR_EXPIRED, TokenStore, TokenWorth};
    use crate::iam::Principal;

    fn sizes(tokens: &TokenStore) -> [usize; 3] {
        [
            tokens.minted.len(),
            tokens.by_age.len(),
            tokens.by_end.len(),
        ]
    }

    /// Three times as many as there is room for, all good: the newest stay, the oldest go, nothing grows.
    #[test]
    fn good_tokens_are_capped_the_oldest_first() {
        let mut tokens = TokenStore::default();
        let who = Principal::User("ana@example.com".into());
        let now = Timestamp::UNIX_EPOCH;
        let until = now + SignedDuration::from_hours(1);
        let mut kept = Vec::new();
        for n in 0..30_000 {
            // Those that expire later are no younger for it.
            let until = until + SignedDuration::from_secs(n % 7);
            let token = tokens.mint(who.clone(), until, now).unwrap();
            if n % 6_000 == 0 {
                kept.push(token);
            }
            assert!(tokens.minted.len() <= ROOM);
        }
        assert_eq!(sizes(&tokens), [ROOM; 3]);
        let good = |token: &String| matches!(tokens.worth(token, now), TokenWorth::Good(..));
        assert_eq!(kept.iter().filter(|t| good(t)).count(), 1);
        assert!(kept.last().is_some_and(good), "the newest of them");
        assert!(matches!(tokens.worth(&kept[0], now), TokenWorth::Unknown));
    }

    /// An expired token is called so until there are too many; then it is forgotten before any good one.
    #[test]
    fn expired_tokens_go_before_good_ones() {
        let mut tokens = TokenStore::default();
        let who = Principal::User("ana@example.com".into());
        let start = Timestamp::UNIX_EPOCH;
        let hour = SignedDuration::from_hours(1);
        let oldest = tokens.mint(who.clone(), start + hour * 24, start).unwrap();
        let short = tokens.mint(who.clone(), start + hour, start).unwrap();
        let later = start + hour * 2;
        assert!(matches!(tokens.worth(&short, later), TokenWorth::Expired));
        let mut last = String::new();
        for second in 0..50_000 {
            let now = later + SignedDuration::from_secs(second);
            last = tokens
                .mint(who.clone(), now + SignedDuration::from_secs(60), now)
                .unwrap();
            assert!(tokens.minted.len() <= ROOM_FOR_EXPIRED);
        }
        let now = later + SignedDuration::from_secs(49_999);
        assert_eq!(sizes(&tokens), [ROOM_FOR_EXPIRED; 3]);
        assert!(matches!(tokens.worth(&short, now), TokenWorth::Unknown));
        assert!(matches!(tokens.worth(&oldest, now), TokenWorth::Good(..)));
        assert!(matches!(tokens.worth(&last, now), TokenWorth::Good(..)));
    }
}
