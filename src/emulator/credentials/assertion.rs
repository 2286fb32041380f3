//! What a service account's key signed: whether it counts.

use serde_json::Value;

use super::grant::LIFETIME;
use crate::emulator::call::ApiCall;
use crate::emulator::world::World;
use crate::emulator::world::keys::Jwt;

/// Whether a key of this account signed it that counts now. The key's id in the header is a hint only:
/// with a wrong or no id Google tries all of the account's keys (doc "Using OAuth 2.0 for Server to
/// Server Applications", `kid`).
pub(crate) fn signed_by_account(world: &World, call: &ApiCall, jwt: &Jwt, email: &str) -> bool {
    jwt.header.get("alg").and_then(Value::as_str) == Some("RS256")
        && world
            .keys(email)
            .iter()
            .any(|key| key.counts(call.now) && key.verifies(jwt.message.as_bytes(), &jwt.signature))
}

/// When it was issued and when it ends, in seconds; Google takes digits in a string too.
pub(crate) fn times(jwt: &Jwt) -> (Option<f64>, Option<f64>) {
    let time = |name: &str| {
        let text = || jwt.text(name)?.parse().ok();
        jwt.time(name).or_else(text)
    };
    (time("iat"), time("exp"))
}

/// Whether it holds now, for an hour at most, give or take five minutes for clocks that differ.
pub(crate) fn in_time(call: &ApiCall, jwt: &Jwt) -> bool {
    // Seconds fit a float exactly for the next million years.
    let now = call.now.as_second() as f64;
    let (Some(issued), Some(expires)) = times(jwt) else {
        return false;
    };
    expires > now && issued <= now + 300.0 && expires - issued <= LIFETIME as f64
}
