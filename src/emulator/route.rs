//! A row of the table of routes: method, pattern, what it needs, who answers.

use super::call::{ApiAnswer, ApiCall, Reply};
use super::world::Shared;

/// One method of an API.
#[derive(Debug)]
pub(crate) struct Route {
    /// The HTTP method; `*` is any.
    pub method: &'static str,
    /// The path as discovery documents write it: `{name}` stands for one segment, `{name=a|b}` for one of
    /// these, `{name=**}` for whatever is left; after the last segment may come `:verb`.
    pub pattern: &'static str,
    pub needs: Needs,
    pub handler: Handler,
}

/// What a caller needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Needs {
    /// These permissions, on what the path names or, where it names nothing, on what the request does.
    /// `{name}` is what the path has at that place.
    All(&'static [&'static str]),
    /// Nobody is refused, but an answer holds only what the caller has this permission on.
    Each(&'static str),
    /// A rule that is no permission.
    Rule(&'static str),
    /// Anybody who is somebody.
    Somebody,
    /// Not even that: it is answered before anybody is asked who they are.
    Nothing,
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// An API: JSON, or Google's error.
    Api(fn(&Shared, &ApiCall) -> ApiAnswer),
    /// What is not one of Google's APIs, with headers and errors of its own.
    Page(fn(&Shared, &ApiCall) -> Reply),
}

impl Route {
    /// A method of an API that asks for these permissions.
    pub const fn new(
        method: &'static str,
        pattern: &'static str,
        permissions: &'static [&'static str],
        answer: fn(&Shared, &ApiCall) -> ApiAnswer,
    ) -> Self {
        Self::with(method, pattern, Needs::All(permissions), answer)
    }

    /// A method of an API.
    pub const fn with(
        method: &'static str,
        pattern: &'static str,
        needs: Needs,
        answer: fn(&Shared, &ApiCall) -> ApiAnswer,
    ) -> Self {
        Self {
            method,
            pattern,
            needs,
            handler: Handler::Api(answer),
        }
    }

    /// What is answered before anybody is asked who they are.
    pub const fn open(
        method: &'static str,
        pattern: &'static str,
        reply: fn(&Shared, &ApiCall) -> Reply,
    ) -> Self {
        Self {
            method,
            pattern,
            needs: Needs::Nothing,
            handler: Handler::Page(reply),
        }
    }

    /// The verb after the pattern's last segment, or nothing.
    pub fn verb(&self) -> &'static str {
        self.parts().1
    }

    /// The path without its verb, and the verb.
    fn parts(&self) -> (&'static str, &'static str) {
        match self.pattern.rsplit_once(':') {
            Some((path, verb)) if !verb.contains(['/', '}']) => (path, verb),
            _ => (self.pattern, ""),
        }
    }
}

/// A part of a pattern between slashes.
enum PatternPart {
    /// Just this.
    Word(&'static str),
    /// One segment under this name; one of these, where there are any.
    Place(&'static str, Vec<&'static str>),
    /// Whatever is left.
    Rest(&'static str),
}

/// A row, its pattern taken apart: that is done once, not for each call.
pub(crate) struct ReadRoute {
    pub route: &'static Route,
    verb: &'static str,
    parts: Vec<PatternPart>,
}

impl ReadRoute {
    pub fn new(route: &'static Route) -> Self {
        let (path, verb) = route.parts();
        let parts = path.trim_start_matches('/').split('/');
        let parts = parts.map(|part| match place(part) {
            None => PatternPart::Word(part),
            Some((name, alternatives)) if alternatives == ["**"] => PatternPart::Rest(name),
            Some((name, alternatives)) => PatternPart::Place(name, alternatives),
        });
        Self {
            route,
            verb,
            parts: parts.collect(),
        }
    }

    /// What the path of a call has at the pattern's places; `None` where the call is another route's.
    pub fn places(&self, call: &ApiCall) -> Option<Vec<(&'static str, String)>> {
        let method = self.route.method;
        if self.verb != call.verb || (method != "*" && method != call.method.as_str()) {
            return None;
        }
        let mut places = Vec::new();
        let mut segments = call.segments.iter();
        for part in &self.parts {
            match part {
                PatternPart::Word(word) => {
                    if segments.next()? != word {
                        return None;
                    }
                }
                PatternPart::Rest(name) => {
                    let rest: Vec<&str> = segments.map(String::as_str).collect();
                    places.push((*name, rest.join("/")));
                    return Some(places);
                }
                PatternPart::Place(name, alternatives) => {
                    let segment = segments.next()?;
                    if !alternatives.is_empty() && !alternatives.contains(&segment.as_str()) {
                        return None;
                    }
                    places.push((*name, segment.clone()));
                }
            }
        }
        segments.next().is_none().then_some(places)
    }
}

/// The name of a `{name=a|b}` and what may stand there; nothing listed is anything.
pub(crate) fn place(part: &'static str) -> Option<(&'static str, Vec<&'static str>)> {
    let inside = part.strip_prefix('{')?.strip_suffix('}')?;
    Some(match inside.split_once('=') {
        Some((name, alternatives)) => (name, alternatives.split('|').collect()),
        None => (inside, Vec::new()),
    })
}
