//! The calls that were made, for the command log.

use std::time::Duration;

use jiff::Timestamp;

/// One call that was made, for the command log. It holds no token and no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// When it was sent.
    pub time: Timestamp,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// It was not waited for any longer: its time was up, or whoever asked was gone.
    pub cut_off: bool,
}

impl std::fmt::Display for RecordedCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = match self.status {
            _ if self.cut_off => "cut off".to_owned(),
            Some(status) => status.to_string(),
            None => "no answer".to_owned(),
        };
        let time = self.time.strftime("%H:%M:%SZ");
        let millis = self.took.as_millis();
        write!(
            f,
            "{time} {:<4} {status} {millis:>5} ms {}",
            self.method, self.url
        )
    }
}
