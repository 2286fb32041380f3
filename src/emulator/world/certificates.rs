//! X.509 certificates (RFC 5280): the one that every key made here comes in, and those that are uploaded.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use der::asn1::{GeneralizedTime, UintRef};
use der::{DateTime, Decode as _, DecodePem as _, EncodePem as _, Sequence};
use jiff::Timestamp;
use rsa::PrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::{EncodePublicKey as _, LineEnding};
use sha2::Sha256;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Result as Built};
use x509_cert::certificate::{TbsCertificate, Version};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use crate::emulator::world::tokens;

pub(crate) use x509_cert::Certificate;

const RSA: der::asn1::ObjectIdentifier =
    der::asn1::ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const CLIENT_AUTH: der::asn1::ObjectIdentifier =
    der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// A certificate in which an account's key vouches for itself: no authority, for signing and for
/// authentication as a client.
struct SelfSigned(Name);

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        certificate: &TbsCertificate,
    ) -> Built<Vec<Extension>> {
        let subject = certificate.subject();
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        let usage = KeyUsage(KeyUsages::DigitalSignature.into());
        let extended = ExtendedKeyUsage(vec![CLIENT_AUTH]);
        Ok(vec![
            (&constraints).to_extension(subject, &[])?,
            (&usage).to_extension(subject, &[])?,
            (&extended).to_extension(subject, &[])?,
        ])
    }
}

/// A certificate of this key for a common name, valid from now on and for ever: keys do not expire by
/// themselves.
///
/// # Errors
/// The system gives no randomness, or the name cannot stand in a certificate.
pub(crate) fn self_signed(
    private: &PrivateKey,
    common_name: &str,
    now: Timestamp,
) -> std::io::Result<Certificate> {
    let mut serial = tokens::random::<8>()?;
    // Positive, and not nothing (RFC 5280, 4.1.2.2).
    serial[0] = serial[0] & 0x7f | 0x40;
    let plain: String = common_name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "@.-_".contains(*c))
        .take(64)
        .collect();
    let subject = format!("CN={plain}")
        .parse::<Name>()
        .map_err(std::io::Error::other)?;
    let from = u64::try_from(now.as_second()).unwrap_or_default();
    let from = DateTime::from_unix_duration(std::time::Duration::from_secs(from))
        .map_err(std::io::Error::other)?;
    let until = DateTime::new(9999, 12, 31, 23, 59, 59).map_err(std::io::Error::other)?;
    let general = |t: DateTime| Time::GeneralTime(GeneralizedTime::from_date_time(t));
    let public = private
        .to_public_key()
        .to_public_key_der()
        .map_err(std::io::Error::other)?;
    let public =
        SubjectPublicKeyInfoOwned::from_der(public.as_bytes()).map_err(std::io::Error::other)?;
    CertificateBuilder::new(
        SelfSigned(subject),
        SerialNumber::new(&serial).map_err(std::io::Error::other)?,
        Validity::new(general(from), general(until)),
        public,
    )
    .and_then(|builder| builder.build(&SigningKey::<Sha256>::new(private.clone())))
    .map_err(std::io::Error::other)
}

/// A certificate as PEM, its lines ended by `\n`.
///
/// # Errors
/// It does not fit into memory.
pub(crate) fn pem(certificate: &Certificate) -> std::io::Result<String> {
    certificate
        .to_pem(LineEnding::LF)
        .map_err(std::io::Error::other)
}

/// An RSA key as PKCS #1 has it.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

/// The key in a certificate.
#[derive(Debug)]
pub(crate) struct CertificateKey {
    /// PKCS #1 in DER, base64.
    pub der: String,
    /// SubjectPublicKeyInfo as PEM.
    pub pem: String,
    /// Modulus and exponent as a JWK has them.
    pub n: String,
    pub e: String,
    pub bits: u32,
    pub from: Timestamp,
    /// `None`: as good as never, past what a [`Timestamp`] holds (9999-12-31, RFC 5280, 4.1.2.5: "no
    /// well-defined expiration date").
    pub until: Option<Timestamp>,
}

/// Reads the certificate that somebody uploads.
///
/// # Errors
/// What is wrong with it: no PEM, not X.509 of version 3, no RSA key, or one of a size that is not used.
pub(crate) fn read(text: &str) -> Result<CertificateKey, &'static str> {
    let certificate = Certificate::from_pem(text.trim())
        .map_err(|_| "it is no X.509 certificate in PEM (-----BEGIN CERTIFICATE-----)")?;
    let inner = certificate.tbs_certificate();
    if inner.version() != Version::V3 {
        return Err("the certificate is not of X.509 version 3");
    }
    let public = inner.subject_public_key_info();
    if public.algorithm.oid != RSA {
        return Err("the certificate's key is not an RSA key");
    }
    let bad = "the certificate's RSA key cannot be read";
    let bytes = public.subject_public_key.as_bytes().ok_or(bad)?;
    let key = RsaPublicKey::from_der(bytes).map_err(|_| bad)?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len() * 8).unwrap_or(u32::MAX) - leading;
    if !(1_024..=8_192).contains(&bits) {
        return Err("the certificate's RSA key is not of 1,024 to 8,192 bits");
    }
    let time = |time: &Time| {
        i64::try_from(time.to_unix_duration().as_secs())
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
    };
    Ok(CertificateKey {
        der: STANDARD.encode(bytes),
        pem: public.to_pem(LineEnding::LF).map_err(|_| bad)?,
        n: URL_SAFE_NO_PAD.encode(modulus),
        e: URL_SAFE_NO_PAD.encode(key.exponent.as_bytes()),
        bits,
        from: time(&inner.validity().not_before).ok_or("the certificate never becomes valid")?,
        until: time(&inner.validity().not_after),
    })
}
