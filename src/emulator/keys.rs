//! RSA keys: those that clients make for service accounts, and the one with which Google would sign.
//!
//! Of a client's key only the public half is kept. What the emulator signs itself (ID tokens, signBlob,
//! signJwt) is signed by one key of its own, made when it is first needed and served as a JWK set.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tokens;

/// The public half of a key, with what IAM says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublicKey {
    /// Forty hexadecimal digits, as Google's are.
    pub id: String,
    /// PKCS #1 in DER, base64.
    pub der: String,
    /// SubjectPublicKeyInfo as PEM.
    pub pem: String,
    /// Modulus and exponent as a JWK has them.
    pub n: String,
    pub e: String,
    pub created: Timestamp,
    #[serde(default)]
    pub disabled: bool,
}

impl PublicKey {
    /// The key in a JWK set (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": self.n, "e": self.e })
    }

    /// Whether it signed this, RS256.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        STANDARD.decode(&self.der).is_ok_and(|der| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der)
                .verify(message, signature)
                .is_ok()
        })
    }
}

/// A new key pair of 2,048 bits: the public half, and the private one as PKCS #8 in PEM.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn generate(now: Timestamp) -> std::io::Result<(PublicKey, String)> {
    let (public, private) = pair(now)?;
    let pem = private
        .to_pkcs8_pem(LineEnding::LF)
        .map_err(std::io::Error::other)?;
    Ok((public, pem.to_string()))
}

fn pair(now: Timestamp) -> std::io::Result<(PublicKey, PrivateKey)> {
    let private = PrivateKey::new(&mut getrandom::SysRng, 2_048).map_err(std::io::Error::other)?;
    let public = private.to_public_key();
    let id = tokens::random::<20>()?;
    let der = public.to_pkcs1_der().map_err(std::io::Error::other)?;
    let pem = public
        .to_public_key_pem(LineEnding::LF)
        .map_err(std::io::Error::other)?;
    let public = PublicKey {
        id: id.iter().map(|b| format!("{b:02x}")).collect(),
        der: STANDARD.encode(der.as_bytes()),
        pem,
        n: URL_SAFE_NO_PAD.encode(trimmed(&public.n_bytes())),
        e: URL_SAFE_NO_PAD.encode(trimmed(&public.e_bytes())),
        created: now,
        disabled: false,
    };
    Ok((public, private))
}

/// Without zeros before the number.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// The emulator's own key.
#[derive(Debug)]
pub(crate) struct Signer {
    pub public: PublicKey,
    pair: RsaKeyPair,
}

impl Signer {
    /// A new one.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(now: Timestamp) -> std::io::Result<Self> {
        let (public, private) = pair(now)?;
        let der = private.to_pkcs8_der().map_err(std::io::Error::other)?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes())
            .map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(Self { public, pair })
    }

    /// Signs, RS256.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| std::io::Error::other("signing failed"))?;
        Ok(signature)
    }

    /// A signed JWT with these claims, a JSON object's text.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn jwt(&self, claims: &str) -> std::io::Result<String> {
        let header = json!({ "alg": "RS256", "kid": self.public.id, "typ": "JWT" }).to_string();
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }
}

/// A JWT taken apart; nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Jwt {
    pub header: Value,
    pub claims: Value,
    /// What was signed.
    pub message: String,
    pub signature: Vec<u8>,
}

impl Jwt {
    /// Takes a compact JWT (RFC 7519) apart; `None` when it is none.
    pub fn read(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let part = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
            serde_json::from_slice::<Value>(&bytes).ok()
        };
        Some(Self {
            header: part(header)?,
            claims: part(claims).filter(Value::is_object)?,
            message: message.to_owned(),
            signature: URL_SAFE_NO_PAD
                .decode(signature.trim_end_matches('='))
                .ok()?,
        })
    }

    /// A claim that is a text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A claim that is a time, in seconds.
    pub fn time(&self, claim: &str) -> Option<f64> {
        self.claims.get(claim).and_then(Value::as_f64)
    }

    /// The audiences.
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let now = Timestamp::UNIX_EPOCH;
        let signer = Signer::new(now).unwrap();
        let jwt = Jwt::read(&signer.jwt(r#"{"aud":["a","b"],"exp":1.5}"#).unwrap()).unwrap();
        assert_eq!(
            (jwt.audiences(), jwt.time("exp")),
            (vec!["a", "b"], Some(1.5))
        );
        assert_eq!(jwt.header["kid"], signer.public.id);
        let verifies =
            |key: &PublicKey, message: &str| key.verifies(message.as_bytes(), &jwt.signature);
        assert!(verifies(&signer.public, &jwt.message));
        assert!(!verifies(&signer.public, &format!("{}x", jwt.message)));
        assert!(!verifies(&generate(now).unwrap().0, &jwt.message));
        for bad in ["", "a.b", "a.b.c", "e30.W10.AA", "e30.e30.!"] {
            assert!(Jwt::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_one_that_clients_take() {
        let (public, pem) = generate(Timestamp::UNIX_EPOCH).unwrap();
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{pem}");
        assert!(public.pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert_eq!((public.id.len(), public.e.as_str()), (40, "AQAB"));
        assert_eq!(URL_SAFE_NO_PAD.decode(&public.n).unwrap().len(), 256);
    }
}
