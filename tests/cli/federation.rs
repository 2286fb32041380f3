//! Federated callers over the whole way: an estate file, the emulator, the survey, the words.

use serde_json::{Value, json};

use super::common::{Home, Ran};

const NUMBER: &str = "480000000007";
const POOL: &str = "projects/480000000007/locations/global/workloadIdentityPools/ci-jobs";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const TARGET: &str = "release@otter-app.iam.gserviceaccount.com";
const USER: &str = "roles/iam.workloadIdentityUser";
const CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const SUBJECT: &str = "repo:otter-labs/ledger:ref:refs/heads/main";

fn subject(subject: &str) -> String {
    format!("principal://iam.googleapis.com/{POOL}/subject/{subject}")
}

fn set(tail: &str) -> String {
    format!("principalSet://iam.googleapis.com/{POOL}/{tail}")
}

fn account(email: &str) -> Value {
    let project = email
        .split_once('@')
        .and_then(|(_, d)| d.strip_suffix(".iam.gserviceaccount.com"))
        .unwrap();
    json!({ "name": format!("projects/{project}/serviceAccounts/{email}"), "projectId": project, "email": email,
        "uniqueId": format!("1{:020}", email.len() * 7919), "displayName": "" })
}

fn provider(id: &str, mapping: Value) -> Value {
    json!({ "name": format!("{POOL}/providers/{id}"), "state": "ACTIVE", "attributeMapping": mapping,
        "oidc": { "issuerUri": ISSUER } })
}

fn both() -> Value {
    json!({ "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" })
}

/// otter-ci holds the pool, otter-app the account; `members` have Workload Identity User on it.
fn estate(members: &[&str]) -> Value {
    json!({
        "organizations": [{ "name": "organizations/6001", "displayName": "otter.example", "directoryCustomerId": "C0otter" }],
        "folders": [{ "name": "folders/6101", "parent": "organizations/6001", "displayName": "apps" }],
        "projects": [
            { "name": "projects/480000000001", "projectId": "otter-app", "parent": "folders/6101", "state": "ACTIVE" },
            { "name": format!("projects/{NUMBER}"), "projectId": "otter-ci", "parent": "organizations/6001", "state": "ACTIVE" },
        ],
        "serviceAccounts": [account(TARGET)],
        "groups": [],
        "iamPolicies": {
            format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{TARGET}"):
                { "version": 3, "etag": "BwYAAAE=", "bindings": [{ "role": USER, "members": members }] },
        },
        "pools": [{ "name": POOL, "state": "ACTIVE" }],
        "providers": [provider("gh", both())],
    })
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": SUBJECT, "aud": format!("https://iam.googleapis.com/{POOL}/providers/gh"),
        "repository": "otter-labs/ledger", "repository_owner": "otter-labs", "ref": "refs/heads/main" })
}

struct Case {
    home: Home,
}

impl Case {
    fn new(estate: &Value, claims: &Value) -> Self {
        let home = Home::new();
        home.write("estate.json", &estate.to_string());
        home.write("claims.json", &claims.to_string());
        Self { home }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let (estate, claims) = (self.home.path("estate.json"), self.home.path("claims.json"));
        let all: Vec<&str> = ["--estate", estate.to_str().unwrap()]
            .into_iter()
            .chain(arguments.iter().copied())
            .map(|a| {
                if a == "CLAIMS" {
                    claims.to_str().unwrap()
                } else {
                    a
                }
            })
            .collect();
        self.home.run(&all)
    }

    fn explain(&self, caller: &str, more: &[&str]) -> Ran {
        let start = [
            "explain", "--format", "json", "--target", TARGET, "--caller", caller,
        ];
        self.run(&[&start, more].concat())
    }

    fn fix(&self, caller: &str, more: &[&str]) -> Ran {
        let start = [
            "fix",
            "--dry-run",
            "--format",
            "json",
            "--target",
            TARGET,
            "--caller",
            caller,
        ];
        self.run(&[&start, more].concat())
    }
}

fn kinds(json: &Value) -> Vec<&str> {
    let causes = json["causes"].as_array().unwrap();
    causes.iter().map(|c| c["kind"].as_str().unwrap()).collect()
}

/// Verdict, outcome and the kinds of causes, and that a part of the first cause says so.
#[track_caller]
fn comes_to(ran: &Ran, verdict: &str, outcome: &str, causes: &[&str], words: &str) -> Value {
    let json = ran.json();
    assert_eq!(json["verdict"], verdict, "{json:#}");
    assert_eq!(json["outcome"], outcome, "{json:#}");
    assert_eq!(json["troubleshoot"]["overallAccessState"], verdict);
    assert_eq!(kinds(&json), causes, "{json:#}");
    let code = match outcome {
        "WOULD_SUCCEED" => 0,
        "WOULD_FAIL" => 1,
        _ => 3,
    };
    ran.ends(code);
    if let Some(cause) = json["causes"].get(0) {
        let said = cause["message"].as_str().unwrap();
        assert!(said.contains(words), "{words}: {said}");
    }
    json
}

#[test]
fn an_attribute_that_the_provider_does_not_map_is_nobodys() {
    let mut estate = estate(&[&set("attribute.repository/otter-labs/ledger")]);
    estate["providers"] = json!([provider("gh", json!({ "google.subject": "assertion.sub" }))]);
    let case = Case::new(&estate, &claims());
    let caller = subject(SUBJECT);
    for more in [
        &["--claims", "CLAIMS"][..],
        &[],
        &["--attribute", "repository=otter-labs/ledger"],
        &[
            "--attribute",
            "attribute.repository=otter-labs/ledger",
            "--claims",
            "CLAIMS",
        ],
    ] {
        let json = comes_to(
            &case.explain(&caller, more),
            "CANNOT_ACCESS",
            "WOULD_FAIL",
            &["ATTRIBUTE_NOT_MAPPED"],
            "the provider gh does not map attribute.repository",
        );
        let remedy = json["causes"][0]["remedy"].as_str().unwrap();
        assert!(
            remedy.contains("attribute.repository=assertion.repository"),
            "{remedy}"
        );
        assert_eq!(
            json["causes"][0]["resource"],
            format!("//iam.googleapis.com/{POOL}/providers/gh")
        );
        // The mapping, or the subject: an attribute member would miss again.
        let elsewhere = json["elsewhere"][0]["command"].as_str().unwrap();
        assert!(
            elsewhere.contains("update-oidc")
                && elsewhere.contains("attribute.repository=assertion.repository"),
            "{elsewhere}"
        );
        assert_eq!(json["repairs"][0]["member"], caller);
        assert_eq!(json["repairs"].as_array().unwrap().len(), 1);
    }
    // The set that nobody is in is no holder, and no node of the graph.
    let who = case.run(&["who", "--format", "json", "--target", TARGET]);
    assert_eq!(who.ends(0).json()["results"], json!([]));
    let graph = case.run(&["graph"]);
    assert!(
        !graph.ends(0).out.contains("attribute.repository"),
        "{}",
        graph.out
    );
    let reach = case.run(&[
        "reach",
        "--format",
        "json",
        "--caller",
        &caller,
        "--attribute",
        "repository=otter-labs/ledger",
    ]);
    assert_eq!(reach.ends(0).json()["results"], json!([]));
}

#[test]
fn groups_that_nobody_maps_and_groups_that_somebody_does() {
    let mut estate = estate(&[&set("group/admins")]);
    let caller = subject(SUBJECT);
    let case = Case::new(&estate, &claims());
    comes_to(
        &case.explain(&caller, &["--attribute", "groups=admins"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["ATTRIBUTE_NOT_MAPPED"],
        "does not map google.groups",
    );
    estate["providers"][0]["attributeMapping"]["google.groups"] = json!("assertion.groups");
    let mut claims = claims();
    claims["groups"] = json!(["devs", "admins"]);
    let case = Case::new(&estate, &claims);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    claims["groups"] = json!(["devs"]);
    let case = Case::new(&estate, &claims);
    let json = comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "the caller's groups is devs",
    );
    // A group for a group.
    assert_eq!(json["repairs"][0]["member"], set("group/devs"));
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
fn aws_saml_and_certificates_map_by_their_own() {
    let arn = "arn:aws:sts::123456789012:assumed-role/deployer/i-0abc";
    let caller = subject(arn);
    let token = json!({ "arn": arn, "account": "123456789012", "userid": "AROA:i-0abc" });
    let aws = |account: &str| json!({ "name": format!("{POOL}/providers/aws"), "aws": { "accountId": account } });
    let role = set("attribute.aws_role/arn:aws:sts::123456789012:assumed-role/deployer");
    let mut world = estate(&[&role]);
    world["providers"] = json!([aws("123456789012"), provider("gh", both())]);
    let case = Case::new(&world, &token);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    world["providers"] = json!([aws("999999999999")]);
    let case = Case::new(&world, &token);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "it takes 999999999999",
    );
    let saml = json!({ "name": format!("{POOL}/providers/adfs"), "saml": { "idpMetadataXml": "<x/>" },
        "attributeMapping": { "google.subject": "assertion.subject", "attribute.department": "assertion.attributes['department'][0]" } });
    let mut world = estate(&[&set("attribute.department/release")]);
    world["providers"] = json!([saml]);
    let case = Case::new(
        &world,
        &json!({ "subject": "robin", "attributes": { "department": ["release"] } }),
    );
    comes_to(
        &case.explain(&subject("robin"), &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    let mut world = estate(&[&subject("spiffe-like")]);
    world["providers"] = json!([{ "name": format!("{POOL}/providers/certs"), "x509": {} }]);
    let case = Case::new(
        &world,
        &json!({ "subject": { "dn": { "cn": "spiffe-like" } } }),
    );
    comes_to(
        &case.explain(&subject("spiffe-like"), &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
}

#[test]
fn mappings_are_evaluated_and_what_the_subject_tells_needs_no_claims() {
    let mapping = json!({
        "google.subject": "assertion.sub",
        "attribute.org": "assertion.sub.extract('repo:{org}/')",
        "attribute.kind": "assertion.sub.startsWith('repo:') ? 'git' : 'other'",
    });
    let mut world = estate(&[&set("attribute.org/otter-labs")]);
    world["providers"] = json!([provider("gh", mapping)]);
    let case = Case::new(&world, &claims());
    for more in [&["--claims", "CLAIMS"][..], &[]] {
        comes_to(
            &case.explain(&subject(SUBJECT), more),
            "CAN_ACCESS",
            "WOULD_SUCCEED",
            &[],
            "",
        );
    }
    comes_to(
        &case.explain(&subject("repo:heron/x:ref:refs/heads/main"), &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "the caller's org is heron",
    );
    // A mapping that the token gives nothing for.
    let mut world = estate(&[&subject(SUBJECT)]);
    world["providers"][0]["attributeMapping"]["attribute.env"] = json!("assertion.environment");
    let case = Case::new(&world, &claims());
    comes_to(
        &case.explain(&subject(SUBJECT), &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["PROVIDER_REFUSES"],
        "maps attribute.env to assertion.environment, for which this token gives no value",
    );
}

#[test]
fn a_subject_that_is_too_long_is_nobodys() {
    let long = format!("repo:otter-labs/{}", "ledger-".repeat(20));
    let caller = subject(&long);
    let mut token = claims();
    token["sub"] = json!(long);
    let case = Case::new(&estate(&[&set("*")]), &token);
    for more in [&["--claims", "CLAIMS"][..], &[]] {
        let json = comes_to(
            &case.explain(&caller, more),
            "CAN_ACCESS",
            "WOULD_FAIL",
            &["SUBJECT_TOO_LONG"],
            "127 is the most",
        );
        assert_eq!(json["repairs"], json!([]));
    }
    // The claims map to one that is too long, whoever is asked about.
    comes_to(
        &case.explain(&subject("short"), &["--claims", "CLAIMS"]),
        "CAN_ACCESS",
        "WOULD_FAIL",
        &["SUBJECT_TOO_LONG"],
        "The provider gh of the pool ci-jobs maps a google.subject of",
    );
}

#[test]
fn a_subject_may_hold_any_character() {
    let plan = "organization:otter:project:Default Project:workspace:network:run_phase:plan";
    let apply = plan.replace(":plan", ":apply");
    let (there, caller) = (subject(plan), subject(&apply));
    let case = Case::new(&estate(&[&there]), &claims());
    comes_to(
        &case.explain(&there, &[]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    let json = comes_to(
        &case.explain(&caller, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "its subject is another one",
    );
    assert_eq!(json["repairs"][0]["member"], caller);
    let fix = case.fix(&caller, &[]);
    assert_eq!(fix.ends(0).json()["repair"]["member"], caller);
    // Nobody else is in doubt because of it, or of a member that is none.
    let broken = format!("principal://iam.googleapis.com/{POOL}/nova x");
    let case = Case::new(
        &estate(&[&there, &broken, "principal://", &set("nova")]),
        &claims(),
    );
    for other in [
        "user:ana@otter.example",
        "serviceAccount:runner@otter-app.iam.gserviceaccount.com",
    ] {
        let ran = case.explain(other, &[]);
        assert_ne!(ran.json()["verdict"], "CAN_ACCESS");
    }
    let case = Case::new(&estate(&[&there, &broken, &set("nova")]), &claims());
    for other in [
        "user:ana@otter.example",
        "serviceAccount:b@otter-ci.iam.gserviceaccount.com",
    ] {
        assert_eq!(
            case.explain(other, &[]).json()["verdict"],
            "CANNOT_ACCESS",
            "{other}"
        );
    }
    // The repair is written, and taken, as it stands: quotes, dollars, spaces and letters of any alphabet.
    for odd in [
        "it's $(id) \"quoted\" `x`; é ü 名前",
        "a\\b%20c#d?e=f&g",
        "x/group/y/attribute.z/subject/w",
    ] {
        let caller = subject(odd);
        let case = Case::new(&estate(&[&there]), &claims());
        let json = case.explain(&caller, &[]).json();
        assert_eq!(json["caller"], caller);
        assert_eq!(json["repairs"][0]["member"], caller, "{odd}");
        let case = Case::new(&estate(&[&caller]), &claims());
        comes_to(
            &case.explain(&caller, &[]),
            "CAN_ACCESS",
            "WOULD_SUCCEED",
            &[],
            "",
        );
    }
}

#[test]
fn a_pool_goes_by_its_projects_number_and_its_whole_path() {
    let by_id = subject(SUBJECT).replace(NUMBER, "otter-ci");
    let case = Case::new(&estate(&[&subject(SUBJECT), &by_id]), &claims());
    let json = comes_to(
        &case.explain(&by_id, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "goes by its project's number",
    );
    let remedy = json["causes"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains(&subject(SUBJECT)), "{remedy}");
    assert_eq!(json["repairs"], json!([]));
    let short = format!("principal://iam.googleapis.com/ci-jobs/subject/{SUBJECT}");
    let json = comes_to(
        &case.explain(&short, &[]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "by its whole path",
    );
    let remedy = json["causes"][0]["remedy"].as_str().unwrap();
    assert!(
        remedy.contains(&format!(
            "projects/NUMBER/locations/global/workloadIdentityPools/ci-jobs/subject/{SUBJECT}"
        )),
        "{remedy}"
    );
    // A set calls nobody; the full form of one that does is named.
    case.explain(
        "principalSet://iam.googleapis.com/ci-jobs/attribute.repository/otter-labs/ledger",
        &[],
    )
    .ends(2)
    .says("projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT");
    // A member that names the pool so matches nobody; it is put right in its place.
    for wrong in [
        set("attribute.repository/otter-labs/ledger").replace(NUMBER, "otter-ci"),
        "principalSet://iam.googleapis.com/ci-jobs/attribute.repository/otter-labs/ledger"
            .to_owned(),
    ] {
        let case = Case::new(&estate(&[&wrong]), &claims());
        let json = comes_to(
            &case.explain(&subject(SUBJECT), &["--claims", "CLAIMS"]),
            "CANNOT_ACCESS",
            "WOULD_FAIL",
            &["FEDERATED_MISMATCH"],
            "",
        );
        let full = set("attribute.repository/otter-labs/ledger");
        let remedy = json["causes"][0]["remedy"].as_str().unwrap();
        assert!(remedy.contains(&full), "{remedy}");
        let members: Vec<&str> = json["repairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["member"].as_str().unwrap())
            .collect();
        assert!(members.contains(&full.as_str()), "{members:?}");
        assert_eq!(
            case.run(&["who", "--format", "json", "--target", TARGET])
                .json()["results"],
            json!([])
        );
    }
}

#[test]
fn a_google_group_holds_no_federated_identity() {
    let pool = "locations/global/workforcePools/otter-staff";
    let callers = [
        subject(SUBJECT),
        format!("principal://iam.googleapis.com/{pool}/subject/ana"),
        "serviceAccount:otter-ci.svc.id.goog[ops/runner]".to_owned(),
        "principal://agents.global.org-6001.system.id.goog/resources/aiplatform/projects/1/agents/a".to_owned(),
    ];
    let mut world = estate(&["group:release@otter.example", "group:unread@otter.example"]);
    world["groups"] = json!([{ "email": "release@otter.example", "members": [callers[0], "user:ana@otter.example"] }]);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    for caller in &callers {
        let json = case.explain(caller, &[]).json();
        assert_eq!(
            (&json["verdict"], &json["outcome"]),
            (&json!("CANNOT_ACCESS"), &json!("WOULD_FAIL")),
            "{caller}"
        );
        assert!(
            !kinds(&json).contains(&"NOT_IN_GROUP")
                && !kinds(&json).contains(&"GROUP_NOT_READABLE"),
            "{json:#}"
        );
        let reach = case.run(&["reach", "--format", "json", "--caller", caller]);
        assert_eq!(reach.json()["results"], json!([]), "{caller}");
    }
    // A person may be in the group that nobody may read.
    assert_eq!(
        case.explain("user:eve@otter.example", &[]).json()["verdict"],
        "UNKNOWN_INFO"
    );
    let who = case
        .run(&["who", "--format", "json", "--target", TARGET])
        .json();
    let names: Vec<&str> = who["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["principal"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["group:unread@otter.example", "user:ana@otter.example"]
    );
    // A deny rule on an unread group does not reach it either.
    let mut world = estate(&[&subject(SUBJECT)]);
    world["denyPolicies"] = json!([{ "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fotter-app/denypolicies/no-tokens",
        "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/group/unread@otter.example"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"] } }] }]);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    comes_to(
        &case.explain(&subject(SUBJECT), &[]),
        "CAN_ACCESS",
        "WOULD_SUCCEED",
        &[],
        "",
    );
    // In a chain only the first caller is federated.
    let hop = "stage@otter-app.iam.gserviceaccount.com";
    let mut world = estate(&["group:unread@otter.example"]);
    world["serviceAccounts"]
        .as_array_mut()
        .unwrap()
        .push(account(hop));
    world["iamPolicies"]
        [format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{hop}")] = json!({ "bindings": [{ "role": CREATOR, "members": [subject(SUBJECT), "group:unread@otter.example"] }] });
    world["iamPolicies"]
        [format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{TARGET}")]["bindings"]
        [0]["role"] = json!(CREATOR);
    world["unreadable"] = json!(["groups/unread@otter.example"]);
    let case = Case::new(&world, &claims());
    let json = case.explain(&subject(SUBJECT), &["--via", hop]).json();
    let hops: Vec<&str> = json["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| h["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(hops, ["CAN_ACCESS", "UNKNOWN_INFO"]);
}

#[test]
fn a_repair_goes_by_what_the_binding_goes_by() {
    let caller = subject(SUBJECT);
    for (there, first) in [
        (
            set("attribute.repository/otter-labs/other"),
            set("attribute.repository/otter-labs/ledger"),
        ),
        (subject("repo:otter-labs/other"), caller.clone()),
    ] {
        let case = Case::new(&estate(&[&there]), &claims());
        let json = case.explain(&caller, &["--claims", "CLAIMS"]).json();
        assert_eq!(json["repairs"][0]["member"], first, "{there}");
        assert_eq!(json["repairs"][0]["recommended"], true);
        let fix = case.fix(&caller, &["--claims", "CLAIMS"]);
        assert_eq!(fix.ends(0).json()["repair"]["member"], first);
    }
    // Only in upper and lower case.
    let case = Case::new(
        &estate(&[&set("attribute.repository/Otter-Labs/Ledger")]),
        &claims(),
    );
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["FEDERATED_MISMATCH"],
        "only in upper and lower case",
    );
}

#[test]
fn the_claims_say_who_the_caller_is() {
    let member = set("attribute.repository/otter-labs/ledger");
    let ask = |case: &Case| {
        case.run(&[
            "explain", "--format", "json", "--target", TARGET, "--claims", "CLAIMS",
        ])
    };
    let case = Case::new(&estate(&[&member]), &claims());
    let ran = ask(&case);
    let json = comes_to(&ran, "CAN_ACCESS", "WOULD_SUCCEED", &[], "");
    assert_eq!(json["caller"], subject(SUBJECT));
    ran.says("by the provider projects/480000000007");
    // Without an audience the issuer tells, in the pools that are in sight.
    let mut token = claims();
    token.as_object_mut().unwrap().remove("aud");
    for members in [&[member.as_str()][..], &[]] {
        let case = Case::new(&estate(members), &token);
        assert_eq!(ask(&case).json()["caller"], subject(SUBJECT));
    }
    let fix = case.run(&["fix", "--dry-run", "--target", TARGET, "--claims", "CLAIMS"]);
    fix.ends(0);
    let reach = case.run(&["reach", "--format", "json", "--claims", "CLAIMS"]);
    assert_eq!(reach.ends(0).json()["caller"], subject(SUBJECT));
    assert_eq!(reach.json()["results"][0]["verdict"], "CAN_ACCESS");
    let who = case
        .run(&[
            "who", "--format", "json", "--target", TARGET, "--claims", "CLAIMS",
        ])
        .ends(0)
        .json();
    let names: Vec<&str> = who["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["principal"].as_str().unwrap())
        .collect();
    assert_eq!(names, [subject(SUBJECT), member.clone()]);
    // Nobody takes it; two do; they are another's; they say nothing of others.
    let mut token = claims();
    token["iss"] = json!("https://gitlab.otter.example");
    let other = Case::new(&estate(&[&member]), &token);
    ask(&other)
        .ends(2)
        .says("no provider in sight takes a token of the issuer https://gitlab.otter.example");
    let mut world = estate(&[&member]);
    let mut second = provider("gh2", json!({ "google.subject": "assertion.repository" }));
    second["oidc"]["allowedAudiences"] = json!([claims()["aud"]]);
    world["providers"].as_array_mut().unwrap().push(second);
    ask(&Case::new(&world, &claims()))
        .ends(2)
        .says("more than one caller");
    for command in ["explain", "fix", "reach"] {
        let mut all = vec![
            command,
            "--caller",
            "principal://iam.googleapis.com/projects/480000000007/locations/global/workloadIdentityPools/ci-jobs/subject/repo:otter-labs/other",
            "--claims",
            "CLAIMS",
        ];
        if command != "reach" {
            all.extend(["--target", TARGET]);
        }
        case.run(&all)
            .ends(2)
            .says("--claims contradict --caller")
            .says(SUBJECT);
    }
    case.explain("user:ana@otter.example", &["--claims", "CLAIMS"])
        .ends(1)
        .says("--claims say nothing of user:ana");
    case.explain(
        &subject(SUBJECT),
        &[
            "--claims",
            "CLAIMS",
            "--attribute",
            "repository=otter-labs/other",
        ],
    )
    .ends(2)
    .says("contradicts --claims");
}

#[test]
fn reach_takes_attributes_and_claims() {
    let caller = subject(SUBJECT);
    let member = set("attribute.repository/otter-labs/ledger");
    let case = Case::new(&estate(&[&member]), &claims());
    for (more, verdict) in [
        (&["--claims", "CLAIMS"][..], Some("CAN_ACCESS")),
        (
            &["--attribute", "repository=otter-labs/ledger"],
            Some("CAN_ACCESS"),
        ),
        (&["--attribute", "repository=otter-labs/other"], None),
        (&[], Some("UNKNOWN_INFO")),
    ] {
        let all = [&["reach", "--format", "json", "--caller", &caller], more].concat();
        let json = case.run(&all).ends(0).json();
        assert_eq!(
            json["results"]
                .get(0)
                .map(|r| r["verdict"].as_str().unwrap()),
            verdict,
            "{more:?}"
        );
    }
}

/// The account between gives its token to the caller, and may act as the target.
fn with_stone() -> Value {
    let stone = "cicd@otter-app.iam.gserviceaccount.com";
    let mut world = estate(&[]);
    world["serviceAccounts"]
        .as_array_mut()
        .unwrap()
        .push(account(stone));
    let name =
        |email: &str| format!("//iam.googleapis.com/projects/otter-app/serviceAccounts/{email}");
    world["iamPolicies"][name(stone)] = json!({ "bindings": [{ "role": USER, "members": [set("attribute.repository/otter-labs/ledger")] }] });
    world["iamPolicies"][name(TARGET)] = json!({ "bindings": [{ "role": CREATOR, "members": [format!("serviceAccount:{stone}")] }] });
    world
}

#[test]
fn a_way_in_two_steps_is_mentioned() {
    let case = Case::new(&with_stone(), &claims());
    let caller = subject(SUBJECT);
    comes_to(
        &case.explain(&caller, &["--claims", "CLAIMS"]),
        "CANNOT_ACCESS",
        "WOULD_FAIL",
        &["NO_GRANT"],
        "It gets there in two steps all the same: repo:otter-labs/ledger:ref:refs/heads/main may act as cicd, and cicd has it on release.",
    );
    // Of a caller of another repository that is not so.
    let json = case
        .explain(
            &subject("repo:otter-labs/other"),
            &["--attribute", "repository=otter-labs/other"],
        )
        .json();
    assert!(!json.to_string().contains("two steps"), "{json:#}");
    // As a chain in one call it takes more than Workload Identity User.
    let json = case
        .explain(
            &caller,
            &[
                "--claims",
                "CLAIMS",
                "--via",
                "cicd@otter-app.iam.gserviceaccount.com",
            ],
        )
        .json();
    assert_eq!(kinds(&json)[0], "BROKEN_HOP");
    assert_eq!(json["repairs"][0]["role"], CREATOR);
    let reach = case
        .run(&[
            "reach", "--format", "json", "--caller", &caller, "--claims", "CLAIMS",
        ])
        .ends(0)
        .json();
    assert_eq!(reach["results"].as_array().unwrap().len(), 2, "{reach:#}");
}

#[test]
fn signing_takes_another_role() {
    let mut world = estate(&[&set("attribute.repository/otter-labs/ledger")]);
    world["iamPolicies"]["//cloudresourcemanager.googleapis.com/projects/otter-app"] = json!({ "bindings": [{ "role": CREATOR, "members": [format!("serviceAccount:{TARGET}")] }] });
    let case = Case::new(&world, &claims());
    let ran = case.explain(
        &subject(SUBJECT),
        &[
            "--claims",
            "CLAIMS",
            "--permission",
            "iam.serviceAccounts.signJwt",
        ],
    );
    let json = ran.ends(1).json();
    assert_eq!(kinds(&json)[0], "ROLE_LACKS_PERMISSION", "{json:#}");
    assert_eq!(json["repairs"][0]["role"], CREATOR);
    case.explain(&subject(SUBJECT), &["--claims", "CLAIMS"])
        .ends(0);
}

#[test]
fn what_may_not_be_read_is_said() {
    let caller = subject(SUBJECT);
    let mut world = estate(&[&set("attribute.repository/otter-labs/ledger")]);
    world["pools"][0]["disabled"] = json!(true);
    world["unreadable"] = json!([POOL, format!("{POOL}/providers")]);
    let case = Case::new(&world, &claims());
    let json = case
        .explain(&caller, &["--attribute", "repository=otter-labs/ledger"])
        .json();
    assert_eq!(json["outcome"], "WOULD_SUCCEED");
    assert_eq!(
        json["assumptions"],
        json!(["POOL_IS_ACTIVE", "TOKEN_IS_ADMITTED"])
    );
    // Claims cannot be mapped by what is not known.
    let json = case.explain(&caller, &["--claims", "CLAIMS"]).json();
    assert_eq!(json["verdict"], "UNKNOWN_INFO", "{json:#}");
}
