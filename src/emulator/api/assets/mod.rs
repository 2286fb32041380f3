//! Cloud Asset v1 (discovery document cloudasset v1).

mod analysis;
mod inventory;
mod listing;
mod query;
mod search;

use crate::emulator::route::Route;

/// What is served of it.
pub(crate) const ROUTES: &[Route] = &[
    // With `contentType=IAM_POLICY` it is `cloudasset.assets.listIamPolicy` instead.
    Route::new(
        "GET",
        "/v1/{level=organizations|folders|projects}/{id}/assets",
        &["cloudasset.assets.listResource"],
        |shared, call| listing::list(shared, call, &call.level()),
    ),
    Route::new(
        "GET",
        "/v1/{level=organizations|folders|projects}/{id}/effectiveIamPolicies:batchGet",
        &[
            "cloudasset.assets.analyzeIamPolicy",
            "cloudasset.assets.searchAllResources",
            "cloudasset.assets.searchAllIamPolicies",
        ],
        |shared, call| listing::effective(shared, call, &call.level()),
    ),
    Route::new(
        "GET",
        "/v1/{level=organizations|folders|projects}/{id}:searchAllResources",
        &["cloudasset.assets.searchAllResources"],
        |shared, call| search::resources(shared, call, &call.level()),
    ),
    Route::new(
        "GET",
        "/v1/{level=organizations|folders|projects}/{id}:searchAllIamPolicies",
        &["cloudasset.assets.searchAllIamPolicies"],
        |shared, call| search::policies(shared, call, &call.level()),
    ),
    Route::new(
        "GET",
        "/v1/{level=organizations|folders|projects}/{id}:analyzeIamPolicy",
        &[
            "cloudasset.assets.analyzeIamPolicy",
            "cloudasset.assets.searchAllResources",
            "cloudasset.assets.searchAllIamPolicies",
        ],
        |shared, call| analysis::analyze(shared, call, &call.level()),
    ),
];
