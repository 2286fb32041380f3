//! Issuers, audiences, several providers, what is off.

use serde_json::{Value, json};

use super::*;

#[test]
fn issuer_and_audience_are_the_providers() {
    let caller = subject(SUBJECT);
    let member = set("attribute.repository/otter-labs/ledger");
    for (field, value, words) in [
        (
            "iss",
            json!("https://gitlab.otter.example"),
            "the token's issuer is https://gitlab.otter.example",
        ),
        (
            "iss",
            json!(format!("{ISSUER}/")),
            "they differ in the slash at the end",
        ),
        (
            "aud",
            json!("sts.amazonaws.com"),
            "its audience is sts.amazonaws.com",
        ),
        (
            "aud",
            json!(format!(
                "//iam.googleapis.com/{}/providers/gh",
                POOL.replace(NUMBER, "otter-ci")
            )),
            "its audience is",
        ),
    ] {
        let mut claims = claims();
        claims[field] = value;
        let case = Case::new(&estate(&[&member]), &claims);
        comes_to(
            &case.explain(&caller, &["--claims", "CLAIMS"]),
            "CAN_ACCESS",
            "WOULD_FAIL",
            &["PROVIDER_REFUSES"],
            words,
        );
    }
    // With or without https:, one of several, or one that is allowed.
    for (allowed, audience) in [
        (
            json!([]),
            json!(format!("//iam.googleapis.com/{POOL}/providers/gh")),
        ),
        (
            json!([]),
            json!([
                "x",
                format!("https://iam.googleapis.com/{POOL}/providers/gh")
            ]),
        ),
        (json!(["api://otter", "other"]), json!("api://otter")),
    ] {
        let mut world = estate(&[&member]);
        world["providers"][0]["oidc"]["allowedAudiences"] = allowed;
        let mut claims = claims();
        claims["aud"] = audience;
        let case = Case::new(&world, &claims);
        comes_to(
            &case.explain(&caller, &["--claims", "CLAIMS"]),
            "CAN_ACCESS",
            "WOULD_SUCCEED",
            &[],
            "",
        );
    }
    let mut world = estate(&[&member]);
    world["providers"][0]["oidc"]["allowedAudiences"] = json!(["api://otter"]);
    let case = Case::new(&world, &claims());
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "the provider takes api://otter",
    );
}

#[test]
fn a_pool_or_provider_that_is_off_gives_no_tokens() {
    let caller = subject(SUBJECT);
    let member = set("attribute.repository/otter-labs/ledger");
    for (on_pool, on_provider, words, command) in [
        (
            json!({ "state": "DELETED", "expireTime": "2027-01-15T00:00:00Z" }),
            json!({}),
            "The identity pool ci-jobs is deleted: it gives no tokens, and those that it gave let nobody in. It can be undeleted until 2027-01-15T00:00:00Z",
            "workload-identity-pools undelete",
        ),
        (
            json!({ "disabled": true }),
            json!({}),
            "The identity pool ci-jobs is disabled",
            "--no-disabled",
        ),
        (
            json!({}),
            json!({ "state": "DELETED", "expireTime": "2027-01-15T00:00:00Z" }),
            "The provider gh of the pool ci-jobs is deleted",
            "providers undelete",
        ),
        (
            json!({}),
            json!({ "disabled": true }),
            "The provider gh of the pool ci-jobs is disabled",
            "update-oidc",
        ),
    ] {
        let mut world = estate(&[&member]);
        for (what, more) in [("pools", &on_pool), ("providers", &on_provider)] {
            let fields = more.as_object().unwrap().clone();
            world[what][0].as_object_mut().unwrap().extend(fields);
        }
        let case = Case::new(&world, &claims());
        for more in [
            &["--claims", "CLAIMS"][..],
            &["--attribute", "repository=otter-labs/ledger"],
        ] {
            let json = comes_to(
                &case.explain(&caller, more),
                "CAN_ACCESS",
                "WOULD_FAIL",
                &["POOL_UNUSABLE"],
                words,
            );
            assert_eq!(json["repairs"], json!([]));
            let said = json["elsewhere"][0]["command"].as_str().unwrap();
            assert!(said.contains(command), "{said}");
        }
        case.fix(&caller, &["--claims", "CLAIMS"]).ends(1);
        // Who and reach say that the grant is of no use.
        let reach = case.run(&[
            "reach", "--format", "json", "--caller", &caller, "--claims", "CLAIMS",
        ]);
        let rows = reach.ends(0).json();
        assert_eq!(rows["results"][0]["verdict"], "CAN_ACCESS", "{rows:#}");
        assert_eq!(rows["results"][0]["outcome"], "WOULD_FAIL", "{rows:#}");
        let who = case.run(&["who", "--format", "json", "--target", TARGET]);
        let rows = who.ends(0).json();
        assert_eq!(rows["results"][0]["principal"], member);
        assert_eq!(rows["results"][0]["outcome"], "WOULD_FAIL", "{rows:#}");
    }
    // One that never was there, in a project whose pools are listed.
    let other = caller.replace("/ci-jobs/", "/ci-job/");
    let case = Case::new(&estate(&[&member]), &claims());
    let json = comes_to(
        &case.explain(&other, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["POOL_UNUSABLE"],
        "There is no identity pool ci-job",
    );
    assert!(
        json["causes"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains("did you mean ci-jobs?")
    );
}

#[test]
fn a_workforce_pool_is_looked_at_like_any() {
    let pool = "locations/global/workforcePools/otter-staff";
    let caller = format!("principal://iam.googleapis.com/{pool}/subject/ana@otter.example");
    let member = format!("principalSet://iam.googleapis.com/{pool}/group/release-managers");
    let world = |pool_more: Value, provider_more: Value| {
        let mut world = estate(&[&member]);
        let mut one = json!({ "name": pool, "parent": "organizations/6001", "state": "ACTIVE" });
        one.as_object_mut()
            .unwrap()
            .extend(pool_more.as_object().unwrap().clone());
        let mut provider = json!({ "name": format!("{pool}/providers/okta"), "state": "ACTIVE",
            "attributeMapping": { "google.subject": "assertion.email", "google.groups": "assertion.groups" },
            "oidc": { "issuerUri": "https://otter.okta.example", "clientId": "bindscope" } });
        provider
            .as_object_mut()
            .unwrap()
            .extend(provider_more.as_object().unwrap().clone());
        world["pools"] = json!([one]);
        world["providers"] = json!([provider]);
        world
    };
    let token = json!({ "iss": "https://otter.okta.example", "aud": "bindscope", "email": "ana@otter.example",
        "groups": ["staff", "release-managers"] });
    let case = Case::new(&world(json!({}), json!({})), &token);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    for (pool_more, provider_more, kind, words) in [
        (
            json!({ "disabled": true }),
            json!({}),
            "POOL_UNUSABLE",
            "The identity pool otter-staff is disabled",
        ),
        (
            json!({ "state": "DELETED" }),
            json!({}),
            "POOL_UNUSABLE",
            "can be undeleted for 30 days",
        ),
        (
            json!({ "accessRestrictions": { "disableProgrammaticSignin": true } }),
            json!({}),
            "POOL_UNUSABLE",
            "gives no tokens to programs",
        ),
        (
            json!({}),
            json!({ "disabled": true }),
            "POOL_UNUSABLE",
            "The provider okta",
        ),
        (
            json!({}),
            json!({ "oidc": { "issuerUri": "https://otter.okta.example", "clientId": "other" } }),
            "PROVIDER_REFUSES",
            "the provider takes other",
        ),
        (
            json!({}),
            json!({ "attributeCondition": "'contractors' in google.groups" }),
            "PROVIDER_REFUSES",
            "'contractors' in google.groups",
        ),
    ] {
        let case = Case::new(&world(pool_more, provider_more), &token);
        let json = comes_to(
            &case.explain(&caller, &["--claims", "CLAIMS"]),
            "CAN_ACCESS",
            "WOULD_FAIL",
            &[kind],
            words,
        );
        assert_eq!(json["repairs"], json!([]));
    }
    // Groups that are looked up elsewhere are not in the token.
    let more =
        json!({ "extendedAttributesOauth2Client": { "attributesType": "AZURE_AD_GROUPS_ID" } });
    let mut few = token;
    few["groups"] = json!(["staff"]);
    let case = Case::new(&world(json!({}), more), &few);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "UNKNOWN_INFO",
        "UNKNOWN",
        &["FEDERATED_MISMATCH"],
        "not in its token alone",
    );
}

#[test]
fn of_several_providers_the_one_that_fits_counts() {
    let caller = subject(SUBJECT);
    let member = set("attribute.repository/otter-labs/ledger");
    let with = |id: &str, more: Value| {
        let mut one = provider(id, both());
        one.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        one
    };
    let gitlab = json!({ "oidc": { "issuerUri": "https://gitlab.otter.example", "allowedAudiences": ["otter"] } });
    let closed = json!({ "attributeCondition": "assertion.repository_owner == 'heron'" });
    for (providers, outcome, causes, words) in [
        // Another one that is off, or closed, is no matter.
        (
            vec![with("gh", json!({})), with("lab", gitlab.clone())],
            "WOULD_SUCCEED",
            &[][..],
            "",
        ),
        (
            vec![
                with("gh", json!({})),
                with("old", json!({ "disabled": true })),
            ],
            "WOULD_SUCCEED",
            &[],
            "",
        ),
        // The issuer leaves the closed one.
        (
            vec![with("gh", closed.clone()), with("lab", gitlab.clone())],
            "WOULD_FAIL",
            &["PROVIDER_REFUSES"],
            "provider gh",
        ),
        (
            vec![
                with("gh", json!({ "state": "DELETED" })),
                with("lab", gitlab.clone()),
            ],
            "WOULD_FAIL",
            &["POOL_UNUSABLE"],
            "The provider gh",
        ),
        // The audience names one of two of the same issuer.
        (
            vec![with("gh", closed.clone()), with("open", json!({}))],
            "WOULD_FAIL",
            &["PROVIDER_REFUSES"],
            "provider gh",
        ),
        // Neither takes it.
        (
            vec![with("lab", gitlab.clone()), with("lab2", gitlab.clone())],
            "WOULD_FAIL",
            &["PROVIDER_REFUSES", "PROVIDER_REFUSES"],
            "provider lab ",
        ),
    ] {
        let mut world = estate(&[&member]);
        world["providers"] = json!(providers);
        let case = Case::new(&world, &claims());
        comes_to(
            &case.explain(&caller, &["--claims", "CLAIMS"]),
            "CAN_ACCESS",
            outcome,
            causes,
            words,
        );
    }
    // Which of two it came through is not known, and they map another attribute.
    let mut world = estate(&[&member]);
    let mut other = provider(
        "open",
        json!({ "google.subject": "assertion.sub", "attribute.ref": "assertion.ref" }),
    );
    other["oidc"]["allowedAudiences"] = json!(["shared"]);
    world["providers"][0]["oidc"]["allowedAudiences"] = json!(["shared"]);
    world["providers"].as_array_mut().unwrap().push(other);
    let mut token = claims();
    token["aud"] = json!("shared");
    let case = Case::new(&world, &token);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "UNKNOWN_INFO",
        "UNKNOWN",
        &["FEDERATED_MISMATCH"],
        "through which of the pool's providers",
    );
    // Whoever is said to have it came through the one that maps it.
    comes_to(
        &case.explain(&caller, &["--attribute", "repository=otter-labs/ledger"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
}

#[test]
fn a_condition_in_another_case_refuses_and_no_grant_is_offered() {
    let mut estate = estate(&[&set("attribute.repository/OtterLabs/Ledger")]);
    estate["providers"][0]["attributeCondition"] =
        json!("assertion.repository == 'otterlabs/ledger' && assertion.ref.startsWith('refs/')");
    let mut claims = claims();
    claims["sub"] = json!("repo:OtterLabs/Ledger:ref:refs/heads/main");
    claims["repository"] = json!("OtterLabs/Ledger");
    let case = Case::new(&estate, &claims);
    let caller = subject("repo:OtterLabs/Ledger:ref:refs/heads/main");
    let json = comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "only in upper and lower case",
    );
    assert_eq!(json["repairs"], json!([]));
    let remedy = json["causes"][0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("No grant mends this."), "{remedy}");
    let command = json["elsewhere"][0]["command"].as_str().unwrap();
    assert!(command.contains("OtterLabs/Ledger"), "{command}");
    let fix = case.fix(&caller, &["--claims", "CLAIMS"]);
    fix.ends(1);
    assert_eq!(fix.json()["repair"], Value::Null);
    // Another owner is no matter of case.
    estate["providers"][0]["attributeCondition"] = json!("assertion.repository_owner == 'heron'");
    let case = Case::new(&estate, &claims);
    let json = comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "assertion.repository_owner == 'heron'",
    );
    assert!(!json.to_string().contains("upper and lower case"));
    // What is said of the caller is enough where the condition asks for no more.
    estate["providers"][0]["attributeCondition"] = json!("assertion.repository == 'heron/x'");
    let case = Case::new(&estate, &claims);
    comes_to(
        &case.explain(&caller, &["--attribute", "repository=OtterLabs/Ledger"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "assertion.repository == 'heron/x'",
    );
    // Without claims one that asks for more is taken for granted, and that is said.
    estate["providers"][0]["attributeCondition"] = json!("assertion.actor == 'robin'");
    let case = Case::new(&estate, &claims);
    let json = comes_to(
        &case.explain(&caller, &["--attribute", "repository=OtterLabs/Ledger"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    assert_eq!(json["assumptions"], json!(["TOKEN_IS_ADMITTED"]));
}
