#!/usr/bin/env python3
"""The questions of benches/estate.py, asked of DuckDB and of networkx: who can get an access token of an account, what a
caller gets to, chains and groups included, and the closure of all callers.

    estate_peers.py duckdb read|who|reach EXPORT EXTRA ROLES CALLER TARGET
    estate_peers.py networkx who|reach|closure ESTATE - ROLES CALLER TARGET

ROLES: JSON, the `permissions` that lead on and the predefined `roles` that hold one of them. A chain by delegation counts as
one by tokens; conditions, deny rules and boundaries are not looked at. The last line that is printed is JSON: how many rows were found, and how many seconds the question took after the reading.
"""

import json
import sys
import time

CRM = "//cloudresourcemanager.googleapis.com/"


def in_duckdb(question, export, extra, roles, caller, target):
    import duckdb

    db = duckdb.connect()
    columns = {
        "name": "VARCHAR",
        "asset_type": "VARCHAR",
        "ancestors": "VARCHAR[]",
        "iam_policy": 'STRUCT(bindings STRUCT("role" VARCHAR, members VARCHAR[])[])',
        "resource": "STRUCT(data STRUCT(email VARCHAR, name VARCHAR, includedPermissions VARCHAR[]))",
    }
    db.execute(
        f"CREATE TABLE asset AS SELECT * FROM read_json(?, format='newline_delimited', columns={columns!r},"
        " maximum_object_size=100000000)",
        [export],
    )
    groups = {"groups": "STRUCT(email VARCHAR, members VARCHAR[])[]"}
    db.execute(
        f"CREATE TABLE grp AS SELECT unnest(groups, recursive := true) FROM read_json(?, columns={groups!r},"
        " maximum_object_size=1000000000)",
        [extra],
    )
    db.execute("CREATE TABLE holding AS SELECT unnest(?::VARCHAR[]) AS role", [roles["roles"]])
    db.execute(
        "INSERT INTO holding SELECT resource.data.name FROM asset WHERE asset_type LIKE '%/Role'"
        " AND list_has_any(resource.data.includedPermissions, ?::VARCHAR[])",
        [roles["permissions"]],
    )
    # One step of who becomes what: into a group, onto a level by a binding, from a level to the accounts on it.
    db.execute(
        """
        CREATE TABLE step AS
        SELECT unnest(members) AS a, 'group:' || email AS b FROM grp
        UNION ALL
        SELECT unnest(g.members), 'level:' || g.level FROM (
          SELECT unnest(iam_policy.bindings, recursive := true),
            CASE WHEN asset_type LIKE '%ServiceAccount' THEN name ELSE ancestors[1] END AS level
          FROM asset WHERE iam_policy IS NOT NULL AND (asset_type LIKE '%ServiceAccount'
            OR asset_type LIKE 'cloudresourcemanager%')) g
        SEMI JOIN holding USING (role)
        UNION ALL
        SELECT 'level:' || unnest(list_append(ancestors, name)), 'serviceAccount:' || resource.data.email
        FROM asset WHERE asset_type LIKE '%ServiceAccount' AND resource IS NOT NULL
        """
    )
    begun = time.perf_counter()
    rows = None
    if question == "who":
        rows = db.execute(
            """
            WITH RECURSIVE held(who) AS (
              SELECT 'serviceAccount:' || ?
              UNION
              SELECT step.a FROM held JOIN step ON step.b = held.who
              WHERE who LIKE 'level:%' OR who LIKE 'group:%' OR who = 'serviceAccount:' || ?)
            SELECT who FROM held WHERE who NOT LIKE 'level:%'
            """,
            [target, target],
        ).fetchall()
    elif question == "reach":
        rows = db.execute(
            """
            WITH RECURSIVE reached(who) AS (
              SELECT ? UNION SELECT step.b FROM reached JOIN step ON step.a = reached.who)
            SELECT who FROM reached WHERE who LIKE 'serviceAccount:%'
            """,
            [caller],
        ).fetchall()
    return rows, time.perf_counter() - begun


def in_networkx(question, estate, _, roles, caller, target):
    import networkx

    with open(estate, encoding="utf-8") as file:
        read = json.load(file)
    holding, wanted = set(roles["roles"]), set(roles["permissions"])
    holding.update(r["name"] for r in read["roles"] if wanted & set(r.get("includedPermissions", [])))
    graph = networkx.DiGraph()
    for group in read["groups"]:
        for member in group["members"]:
            member = member if isinstance(member, str) else member["member"]
            graph.add_edge(member, "group:" + group["email"])
    parents, numbers = {}, {}
    for folder in read["folders"]:
        parents[CRM + folder["name"]] = CRM + folder["parent"]
    for project in read["projects"]:
        name = CRM + "projects/" + project["projectId"]
        numbers[CRM + project["name"]] = name
        parents[name] = CRM + project["parent"]
    for child, parent in parents.items():
        graph.add_edge("level:" + parent, "level:" + child)
    for account in read["serviceAccounts"]:
        name = "serviceAccount:" + account["email"]
        graph.add_edge("level:" + CRM + "projects/" + account["projectId"], name)
        graph.add_edge("level://iam.googleapis.com/" + account["name"], name)
    for on, policy in read["iamPolicies"].items():
        for binding in policy.get("bindings", []):
            if binding["role"] in holding:
                for member in binding["members"]:
                    graph.add_edge(member, "level:" + numbers.get(on, on))
    begun = time.perf_counter()
    if question == "reach":
        found = networkx.descendants(graph, caller) if caller in graph else set()
        rows = [one for one in found if one.startswith("serviceAccount:")]
    elif question == "who":
        # Of other accounts only themselves: whoever gets to them goes by a chain.
        rows, queue = set(), ["serviceAccount:" + target]
        while queue:
            for one in graph.predecessors(queue.pop()):
                if one not in rows:
                    rows.add(one)
                    if one.startswith(("level:", "group:")):
                        queue.append(one)
        rows = [one for one in rows if not one.startswith("level:")]
    else:
        # What each caller gets to, as one set for each knot of accounts that get to each other.
        knots = networkx.condensation(graph)
        reached, rows = {}, 0
        for knot in reversed(list(networkx.topological_sort(knots))):
            members = knots.nodes[knot]["members"]
            own = {one for one in members if one.startswith("serviceAccount:")}
            reached[knot] = own.union(*(reached[after] for after in knots.successors(knot)))
            callers = sum(one.startswith(("user:", "serviceAccount:")) for one in members)
            rows += callers * len(reached[knot])
        rows = range(rows)
    return rows, time.perf_counter() - begun


def main():
    peer, question, file, extra, roles, caller, target = sys.argv[1:]
    with open(roles, encoding="utf-8") as text:
        roles = json.load(text)
    ask = in_duckdb if peer == "duckdb" else in_networkx
    rows, seconds = ask(question, file, extra, roles, caller, target)
    asked = rows is not None
    print(json.dumps({"rows": len(rows) if asked else None, "seconds": seconds if asked else None}))


if __name__ == "__main__":
    main()
