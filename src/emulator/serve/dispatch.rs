//! From a request to whoever answers it: the table, who is asking, the quota.

use super::quota::Quota;
use super::table;
use crate::emulator::call::{ApiAnswer, ApiCall, Reply, StatusError, selection};
use crate::emulator::credentials::identify::identify;
use crate::emulator::route::{Handler, Needs, Route};
use crate::emulator::world::Shared;

/// Answers a call by the table of routes.
pub(crate) fn dispatch(shared: &Shared, quota: &Quota, call: &mut ApiCall) -> Reply {
    shared.settle(call.now);
    let route = table::find(call);
    if let Some(Route {
        needs: Needs::Nothing,
        handler: Handler::Page(reply),
        ..
    }) = route
    {
        return reply(shared, call);
    }
    answer(shared, quota, call, route).into()
}

fn answer(shared: &Shared, quota: &Quota, call: &mut ApiCall, route: Option<&Route>) -> ApiAnswer {
    selection::check_alt(call)?;
    identify(shared, call)?;
    quota.spend(call)?;
    match route.map(|route| route.handler) {
        Some(Handler::Api(answer)) => selection::select(call, answer(shared, call)?),
        Some(Handler::Page(_)) | None => Err(StatusError::no_such_path(&call.path)),
    }
}
