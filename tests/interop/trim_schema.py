"""Writes the part of Google's discovery document that says what Policy Troubleshooter answers.

Prints JSON: the schemas reachable from `TroubleshootIamPolicyResponse`, with types, formats, enums and
references, without Google's sentences. `tests/data/policytroubleshooter-v3beta.json` is its output:

    python3 tests/interop/trim_schema.py > tests/data/policytroubleshooter-v3beta.json
"""

import importlib.resources
import json

START = "GoogleCloudPolicytroubleshooterIamV3betaTroubleshootIamPolicyResponse"
KEPT = ("type", "format", "enum", "$ref")


def trimmed(schema):
    kept = {key: schema[key] for key in KEPT if key in schema}
    if "items" in schema:
        kept["items"] = trimmed(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = trimmed(schema["additionalProperties"])
    if "properties" in schema:
        kept["properties"] = {name: trimmed(s) for name, s in schema["properties"].items()}
    return kept


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)


place = importlib.resources.files("googleapiclient") / "discovery_cache" / "documents"
document = json.loads((place / "policytroubleshooter.v3beta.json").read_text(encoding="utf-8"))
found, open_names = {}, [START]
while open_names:
    name = open_names.pop()
    if name not in found:
        found[name] = trimmed(document["schemas"][name])
        open_names.extend(references(found[name]))
print(
    json.dumps(
        {"revision": document["revision"], "start": START, "schemas": dict(sorted(found.items()))},
        indent=1,
    )
)
