"""Every answer of the emulator validates against Google's discovery documents.

Paths, verbs and answers are taken from the documents in google-api-python-client: no field that
Google does not know, none of another type. Environment: BASE_URL, and
CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token.
"""

import base64
import functools
import importlib.resources
import json
import os
import re
import urllib.parse

import requests

BASE = os.environ["BASE_URL"]
ACCOUNT = "projects/data-vault/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com"
ANYWHERE = ACCOUNT.replace("data-vault/", "-/", 1)
RUN = "run-processor@app-prod.iam.gserviceaccount.com"
SCOPE = ["https://www.googleapis.com/auth/cloud-platform"]
ASKED = ["resourcemanager.projects.get", "resourcemanager.projects.setIamPolicy"]
READ = {"options": {"requestedPolicyVersion": 3}}
TEMPORARY = "schema-check"
NEW = f"projects/data-vault/serviceAccounts/{TEMPORARY}@data-vault.iam.gserviceaccount.com"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@functools.cache
def document(api):
    place = importlib.resources.files("googleapiclient") / "discovery_cache" / "documents"
    return json.loads((place / f"{api}.json").read_text(encoding="utf-8"))


def method(api, dotted):
    """The method `projects.serviceAccounts.list` of a document."""
    *path, name = dotted.split(".")
    node = document(api)
    for part in path:
        node = node["resources"][part]
    return node["methods"][name]


def invalid(api, schema, value, where):
    """What is wrong with a value, as a list of sentences."""
    if "$ref" in schema:
        schema = document(api)["schemas"][schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "any":
        return []
    if kind == "object":
        if not isinstance(value, dict):
            return [f"{where}: expected an object, found {value!r}"]
        known, rest, wrong = schema.get("properties", {}), schema.get("additionalProperties"), []
        for name, inner in value.items():
            if name in known:
                wrong += invalid(api, known[name], inner, f"{where}.{name}")
            elif rest is not None:
                wrong += invalid(api, rest, inner, f"{where}.{name}")
            else:
                wrong.append(f"{where}.{name}: {schema.get('id', 'the schema')} has no such field")
        return wrong
    if kind == "array":
        if not isinstance(value, list):
            return [f"{where}: expected a list, found {value!r}"]
        return [w for n, v in enumerate(value) for w in invalid(api, schema["items"], v, f"{where}[{n}]")]
    fits = {
        "string": lambda v: isinstance(v, str),
        "boolean": lambda v: isinstance(v, bool),
        "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
        "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    }[kind]
    if not fits(value):
        return [f"{where}: expected {kind}, found {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    form = schema.get("format")
    if form in ("google-datetime", "date-time") and not TIME.fullmatch(value):
        return [f"{where}: {value!r} is no RFC 3339 time"]
    if form in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
        return [f"{where}: {value!r} is no number in a string"]
    if form == "byte":
        try:
            plain = value.replace("-", "+").replace("_", "/")
            base64.b64decode(plain, validate=True)
        except ValueError:
            return [f"{where}: {value!r} is no base64"]
    return []


def token():
    with open(os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"], encoding="utf-8") as f:
        return f.read().strip()


def ask(api, dotted, name=None, bearer=None, body=None, **query):
    """One call as the document describes it; its answer, validated."""
    m = method(api, dotted)
    path = re.sub(r"\{\+?\w+\}", lambda _: urllib.parse.quote(name, safe="/@"), m["path"])
    known = set(m.get("parameters", {}))
    assert set(query) <= known, f"{dotted}: the document has no parameter {set(query) - known}"
    answer = requests.request(
        m["httpMethod"],
        f"{BASE}/{path}",
        headers={"Authorization": f"Bearer {bearer or token()}"},
        params=query or None,
        json=body if "request" in m else None,
        timeout=30,
    )
    label = f"{api} {dotted} {name or ''}".rstrip()
    assert answer.status_code == 200, f"{label}: {answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/json"), f"{label}: {answer.headers}"
    value = answer.json()
    wrong = invalid(api, m["response"], value, m["response"]["$ref"])
    assert not wrong, f"{label}:\n  " + "\n  ".join(wrong)
    print(f"  {label}")
    return value


def paged(api, dotted, field, name=None, **query):
    """All pages; a page holds at most what was asked for, and the token leads to the end."""
    items, page = [], {}
    for _ in range(100):
        value = ask(api, dotted, name, pageSize=2, **query, **page)
        assert len(value.get(field, [])) <= 2, f"{dotted}: a page of 2 holds {len(value[field])}"
        items += value.get(field, [])
        if not value.get("nextPageToken"):
            assert items, f"{dotted}: nothing came"
            return items
        page = {"pageToken": value["nextPageToken"]}
    raise AssertionError(f"{dotted}: the pages do not end")


def iam():
    v1, own = "iam.v1", "projects.serviceAccounts."
    accounts = paged(v1, own + "list", "accounts", "projects/data-vault")
    assert len(accounts) == len({a["email"] for a in accounts}) == 3, accounts
    assert ask(v1, own + "get", ACCOUNT) == ask(v1, own + "get", ANYWHERE)
    policy = ask(v1, own + "getIamPolicy", ACCOUNT, **{"options.requestedPolicyVersion": 3})
    assert len(policy["bindings"]) == 2 and "auditConfigs" in policy, policy
    held = ask(v1, own + "testIamPermissions", ACCOUNT, body={"permissions": ["iam.serviceAccounts.get"]})
    assert held == {"permissions": ["iam.serviceAccounts.get"]}, held

    made = ask(
        v1,
        own + "create",
        "projects/data-vault",
        body={"accountId": TEMPORARY, "serviceAccount": {"displayName": "Schema check"}},
    )
    assert made["name"] == NEW and len(made["uniqueId"]) == 21, made
    ask(v1, own + "disable", NEW, body={})
    assert ask(v1, own + "get", NEW)["disabled"] is True
    ask(v1, own + "enable", NEW, body={})
    assert not ask(v1, own + "get", NEW).get("disabled", False)
    ask(v1, own + "delete", NEW)
    again = ask(v1, own + "undelete", f"projects/-/serviceAccounts/{made['uniqueId']}", body={})
    assert again["restoredAccount"]["email"] == made["email"], again

    # After the account's return, so that nothing hangs on whether its policy came back with it.
    written = ask(
        v1,
        own + "setIamPolicy",
        NEW,
        body={"policy": {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [f"serviceAccount:{RUN}"]}]}},
    )
    assert written["etag"] and len(written["bindings"]) == 1, written

    role = ask(v1, "roles.get", "roles/iam.serviceAccountTokenCreator")
    assert "iam.serviceAccounts.getAccessToken" in role["includedPermissions"], role
    roles = ask(v1, "roles.list", pageSize=5)
    assert len(roles["roles"]) == 5 and roles["nextPageToken"], roles


def credentials():
    v1, own = "iamcredentials.v1", "projects.serviceAccounts."
    name, bearer = NEW.replace("data-vault/", "-/", 1), f"serviceAccount:{RUN}"
    minted = ask(v1, own + "generateAccessToken", name, bearer, {"scope": SCOPE, "lifetime": "300s"})
    # google-auth and gcloud read the time in exactly this form.
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", minted["expireTime"]), minted["expireTime"]
    identity = ask(v1, own + "generateIdToken", name, bearer, {"audience": "a", "includeEmail": True})
    assert identity["token"].count(".") == 2


def resource_manager():
    v1, v2, v3 = (f"cloudresourcemanager.v{n}" for n in (1, 2, 3))
    ancestry = ask(v1, "projects.getAncestry", "data-vault", body={})["ancestor"]
    ids = [(a["resourceId"]["type"], a["resourceId"]["id"]) for a in ancestry]
    assert ids == [("project", "data-vault"), ("folder", "2002"), ("organization", "1001")], ids
    ask(v1, "projects.get", "data-vault")
    ask(v1, "projects.getIamPolicy", "data-vault", body=READ)
    ask(v1, "organizations.getIamPolicy", "organizations/1001", body=READ)
    ask(v2, "folders.getIamPolicy", "folders/2002", body=READ)

    for kind, name in (("organizations", "1001"), ("folders", "2002"), ("projects", "data-vault")):
        full = f"{kind}/{name}"
        got = ask(v3, f"{kind}.get", full)
        assert got["name"].startswith(f"{kind}/"), got
        policy = ask(v3, f"{kind}.getIamPolicy", full, body=READ)
        same = ask(v3, f"{kind}.setIamPolicy", full, body={"policy": policy})
        assert same["bindings"] == policy["bindings"], same
        held = ask(v3, f"{kind}.testIamPermissions", full, body={"permissions": ASKED[:1]})
        assert held.get("permissions", ASKED[:1]) == ASKED[:1], held
    assert ask(v3, "projects.get", "projects/data-vault") == ask(v3, "projects.get", "projects/572910364802")

    assert [o["name"] for o in paged(v3, "organizations.search", "organizations")] == ["organizations/1001"]
    assert {f["displayName"] for f in paged(v3, "folders.search", "folders")} == {"prod", "data"}
    assert {f["displayName"] for f in paged(v3, "folders.list", "folders", parent="organizations/1001")} == {"prod", "data"}
    assert len(paged(v3, "projects.search", "projects")) == 4
    assert {p["projectId"] for p in paged(v3, "projects.list", "projects", parent="folders/2002")} == {
        "data-vault",
        "analytics",
    }


if __name__ == "__main__":
    iam()
    credentials()
    resource_manager()
