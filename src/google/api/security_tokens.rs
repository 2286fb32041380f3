//! The Security Token Service (discovery documents sts v1, v1beta): what it is called where texts name it.

/// Where tokens are exchanged, as addresses have it.
pub const EXCHANGES: [&str; 3] = [
    BY_SUBJECT,
    "sts.googleapis.com/v1beta/token",
    BY_CERTIFICATE,
];

/// Where a subject token is sent, unless a credentials file says so.
pub const BY_SUBJECT: &str = "sts.googleapis.com/v1/token";

/// Where a client certificate is asked for in the handshake (doc "Configure Workload Identity Federation with
/// X.509 certificates").
pub const BY_CERTIFICATE: &str = "sts.mtls.googleapis.com/v1/token";
