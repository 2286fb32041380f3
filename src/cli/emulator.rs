//! `emulator`: serves an estate until it is stopped, and says how gcloud gets there.

use std::io::ErrorKind;
use std::path::Path;

use super::args::{EmulatorArgs, Global};
use super::failure::Failure;
use super::{Exit, facts, out};
use crate::emulator::{self, Options, StartError};
use crate::iam::Principal;
use crate::text::shell;

/// What gcloud calls the APIs that are served, as the last part of
/// `CLOUDSDK_API_ENDPOINT_OVERRIDES_…` (googlecloudsdk/core/properties.py,
/// `_SectionApiEndpointOverrides`).
const GCLOUD_APIS: &[&str] = &[
    "IAM",
    "IAMCREDENTIALS",
    "CLOUDRESOURCEMANAGER",
    "POLICYTROUBLESHOOTER",
    "SERVICEUSAGE",
    "CLOUDASSET",
    "CLOUDIDENTITY",
    "ORGPOLICY",
];

/// Serves until SIGINT, SIGTERM or SIGHUP.
///
/// The first line on stdout is the base URL, the following are for a shell.
///
/// # Errors
/// An estate that cannot be read, a port that is taken, no place for the token's file.
pub async fn run(global: &Global, args: &EmulatorArgs) -> Result<Exit, Failure> {
    // Asked for before anything is there to be cleaned up.
    let stopped = stopped()?;
    let (estate, name) = facts::estate_to_serve(global)?;
    let options = Options {
        port: args.port,
        viewer: global.viewer.clone(),
        latency: args.latency.unwrap_or_default(),
        propagation: args.propagation.unwrap_or_default(),
        quota: args.quota,
        faults: args.faults.clone().unwrap_or_default(),
        seed: args.seed,
        record: args.record.clone(),
        persist: args.persist.clone(),
        metadata_account: args
            .metadata_account
            .as_ref()
            .map(|account| account.id().to_owned())
            .or_else(|| match &global.viewer {
                Some(Principal::ServiceAccount(email)) => Some(email.clone()),
                _ => None,
            }),
        token_lifetime: args.token_lifetime,
        clock: emulator::Clock::default(),
    };
    let running = emulator::start(estate, options)
        .await
        .map_err(|e| not_started(args.port, &e))?;
    let base = running.base_url();
    let dir = private_dir()?;
    let token = dir.path().join("access-token");
    write_private(&token, running.admin_token())?;
    let who = match &global.viewer {
        Some(viewer) => viewer.to_string(),
        None => "the estate's administrator".to_owned(),
    };
    out::write_out(&announcement(&base, &token))?;
    out::aside(&format!(
        "serving {name} at {base} until it is stopped (Ctrl-C). The lines on stdout point gcloud here, as {who}; a bearer token that is a member (user:ana@example.com) is that principal."
    ));
    stopped.await;
    running.stop().await;
    // The directory goes with its value: the token is of no use any more.
    drop(dir);
    Ok(Exit::Done)
}

/// The base URL, then one `export` line each. gcloud replaces an API's address, slash included, so
/// every override ends in a slash (googlecloudsdk/api_lib/iamcredentials/util.py,
/// `PerformIamEndpointsOverride`).
fn announcement(base: &str, token: &Path) -> String {
    let mut text = format!("{base}\n");
    let file = shell(&token.display().to_string());
    text.push_str(&format!("export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE={file}\n"));
    // Where `gcloud auth activate-service-account` takes a key, whatever address is in the key's file
    // (googlecloudsdk/core/credentials/creds.py, `GetEffectiveTokenUri`).
    text.push_str(&format!("export CLOUDSDK_AUTH_TOKEN_HOST={base}/token\n"));
    for api in GCLOUD_APIS {
        text.push_str(&format!(
            "export CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}={base}/\n"
        ));
    }
    text
}

fn not_started(port: u16, error: &StartError) -> Failure {
    let StartError::Listen(why) = error else {
        return Failure::new(
            "start the emulator",
            error.to_string(),
            "name another file, or mend what keeps this one from being used",
        );
    };
    let next = match why.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there: stop it, or take another port (--port 0 takes any that is free)"
        }
        ErrorKind::PermissionDenied => "ports below 1024 need privileges: take a higher one",
        _ => "check that this machine lets programs listen on 127.0.0.1",
    };
    Failure::new(
        format!("listen on 127.0.0.1:{port}"),
        error.to_string(),
        next,
    )
}

fn private_dir() -> Result<tempfile::TempDir, Failure> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("bindscope-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(|e| {
        Failure::new(
            "make a private directory for the token",
            e.to_string(),
            "set TMPDIR to a directory that can be written to",
        )
    })
}

/// The directory is its owner's alone already, and so is the file.
fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|e| {
            let tried = format!("write the token's file {}", path.display());
            Failure::new(
                tried,
                e.to_string(),
                "set TMPDIR to a directory that can be written to",
            )
        })
}

/// Ready when the process is asked to end.
#[cfg(unix)]
fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|e| Failure::new("listen for signals", e.to_string(), "try again"))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Ready when the process is asked to end.
#[cfg(not(unix))]
fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Where Ctrl-C cannot be listened for, it ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_address_and_every_override_ends_in_a_slash() {
        let text = announcement("http://127.0.0.1:8090", Path::new("/tmp/a b/it's"));
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("http://127.0.0.1:8090"));
        assert_eq!(
            lines.next(),
            Some(r"export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE='/tmp/a b/it'\''s'")
        );
        assert_eq!(
            lines.next(),
            Some("export CLOUDSDK_AUTH_TOKEN_HOST=http://127.0.0.1:8090/token")
        );
        let mut overrides = 0;
        for line in lines {
            assert!(
                line.starts_with("export CLOUDSDK_API_ENDPOINT_OVERRIDES_"),
                "{line}"
            );
            assert!(line.ends_with("=http://127.0.0.1:8090/"), "{line}");
            overrides += 1;
        }
        assert_eq!(overrides, GCLOUD_APIS.len());
    }
}
