//! RSA keys: those that clients make or upload for service accounts, and those with which Google signs.
//!
//! Of a client's key only the public half is kept. What the emulator signs itself is signed by keys of its
//! own, made when first needed: one for ID tokens, and one for each account for signBlob and signJwt. All
//! are published at the addresses of Google's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::emulator::world::certificates::{self, Certificate};
use crate::emulator::world::{p12, tokens};

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
    /// The certificate that it came in, as PEM.
    pub certificate: String,
    /// Modulus and exponent as a JWK has them.
    pub n: String,
    pub e: String,
    pub bits: u32,
    /// Before and after these it authenticates nobody. Keys made here do not end.
    pub valid_after: Timestamp,
    pub valid_before: Option<Timestamp>,
    /// Brought by its user.
    #[serde(default)]
    pub uploaded: bool,
    #[serde(default)]
    pub disabled: bool,
}

impl PublicKey {
    /// The key in a certificate that a user brings.
    ///
    /// # Errors
    /// What is wrong with the certificate; or the system gives no randomness.
    pub fn upload(text: &str) -> Result<std::io::Result<Self>, &'static str> {
        let held = certificates::read(text)?;
        Ok(new_id().map(|id| Self {
            id,
            der: held.der,
            pem: held.pem,
            certificate: format!("{}\n", text.trim()),
            n: held.n,
            e: held.e,
            bits: held.bits,
            valid_after: held.from,
            valid_before: held.until,
            uploaded: true,
            disabled: false,
        }))
    }

    /// Whether it may authenticate now.
    pub fn counts(&self, now: Timestamp) -> bool {
        !self.disabled
            && self.valid_after <= now
            && self.valid_before.is_none_or(|until| now < until)
    }

    /// The key in a JWK set (RFC 7517).
    pub fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id, "n": self.n, "e": self.e })
    }

    /// Whether it signed this, RS256.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        // Keys of 1,024 bits can be asked for (iam v1, `KEY_ALG_RSA_1024`).
        let scheme = &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
        STANDARD.decode(&self.der).is_ok_and(|der| {
            UnparsedPublicKey::new(scheme, der)
                .verify(message, signature)
                .is_ok()
        })
    }
}

/// A key pair just made.
pub(crate) struct KeyPair {
    pub public: PublicKey,
    private: PrivateKey,
    certificate: Certificate,
}

impl KeyPair {
    /// A new pair of so many bits, in a certificate for this name.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(bits: u32, name: &str, now: Timestamp) -> std::io::Result<Self> {
        let size = usize::try_from(bits).map_err(std::io::Error::other)?;
        let private =
            PrivateKey::new(&mut getrandom::SysRng, size).map_err(std::io::Error::other)?;
        let certificate = certificates::self_signed(&private, name, now)?;
        let public = private.to_public_key();
        let der = public.to_pkcs1_der().map_err(std::io::Error::other)?;
        let pem = public
            .to_public_key_pem(LineEnding::LF)
            .map_err(std::io::Error::other)?;
        let public = PublicKey {
            id: new_id()?,
            der: STANDARD.encode(der.as_bytes()),
            pem,
            certificate: certificates::pem(&certificate)?,
            n: URL_SAFE_NO_PAD.encode(trimmed(&public.n_bytes())),
            e: URL_SAFE_NO_PAD.encode(trimmed(&public.e_bytes())),
            bits,
            // To the second, as certificates and answers have it.
            valid_after: Timestamp::from_second(now.as_second()).unwrap_or(now),
            valid_before: None,
            uploaded: false,
            disabled: false,
        };
        Ok(Self {
            public,
            private,
            certificate,
        })
    }

    /// The private half as PKCS #8 in PEM.
    ///
    /// # Errors
    /// It does not fit into memory.
    pub fn pem(&self) -> std::io::Result<String> {
        let pem = self.private.to_pkcs8_pem(LineEnding::LF);
        Ok(pem.map_err(std::io::Error::other)?.to_string())
    }

    /// Both halves in a PKCS #12 file.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn p12(&self) -> std::io::Result<Vec<u8>> {
        let der = self.private.to_pkcs8_der().map_err(std::io::Error::other)?;
        p12::pack(der.as_bytes(), &self.certificate)
    }
}

fn new_id() -> std::io::Result<String> {
    let bytes = tokens::random::<20>()?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Without zeros before the number.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// A key that the emulator signs with.
#[derive(Debug)]
pub(crate) struct Signer {
    pub public: PublicKey,
    pair: RsaKeyPair,
}

impl Signer {
    /// A new one for whoever has this name.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn new(name: &str, now: Timestamp) -> std::io::Result<Self> {
        let made = KeyPair::new(2_048, name, now)?;
        let der = made.private.to_pkcs8_der().map_err(std::io::Error::other)?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes())
            .map_err(|e| std::io::Error::other(e.to_string()))?;
        Ok(Self {
            public: made.public,
            pair,
        })
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
        let signer = Signer::new("a", now).unwrap();
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
        let other = KeyPair::new(1_024, "b", now).unwrap();
        assert!(!verifies(&other.public, &jwt.message));
        for bad in ["", "a.b", "a.b.c", "e30.W10.AA", "e30.e30.!"] {
            assert!(Jwt::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_one_that_clients_take() {
        let made = KeyPair::new(2_048, "a", Timestamp::UNIX_EPOCH).unwrap();
        let (public, pem) = (&made.public, made.pem().unwrap());
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"), "{pem}");
        assert!(public.pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
        assert_eq!((public.id.len(), public.e.as_str()), (40, "AQAB"));
        assert_eq!(URL_SAFE_NO_PAD.decode(&public.n).unwrap().len(), 256);
    }

    /// A certificate made here, read as an upload, gives the same key; anything else says what is wrong.
    #[test]
    fn a_certificate_brings_its_key() {
        let now: Timestamp = "2026-11-25T12:00:00.5Z".parse().unwrap();
        let made = KeyPair::new(1_024, "run@app.iam.gserviceaccount.com", now)
            .unwrap()
            .public;
        let held = PublicKey::upload(&made.certificate).unwrap().unwrap();
        assert_eq!(
            (&held.der, &held.n, &held.e, held.bits),
            (&made.der, &made.n, &made.e, 1_024)
        );
        assert_eq!(
            (&held.pem, &held.certificate),
            (&made.pem, &made.certificate)
        );
        assert_eq!(held.valid_after, made.valid_after);
        assert!(held.valid_before.is_none() && held.uploaded && !made.uploaded);
        assert!(held.counts(now) && !held.counts(Timestamp::UNIX_EPOCH));
        let ending = PublicKey {
            valid_before: Some(now),
            ..held
        };
        assert!(!ending.counts(now));
        let cut = made.certificate.replacen("MII", "MIII", 1);
        for bad in ["", "x", &made.pem, &cut] {
            assert!(PublicKey::upload(bad).is_err(), "{bad}");
        }
    }
}
