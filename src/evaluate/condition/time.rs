//! Points in time, durations and time zones of the condition language.
//!
//! A type of its own because the language goes to the very end of the year
//! 9999, which [`jiff::Timestamp`] leaves out.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use crate::text::in_quotes;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;
/// 0001-01-01T00:00:00Z.
const MIN_SECONDS: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const MAX_SECONDS: i64 = 253_402_300_799;

/// A point in time: seconds since 1970 (UTC) and nanoseconds within the second,
/// between the years 1 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    seconds: i64,
    nanos: u32,
}

impl Instant {
    /// From seconds since 1970, if within the language's range.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (MIN_SECONDS..=MAX_SECONDS)
            .contains(&seconds)
            .then_some(Self { seconds, nanos: 0 })
    }

    fn from_nanos(nanos: i128) -> Option<Self> {
        let seconds = i64::try_from(nanos.div_euclid(i128::from(NANOS))).ok()?;
        let rest = u32::try_from(nanos.rem_euclid(i128::from(NANOS))).ok()?;
        Some(Self {
            nanos: rest,
            ..Self::from_seconds(seconds)?
        })
    }

    fn as_nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// This time plus nanoseconds, if within the language's range.
    #[must_use]
    pub fn plus(self, nanos: i64) -> Option<Self> {
        Self::from_nanos(self.as_nanos() + i128::from(nanos))
    }

    /// This time minus nanoseconds, if within the language's range.
    #[must_use]
    pub fn minus(self, nanos: i64) -> Option<Self> {
        Self::from_nanos(self.as_nanos() - i128::from(nanos))
    }

    /// Nanoseconds from `earlier` to this, if they fit a duration.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<i64> {
        i64::try_from(self.as_nanos() - earlier.as_nanos()).ok()
    }

    /// As jiff's type; the last day of 9999 is cut to what that can hold.
    #[must_use]
    pub fn to_timestamp(self) -> jiff::Timestamp {
        let nanos = i32::try_from(self.nanos).unwrap_or(0);
        jiff::Timestamp::new(self.seconds, nanos).unwrap_or(if self.seconds < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Wall clock at `offset` seconds east of UTC.
    fn civil(self, offset: i64) -> Option<DateTime> {
        let local = self.seconds + offset;
        let date = date_of_day(local.div_euclid(SECONDS_PER_DAY))?;
        let second = local.rem_euclid(SECONDS_PER_DAY);
        let time = Time::new(
            i8::try_from(second / 3600).ok()?,
            i8::try_from(second / 60 % 60).ok()?,
            i8::try_from(second % 60).ok()?,
            i32::try_from(self.nanos).ok()?,
        )
        .ok()?;
        Some(DateTime::from_parts(date, time))
    }
}

/// The reverse: a time outside of the language's range is cut to it.
impl From<jiff::Timestamp> for Instant {
    fn from(time: jiff::Timestamp) -> Self {
        Self::from_nanos(time.as_nanosecond()).unwrap_or(Self {
            seconds: MIN_SECONDS,
            nanos: 0,
        })
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) = self.civil(0) else {
            return write!(f, "{}s", self.seconds);
        };
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )?;
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

/// Days since 1970 to a date (the civil calendar, proleptic Gregorian).
fn date_of_day(day: i64) -> Option<Date> {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let y = yoe + era * 400 + i64::from(m <= 2);
    Date::new(
        i16::try_from(y).ok()?,
        i8::try_from(m).ok()?,
        i8::try_from(d).ok()?,
    )
    .ok()
}

fn day_of_date(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Takes exactly `count` digits off the front.
fn digits(text: &mut &str, count: usize) -> Option<i64> {
    let head = text.get(..count)?;
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    *text = text.get(count..)?;
    head.parse().ok()
}

fn literal(text: &mut &str, expected: char) -> Option<()> {
    *text = text.strip_prefix(expected)?;
    Some(())
}

fn date(text: &mut &str) -> Option<i64> {
    let year = digits(text, 4)?;
    literal(text, '-')?;
    let month = digits(text, 2)?;
    literal(text, '-')?;
    let day = digits(text, 2)?;
    // Refuses the 30th of February.
    Date::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()?;
    Some(day_of_date(year, month, day))
}

/// `timestamp("…")`: RFC 3339, with `T` and `Z` or an offset, up to nine decimals.
pub(super) fn parse_timestamp(text: &str) -> Result<Instant, String> {
    let parse = || {
        let mut rest = text;
        let day = date(&mut rest)?;
        literal(&mut rest, 'T')?;
        let hour = digits(&mut rest, 2).filter(|h| *h < 24)?;
        literal(&mut rest, ':')?;
        let minute = digits(&mut rest, 2).filter(|m| *m < 60)?;
        literal(&mut rest, ':')?;
        let second = digits(&mut rest, 2).filter(|s| *s < 60)?;
        let mut nanos = 0;
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return None;
            }
            let kept: String = after.chars().take(length.min(9)).collect();
            nanos = format!("{kept:0<9}").parse::<i64>().ok()?;
            rest = after.get(length..)?;
        }
        let offset = if rest == "Z" {
            0
        } else {
            let sign = match rest.chars().next()? {
                '+' => 1,
                '-' => -1,
                _ => return None,
            };
            rest = rest.get(1..)?;
            let hours = digits(&mut rest, 2).filter(|h| *h < 24)?;
            literal(&mut rest, ':')?;
            let minutes = digits(&mut rest, 2).filter(|m| *m < 60)?;
            if !rest.is_empty() {
                return None;
            }
            sign * (hours * 3600 + minutes * 60)
        };
        Some((
            day * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - offset,
            nanos,
        ))
    };
    let (seconds, nanos) =
        parse().ok_or_else(|| format!("{} is not an RFC 3339 timestamp", in_quotes(text)))?;
    Instant::from_seconds(seconds)
        .and_then(|t| t.plus(nanos))
        .ok_or_else(|| format!("{} is outside of the range of timestamps", in_quotes(text)))
}

/// `date("YYYY-MM-DD")`: that day's midnight in UTC (doc: Attribute reference
/// for IAM Conditions, Date/time attribute).
pub(super) fn parse_date(text: &str) -> Result<Instant, String> {
    let mut rest = text;
    date(&mut rest)
        .filter(|_| rest.is_empty())
        .and_then(|day| Instant::from_seconds(day * SECONDS_PER_DAY))
        .ok_or_else(|| format!("{} is not a date of the form YYYY-MM-DD", in_quotes(text)))
}

/// `duration("…")`: decimal numbers, each with a unit (h, m, s, ms, us, ns).
pub(super) fn parse_duration(text: &str) -> Result<i64, String> {
    let bad = || {
        format!(
            "{} is not a duration such as \"3600s\" or \"1h30m\"",
            in_quotes(text)
        )
    };
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() || text.len() > 128 {
        return Err(bad());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (int, after) = rest.split_at(whole);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", after),
        };
        if int.is_empty() && fraction.is_empty() {
            return Err(bad());
        }
        let (unit, after): (i128, &str) = if let Some(a) = after.strip_prefix("ms") {
            (1_000_000, a)
        } else if let Some(a) = after.strip_prefix("ns") {
            (1, a)
        } else if let Some(a) = ["us", "µs", "μs"]
            .iter()
            .find_map(|u| after.strip_prefix(u))
        {
            (1_000, a)
        } else if let Some(a) = after.strip_prefix('h') {
            (3_600_000_000_000, a)
        } else if let Some(a) = after.strip_prefix('m') {
            (60_000_000_000, a)
        } else if let Some(a) = after.strip_prefix('s') {
            (1_000_000_000, a)
        } else {
            return Err(bad());
        };
        let int: i128 = if int.is_empty() {
            0
        } else {
            int.parse::<i64>().map_err(|_| bad())?.into()
        };
        let places = fraction.len().min(15);
        let part: i128 = match fraction.get(..places) {
            None | Some("") => 0,
            Some(f) => f.parse::<i64>().map_err(|_| bad())?.into(),
        };
        total += int * unit + part * unit / 10_i128.pow(u32::try_from(places).unwrap_or(0));
        rest = after;
    }
    i64::try_from(if negative { -total } else { total })
        .map_err(|_| format!("{} is outside of the range of durations", in_quotes(text)))
}

/// `string(duration)`: seconds with as many decimals as needed.
pub(super) fn format_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let (seconds, rest) = (size / 1_000_000_000, size % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let rest = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", rest.trim_end_matches('0'))
}

/// The accessors of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accessor {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Accessor {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "getFullYear" => Self::FullYear,
            "getMonth" => Self::Month,
            "getDate" => Self::Date,
            "getDayOfMonth" => Self::DayOfMonth,
            "getDayOfWeek" => Self::DayOfWeek,
            "getDayOfYear" => Self::DayOfYear,
            "getHours" => Self::Hours,
            "getMinutes" => Self::Minutes,
            "getSeconds" => Self::Seconds,
            "getMilliseconds" => Self::Milliseconds,
            _ => return None,
        })
    }

    /// Of a timestamp, in a zone (none: UTC).
    ///
    /// # Errors
    /// A zone that is unknown here, or a wall clock outside of the calendar.
    pub(super) fn of_timestamp(self, at: Instant, zone: Option<&str>) -> Result<i64, String> {
        let offset = match zone {
            None => 0,
            Some(zone) => offset_at(zone, at)?,
        };
        let local = at
            .civil(offset)
            .ok_or_else(|| "the local time is outside of the calendar".to_owned())?;
        Ok(match self {
            Self::FullYear => local.year().into(),
            Self::Month => i64::from(local.month()) - 1,
            Self::Date => local.day().into(),
            Self::DayOfMonth => i64::from(local.day()) - 1,
            Self::DayOfWeek => local.weekday().to_sunday_zero_offset().into(),
            Self::DayOfYear => i64::from(local.day_of_year()) - 1,
            Self::Hours => local.hour().into(),
            Self::Minutes => local.minute().into(),
            Self::Seconds => local.second().into(),
            Self::Milliseconds => i64::from(local.subsec_nanosecond()) / 1_000_000,
        })
    }

    /// Of a duration: whole hours, minutes, seconds of it, or the milliseconds within its second.
    pub(super) fn of_duration(self, nanos: i64) -> Option<i64> {
        Some(match self {
            Self::Hours => nanos / (3600 * NANOS),
            Self::Minutes => nanos / (60 * NANOS),
            Self::Seconds => nanos / NANOS,
            Self::Milliseconds => nanos % NANOS / 1_000_000,
            _ => return None,
        })
    }
}

/// Seconds east of UTC in `zone` at that time: an IANA name or ±HH:MM.
fn offset_at(zone: &str, at: Instant) -> Result<i64, String> {
    if zone == "UTC" || zone == "Z" {
        return Ok(0);
    }
    if let Some(seconds) = fixed_offset(zone) {
        return Ok(seconds);
    }
    let found: TimeZone = jiff::tz::db().get(zone).map_err(|_| {
        if jiff::tz::db().is_definitively_empty() {
            format!(
                "there is no time zone database here to look up {}",
                in_quotes(zone)
            )
        } else {
            format!("{} is not a known time zone", in_quotes(zone))
        }
    })?;
    let offset: Offset = found.to_offset(at.to_timestamp());
    Ok(offset.seconds().into())
}

/// `±HH:MM` or `HH:MM` (the language definition takes both).
fn fixed_offset(zone: &str) -> Option<i64> {
    let (sign, mut rest) = match zone.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    let hours = digits(&mut rest, 2).filter(|h| *h < 24)?;
    literal(&mut rest, ':')?;
    let minutes = digits(&mut rest, 2).filter(|m| *m < 60)?;
    rest.is_empty()
        .then_some(sign * (hours * 3600 + minutes * 60))
}
