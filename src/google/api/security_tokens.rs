//! The Security Token Service (discovery documents sts v1, v1beta): what it is called where texts name it.

/// Where tokens are exchanged, as addresses have it.
pub const EXCHANGES: [&str; 2] = [
    "sts.googleapis.com/v1/token",
    "sts.googleapis.com/v1beta/token",
];
