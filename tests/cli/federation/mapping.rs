//! What a provider maps, and what a token says.

use serde_json::json;

use super::*;

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

/// Under a list that is refused no provider is named as if it were the only one.
#[test]
fn claims_are_nobodys_for_certain_where_pools_could_not_be_listed() {
    let mut token = claims();
    token.as_object_mut().unwrap().remove("aud");
    let mut world = estate(&[]);
    let other = "projects/480000000001/locations/global/workloadIdentityPools/app-jobs";
    let mut second = provider("gh", json!({ "google.subject": "assertion.sub" }));
    second["name"] = json!(format!("{other}/providers/gh"));
    world["providers"].as_array_mut().unwrap().push(second);
    let pools = world["pools"].as_array_mut().unwrap();
    pools.push(json!({ "name": other, "state": "ACTIVE" }));
    let case = Case::new(&world, &token);
    let asked = ["explain", "--target", TARGET, "--claims", "CLAIMS"];
    case.run(&asked).ends(2).says("more than one caller");
    let listing = "GET /v1/projects/otter-ci/locations/global/workloadIdentityPools";
    let file = case.home.path("estate.json");
    let with = |fault: &str, claims: &Value| {
        let home = Home::new();
        let file = file.to_str().unwrap();
        let emulator = Emulator::start(&home, &["--estate", file, "--faults", fault]);
        let claims = home.write("claims.json", &claims.to_string());
        let token = emulator.token.to_str().unwrap();
        home.run(&[
            "explain",
            "--target",
            TARGET,
            "--claims",
            claims.to_str().unwrap(),
            "--endpoint",
            &emulator.url,
            "--access-token-file",
            token,
        ])
    };
    for fault in [
        format!("{listing} = 403"),
        "GET *ci-jobs* = 403".to_owned(),
        "GET *ci-jobs/providers = html:403".to_owned(),
        "GET /v3/projects:search = 403".to_owned(),
    ] {
        let ran = with(&fault, &token);
        ran.ends(2);
        let named = ran.err.contains("by the provider") && ran.err.contains("may be those of");
        assert!(
            named || ran.err.contains("no provider"),
            "{fault}: {}",
            ran.err
        );
    }
    with(&format!("{listing} = 403"), &token)
        .ends(2)
        .says("may be those of principal://")
        .says("app-jobs")
        .says("otter-ci/locations/global/workloadIdentityPools (not permitted")
        .says("say so: --caller principal://");
    // An audience that is the provider's name leaves no doubt.
    with(&format!("{listing} = 403"), &claims()).says("the claims are those of");
}
