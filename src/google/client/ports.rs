//! The three ways in: what reads, what writes, and what refuses to.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::Value;

use super::Inner;
use super::hosts::described;
use crate::wire::{Api, ApiError, Ask, Tell};

/// The POSTs that change nothing (discovery documents cloudresourcemanager v1 and v3, iam v1,
/// iamcredentials v1, policytroubleshooter v3 and v3beta).
const READING_VERBS: [&str; 9] = [
    "getIamPolicy",
    "testIamPermissions",
    "getAncestry",
    "queryTestablePermissions",
    "queryGrantableRoles",
    "generateAccessToken",
    "generateIdToken",
    "troubleshoot",
    "troubleshootError",
];

/// Whether a POST to this path changes nothing. One without a verb creates something.
fn only_reads(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or(path);
    let last = path.rsplit('/').next().unwrap_or(path);
    last.rsplit_once(':')
        .is_some_and(|(_, verb)| READING_VERBS.contains(&verb))
}

/// Reads only: it has no method that changes anything, and sends no POST that might.
pub(super) struct Reader(pub Arc<Inner>);

impl Ask for Reader {
    fn get<'a>(&'a self, api: Api, path: &'a str) -> BoxFuture<'a, Result<Value, ApiError>> {
        self.0.read(Method::GET, api, path, None).boxed()
    }

    fn ask<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        if !only_reads(path) {
            let refused = ApiError::Refused {
                what: described(&Method::POST, api, path),
                status: 405,
                reason: None,
                message: "not sent: this connection only reads".to_owned(),
            };
            return futures::future::ready(Err(refused)).boxed();
        }
        self.0.read(Method::POST, api, path, Some(body)).boxed()
    }
}

/// The writer of a read-only connection: it has no connection at all.
pub(super) struct Closed;

impl Tell for Closed {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        let refused = ApiError::Refused {
            what: described(&Method::POST, api, path),
            status: 405,
            reason: None,
            message: "not sent: read-only".to_owned(),
        };
        futures::future::ready(Err(refused)).boxed()
    }
}

/// Sends each write once.
pub(super) struct Writer(pub Arc<Inner>);

impl Tell for Writer {
    fn tell<'a>(
        &'a self,
        api: Api,
        path: &'a str,
        body: &'a Value,
    ) -> BoxFuture<'a, Result<Value, ApiError>> {
        async move {
            let sent = self.0.send(Method::POST, api, path, Some(body)).await;
            sent.map_err(|missed| missed.error)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Client, Connect};
    use super::*;
    use crate::google::credentials::Secret;

    #[tokio::test]
    async fn a_read_only_connection_has_no_writer() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::connect(Connect {
            // Nobody listens there: a call that is sent ends as unreachable.
            endpoint: Some("http://127.0.0.1:1".into()),
            token: Some(Secret::new("t")),
            read_only: true,
        })
        .await
        .unwrap();
        let path = "v1/projects/p/serviceAccounts/e:setIamPolicy";
        let said = client.writer().tell(Api::Iam, path, &Value::Null).await;
        assert_eq!(said.unwrap_err().status(), Some(405));
        let said = client.reader().ask(Api::Iam, path, &Value::Null).await;
        assert_eq!(said.unwrap_err().status(), Some(405));
        assert_eq!(client.log(), []);
    }

    #[test]
    fn the_reader_sends_nothing_that_may_change_something() {
        for path in [
            "v1/projects/p/serviceAccounts/e@x.com:getIamPolicy?options.requestedPolicyVersion=3",
            "v3/folders/1:testIamPermissions",
            "v1/projects/-/serviceAccounts/e@x.com:generateAccessToken",
        ] {
            assert!(only_reads(path), "{path}");
        }
        for path in [
            "v1/projects/p/serviceAccounts/e@x.com:setIamPolicy",
            "v1/projects/p/serviceAccounts/e@x.com:setIamPolicy?x=:getIamPolicy",
            "v1/projects/p/serviceAccounts/e:getIamPolicy/x:disable",
            "v1/projects/p/serviceAccounts/e@x.com:disable",
            "v1/projects/p/services/s:enable",
            "v1/projects/p/serviceAccounts",
            "v1/projects/p/serviceAccounts/e@x.com/keys",
        ] {
            assert!(!only_reads(path), "{path}");
        }
    }
}
