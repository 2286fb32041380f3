// Words that give advice away, and the kinds that may give it: read with include! by the tests of the
// library and of the program.
&[
    ("Sign in again", &["CREDENTIALS_EXPIRED"]),
    ("expired, revoked", &["CREDENTIALS_EXPIRED"]),
    ("Check the address letter by letter", &["ACCOUNT_NOT_FOUND"]),
    ("gcloud services enable", &["API_DISABLED"]),
    ("service-accounts enable", &["ACCOUNT_DISABLED"]),
    ("gcloud projects undelete", &["PROJECT_SHUT_DOWN"]),
    ("attribute condition", &["TOKEN_EXCHANGE_REFUSED"]),
    ("Domain-wide delegation", &["DELEGATION_REFUSED"]),
    ("Service Usage Consumer", &["QUOTA_PROJECT_DENIED"]),
    ("access scopes", &["SCOPE_INSUFFICIENT"]),
    ("3600 seconds or less", &["LIFETIME_TOO_LONG"]),
    ("The policy was not written", &["WRITE_REFUSED"]),
    (
        "It is not about acting as a service account",
        &["OTHER_DENIED", "API_DISABLED"],
    ),
    ("A role with this permission is needed", &["OTHER_DENIED"]),
    ("This text is not about access", &["NONE"]),
    ("GOOGLE_APPLICATION_CREDENTIALS", &["CREDENTIALS_MISSING"]),
    (
        "does not take a token of this type",
        &["TOKEN_TYPE_UNSUPPORTED"],
    ),
    ("The causes say which grant", &["IMPERSONATION_DENIED"]),
]
