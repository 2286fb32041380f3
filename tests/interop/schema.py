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
import sys
import time
import urllib.parse

import requests
from google.auth import crypt, jwt

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


ASKED_FOR = set()


def ask(api, dotted, name=None, bearer=None, body=None, **query):
    """One call as the document describes it; its answer, validated."""
    ASKED_FOR.add((api, dotted))
    m = method(api, dotted)
    path = re.sub(r"\{\+?\w+\}", lambda _: urllib.parse.quote(name, safe="/@%:"), m["path"])
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

    for api, kind, name in ((v1, "organizations", "organizations/1001"), (v2, "folders", "folders/2002")):
        assert ask(api, f"{kind}.get", name)["name"] == name
        assert ask(api, f"{kind}.testIamPermissions", name, body={"permissions": ASKED[:1]})
        policy = ask(api, f"{kind}.getIamPolicy", name, body=READ)
        assert ask(api, f"{kind}.setIamPolicy", name, body={"policy": policy})["bindings"] == policy["bindings"]
    policy = ask(v1, "projects.getIamPolicy", "data-vault", body=READ)
    assert ask(v1, "projects.setIamPolicy", "data-vault", body={"policy": policy})["bindings"] == policy["bindings"]
    assert ask(v1, "projects.testIamPermissions", "data-vault", body={"permissions": ASKED[:1]})
    assert len(paged(v1, "projects.list", "projects")) == 4
    assert [o["name"] for o in ask(v1, "organizations.search", body={})["organizations"]] == ["organizations/1001"]
    assert {f["displayName"] for f in ask(v2, "folders.search", body={})["folders"]} == {"prod", "data"}
    assert {f["displayName"] for f in ask(v2, "folders.list", parent="organizations/1001")["folders"]} == {"prod", "data"}
    tags()

    constraint = {"constraint": "constraints/iam.disableServiceAccountKeyCreation"}
    for kind, name in (("projects", "projects/data-vault"), ("folders", "folders/2002"), ("organizations", "organizations/1001")):
        assert ask(v1, f"{kind}.listOrgPolicies", name, body={}) == {}
        for verb in ("getOrgPolicy", "getEffectiveOrgPolicy"):
            got = ask(v1, f"{kind}.{verb}", name, body=constraint)
            assert got["constraint"] == constraint["constraint"], got

    assert [o["name"] for o in paged(v3, "organizations.search", "organizations")] == ["organizations/1001"]
    assert {f["displayName"] for f in paged(v3, "folders.search", "folders")} == {"prod", "data"}
    assert {f["displayName"] for f in paged(v3, "folders.list", "folders", parent="organizations/1001")} == {"prod", "data"}
    assert len(paged(v3, "projects.search", "projects")) == 4
    assert {p["projectId"] for p in paged(v3, "projects.list", "projects", parent="folders/2002")} == {
        "data-vault",
        "analytics",
    }


def keys():
    v1, own = "iam.v1", "projects.serviceAccounts.keys."
    made = ask(v1, own + "create", NEW, body={})
    file = json.loads(base64.b64decode(made["privateKeyData"]))
    assert file["client_email"] == NEW.rsplit("/", 1)[1], file["client_email"]
    name = made["name"]
    assert [k["name"] for k in ask(v1, own + "list", NEW, keyTypes="USER_MANAGED")["keys"]] == [name]
    raw = ask(v1, own + "get", name, publicKeyType="TYPE_RAW_PUBLIC_KEY")
    assert base64.b64decode(raw["publicKeyData"]).startswith(b"-----BEGIN PUBLIC KEY-----")
    certificate = ask(v1, own + "get", name, publicKeyType="TYPE_X509_PEM_FILE")["publicKeyData"]
    assert base64.b64decode(certificate).startswith(b"-----BEGIN CERTIFICATE-----")
    assert ask(v1, own + "disable", name, body={}) == {}
    disabled = ask(v1, own + "get", name)
    assert disabled["disabled"] is True and disabled["disableReason"].endswith("_USER_INITIATED"), disabled
    assert ask(v1, own + "enable", name, body={}) == {}
    assert ask(v1, own + "delete", name) == {}
    small = ask(v1, own + "create", NEW, body={"privateKeyType": "TYPE_PKCS12_FILE", "keyAlgorithm": "KEY_ALG_RSA_1024"})
    assert (small["privateKeyType"], small["keyAlgorithm"]) == ("TYPE_PKCS12_FILE", "KEY_ALG_RSA_1024"), small
    brought = ask(v1, own + "upload", NEW, body={"publicKeyData": certificate})
    assert brought["keyOrigin"] == "USER_PROVIDED" and "privateKeyData" not in brought, brought
    kinds = [k["keyType"] for k in ask(v1, own + "list", NEW)["keys"]]
    assert sorted(kinds) == ["SYSTEM_MANAGED", "USER_MANAGED", "USER_MANAGED"], kinds


def roles():
    v1 = "iam.v1"
    for parent in ("projects/data-vault", "organizations/1001"):
        own = f"{parent.split('/')[0]}.roles."
        body = {"roleId": "schema.check", "role": {"title": "Check", "stage": "BETA", "includedPermissions": ["iam.roles.get"]}}
        role = ask(v1, own + "create", parent, body=body)
        name = role["name"]
        assert ask(v1, own + "get", name) == role
        assert [r["name"] for r in ask(v1, own + "list", parent)["roles"]] == [name]
        changed = ask(v1, own + "patch", name, body={"title": "Other", "etag": role["etag"]}, updateMask="title")
        assert (changed["title"], changed["stage"]) == ("Other", "BETA"), changed
        assert ask(v1, own + "delete", name)["deleted"] is True
        assert ask(v1, own + "list", parent) == {}
        assert ask(v1, own + "list", parent, showDeleted="true")["roles"][0]["deleted"] is True
        assert "deleted" not in ask(v1, own + "undelete", name, body={})
    full = f"//iam.googleapis.com/{ACCOUNT}"
    grantable = ask(v1, "roles.queryGrantableRoles", body={"fullResourceName": full, "view": "FULL"})
    assert grantable["roles"], grantable
    testable = ask(v1, "permissions.queryTestablePermissions", body={"fullResourceName": full})
    assert testable["permissions"], testable
    wrong = ask(v1, "iamPolicies.lintPolicy", body={"condition": {"expression": "request.time <"}})
    assert wrong["lintResults"][0]["severity"] == "ERROR", wrong
    assert ask(v1, "iamPolicies.lintPolicy", body={"condition": {"expression": "true"}}) == {}


def deny():
    v2, point = "iam.v2", "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2002/denypolicies"
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["iam.googleapis.com/roles.delete"]}
    made = ask(v2, "policies.createPolicy", point, body={"displayName": "a", "rules": [{"denyRule": rule}]}, policyId="check")
    assert made["done"] is True, made
    ask(v2, "policies.operations.get", made["name"])
    name = f"{point}/check"
    policy = ask(v2, "policies.get", name)
    assert policy["rules"][0]["denyRule"] == rule, policy
    listed = ask(v2, "policies.listPolicies", point)["policies"]
    assert [p["uid"] for p in listed] == [policy["uid"]] and "rules" not in listed[0], listed
    policy["displayName"] = "b"
    ask(v2, "policies.update", name, body=policy)
    assert ask(v2, "policies.get", name)["displayName"] == "b"
    ask(v2, "policies.delete", name)
    assert ask(v2, "policies.listPolicies", point) == {}


def signing():
    v1, own = "iamcredentials.v1", "projects.serviceAccounts."
    name, bearer = NEW.replace("data-vault/", "-/", 1), f"serviceAccount:{RUN}"
    blob = ask(v1, own + "signBlob", name, bearer, {"payload": base64.b64encode(b"x").decode()})
    assert len(base64.b64decode(blob["signedBlob"])) == 256
    assert ask(v1, own + "signJwt", name, bearer, {"payload": "{}"})["signedJwt"].count(".") == 2
    assert ask(v1, own + "getAllowedLocations", name, bearer) == {"locations": [], "encodedLocations": "0x0"}


def troubleshooter():
    account = f"//iam.googleapis.com/{ACCOUNT}"
    access = {"principal": RUN, "fullResourceName": account, "permission": "iam.serviceAccounts.getAccessToken"}
    for api in ("policytroubleshooter.v3", "policytroubleshooter.v3beta"):
        answer = ask(api, "iam.troubleshoot", body={"accessTuple": access})
        assert answer["overallAccessState"] == "CANNOT_ACCESS", answer
    refused = requests.post(
        f"{BASE}/v1/{ANYWHERE}:generateAccessToken",
        headers={"Authorization": f"Bearer serviceAccount:{RUN}"},
        json={"scope": SCOPE},
        timeout=30,
    )
    assert refused.status_code == 403, refused.text
    error = refused.json()["error"]["details"][0]["metadata"]["error_info_id"]
    answer = ask("policytroubleshooter.v3beta", "iam.troubleshootError", body={"errorInfoId": error})
    assert answer["accessContext"]["principal"] == RUN, answer


def services():
    v1, own = "serviceusage.v1", "services."
    enabled = paged(v1, own + "list", "services", "projects/data-vault", filter="state:ENABLED")
    assert all(s["state"] == "ENABLED" for s in enabled), enabled
    one = "projects/data-vault/services/iam.googleapis.com"
    assert ask(v1, own + "get", one)["config"]["name"] == "iam.googleapis.com"
    batch = ask(v1, own + "batchGet", "projects/data-vault", names=["projects/data-vault/services/iam.googleapis.com"])
    assert len(batch["services"]) == 1, batch
    off = ask(v1, own + "disable", one, body={})
    ask(v1, "operations.get", off["name"])
    assert ask(v1, own + "get", one)["state"] == "DISABLED"
    ask(v1, own + "enable", one, body={})


def assets():
    v1, scope = "cloudasset.v1", "organizations/1001"
    for content in ("RESOURCE", "IAM_POLICY"):
        assert paged(v1, "assets.list", "assets", scope, contentType=content)
    found = paged(v1, "v1.searchAllResources", "results", scope, query="name:bq-privileged")
    assert [r["name"] for r in found] == [f"//iam.googleapis.com/{ACCOUNT}"], found
    kind = "iam.googleapis.com/ServiceAccount"
    found = paged(v1, "v1.searchAllResources", "results", scope, assetTypes=[kind], readMask="name,project,state,additionalAttributes")
    listed = {a["email"] for p in ("app-prod", "data-vault", "analytics", "ops-tools") for a in paged("iam.v1", "projects.serviceAccounts.list", "accounts", f"projects/{p}")}
    assert {r["additionalAttributes"]["email"] for r in found} == listed, (found, listed)
    bound = paged(v1, "v1.searchAllIamPolicies", "results", scope, assetTypes=[kind])
    assert bound and all(r["assetType"] == kind and r["policy"]["bindings"] for r in bound), bound
    assert paged(v1, "v1.searchAllIamPolicies", "results", scope, query="policy.role.permissions:iam.serviceAccounts.getAccessToken")
    query = {
        "analysisQuery.resourceSelector.fullResourceName": f"//iam.googleapis.com/{ACCOUNT}",
        "analysisQuery.accessSelector.permissions": ["iam.serviceAccounts.setIamPolicy"],
        "analysisQuery.options.expandGroups": "true",
        "analysisQuery.options.outputGroupEdges": "true",
        "analysisQuery.conditionContext.accessTime": "2030-01-01T00:00:00Z",
    }
    analysis = ask(v1, "v1.analyzeIamPolicy", scope, **query)
    assert analysis["fullyExplored"] is True and analysis["mainAnalysis"]["analysisResults"], analysis
    effective = ask(v1, "effectiveIamPolicies.batchGet", scope, names=[f"//iam.googleapis.com/{ACCOUNT}"])
    assert len(effective["policyResults"][0]["policies"]) >= 3, effective


def org_policies():
    """The Organization Policy API, and the older form of the same in Resource Manager v1."""
    api, older = "orgpolicy.v2", "cloudresourcemanager.v1"
    name = "iam.allowedPolicyMemberDomains"
    for kind, parent in (("organizations", "organizations/1001"), ("folders", "folders/2002"), ("projects", "projects/data-vault")):
        one, rules = f"{parent}/policies/{name}", [{"values": {"allowedValues": ["is:C0example"]}}]
        listed = ask(api, f"{kind}.constraints.list", parent)["constraints"]
        assert any(c["name"].endswith(f"/constraints/{name}") for c in listed), listed
        made = ask(api, f"{kind}.policies.create", parent, body={"name": one, "spec": {"rules": rules}})
        assert made["spec"]["rules"] == rules and made["etag"] == made["spec"]["etag"] + "-", made
        assert ask(api, f"{kind}.policies.get", one) == made
        assert ask(api, f"{kind}.policies.list", parent)["policies"] == [made]
        old = ask(older, f"{kind}.getOrgPolicy", parent, body={"constraint": f"constraints/{name}"})
        assert old["listPolicy"] == {"allowedValues": ["is:C0example"]}, old
        assert ask(older, f"{kind}.listOrgPolicies", parent, body={})["policies"] == [old]
        old = ask(older, f"{kind}.getEffectiveOrgPolicy", parent, body={"constraint": f"constraints/{name}"})
        assert "etag" not in old and old["listPolicy"]["allowedValues"] == ["is:C0example"], old
        made["spec"] = {"inheritFromParent": True, "rules": [{"values": {"allowedValues": ["is:C0more"]}}]}
        patched = ask(api, f"{kind}.policies.patch", one, body=made)
        assert patched["etag"] != made["etag"], patched
        effective = ask(api, f"{kind}.policies.getEffectivePolicy", one)
        assert "etag" not in effective and "is:C0more" in effective["spec"]["rules"][0]["values"]["allowedValues"], effective
    for kind, parent in (("projects", "projects/data-vault"), ("folders", "folders/2002"), ("organizations", "organizations/1001")):
        etag = ask(api, f"{kind}.policies.get", f"{parent}/policies/{name}")["etag"]
        ask(api, f"{kind}.policies.delete", f"{parent}/policies/{name}", etag=etag)
        assert ask(api, f"{kind}.policies.list", parent) == {}


def groups():
    v1, own = "cloudidentity.v1", "groups.memberships."
    group = ask(v1, "groups.lookup", **{"groupKey.id": "data-admins@example.com"})["name"]
    assert ask(v1, "groups.get", group)["groupKey"]["id"] == "data-admins@example.com"
    members = paged(v1, own + "list", "memberships", group)
    key = members[0]["preferredMemberKey"]["id"]
    query = f"member_key_id == '{key}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
    assert ask(v1, own + "checkTransitiveMembership", group, query=query) == {"hasMembership": True}
    assert group in [g["group"] for g in paged(v1, own + "searchTransitiveGroups", "memberships", "groups/-", query=query)]
    assert paged(v1, own + "searchTransitiveMemberships", "memberships", group)


def tokens():
    body = {
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "scope": SCOPE[0],
        "subjectToken": "a.b.c",
    }
    ASKED_FOR.add(("sts.v1", "v1.token"))
    refused = requests.post(f"{BASE}/v1/token", json=body, timeout=30)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target"), refused.text


SERVED = (
    "iam.v1", "iam.v2", "iamcredentials.v1", "cloudresourcemanager.v1", "cloudresourcemanager.v2",
    "cloudresourcemanager.v3", "policytroubleshooter.v3", "policytroubleshooter.v3beta", "serviceusage.v1",
    "cloudasset.v1", "cloudidentity.v1", "sts.v1", "orgpolicy.v2",
)  # fmt: skip
NAMES = {"projectsId": "data-vault", "organizationsId": "1001", "foldersId": "2002", "projectId": "data-vault"}


def methods(node, path=()):
    for name, m in node.get("methods", {}).items():
        yield ".".join((*path, name)), m
    for name, inner in node.get("resources", {}).items():
        yield from methods(inner, (*path, name))


def pools_of_the_estate():
    """Over the estate of pools.py: every read of both kinds of pools, and what the token service answers."""
    v1 = "iam.v1"
    for own, parent, pool, provider, more in (
        ("projects.locations.workloadIdentityPools", "projects/630184729503/locations/global", "github", "signed", {}),
        ("locations.workforcePools", "locations/global", "staff", "okta", {"parent": "organizations/1001"}),
    ):
        kind = own.rsplit(".", 1)[1]
        # The workforce's method takes a location and a parent where the workload's takes a parent alone.
        listed = paged(v1, f"{own}.list", kind, parent, showDeleted="true", **more)
        name = f"{parent}/{kind}/{pool}"
        one = ask(v1, f"{own}.get", name)
        assert one in listed and one["state"] == "ACTIVE", (one, listed)
        providers = paged(v1, f"{own}.providers.list", f"{kind[:-1]}Providers", name, showDeleted="true")
        got = ask(v1, f"{own}.providers.get", f"{name}/providers/{provider}")
        assert got in providers and got["oidc"]["jwksJson"], got
        assert ask(v1, f"{own}.providers.keys.list", f"{name}/providers/{provider}") == {}
        if kind == "workloadIdentityPools":
            assert ask(v1, f"{own}.namespaces.list", name) == {}
        everywhere = {"locations": [], "encodedLocations": "0x0"}
        assert ask("iamcredentials.v1", f"{own}.getAllowedLocations", name) == everywhere
    account = "projects/-/serviceAccounts/bq-privileged@data-vault.iam.gserviceaccount.com"
    assert ask("iamcredentials.v1", "projects.serviceAccounts.getAllowedLocations", account) == everywhere

    provider = "projects/630184729503/locations/global/workloadIdentityPools/github/providers/signed"
    now = int(time.time())
    claims = {"iss": "https://token.actions.githubusercontent.com", "aud": f"https://iam.googleapis.com/{provider}", "sub": "s"}
    claims |= {"repository": "r", "repository_owner": "example-org", "iat": now, "exp": now + 600}
    with open(os.environ["ISSUER_KEY"], encoding="utf-8") as file:
        token = jwt.encode(crypt.RSASigner.from_string(file.read(), "one"), claims).decode()
    kind = "urn:ietf:params:oauth:token-type"
    body = {
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subjectTokenType": f"{kind}:jwt",
        "requestedTokenType": f"{kind}:access_token",
        "audience": f"//iam.googleapis.com/{provider}",
        "scope": SCOPE[0],
        "subjectToken": token,
    }
    given = ask("sts.v1", "v1.token", body=body)
    assert given["token_type"] == "Bearer" and 590 <= given["expires_in"] <= 600, given["expires_in"]


def tags():
    """A key and a value are made, bound and taken off again; each operation is done with the message of its kind."""
    api, project = "cloudresourcemanager.v3", "//cloudresourcemanager.googleapis.com/projects/data-vault"

    def done(dotted, message, *name, **more):
        response = ask(api, dotted, *name, **more)["response"]
        assert response.pop("@type").endswith(f".{message}"), response
        wrong = invalid(api, {"$ref": message}, response, message)
        assert not wrong, wrong
        return response

    key = done("tagKeys.create", "TagKey", body={"parent": "organizations/1001", "shortName": "env"})
    value = done("tagValues.create", "TagValue", body={"parent": key["name"], "shortName": "prod"})
    for kind, made, parent in (("tagKeys", key, "organizations/1001"), ("tagValues", value, key["name"])):
        assert paged(api, f"{kind}.list", kind, parent=parent) == [made]
        assert ask(api, f"{kind}.get", made["name"]) == made
        # Its parameter bears the name that stands for a path elsewhere.
        ASKED_FOR.add((api, f"{kind}.getNamespaced"))
        query, headers = {"name": made["namespacedName"]}, {"Authorization": f"Bearer {token()}"}
        assert requests.get(f"{BASE}/v3/{kind}/namespaced", params=query, headers=headers, timeout=30).json() == made
    bound = done("tagBindings.create", "TagBinding", body={"parent": project, "tagValue": value["name"]})
    assert paged(api, "tagBindings.list", "tagBindings", parent=project) == [bound]
    effective = paged(api, "effectiveTags.list", "effectiveTags", parent=project)
    assert [t["namespacedTagValue"] for t in effective] == ["1001/env/prod"], effective
    name = ask(api, "tagBindings.delete", urllib.parse.quote(bound["name"], safe="/%"))["name"]
    assert ask(api, "operations.get", name)["done"] is True
    done("tagValues.delete", "TagValue", value["name"])
    done("tagKeys.delete", "TagKey", key["name"])


def pools():
    """The estate has no pools: a provider that is not there is 404, and no list of them is anything but empty."""
    pool = "projects/data-vault/locations/global/workloadIdentityPools/p"
    ask("iam.v1", "projects.locations.workloadIdentityPools.providers.list", pool)
    ask("iam.v1", "projects.locations.workloadIdentityPools.list", pool.rsplit("/", 2)[0])


def unserved():
    """What is not checked above is not served: Google's error, never a 200, never a hang."""
    count = 0
    for api in SERVED:
        for dotted, m in methods(document(api)):
            if (api, dotted) in ASKED_FOR:
                continue
            path = re.sub(r"\{(\w+)\}", lambda p: NAMES.get(p[1], "x1"), m.get("flatPath", m["path"]))
            answer = requests.request(
                m["httpMethod"],
                f"{BASE}/{path}",
                headers={"Authorization": f"Bearer {token()}"},
                json={} if "request" in m else None,
                timeout=30,
            )
            label = f"{api} {dotted} {path}"
            assert answer.status_code in (400, 403, 404, 501), f"{label}: {answer.status_code} {answer.text}"
            error = answer.json()["error"]
            assert error["code"] == answer.status_code and error["message"] and error["status"], f"{label}: {error}"
            count += 1
    print(f"  {len(ASKED_FOR)} methods are checked, {count} others are refused as Google refuses them")


def boundaries():
    """IAM v3 has no document: its messages are in policytroubleshooter's, its paths in gcloud's client."""
    api = "policytroubleshooter.v3beta"

    def get(path, message, field=None, **query):
        answer = requests.get(f"{BASE}/v3/{path}", headers={"Authorization": f"Bearer {token()}"}, params=query, timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        value = answer.json()
        for item in value[field] if field else [value]:
            wrong = invalid(api, {"$ref": message}, item, message)
            assert not wrong, f"{path}:\n  " + "\n  ".join(wrong)
        print(f"  iam v3 {path}")
        return value

    parent = "organizations/1001/locations/global"
    policies = get(f"{parent}/principalAccessBoundaryPolicies", "GoogleIamV3PrincipalAccessBoundaryPolicy", "principalAccessBoundaryPolicies")
    name = policies["principalAccessBoundaryPolicies"][0]["name"]
    get(name, "GoogleIamV3PrincipalAccessBoundaryPolicy")
    listed = get(f"{parent}/policyBindings", "GoogleIamV3PolicyBinding", "policyBindings")["policyBindings"]
    get(listed[0]["name"], "GoogleIamV3PolicyBinding")
    assert get(f"{name}:searchPolicyBindings", "GoogleIamV3PolicyBinding", "policyBindings")["policyBindings"] == listed
    target = listed[0]["target"]["principalSet"]
    found = get(f"{parent}/policyBindings:searchTargetPolicyBindings", "GoogleIamV3PolicyBinding", "policyBindings", target=target)
    assert listed[0] in found["policyBindings"], found


if __name__ == "__main__":
    if sys.argv[1:] == ["boundaries"]:
        boundaries()
    elif sys.argv[1:] == ["pools"]:
        pools_of_the_estate()
    else:
        iam()
        credentials()
        signing()
        keys()
        roles()
        deny()
        resource_manager()
        troubleshooter()
        services()
        assets()
        org_policies()
        groups()
        pools()
        tokens()
        unserved()
