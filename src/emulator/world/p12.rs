//! PKCS #12 (RFC 7292): a private key and its certificate in one file under a password, as Google gives
//! them out (iam v1, `ServiceAccountPrivateKeyType`: "The password for the PKCS12 file is `notasecret`").
//!
//! The password guards nothing, being known; the algorithms are those that today's readers take without
//! being asked to be lenient: AES-256 by PBES2 for the key, HMAC by SHA-256 over the whole (chosen;
//! Google's own files are said to use RC2, which OpenSSL 3 refuses). The certificate is public and not
//! encrypted.

use std::io::{Error, Result};
use std::num::NonZeroU32;

use aes::Aes256;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};
use der::asn1::{Any, BmpString, Null, ObjectIdentifier, OctetString, SetOfVec};
use der::{Encode as _, Sequence};
use ring::{digest, hmac, pbkdf2};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::emulator::world::tokens;

/// The password of every file.
pub(crate) const PASSWORD: &str = "notasecret";
/// What the key is called in the file (what Google's samples ask for).
const NAME: &str = "privatekey";
const ROUNDS: u32 = 2_048;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}
const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
const SHROUDED_KEY: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = oid("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = oid("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = oid("1.2.840.113549.1.9.21");
const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = oid("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = oid("1.2.840.113549.2.9");
const AES_256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");

#[derive(Sequence)]
struct Pfx {
    version: u8,
    safe: ContentInfo,
    mac: Mac,
}

/// A ContentInfo that holds data.
#[derive(Sequence)]
struct ContentInfo {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: OctetString,
}

#[derive(Sequence)]
struct Mac {
    digest: Digest,
    salt: OctetString,
    rounds: u32,
}

#[derive(Sequence)]
struct Digest {
    algorithm: AlgorithmIdentifierOwned,
    digest: OctetString,
}

#[derive(Sequence)]
struct Bag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: Any,
    attributes: SetOfVec<Attribute>,
}

#[derive(Sequence)]
struct EncryptedKey {
    algorithm: AlgorithmIdentifierOwned,
    data: OctetString,
}

#[derive(Sequence)]
struct CertificateBag {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    certificate: OctetString,
}

#[derive(Sequence)]
struct Scheme {
    derivation: AlgorithmIdentifierOwned,
    encryption: AlgorithmIdentifierOwned,
}

#[derive(Sequence)]
struct Derivation {
    salt: OctetString,
    rounds: u32,
    function: AlgorithmIdentifierOwned,
}

/// The file with this key (PKCS #8 in DER) and its certificate.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn pack(key: &[u8], certificate: &Certificate) -> Result<Vec<u8>> {
    let id = digest::digest(&digest::SHA256, key);
    let id = id.as_ref().get(..20).unwrap_or_default();
    let certificate = CertificateBag {
        kind: X509,
        certificate: octets(&certificate.to_der().map_err(Error::other)?)?,
    };
    let bags = vec![
        bag(SHROUDED_KEY, &encrypted(key)?, id)?,
        bag(CERTIFICATE, &certificate, id)?,
    ];
    let safe = data(&bags.to_der().map_err(Error::other)?)?;
    let all = vec![safe].to_der().map_err(Error::other)?;
    let salt = tokens::random::<8>()?;
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &mac_key(PASSWORD, &salt, ROUNDS)),
        &all,
    );
    let file = Pfx {
        version: 3,
        safe: data(&all)?,
        mac: Mac {
            digest: Digest {
                algorithm: algorithm(SHA256, &Null)?,
                digest: octets(tag.as_ref())?,
            },
            salt: octets(&salt)?,
            rounds: ROUNDS,
        },
    };
    file.to_der().map_err(Error::other)
}

fn octets(bytes: &[u8]) -> Result<OctetString> {
    OctetString::new(bytes).map_err(Error::other)
}

fn data(bytes: &[u8]) -> Result<ContentInfo> {
    Ok(ContentInfo {
        kind: DATA,
        content: octets(bytes)?,
    })
}

fn any(value: &(impl der::EncodeValue + der::Tagged)) -> Result<Any> {
    Any::encode_from(value).map_err(Error::other)
}

fn algorithm(
    oid: ObjectIdentifier,
    parameters: &(impl der::EncodeValue + der::Tagged),
) -> Result<AlgorithmIdentifierOwned> {
    Ok(AlgorithmIdentifierOwned {
        oid,
        parameters: Some(any(parameters)?),
    })
}

/// A bag with the name and the id by which readers find a key's certificate.
fn bag(
    kind: ObjectIdentifier,
    value: &(impl der::EncodeValue + der::Tagged),
    id: &[u8],
) -> Result<Bag> {
    let attribute = |oid, value: Any| {
        Ok::<_, Error>(Attribute {
            oid,
            values: SetOfVec::try_from(vec![value]).map_err(Error::other)?,
        })
    };
    let name = BmpString::from_utf8(NAME).map_err(Error::other)?;
    let attributes = vec![
        attribute(FRIENDLY_NAME, any(&name)?)?,
        attribute(LOCAL_KEY_ID, any(&octets(id)?)?)?,
    ];
    Ok(Bag {
        kind,
        value: any(value)?,
        attributes: SetOfVec::try_from(attributes).map_err(Error::other)?,
    })
}

/// The key encrypted by PBES2 (RFC 8018, 6.2).
fn encrypted(key: &[u8]) -> Result<EncryptedKey> {
    let (salt, iv) = (tokens::random::<16>()?, tokens::random::<16>()?);
    let mut secret = [0_u8; 32];
    let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
    let function = pbkdf2::PBKDF2_HMAC_SHA256;
    pbkdf2::derive(function, rounds, &salt, PASSWORD.as_bytes(), &mut secret);
    let data = cbc::Encryptor::<Aes256>::new(&secret.into(), &iv.into());
    let data = data.encrypt_padded_vec::<Pkcs7>(key);
    let derivation = Derivation {
        salt: octets(&salt)?,
        rounds: ROUNDS,
        function: algorithm(HMAC_SHA256, &Null)?,
    };
    let scheme = Scheme {
        derivation: algorithm(PBKDF2, &derivation)?,
        encryption: algorithm(AES_256_CBC, &octets(&iv)?)?,
    };
    Ok(EncryptedKey {
        algorithm: algorithm(PBES2, &scheme)?,
        data: octets(&data)?,
    })
}

/// The key of the file's MAC (RFC 7292, appendix B.2, with SHA-256: blocks of 64 bytes, and a key as long
/// as one digest, so that the first round of the derivation is all of it).
fn mac_key(password: &str, salt: &[u8], rounds: u32) -> [u8; 32] {
    const BLOCK: usize = 64;
    let filled = |part: &[u8]| -> Vec<u8> {
        let length = part.len().div_ceil(BLOCK) * BLOCK;
        part.iter().copied().cycle().take(length).collect()
    };
    let text: Vec<u8> = password
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_be_bytes)
        .collect();
    // "ID=3: ... integrity key for MACing".
    let mut input = vec![3; BLOCK];
    input.extend(filled(salt));
    input.extend(filled(&text));
    let mut key = digest::digest(&digest::SHA256, &input);
    for _ in 1..rounds {
        key = digest::digest(&digest::SHA256, key.as_ref());
    }
    let mut out = [0; 32];
    out.copy_from_slice(key.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the crate pkcs12, checked there against OpenSSL's `PKCS12_key_gen_utf8`.
    #[test]
    fn the_key_of_the_mac_is_the_one_of_the_standard() {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let key = mac_key("ge@äheim", &[1, 2, 3, 4, 5, 6, 7, 8], 100);
        assert_eq!(
            hex(&key),
            "136355ed9434516682534f46d63956db5ff06b844702c2c1f3b46321e2524a4d"
        );
    }
}
