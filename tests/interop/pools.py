"""An estate with identity pools for the suites, and the key with which one of its providers signs.

pools.py ESTATE OUT KEY: adds to the estate in the file ESTATE and writes it to OUT, the key to KEY as PEM.
"""

import base64
import json
import os
import sys

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

POOL = "projects/630184729503/locations/global/workloadIdentityPools"
ISSUER = "https://token.actions.githubusercontent.com"
MAPPING = {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"}


def number(value):
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def main(estate_file, out, key_file):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with open(os.open(key_file, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key.private_bytes(*form))
    public = key.public_key().public_numbers()
    jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", "n": number(public.n), "e": number(public.e)}
    with open(estate_file, encoding="utf-8") as file:
        estate = json.load(file)
    estate["pools"] = [
        {"name": f"{POOL}/github", "displayName": "GitHub", "description": "Actions of our organization"},
        {"name": f"{POOL}/legacy", "disabled": True},
        {"name": f"{POOL}/gone-one", "state": "DELETED"},
        {"name": "locations/global/workforcePools/staff", "parent": "organizations/1001", "sessionDuration": "7200s"},
    ]
    oidc = {"issuerUri": ISSUER}
    signed = oidc | {"jwksJson": json.dumps({"keys": [jwk]})}
    estate["providers"] = [
        {"name": f"{POOL}/github/providers/actions", "attributeMapping": MAPPING, "oidc": oidc},
        {
            "name": f"{POOL}/github/providers/signed",
            "attributeMapping": MAPPING,
            "attributeCondition": "assertion.repository_owner == 'example-org'",
            "oidc": signed,
        },
        {"name": f"{POOL}/github/providers/old-one", "attributeMapping": MAPPING, "oidc": oidc, "state": "DELETED"},
        {"name": f"{POOL}/legacy/providers/actions", "attributeMapping": MAPPING, "oidc": oidc},
        {
            "name": "locations/global/workforcePools/staff/providers/okta",
            "attributeMapping": {"google.subject": "assertion.sub", "google.groups": "assertion.groups"},
            "oidc": signed | {"clientId": "console"},
        },
    ]
    with open(out, "w", encoding="utf-8") as file:
        json.dump(estate, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
