"""What `bindscope sql` prints, run as it is printed on an embedded engine (DuckDB; sqlglot reads BigQuery's dialect),
over random estates in the shape that Cloud Asset Inventory exports to BigQuery, and compared with what `who`, `reach`
and `review` say of the same rows as newline-delimited JSON.

Where only allow policies, custom roles and groups decide, both must say the same. A condition, a deny policy or a
boundary is not judged in SQL: there a yes of SQL must be a yes of ours, and what ours lists SQL must list.

Environment: BINDSCOPE, the program. SQL_ESTATES: how many estates (40), SQL_SEED: the first of their seeds (1).
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import duckdb
import sqlglot

BINDSCOPE = os.environ["BINDSCOPE"]
AT = "2026-11-25T12:00:00Z"
TOKEN = "iam.serviceAccounts.getAccessToken"
CREATOR = "roles/iam.serviceAccountTokenCreator"
ROLES = [CREATOR, CREATOR, "roles/iam.workloadIdentityUser", "roles/iam.serviceAccountUser", "roles/owner", "roles/editor", "roles/viewer"]
USERS = [f"user:{name}@heron.example" for name in ("ana", "bob", "cleo")] + ["user:eve@elsewhere.example"]
GROUPS = [f"{name}@heron.example" for name in ("devs", "ops", "inner", "unread")]
RESOURCE = "STRUCT(version VARCHAR, data VARCHAR)"
CONDITIONS = (
    "request.time < timestamp('2030-01-01T00:00:00Z')",
    "request.time < timestamp('2020-01-01T00:00:00Z')",
    "resource.matchTag('1/env', 'prod')",
    "resource.name.startsWith('projects/-/serviceAccounts/sa0@')",
)
DENIED = ("principalSet://goog/public:all", "principal://goog/subject/bob@heron.example", "principalSet://goog/group/devs@heron.example")
BOUND = ("//cloudresourcemanager.googleapis.com/organizations/1", "//cloudresourcemanager.googleapis.com/projects/300", "//iam.googleapis.com/locations/global/workspace/C0heron")
POOL = "iam.googleapis.com/projects/300/locations/global/workloadIdentityPools/gh"
POLICY = (
    'STRUCT(bindings STRUCT("role" VARCHAR, members VARCHAR[],'
    ' "condition" STRUCT(expression VARCHAR, title VARCHAR))[])'
)
TABLES = ["--resources", "cai.resource", "--policies", "cai.iam_policy", "--groups", "cai.group_member"]


class World:
    """A random estate: its rows as BigQuery has them, and its groups."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        pick = self.chance.choice
        self.resources, self.policies = [], []
        above = ["organizations/1"]
        self.asset("//cloudresourcemanager.googleapis.com/organizations/1", "cloudresourcemanager.googleapis.com/Organization",
                   {"name": "organizations/1", "displayName": "heron.example", "directoryCustomerId": "C0heron"}, above)
        folder = ["folders/10", *above]
        self.asset("//cloudresourcemanager.googleapis.com/folders/10", "cloudresourcemanager.googleapis.com/Folder",
                   {"name": "folders/10", "displayName": "apps", "parent": "organizations/1", "lifecycleState": "ACTIVE"}, folder)
        self.accounts, places = [], [("//cloudresourcemanager.googleapis.com/organizations/1", above), ("//cloudresourcemanager.googleapis.com/folders/10", folder)]
        for number, project in ((100, "heron-app"), (200, "heron-data"), (300, "heron-ci")):
            way = [f"projects/{number}", *(folder if number < 300 else above)]
            name = f"//cloudresourcemanager.googleapis.com/projects/{number}"
            kind, parent = way[1].split("/")
            self.asset(name, "cloudresourcemanager.googleapis.com/Project",
                       {"projectId": project, "projectNumber": str(number), "lifecycleState": "ACTIVE",
                        "parent": {"type": kind[:-1], "id": parent}}, way)
            places.append((name, way))
            for index in range(self.chance.randint(1, 3)):
                unique = f"1{number}{index:017d}"
                email = f"sa{index}@{project}.iam.gserviceaccount.com"
                name = f"//iam.googleapis.com/projects/{project}/serviceAccounts/{unique}"
                data = {"email": email, "uniqueId": unique, "projectId": project, "name": f"projects/{project}/serviceAccounts/{email}"}
                if self.chance.random() < 0.1:
                    data["disabled"] = True
                self.asset(name, "iam.googleapis.com/ServiceAccount", data, way)
                places.append((name, way))
                self.accounts.append((email, name, data.get("disabled", False)))
        self.roles = list(ROLES)
        for index, stage in enumerate(("GA", "DISABLED")):
            role = f"organizations/1/roles/custom{index}"
            held = self.chance.sample([TOKEN, "iam.serviceAccounts.signBlob", "storage.objects.get"], 2)
            self.asset(f"//iam.googleapis.com/{role}", "iam.googleapis.com/Role",
                       {"name": role, "title": "t", "stage": stage, "includedPermissions": held}, above)
            self.roles.append(role)
        self.groups = {group: [] for group in GROUPS[:3]}
        for group in self.groups:
            # In a ring too.
            self.groups[group] = self.chance.sample(
                USERS + [f"serviceAccount:{email}" for email, *_ in self.accounts] + [f"group:{g}" for g in GROUPS if g != group] + ["domain:heron.example"],
                self.chance.randint(1, 3))
        self.decided = self.chance.random() < 0.6
        for name, way in places:
            bindings = []
            for _ in range(self.chance.choice((0, 0, 1, 1, 2))):
                binding = {"role": pick(self.roles), "members": self.chance.sample(self.members(), self.chance.randint(1, 3))}
                if not self.decided and self.chance.random() < 0.4:
                    binding["condition"] = {"expression": pick(CONDITIONS), "title": "t"}
                bindings.append(binding)
            if bindings:
                asset = next(r["asset_type"] for r in self.resources if r["name"] == name)
                self.policies.append({"name": name, "asset_type": asset, "iam_policy": {"bindings": bindings}, "ancestors": way})
        if not self.decided and self.chance.random() < 0.3:
            project = pick(("100", "200", "300"))
            way = next(r["ancestors"] for r in self.resources if r["name"].endswith(f"projects/{project}"))
            attached = f"cloudresourcemanager.googleapis.com%2Fprojects%2F{project}"
            self.asset(f"//iam.googleapis.com/policies/{attached}/denypolicies/no", "iam.googleapis.com/PolicyV2",
                       {"name": f"policies/{attached}/denypolicies/no", "uid": "u", "kind": "DenyPolicy",
                        "rules": [{"denyRule": {"deniedPrincipals": [pick(DENIED)], "exceptionPrincipals": self.chance.choice(([], ["principal://goog/subject/ana@heron.example"])),
                                                "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]}, way)
        if not self.decided and self.chance.random() < 0.3:
            self.boundary(pick(BOUND), pick(("//cloudresourcemanager.googleapis.com/projects/heron-app", "//cloudresourcemanager.googleapis.com/organizations/1")), above)

    def boundary(self, whom, what, above):
        """Whom a boundary is bound to may act on what alone."""
        at = "organizations/1/locations/global"
        policy = f"{at}/principalAccessBoundaryPolicies/some"
        self.asset(f"//iam.googleapis.com/{policy}", "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
                   {"name": policy, "uid": "u", "details": {"enforcementVersion": "3", "rules": [{"effect": "ALLOW", "resources": [what]}]}}, above)
        binding = f"{at}/policyBindings/some"
        self.asset(f"//iam.googleapis.com/{binding}", "iam.googleapis.com/PolicyBinding",
                   {"name": binding, "uid": "u", "target": {"principalSet": whom}, "policyKind": "PRINCIPAL_ACCESS_BOUNDARY", "policy": policy, "policyUid": "u"}, above)

    def members(self):
        chance = self.chance
        some = USERS + [f"group:{g}" for g in GROUPS] + [f"serviceAccount:{email}" for email, *_ in self.accounts]
        if chance.random() < 0.15:
            some = some + ["allUsers", "allAuthenticatedUsers", "domain:heron.example", "deleted:user:old@heron.example?uid=123"]
        if chance.random() < 0.3:
            some = some + [f"principal://{POOL}/subject/s", f"principalSet://{POOL}/attribute.repository/o/r", f"principalSet://{POOL}/*",
                           "projectOwner:heron-app", "principalSet://cloudresourcemanager.googleapis.com/projects/300/type/ServiceAccount"]
        return some

    def asset(self, name, kind, data, ancestors):
        self.resources.append({"name": name, "asset_type": kind, "resource": {"version": "v1", "data": json.dumps(data)}, "ancestors": ancestors})

    def tables(self, folder):
        """The rows in DuckDB, in the shape of the export's schemas."""
        db = duckdb.connect()
        db.execute("CREATE SCHEMA cai")
        for table, rows, column, shape in (
            ("resource", self.resources, "resource", RESOURCE),
            ("iam_policy", self.policies, "iam_policy", POLICY),
        ):
            file = folder / f"{table}.json"
            file.write_text(json.dumps(rows))
            columns = f"{{name: 'VARCHAR', asset_type: 'VARCHAR', {column}: '{shape}', ancestors: 'VARCHAR[]'}}"
            db.execute(f"CREATE TABLE cai.{table} AS SELECT * FROM read_json('{file}', columns={columns})")
        db.execute("CREATE TABLE cai.group_member(group_email VARCHAR, member VARCHAR)")
        rows = [(group, member) for group, members in self.groups.items() for member in members]
        db.executemany("INSERT INTO cai.group_member VALUES (?, ?)", rows)
        return db

    def file(self, folder):
        """The same for `--estate`."""
        export = folder / "export.ndjson"
        export.write_text("".join(json.dumps(row) + "\n" for row in self.resources + self.policies))
        groups = folder / "groups.json"
        groups.write_text(json.dumps({"groups": [{"email": g, "members": m} for g, m in self.groups.items()]}))
        return ["--estate", str(export), "--estate", str(groups)]


def run(*arguments, ends=(0,)):
    ran = subprocess.run([BINDSCOPE, *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                         env={"HOME": HOME, "PATH": os.environ["PATH"], "NO_PROXY": "127.0.0.1"})
    assert ran.returncode in ends, f"{arguments}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def asked(db, *question, tables=TABLES):
    """The rows of what is printed, run as it is printed."""
    text = run("sql", *question, *tables)
    translated = sqlglot.transpile(text, read="bigquery", write="duckdb")
    assert len(translated) == 1, translated
    cursor = db.execute(translated[0])
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def compare(what, ours, theirs, strict, whole=True):
    """Both: principal or target -> verdict. `whole`: ours says that nothing can be missing."""
    wrong = []
    for key in sorted(set(ours) | set(theirs)):
        mine, sql = ours.get(key), theirs.get(key)
        if mine == sql:
            continue
        # SQL goes on from what is only possible, where ours says that there may be more.
        if not whole and mine is None and sql == "UNKNOWN_INFO":
            continue
        # What hangs on something that SQL does not judge it may only leave open; never a yes that ours is not.
        if not strict and sql in ("UNKNOWN_INFO", "UNKNOWN_CONDITIONAL"):
            continue
        wrong.append(f"{what}: {key}: bindscope {mine}, SQL {sql}")
    return wrong


def check(seed, met):
    world = World(seed)
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        db, source = world.tables(folder), world.file(folder)
        for email, _, disabled in world.accounts:
            listed = json.loads(run(*source, "--format=json", "who", "--target", email, "--at", AT))
            ours = {row["principal"]: row["verdict"] for row in listed["results"]}
            rows = asked(db, "who", "--target", email)
            theirs = {row["principal"]: row["verdict"] for row in rows}
            assert all(row["target_state"] == ("DISABLED" if disabled else "ENABLED") for row in rows), rows
            wrong += compare(f"who {email}", ours, theirs, world.decided)
            for verdict in theirs.values():
                met[f"who {verdict}"] = met.get(f"who {verdict}", 0) + 1
        # Without the table of groups, as without the file of groups.
        email = world.accounts[0][0]
        listed = json.loads(run(*source[:2], "--format=json", "who", "--target", email, "--at", AT))
        ours = {row["principal"]: row["verdict"] for row in listed["results"]}
        theirs = {row["principal"]: row["verdict"] for row in asked(db, "who", "--target", email, tables=TABLES[:4])}
        wrong += compare(f"who {email}, no groups", ours, theirs, world.decided)
        for caller in USERS + [f"serviceAccount:{email}" for email, *_ in world.accounts[:3]]:
            listed = json.loads(run(*source, "--format=json", "reach", "--caller", caller, "--at", AT))
            ours = {row["target"].rsplit("/", 1)[1]: row["verdict"] for row in listed["results"]}
            theirs = {row["target"]: row["verdict"] for row in asked(db, "reach", "--caller", caller)}
            wrong += compare(f"reach {caller}", ours, theirs, world.decided, listed["complete"])
            for verdict in theirs.values():
                met[f"reach {verdict}"] = met.get(f"reach {verdict}", 0) + 1
        found = json.loads(run(*source, "--format=json", "review", "--at", AT, ends=(0, 1, 3)))["findings"]
        ids = {f"//iam.googleapis.com/projects/{e.split('@')[1].split('.')[0]}/serviceAccounts/{e}": n for e, n, _ in world.accounts}
        numbers = {f"//cloudresourcemanager.googleapis.com/projects/{p}": f"//cloudresourcemanager.googleapis.com/projects/{n}" for n, p in ((100, "heron-app"), (200, "heron-data"), (300, "heron-ci"))}
        place = lambda name: ids.get(name) or numbers.get(name) or name
        rows = asked(db, "review")
        for rule in ("PUBLIC_IMPERSONATION", "BROAD_IMPERSONATION"):
            ours = {(place(e["resource"]), e["role"], e["member"]) for f in found if f["rule"] == rule for e in f["evidence"]}
            theirs = {(row["level"], row["role"], row["member"]) for row in rows if row["rule"] == rule}
            met[rule] = met.get(rule, 0) + len(theirs)
            missing = ours - theirs
            more = theirs - ours if world.decided else set()
            wrong += [f"review {rule}: bindscope alone: {x}" for x in missing] + [f"review {rule}: SQL alone: {x}" for x in more]
        deleted = {row["member"] for row in rows if row["rule"] == "DELETED_MEMBER"}
        told = {e["member"] for f in found if f["rule"] == "DELETED_MEMBER" for e in f["evidence"]}
        met["DELETED_MEMBER"] = met.get("DELETED_MEMBER", 0) + len(deleted)
        wrong += [f"review DELETED_MEMBER: SQL alone: {x}" for x in deleted - told]
    return wrong


HOME = tempfile.mkdtemp()
first, many = int(os.environ.get("SQL_SEED", "1")), int(os.environ.get("SQL_ESTATES", "40"))
counts, differences = {}, 0
for number in range(first, first + many):
    for line in check(number, counts):
        differences += 1
        if differences <= 20:
            print(f"seed {number}: {line}", file=sys.stderr)
print(f"{many} estates: {counts}")
for kind in ("who CAN_ACCESS", "who UNKNOWN_INFO", "who UNKNOWN_CONDITIONAL", "reach CAN_ACCESS", "reach UNKNOWN_INFO",
             "reach UNKNOWN_CONDITIONAL", "PUBLIC_IMPERSONATION", "BROAD_IMPERSONATION", "DELETED_MEMBER"):
    if many >= 40 and not counts.get(kind):
        print(f"no estate met {kind}", file=sys.stderr)
        differences += 1
sys.exit(1 if differences else 0)
