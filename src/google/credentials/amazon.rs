//! The subject token of a machine of Amazon's: a call to its Security Token Service, signed and not made. Google makes it,
//! and learns from the answer who signed.
//!
//! What stands where is as in AIP-4117 ("External Account Credentials", for AWS) and in google-auth for Python, `aws`;
//! the signature is Amazon's ("AWS Signature Version 4 for API requests").

use std::fmt::Write as _;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Url};
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::federation::SUBJECT_WAIT;
use super::{Secret, exchange, told};
use crate::google::transport::to_metadata;

/// The call that says who calls (the same in Google's libraries).
const WHO_AM_I: &str =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
/// How long the metadata server's session lives, in seconds (the same in google-auth for Python).
const SESSION_SECONDS: &str = "300";
const SESSION: &str = "X-aws-ec2-metadata-token";
const SESSION_LIFE: &str = "X-aws-ec2-metadata-token-ttl-seconds";

/// What Amazon's rules write as it is; everything else is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where region and keys come from: the variables of Amazon's tools, else the machine's metadata server.
pub(super) struct AmazonSource {
    http: Client,
    region_url: Option<String>,
    roles_url: Option<String>,
    session_url: Option<String>,
    verification_url: String,
    audience: String,
}

struct Keys {
    id: String,
    secret: Secret,
    session: Option<Secret>,
}

impl AmazonSource {
    /// Reads the fields of a `credential_source` with an `environment_id`.
    ///
    /// # Errors
    /// What cannot be used of it.
    pub fn new(source: &Value, audience: &str) -> Result<Self, String> {
        let text = |key: &str| source.get(key).and_then(Value::as_str).map(str::to_owned);
        let environment = text("environment_id").unwrap_or_default();
        if environment != "aws1" {
            return Err(format!(
                "its environment_id is {}; there is aws1",
                told::scrubbed(&environment)
            ));
        }
        Ok(Self {
            http: to_metadata()?,
            session_url: text("imdsv2_session_token_url"),
            verification_url: text("regional_cred_verification_url")
                .unwrap_or_else(|| WHO_AM_I.to_owned()),
            audience: audience.to_owned(),
            region_url: text("region_url"),
            roles_url: text("url"),
        })
    }

    /// The signed call, as the Security Token Service takes it: JSON, percent-encoded.
    ///
    /// # Errors
    /// What is missing, or what the metadata server answered.
    pub async fn subject(&self) -> Result<Secret, String> {
        let (region, keys) = (region_of_variables(), keys_of_variables());
        let session = match &self.session_url {
            // Where the variables say all, the machine need not be one of Amazon's.
            Some(url) if region.is_none() || keys.is_none() => {
                let request = self.http.put(url).timeout(SUBJECT_WAIT);
                let request = request.header(SESSION_LIFE, SESSION_SECONDS);
                Some(Secret::new(&text_of(url, request).await?))
            }
            _ => None,
        };
        let region = match region {
            Some(region) => region,
            None => self.region(session.as_ref()).await?,
        };
        let keys = match keys {
            Some(keys) => keys,
            None => self.keys(session.as_ref()).await?,
        };
        let url = self.verification_url.replace("{region}", &region);
        let parsed = Url::parse(&url).ok().filter(|u| u.scheme() == "https");
        let parsed = parsed.filter(|u| u.host_str().is_some());
        let parsed = parsed.ok_or("its regional_cred_verification_url is no https address")?;
        let call = SignedCall {
            method: "POST",
            url: &parsed,
            // Part of what is signed, so that a call for one provider is none for another.
            more: &[("x-goog-cloud-target-resource", &self.audience)],
        };
        let mut headers = call.signed(&region, &keys, Timestamp::now());
        headers.sort();
        let headers: Vec<Value> = headers
            .iter()
            .map(|(key, value)| json!({ "key": key, "value": value }))
            .collect();
        let call = json!({ "url": url, "method": "POST", "headers": headers }).to_string();
        Ok(Secret::new(
            &utf8_percent_encode(&call, UNRESERVED).to_string(),
        ))
    }

    fn get(&self, url: &str, session: Option<&Secret>) -> reqwest::RequestBuilder {
        let request = self.http.get(url).timeout(SUBJECT_WAIT);
        match session {
            Some(session) => request.header(SESSION, session.reveal()),
            None => request,
        }
    }

    /// The region is the zone without its letter: `eu-west-1` of `eu-west-1b`.
    async fn region(&self, session: Option<&Secret>) -> Result<String, String> {
        let url = self.region_url.as_deref();
        let url = url.ok_or(
            "the subject token: neither AWS_REGION nor the file's region_url says which region it is",
        )?;
        let zone = text_of(url, self.get(url, session)).await?;
        let zone = zone.trim();
        let region = zone.strip_suffix(|c: char| c.is_ascii_lowercase());
        let region = region.filter(|r| is_word(r) && r.ends_with(|c: char| c.is_ascii_digit()));
        let bad = || {
            format!(
                "the subject token: what {} says is no zone",
                exchange::host(url)
            )
        };
        region.map(str::to_owned).ok_or_else(bad)
    }

    /// The keys of the role that the machine has.
    async fn keys(&self, session: Option<&Secret>) -> Result<Keys, String> {
        let url = self.roles_url.as_deref();
        let url = url.ok_or(
            "the subject token: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor the file's url says whose keys sign",
        )?;
        let bad =
            |what: &str| format!("the subject token: {} names no {what}", exchange::host(url));
        let role = text_of(url, self.get(url, session)).await?;
        let role = Some(role.trim())
            .filter(|r| is_word(r))
            .ok_or_else(|| bad("role"))?;
        let keys_url = format!("{}/{role}", url.trim_end_matches('/'));
        let answer = exchange::answered(&keys_url, self.get(&keys_url, session)).await;
        let answer = answer.map_err(|why| format!("the subject token: {why}"))?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
            return Err(bad("keys"));
        };
        Ok(Keys {
            id: id.to_owned(),
            secret: Secret::new(secret),
            session: text("Token").map(Secret::new),
        })
    }
}

/// A region or a role: one segment of a path, without anything that could lead elsewhere.
fn is_word(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.+=,@".contains(c);
    !text.is_empty() && !text.starts_with('.') && text.chars().all(good)
}

async fn text_of(url: &str, request: reqwest::RequestBuilder) -> Result<String, String> {
    let bytes = exchange::text(url, request).await;
    let bytes = bytes.map_err(|why| format!("the subject token: {why}"))?;
    let bad = |_| {
        format!(
            "the subject token: {} answers with no text",
            exchange::host(url)
        )
    };
    String::from_utf8(bytes).map_err(bad)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.trim().is_empty())
}

fn region_of_variables() -> Option<String> {
    variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"))
}

fn keys_of_variables() -> Option<Keys> {
    Some(Keys {
        id: variable("AWS_ACCESS_KEY_ID")?,
        secret: Secret::new(&variable("AWS_SECRET_ACCESS_KEY")?),
        session: variable("AWS_SESSION_TOKEN").map(|t| Secret::new(&t)),
    })
}

/// A call without a body.
struct SignedCall<'c> {
    method: &'c str,
    url: &'c Url,
    /// Headers beside those that every signed call has; names in small letters.
    more: &'c [(&'c str, &'c str)],
}

impl SignedCall<'_> {
    /// Its headers, the signature's among them.
    fn signed(&self, region: &str, keys: &Keys, now: Timestamp) -> Vec<(String, String)> {
        let host = self.url.host_str().unwrap_or_default();
        let service = host.split('.').next().unwrap_or_default();
        let service = service.strip_suffix("-fips").unwrap_or(service);
        let moment = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = now.strftime("%Y%m%d").to_string();
        let mut headers = vec![
            ("host".to_owned(), host.to_owned()),
            ("x-amz-date".to_owned(), moment.clone()),
        ];
        let session = keys.session.as_ref().map(Secret::reveal);
        let session = session.map(|s| ("x-amz-security-token", s));
        let more = self.more.iter().copied().chain(session);
        headers.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
        headers.sort();

        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let mut whole = format!("{}\n{}\n{}\n", self.method, self.url.path(), self.query());
        for (name, value) in &headers {
            let _ = writeln!(whole, "{name}:{}", value.trim());
        }
        let _ = write!(whole, "\n{names}\n{}", hashed(b""));

        let scope = format!("{day}/{region}/{service}/aws4_request");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}",
            hashed(whole.as_bytes())
        );
        let mut key = format!("AWS4{}", keys.secret.reveal()).into_bytes();
        for part in [day.as_str(), region, service, "aws4_request", &to_sign] {
            let by = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key = hmac::sign(&by, part.as_bytes()).as_ref().to_vec();
        }
        headers.push((
            "Authorization".to_owned(),
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
                keys.id,
                hex(&key)
            ),
        ));
        headers
    }

    /// What is asked, encoded and in order.
    fn query(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let pairs = self.url.query_pairs();
        let mut pairs: Vec<String> = pairs
            .map(|(key, value)| format!("{}={}", encoded(&key), encoded(&value)))
            .collect();
        pairs.sort();
        pairs.join("&")
    }
}

fn hashed(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(session: Option<&str>) -> Keys {
        Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: session.map(Secret::new),
        }
    }

    fn signature(call: &SignedCall<'_>, keys: &Keys) -> String {
        let now = "2015-08-30T12:36:00Z".parse().unwrap();
        let headers = call.signed("us-east-1", keys, now);
        let (_, value) = headers.iter().find(|(k, _)| k == "Authorization").unwrap();
        value.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    /// What google-auth for Python (`aws.RequestSigner`) signs with the same keys at the same moment.
    #[test]
    fn the_signature_is_the_one_that_googles_library_makes() {
        const PROVIDER: &str =
            "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";
        for (method, url, session, more, is) in [
            (
                "GET",
                "https://service.example.amazonaws.com/",
                None,
                None,
                "5e01a8a795c91822a7b90002d008e3ecbde057f31d55975ed987992e2d3a9bed",
            ),
            (
                "POST",
                "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
                None,
                None,
                "5d0127c0c30e5d37ec488220bd15b058e0dbf1c17f31d2da6f73a1626d2fc696",
            ),
            (
                "POST",
                "https://sts-fips.us-east-1.amazonaws.com?Version=2011-06-15&Action=Get%20Caller+Identity~a/b",
                Some("a+session/token=="),
                Some(("x-goog-cloud-target-resource", PROVIDER)),
                "8a3131280b2513f855d74270cbaedbf44346f6cf56a136505f2f1926fc30a85a",
            ),
        ] {
            let url = Url::parse(url).unwrap();
            let call = SignedCall {
                method,
                url: &url,
                more: more.as_slice(),
            };
            assert_eq!(signature(&call, &keys(session)), is, "{method} {url}");
        }
    }

    #[test]
    fn what_a_machine_says_leads_nowhere_else() {
        for (text, good) in [
            ("eu-west-1", true),
            ("a.role+of=x,y@z_1", true),
            ("", false),
            ("..", false),
            ("a/b", false),
            ("a?b", false),
            ("a b", false),
        ] {
            assert_eq!(is_word(text), good, "{text}");
        }
    }
}
