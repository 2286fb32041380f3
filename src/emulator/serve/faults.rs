//! Faults on demand: a small language that says which calls go wrong, and how.
//!
//! ```text
//! SPEC   = RULE { ";" RULE }
//! RULE   = [METHOD] PATH [WHEN] "=" EFFECT ["after"]
//! METHOD = GET | POST | PUT | PATCH | DELETE            (none: every method)
//! PATH   = the URL's path, with * for anything, slashes and verbs included
//! WHEN   = "#" N | "#" N "-" M | "#" N "+" | RATE "%"    (none: every matching call)
//! EFFECT = a status from 400 to 599, with ":" and a duration as Retry-After
//!        | reset        the connection is reset without an answer
//!        | slow:2s      the body takes that long
//!        | truncate     the body ends in its middle; truncate:N after N bytes
//!        | garbled      the body is the first half of it, as if that were all
//!        | html         a proxy's page instead of an answer (502; html:503 another status, html:200
//!                       the page of a network that wants a login first)
//!        | expired      401, as for an access token that has expired
//! ```
//!
//! A fault happens before the call takes effect; with `after` (`reset after`, `503 after`) the call
//! takes effect first and its answer is lost. `slow`, `truncate` and `garbled` always have the real answer. The
//! first rule that applies to a call decides. `POST *:setIamPolicy #1 = reset after; GET * 5% = 503`
//! loses the answer to the first write and fails one read in twenty.
//!
//! Calls are counted for each rule from 1; a rate is decided by the seed and that count alone, so that
//! the same calls in the same order meet the same faults.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Rules for what goes wrong. Read with [`str::parse`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rules: Vec<Rule>,
}

/// Why a text holds no rules, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in the fault rule '{}': {why}", crate::text::visible(rule))]
pub struct BadFault {
    /// The rule.
    pub rule: String,
    /// What is wrong with it and what was expected.
    pub why: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    method: Option<String>,
    path: String,
    when: When,
    effect: FaultEffect,
    after: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum When {
    Always,
    /// The calls from the first to the last of these, counted from 1.
    Nth(u64, u64),
    /// Out of a million.
    Rate(u64),
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FaultEffect {
    Status {
        code: u16,
        retry_after: Option<Duration>,
    },
    Reset,
    Slow(Duration),
    /// After that many bytes, or in the middle.
    Truncate(Option<usize>),
    Garbled,
    Html(u16),
    Expired,
}

/// A fault that a call meets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InjectedFault {
    pub effect: FaultEffect,
    /// The call takes effect first.
    pub after: bool,
}

impl InjectedFault {
    /// Whether the call itself is carried out.
    pub fn takes_effect(&self) -> bool {
        self.after || self.effect.has_the_answer()
    }
}

const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE"];
const EFFECTS: &str =
    "a status from 400 to 599, reset, slow:DURATION, truncate, garbled, html or expired";

impl FromStr for Faults {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let rules = text
            .split(';')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
            .map(|rule| {
                Rule::read(rule).map_err(|why| BadFault {
                    rule: rule.to_owned(),
                    why,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        if rules.is_empty() {
            return Err(BadFault {
                rule: text.to_owned(),
                why: "it is empty; expected [METHOD] PATH [WHEN] = EFFECT".to_owned(),
            });
        }
        Ok(Self { rules })
    }
}

impl Rule {
    fn read(text: &str) -> Result<Self, String> {
        let (which, what) = text
            .split_once('=')
            .ok_or("it has no '='; expected [METHOD] PATH [WHEN] = EFFECT")?;
        let mut words: Vec<&str> = which.split_whitespace().collect();
        let method = words
            .first()
            .filter(|word| word.bytes().all(|b| b.is_ascii_alphabetic()))
            .map(|word| word.to_uppercase());
        if let Some(method) = &method {
            if !METHODS.contains(&method.as_str()) {
                return Err(format!(
                    "'{method}' is no method; expected {}",
                    METHODS.join(", ")
                ));
            }
            words.remove(0);
        }
        let (path, when) = match words.as_slice() {
            [] => return Err("it has no path; expected one, with * for anything".to_owned()),
            [path] => (*path, When::Always),
            [path, when] => (*path, When::read(when)?),
            [_, _, more, ..] => {
                return Err(format!(
                    "'{more}' is one word too many before '='; expected [METHOD] PATH [WHEN]"
                ));
            }
        };
        if !path.starts_with(['/', '*']) {
            return Err(format!("the path '{path}' must begin with / or *"));
        }
        let mut what = what.split_whitespace();
        let effect = FaultEffect::read(
            what.next()
                .ok_or(format!("it has no effect; expected {EFFECTS}"))?,
        )?;
        let after = match what.next() {
            None => false,
            Some("after") => true,
            Some(other) => {
                return Err(format!(
                    "'{other}' follows the effect; expected 'after' or nothing"
                ));
            }
        };
        if let Some(more) = what.next() {
            return Err(format!("'{more}' follows 'after'; expected nothing"));
        }
        if after && effect.has_the_answer() {
            return Err(
                "slow, truncate and garbled have the real answer already; leave 'after' out"
                    .to_owned(),
            );
        }
        Ok(Self {
            method,
            path: path.to_owned(),
            when,
            effect,
            after,
        })
    }

    fn applies(&self, method: &str, path: &str) -> bool {
        self.method.as_ref().is_none_or(|m| m == method) && glob(&self.path, path)
    }
}

impl When {
    fn read(text: &str) -> Result<Self, String> {
        let bad =
            || format!("'{text}' says no calls; expected #3 (the third), #3-5, #3+ or 5% (of all)");
        if let Some(rate) = text.strip_suffix('%') {
            let rate: f64 = rate.parse().map_err(|_| bad())?;
            if !(0.0..=100.0).contains(&rate) {
                return Err(format!("the rate {rate}% is not between 0% and 100%"));
            }
            // Not negative and at most a million: nothing is lost.
            return Ok(Self::Rate((rate * 10_000.0).round() as u64));
        }
        let numbers = text.strip_prefix('#').ok_or_else(bad)?;
        let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0).ok_or_else(bad);
        if let Some(from) = numbers.strip_suffix('+') {
            return Ok(Self::Nth(number(from)?, u64::MAX));
        }
        let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
        let (from, to) = (number(from)?, number(to)?);
        if from > to {
            return Err(format!("'{text}' ends before it begins"));
        }
        Ok(Self::Nth(from, to))
    }
}

impl FaultEffect {
    /// Whether it does something to the real answer.
    fn has_the_answer(&self) -> bool {
        matches!(self, Self::Slow(_) | Self::Truncate(_) | Self::Garbled)
    }

    fn read(text: &str) -> Result<Self, String> {
        let (word, detail) = match text.split_once(':') {
            Some((word, detail)) => (word, Some(detail)),
            None => (text, None),
        };
        let unwanted = |effect: Self| match detail {
            None => Ok(effect),
            Some(_) => Err(format!("'{word}' takes nothing after a colon")),
        };
        match word {
            "reset" => unwanted(Self::Reset),
            "expired" => unwanted(Self::Expired),
            "garbled" => unwanted(Self::Garbled),
            "slow" => match detail {
                Some(detail) => Ok(Self::Slow(duration(detail)?)),
                None => Err("'slow' needs a duration; expected slow:2s".to_owned()),
            },
            "truncate" => match detail {
                None => Ok(Self::Truncate(None)),
                Some(n) => match n.parse() {
                    Ok(n) => Ok(Self::Truncate(Some(n))),
                    Err(_) => Err(format!(
                        "'{n}' is no number of bytes; expected truncate:100"
                    )),
                },
            },
            "html" => match detail {
                None => Ok(Self::Html(502)),
                Some("200") => Ok(Self::Html(200)),
                Some(code) => Ok(Self::Html(status(code)?)),
            },
            code if code.starts_with(|c: char| c.is_ascii_digit()) => Ok(Self::Status {
                code: status(code)?,
                retry_after: detail.map(duration).transpose()?,
            }),
            other => Err(format!("'{other}' is no effect; expected {EFFECTS}")),
        }
    }
}

fn status(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|code| (400..600).contains(code))
        .ok_or(format!("'{text}' is no status from 400 to 599"))
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|d| Duration::try_from(d).ok())
        .ok_or(format!("'{text}' is no duration; expected 250ms, 2s or 1m"))
}

/// Whether a path matches a pattern in which `*` stands for anything.
fn glob(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut rest = rest;
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The rules with their counts.
#[derive(Debug, Default)]
pub(crate) struct Play {
    rules: Vec<(Rule, AtomicU64)>,
    seed: u64,
}

impl Play {
    pub fn new(faults: Faults, seed: u64) -> Self {
        let rules = faults.rules.into_iter();
        Self {
            rules: rules.map(|rule| (rule, AtomicU64::new(0))).collect(),
            seed,
        }
    }

    /// What happens to this call.
    pub fn meet(&self, method: &str, path: &str) -> Option<InjectedFault> {
        let mut met = None;
        for (index, (rule, count)) in self.rules.iter().enumerate() {
            if !rule.applies(method, path) {
                continue;
            }
            // Every rule counts every call that it speaks of, also those that another rule decides.
            let nth = count.fetch_add(1, Ordering::Relaxed) + 1;
            let now = match rule.when {
                When::Always => true,
                When::Nth(from, to) => (from..=to).contains(&nth),
                When::Rate(rate) => {
                    let index = u64::try_from(index).unwrap_or(u64::MAX);
                    draw(self.seed, index, nth) % 1_000_000 < rate
                }
            };
            if now && met.is_none() {
                met = Some(InjectedFault {
                    effect: rule.effect.clone(),
                    after: rule.after,
                });
            }
        }
        met
    }
}

/// A number that hangs on its three arguments alone (the mixing steps of splitmix64).
pub(crate) fn draw(seed: u64, stream: u64, n: u64) -> u64 {
    let mut z = seed
        .wrapping_add(stream.wrapping_mul(0xd1b5_4a32_d192_ed03))
        .wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How long each answer waits: always the same, or anything between two durations. Read with
/// [`str::parse`]: `200ms`, or `100ms-300ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    least: Duration,
    most: Duration,
}

impl Latency {
    /// Always the same.
    #[must_use]
    pub fn of(duration: Duration) -> Self {
        Self {
            least: duration,
            most: duration,
        }
    }

    /// The wait of the nth answer; it hangs on the seed and n alone.
    pub(crate) fn nth(self, seed: u64, n: u64) -> Duration {
        let spread =
            u64::try_from(self.most.saturating_sub(self.least).as_nanos()).unwrap_or(u64::MAX - 1);
        self.least + Duration::from_nanos(draw(seed, u64::MAX, n) % (spread + 1))
    }
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        let (least, most) = (duration(least.trim())?, duration(most.trim())?);
        if least > most {
            return Err(format!(
                "'{text}' ends before it begins; expected 100ms-300ms"
            ));
        }
        Ok(Self { least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(spec: &str, seed: u64) -> Play {
        Play::new(spec.parse().unwrap(), seed)
    }

    #[test]
    fn rules_speak_of_calls() {
        let play = play(
            "post *:setIamPolicy #2 = reset after; GET /v3/projects/*/x* #1-2 = 429:3s; * = html:503",
            0,
        );
        let write = |p: &Play| p.meet("POST", "/v1/projects/p/serviceAccounts/a@b:setIamPolicy");
        assert_eq!(write(&play).unwrap().effect, FaultEffect::Html(503));
        assert_eq!(
            write(&play),
            Some(InjectedFault {
                effect: FaultEffect::Reset,
                after: true
            })
        );
        assert_eq!(write(&play).unwrap().effect, FaultEffect::Html(503));
        let limited = FaultEffect::Status {
            code: 429,
            retry_after: Some(Duration::from_secs(3)),
        };
        assert_eq!(
            play.meet("GET", "/v3/projects/a/b/xy").unwrap().effect,
            limited
        );
        assert_eq!(
            play.meet("GET", "/v3/projects/a/x").unwrap().effect,
            limited
        );
        assert_eq!(
            play.meet("GET", "/v3/projects/a/x").unwrap().effect,
            FaultEffect::Html(503)
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, path, matches) in [
            ("*", "/a", true),
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a*c", "/abc", true),
            ("/a*c", "/ac", true),
            ("/a*c", "/acd", false),
            ("*/b/*", "/a/b/c", true),
            ("*b*b", "/b", false),
            ("*b*b", "/bb", true),
        ] {
            assert_eq!(glob(pattern, path), matches, "{pattern} {path}");
        }
    }

    #[test]
    fn a_rate_is_kept_and_the_same_under_a_seed() {
        let met = |seed| {
            let play = play("GET * 10% = 503", seed);
            (0..10_000)
                .filter(|_| play.meet("GET", "/x").is_some())
                .count()
        };
        assert!((900..1_100).contains(&met(1)), "{}", met(1));
        let which = |seed| {
            let play = play("GET * 50% = 503", seed);
            (0..64)
                .map(|_| play.meet("GET", "/x").is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(which(7), which(7));
        assert_ne!(which(7), which(8));
        assert_eq!(play("* 0% = 503", 1).meet("GET", "/"), None);
        assert!(play("* 100% = 503", 1).meet("GET", "/").is_some());
    }

    #[test]
    fn bad_rules_say_what_was_expected() {
        for (spec, words) in [
            ("", "it is empty"),
            ("GET /x", "it has no '='"),
            ("HEAD /x = 503", "'HEAD' is no method; expected GET, POST"),
            ("GET = 503", "it has no path"),
            ("v1/x = 503", "must begin with / or *"),
            ("GET /x first = 503", "'first' says no calls; expected #3"),
            ("GET /x #0 = 503", "'#0' says no calls"),
            ("GET /x #5-2 = 503", "ends before it begins"),
            ("GET /x 101% = 503", "not between 0% and 100%"),
            ("GET /x #1 y = 503", "'y' is one word too many"),
            ("GET /x = ", "it has no effect; expected a status"),
            ("GET /x = 200", "'200' is no status from 400 to 599"),
            ("GET /x = boom", "'boom' is no effect"),
            ("GET /x = slow", "needs a duration"),
            (
                "GET /x = slow:soon",
                "'soon' is no duration; expected 250ms",
            ),
            ("GET /x = slow:-2s", "is no duration"),
            ("GET /x = truncate:x", "is no number of bytes"),
            ("GET /x = reset:1", "takes nothing after a colon"),
            ("GET /x = reset before", "expected 'after' or nothing"),
            ("GET /x = slow:1s after", "leave 'after' out"),
            (
                "GET /ok = 503; GET /y = 7",
                "in the fault rule 'GET /y = 7'",
            ),
        ] {
            let said = spec.parse::<Faults>().unwrap_err().to_string();
            assert!(said.contains(words), "{spec}: {said}");
        }
    }

    #[test]
    fn latency_stays_between_its_ends() {
        let latency: Latency = "100ms-300ms".parse().unwrap();
        let waits: Vec<Duration> = (0..100).map(|n| latency.nth(3, n)).collect();
        assert!(
            waits.iter().all(|w| (100..=300).contains(&w.as_millis())),
            "{waits:?}"
        );
        assert!(
            waits.iter().any(|w| w.as_millis() < 150) && waits.iter().any(|w| w.as_millis() > 250)
        );
        assert_eq!(
            waits,
            (0..100).map(|n| latency.nth(3, n)).collect::<Vec<_>>()
        );
        assert_eq!(
            "2s".parse::<Latency>().unwrap().nth(3, 1),
            Duration::from_secs(2)
        );
        assert!("3s-2s".parse::<Latency>().is_err() && "soon".parse::<Latency>().is_err());
    }
}
