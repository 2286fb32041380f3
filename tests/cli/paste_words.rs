//! `explain -`: what is said of an error of each family, and what is never said of it.

use super::common::{Home, Ran};

const TABLES: [(&str, &str); 5] = [
    ("attaching", include_str!("../data/pasted/attaching.txt")),
    ("tokens", include_str!("../data/pasted/tokens.txt")),
    ("other", include_str!("../data/pasted/other.txt")),
    ("clients", include_str!("../data/pasted/clients.txt")),
    ("nothing", include_str!("../data/pasted/nothing.txt")),
];

/// The kind and the text of that name.
fn told(table: &str, name: &str) -> (&'static str, &'static str) {
    let (_, entries) = TABLES.iter().find(|(t, _)| *t == table).unwrap();
    let entry = entries
        .split("\n=== ")
        .find(|entry| entry.lines().next() == Some(name))
        .unwrap_or_else(|| panic!("there is no text {name:?} in {table}"));
    let (head, text) = entry.split_once("\n---\n").unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("kind: "));
    (kind.unwrap(), text)
}

fn text(table: &str, name: &str) -> &'static str {
    told(table, name).1
}

fn words(ran: &Ran) -> String {
    let all = format!("{} {}", ran.out, ran.err);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Advice, each by the words that give it away, and the kinds that may give it.
const ADVICE: &[(&str, &[&str])] = include!("../data/pasted/advice.rs");

/// Texts of each family, and what has to be said of them.
const SAID: &[(&str, &str, &[&str])] = &[
    (
        "attaching",
        "firebase",
        &["permission iam.serviceAccounts.actAs", "--caller"],
    ),
    (
        "attaching",
        "cloud functions, first generation",
        &["target quail-shop@appspot.gserviceaccount.com"],
    ),
    (
        "attaching",
        "compute engine, ssh",
        &["caller mika@quail.example", "--target"],
    ),
    (
        "tokens",
        "github actions, jwt",
        &[
            "permission iam.serviceAccounts.signJwt",
            "target mail-audit@otter-data",
        ],
    ),
    (
        "tokens",
        "java signing",
        &["permission iam.serviceAccounts.signBlob"],
    ),
    (
        "tokens",
        "gke, the account in the address",
        &["target pg-backup@quail-shop"],
    ),
    (
        "tokens",
        "gke, no such account",
        &["There is no service account pg-backup@quail-shop.iam.gserviceaccount.com"],
    ),
    (
        "tokens",
        "denied and nothing behind it",
        &[
            "permission iam.serviceAccounts.getAccessToken",
            "--caller",
            "--target",
        ],
    ),
    (
        "other",
        "condition",
        &[
            "refused by the attribute condition of the provider forge of the pool hub",
            "before any binding counts",
            "no role and no grant mends it",
            "gcloud iam workload-identity-pools providers update-oidc projects/700000000022/locations/global/workloadIdentityPools/hub/providers/forge --attribute-condition=CONDITION",
        ],
    ),
    (
        "other",
        "pool gone",
        &[
            "the pool hub or its provider forge is disabled or deleted, or does not exist",
            "no role and no grant mends it",
            "undelete",
        ],
    ),
    (
        "other",
        "misnamed audience",
        &[
            "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
        ],
    ),
    (
        "other",
        "audience",
        &[
            "audience (aud) is not one that the provider cluster of the pool hub takes",
            "--allowed-audiences",
        ],
    ),
    (
        "other",
        "issuer",
        &["issuer (iss) is not the one", "--issuer-uri"],
    ),
    (
        "other",
        "issuer not reached",
        &[
            "does not reach the issuer",
            ".well-known/openid-configuration",
        ],
    ),
    (
        "other",
        "subject too long",
        &["longer than 127 bytes", "--attribute-mapping"],
    ),
    (
        "other",
        "mapping",
        &["uses a claim that the token does not have"],
    ),
    ("other", "stale", &["its time is over"]),
    (
        "other",
        "refused without a known reason",
        &[
            "the Security Token Service refused it",
            "the provider forge of the pool hub",
        ],
    ),
    (
        "other",
        "domain-wide delegation",
        &[
            "client id is not authorized there for the scopes",
            "Admin console",
            "no role mends that",
        ],
    ),
    (
        "other",
        "a token of a type that is not taken",
        &[
            "The method signJwt does not take a token of this type",
            "Get an access token of the service account first",
            "No grant mends that",
        ],
    ),
    (
        "other",
        "no credentials, go",
        &[
            "No credentials were found",
            "gcloud auth application-default login",
        ],
    ),
    ("other", "none sent", &["none were sent"]),
    (
        "other",
        "reauthentication",
        &["reauthentication", "Sign in again"],
    ),
    (
        "other",
        "a key that is gone",
        &["The key that signed is not one of the account's"],
    ),
    ("other", "expired", &["expired, revoked", "Sign in again"]),
    (
        "other",
        "write: pool",
        &[
            "The workload identity pool quail-gke.svc.id.goog does not exist",
            "create the cluster first",
        ],
    ),
    (
        "other",
        "write: role",
        &["roles/iam.serviceAccountTokenCreator is meant"],
    ),
    (
        "other",
        "write: role not in the hierarchy",
        &["roles/editor exists, but not for this kind of resource"],
    ),
    (
        "other",
        "write: member's form",
        &[
            "principalSet://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/hub/attribute.repository/otters/etl",
        ],
    ),
    (
        "other",
        "write: bare address",
        &["serviceAccount:etl@otter-data.iam.gserviceaccount.com"],
    ),
    (
        "other",
        "write: nobody of that name",
        &["There is nobody of the name 700000000033-compute@developer.gserviceaccount.com"],
    ),
    (
        "other",
        "write: organization policy",
        &["constraints/iam.allowedPolicyMemberDomains"],
    ),
    (
        "other",
        "api off",
        &[
            "The API iamcredentials.googleapis.com is off on the project 700000000011",
            "gcloud services enable iamcredentials.googleapis.com --project=700000000011",
        ],
    ),
    (
        "other",
        "another service's api off",
        &[
            "The API run.googleapis.com is off on the project 700000000011",
            "It is not about acting as a service account",
        ],
    ),
    (
        "other",
        "quota project",
        &["the project billing-x", "serviceusage.services.use"],
    ),
    ("other", "scopes", &["fewer scopes"]),
    (
        "other",
        "account disabled",
        &["The service account etl@otter-data.iam.gserviceaccount.com is disabled"],
    ),
    (
        "other",
        "another permission on an account",
        &[
            "iam.serviceAccounts.setIamPolicy on the service account etl@otter-data",
            "managing the account",
        ],
    ),
    (
        "nothing",
        "storage",
        &["by storage.googleapis.com: the permission storage.objects.get"],
    ),
    (
        "nothing",
        "compute, another permission",
        &["by compute.googleapis.com: the permission compute.instances.create"],
    ),
    (
        "nothing",
        "the caller does not have permission",
        &["does not say which permission", "Paste the whole error"],
    ),
    ("nothing", "concurrent change", &["not about access"]),
];

#[test]
fn each_family_is_told_with_its_own_advice_and_no_other() {
    let home = Home::new();
    for (table, name, says) in SAID {
        let (kind, input) = told(table, name);
        let ran = home.pipe(&["--demo", "explain", "-"], input);
        let words = words(ran.ends(2));
        for say in *says {
            assert!(
                words.contains(say),
                "{table}, {name}: {say:?} is not said:\n{words}"
            );
        }
        for (advice, kinds) in ADVICE {
            assert!(
                !words.contains(advice) || kinds.contains(&kind),
                "{table}, {name}, {kind}: {advice:?} is said:\n{words}"
            );
        }
    }
}

#[test]
fn what_the_policies_say_beside_another_error_is_told_apart_from_it() {
    let home = Home::new();
    let caller = super::common::CALLER;
    let target = super::common::TARGET;
    for (table, name, says, never) in [
        (
            "other",
            "condition",
            "pool and provider as far as they can be read",
            "MAY_BE",
        ),
        (
            "other",
            "write: role",
            "What follows is not about this error",
            "MAY_BE",
        ),
        (
            "nothing",
            "storage",
            "The text names no permission on service accounts",
            "MAY_BE",
        ),
        (
            "other",
            "no credentials, go",
            "once it has credentials",
            "expired",
        ),
        (
            "other",
            "a token of a type that is not taken",
            "the type of the token is another matter",
            "expired",
        ),
    ] {
        let ran = home.pipe(
            &[
                "--demo", "explain", "-", "--caller", caller, "--target", target,
            ],
            text(table, name),
        );
        let words = words(ran.ends(1));
        assert!(words.contains(says), "{name}:\n{words}");
        assert!(!words.contains(never), "{name}:\n{words}");
        assert!(words.contains("the call would fail"), "{name}:\n{words}");
    }
}
