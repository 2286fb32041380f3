//! An identity from elsewhere by an X.509 certificate: it is shown to the Security Token Service in the TLS
//! handshake, and its chain is the subject token (doc "Configure Workload Identity Federation with X.509
//! certificates").
//!
//! No crate for Rust serves it. Which fields there are, where the certificate's own file is looked for and how
//! the chain is put together is as in Google's libraries (google-auth for Python, `identity_pool._X509Supplier`
//! and `transport._mtls_helper`; google-auth-library for Node.js, `CertificateSubjectTokenSupplier`).

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::federation::TokenExchange;
use super::{HeldToken, gcloud, told};
use crate::google::api::security_tokens;
use crate::google::transport::with_certificate;

/// The variable that names the file with the certificate's and the key's paths.
const VARIABLE: &str = "GOOGLE_API_CERTIFICATE_CONFIG";
/// What that file is called where gcloud leaves it.
const FILE: &str = "certificate_config.json";

/// A credentials file whose `credential_source` is a certificate, and the token that it gave last.
pub(super) struct CertificateSource {
    exchange: TokenExchange,
    /// `None`: where it is by default.
    config: Option<PathBuf>,
    trust_chain: Option<PathBuf>,
    held: Mutex<Option<HeldToken>>,
}

/// Whether a credentials file's source is a certificate.
pub(super) fn is_meant(content: &Value) -> bool {
    let source = content.pointer("/credential_source/certificate");
    source.is_some_and(|s| !s.is_null())
}

impl CertificateSource {
    /// Reads its fields; the certificate is read at each exchange, since it is renewed by others.
    pub fn new(content: &Value) -> Result<Self, String> {
        let text = |at: &str| content.pointer(at).and_then(Value::as_str);
        for other in ["file", "url", "executable"] {
            if content
                .pointer(&format!("/credential_source/{other}"))
                .is_some()
            {
                return Err(format!(
                    "its credential_source has a certificate and {other}; only one of them can be meant"
                ));
            }
        }
        let of = |name: &str| format!("/credential_source/certificate/{name}");
        let config = text(&of("certificate_config_location")).filter(|path| !path.is_empty());
        let by_default = content.pointer(&of("use_default_certificate_config"));
        let by_default = by_default.and_then(Value::as_bool) == Some(true);
        if config.is_some() == by_default {
            return Err(
                "of its certificate's use_default_certificate_config and certificate_config_location there has to be one"
                    .to_owned(),
            );
        }
        let by_default = format!("https://{}", security_tokens::BY_CERTIFICATE);
        Ok(Self {
            exchange: TokenExchange::new(content, &by_default)?,
            config: config.map(at_home),
            trust_chain: text(&of("trust_chain_path"))
                .filter(|path| !path.is_empty())
                .map(at_home),
            held: Mutex::default(),
        })
    }

    /// A token of the pool's.
    pub async fn token(&self) -> Result<HeldToken, String> {
        let mut held = self.held.lock().await;
        if let Some(fresh) = held.as_ref().filter(|h| h.is_fresh()) {
            return Ok(fresh.clone());
        }
        let new = self.exchanged().await?;
        *held = Some(new.clone());
        Ok(new)
    }

    async fn exchanged(&self) -> Result<HeldToken, String> {
        let shown = self.certificate().await?;
        let http = with_certificate(&shown.pem).map_err(|why| {
            format!(
                "the certificate {} and the key {} cannot be used: {why}",
                shown.path, shown.key_path
            )
        })?;
        let token = self.exchange.token(&http, &shown.chain).await;
        token.map_err(|why| format!("by the certificate {}: {why}", shown.path))
    }

    async fn certificate(&self) -> Result<ShownCertificate, String> {
        let config = self.config_file()?;
        let (path, key_path) = paths(&config).await?;
        let (mut pem, key) =
            futures::try_join!(read(&path, "certificate"), read(&key_path, "key"))?;
        let leaf = certificates(&pem, &path, "certificate")?;
        let leaf = leaf.into_iter().next().unwrap_or_else(|| Vec::new().into());
        in_force(&leaf, &path)?;
        let mut chain = vec![STANDARD.encode(&leaf)];
        if let Some(file) = &self.trust_chain {
            let known = read(file, "trust chain").await?;
            for (place, certificate) in certificates(&known, file, "trust chain")?
                .iter()
                .enumerate()
            {
                let same = *certificate == leaf;
                if same && place > 0 {
                    return Err(format!(
                        "in the trust chain {} the certificate itself has to be the first, or not in it",
                        shown(file)
                    ));
                }
                if !same {
                    chain.push(STANDARD.encode(certificate));
                }
            }
        }
        pem.push(b'\n');
        pem.extend_from_slice(&key);
        Ok(ShownCertificate {
            pem,
            chain: json!(chain).to_string(),
            path: shown(&path),
            key_path: shown(&key_path),
        })
    }

    /// The file that names the certificate: as the credentials say, else the variable, else where gcloud leaves it.
    fn config_file(&self) -> Result<PathBuf, String> {
        if let Some(config) = &self.config {
            return Ok(config.clone());
        }
        if let Some(named) = std::env::var(VARIABLE)
            .ok()
            .filter(|v| !v.trim().is_empty())
        {
            return Ok(at_home(&named));
        }
        let dir = gcloud::dir()
            .ok_or("there is no home directory to look for certificate_config.json in")?;
        Ok(dir.join(FILE))
    }
}

/// What is shown in the handshake, and what is told of it.
struct ShownCertificate {
    /// Certificate, then key.
    pem: Vec<u8>,
    /// The subject token: a JSON list of certificates in base64, the leaf first.
    chain: String,
    path: String,
    key_path: String,
}

fn shown(path: &Path) -> String {
    told::printable(&path.display().to_string())
}

/// A path that may begin at the home directory.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

async fn read(path: &Path, what: &str) -> Result<Vec<u8>, String> {
    let read = tokio::fs::read(path).await;
    read.map_err(|e| format!("the {what} {} cannot be read: {e}", shown(path)))
}

/// Certificate and key, as the file says (`cert_configs.workload`).
async fn paths(config: &Path) -> Result<(PathBuf, PathBuf), String> {
    let told = |why: String| format!("the certificate configuration {}: {why}", shown(config));
    let bytes = tokio::fs::read(config).await.map_err(|e| {
        told(format!("{e}; gcloud iam workload-identity-pools create-cred-config makes it (--credential-cert-path), and {VARIABLE} says where it is"))
    })?;
    let text = crate::text::decoded(&bytes).map_err(told)?;
    let content: Value = serde_json::from_str(&text).map_err(|e| {
        told(format!(
            "it is not JSON: line {}, column {}",
            e.line(),
            e.column()
        ))
    })?;
    let path = |name: &str| {
        let at = format!("/cert_configs/workload/{name}");
        let text = content.pointer(&at).and_then(Value::as_str);
        let text = text.filter(|t| !t.is_empty());
        let text = text.ok_or_else(|| told(format!("cert_configs.workload.{name} is missing")))?;
        Ok::<_, String>(at_home(text))
    };
    Ok((path("cert_path")?, path("key_path")?))
}

/// The certificates of a PEM file: one at least.
fn certificates(
    pem: &[u8],
    path: &Path,
    what: &str,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(format!(
            "the {what} {} holds no certificate in PEM form",
            shown(path)
        )),
        Err(_) => Err(format!("the {what} {} is no PEM", shown(path))),
    }
}

/// A certificate that is over is told here: a server says no more than that it takes none like it.
fn in_force(leaf: &CertificateDer<'_>, path: &Path) -> Result<(), String> {
    let read = x509_cert::Certificate::from_der(leaf);
    let read = read.map_err(|_| format!("the certificate {} is no X.509", shown(path)))?;
    let validity = read.tbs_certificate().validity();
    let second = |time: x509_cert::time::Time| {
        let since = time.to_unix_duration().as_secs();
        Timestamp::from_second(i64::try_from(since).ok()?).ok()
    };
    let now = Timestamp::now();
    match (second(validity.not_before), second(validity.not_after)) {
        (_, Some(end)) if end < now => Err(format!(
            "the certificate {} is over since {end}: whoever issues it has to renew it",
            shown(path)
        )),
        (Some(begin), _) if begin > now => Err(format!(
            "the certificate {} counts from {begin} on; this machine's clock says {now}",
            shown(path)
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(certificate: Value) -> Value {
        json!({ "audience": "a", "subject_token_type": "t", "credential_source": { "certificate": certificate } })
    }

    #[test]
    fn one_place_is_named_and_no_other_source() {
        let location = json!({ "certificate_config_location": "/c.json" });
        let read = CertificateSource::new(&with(location.clone())).unwrap();
        assert_eq!(read.config_file().unwrap(), Path::new("/c.json"));
        let read = CertificateSource::new(&with(json!({ "use_default_certificate_config": true })));
        assert!(read.unwrap().config.is_none());
        for (source, words) in [
            (json!({}), "there has to be one"),
            (
                json!({ "use_default_certificate_config": false }),
                "there has to be one",
            ),
            (
                json!({ "use_default_certificate_config": true, "certificate_config_location": "/c" }),
                "there has to be one",
            ),
        ] {
            let why = CertificateSource::new(&with(source)).err().unwrap();
            assert!(why.contains(words), "{why}");
        }
        let mut both = with(location);
        both["credential_source"]["file"] = json!("/f");
        let why = CertificateSource::new(&both).err().unwrap();
        assert!(why.contains("a certificate and file"), "{why}");
    }
}
