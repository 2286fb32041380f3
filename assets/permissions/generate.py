#!/usr/bin/env python3
"""Writes deny.tsv and boundary.tsv from the tables of Google's two pages.

    python3 assets/permissions/generate.py DENY BOUNDARY

DENY: one line a permission or group that deny policies support: `SERVICE_FQDN/RESOURCE.VERB`, perhaps a tab
and its aliases. BOUNDARY: `VERSION<tab>PATTERN<tab>blocked|exception`. Lines that begin with `#` are skipped.
"""

import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
DOMAIN = ".googleapis.com"

DENY_HEAD = """\
# Which permissions and permission groups deny policies support: Google's page "Permissions supported in deny
# policies" (https://docs.cloud.google.com/iam/docs/deny-permissions-support), state 2026-05-30, as kept by the
# public repository apstndb/iam-docs-mirror (commit f18d8b7). Made by generate.py.
# One line a resource, sorted: SERVICE/RESOURCE (the service without .googleapis.com), its verbs (`*`: the group of
# all of them), the service's other name where it has one. What does not stand here cannot be denied.
"""
BOUNDARY_HEAD = """\
# Which permissions each enforcement version of principal access boundaries can block: Google's page "Permissions
# that principal access boundary policies block" (https://docs.cloud.google.com/iam/docs/pab-blocked-permissions),
# state 2026-05-30, as kept by the public repository apstndb/iam-docs-mirror (commit f18d8b7). Made by generate.py.
# One line a pattern, sorted: SERVICE (without .googleapis.com), the version that brought it, RESOURCE.VERB, and a
# dash where it is an exception of that version. A version holds what the lower ones hold.
"""


def rows(path):
    for line in pathlib.Path(path).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


def service(name):
    """`SERVICE.googleapis.com/REST` in two; the one pattern in v1 form (`serviceusage.apiKeys.*`) likewise."""
    if "/" not in name:
        return name.split(".", 1)
    domain, rest = name.split("/", 1)
    assert domain.endswith(DOMAIN), name
    return domain.removesuffix(DOMAIN), rest


def deny(source):
    verbs, other = collections.defaultdict(set), collections.defaultdict(set)
    for name, *aliases in rows(source):
        of, rest = service(name)
        resource, verb = rest.rsplit(".", 1)
        verbs[f"{of}/{resource}"].add(verb)
        for alias in filter(None, aliases):
            alias_of, alias_rest = service(alias)
            assert alias_rest == rest, alias
            other[f"{of}/{resource}"].add(alias_of)
    out = [DENY_HEAD]
    for key in sorted(verbs):
        column = "\t" + " ".join(sorted(other[key])) if other[key] else ""
        out.append(f"{key}\t{' '.join(sorted(verbs[key]))}{column}\n")
    (HERE / "deny.tsv").write_text("".join(out))


def boundary(source):
    lines = set()
    for version, name, kind in rows(source):
        of, rest = service(name)
        # `SERVICE/*` and `SERVICE/*.*` both stand for all of a service.
        rest = "*.*" if rest == "*" else rest
        assert kind in ("blocked", "exception"), kind
        lines.add((of, version, rest, "\t-" if kind == "exception" else ""))
    body = "".join(f"{of}\t{version}\t{rest}{dash}\n" for of, version, rest, dash in sorted(lines))
    (HERE / "boundary.tsv").write_text(BOUNDARY_HEAD + body)


deny(sys.argv[1])
boundary(sys.argv[2])
