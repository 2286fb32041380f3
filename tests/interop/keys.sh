#!/usr/bin/env bash
# Service account keys with gcloud and openssl: made, brought, used, switched off, and what accounts sign.
# Called by run.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
command -v openssl >/dev/null || die "openssl is needed"

account=$caller
here=(--iam-account="$account" --project=app-prod)
from="CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"
# What one field of the JSON in $work/out is.
field() { "$PYTHON" -c 'import json, sys; print(eval(sys.argv[2], {"d": json.load(open(sys.argv[1]))}))' "$work/out" "$1"; }
user_keys() { json iam service-accounts keys list "${here[@]}" --managed-by=user; }

# Two keys are made, one of each kind of file.
run iam service-accounts keys create "$work/key.json" "${here[@]}" || die "keys create failed"
id=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["private_key_id"])' "$work/key.json")
grep -qF "created key [$id] of type [json] as [$work/key.json] for [$account]" "$work/err" || die "create did not say so"
run iam service-accounts keys create "$work/key.p12" "${here[@]}" --key-file-type=p12 || die "keys create p12 failed"
p12=$(sed -n 's/^created key \[\([0-9a-f]*\)\] of type \[p12\].*/\1/p' "$work/err")
[ "${#p12}" -eq 40 ] || die "create did not name the key"
user_keys
check "sorted(k['name'].rsplit('/', 1)[1] for k in d) == sorted(['$id', '$p12'])" \
  'all(k["keyOrigin"] == "GOOGLE_PROVIDED" and k["keyAlgorithm"] == "KEY_ALG_RSA_2048" for k in d)' \
  'all(k["validBeforeTime"] == "9999-12-31T23:59:59Z" for k in d)'
json iam service-accounts keys list "${here[@]}"
check 'sorted(k["keyType"] for k in d) == ["SYSTEM_MANAGED", "USER_MANAGED", "USER_MANAGED"]'
json iam service-accounts keys list "${here[@]}" --managed-by=system
check '[k["keyType"] for k in d] == ["SYSTEM_MANAGED"]'

# openssl opens the file with Google's password and finds a key with its certificate.
openssl pkcs12 -in "$work/key.p12" -passin pass:notasecret -nodes -nocerts -out "$work/p12.pem" 2>"$work/err" || die "openssl cannot read the file's key"
openssl pkcs12 -in "$work/key.p12" -passin pass:notasecret -nokeys -out "$work/p12.crt" 2>"$work/err" || die "openssl cannot read the file's certificate"
if openssl pkcs12 -in "$work/key.p12" -passin pass:wrong -nodes -out "$work/x" 2>"$work/err"; then die "any password opens it"; fi
grep -qF "friendlyName: privatekey" "$work/p12.pem" || die "the key has not the name that Google's clients ask for"
[ "$(openssl pkey -in "$work/p12.pem" -pubout)" = "$(openssl x509 -in "$work/p12.crt" -noout -pubkey)" ] || die "the certificate is of another key"

# Its public half comes as the same certificate, and bare.
run beta iam service-accounts keys get-public-key "$p12" "${here[@]}" --output-file="$work/public.crt" || die "get-public-key failed"
openssl x509 -in "$work/public.crt" -noout -text >"$work/out" 2>"$work/err" || die "openssl cannot read the certificate"
grep -qF "CA:FALSE" "$work/out" && grep -qF "Digital Signature" "$work/out" || die "not a certificate to sign with"
openssl verify -CAfile "$work/public.crt" -partial_chain "$work/public.crt" >"$work/out" 2>&1 || die "the certificate does not verify itself"
[ "$(openssl x509 -in "$work/public.crt" -outform DER | sha256sum)" = "$(openssl x509 -in "$work/p12.crt" -outform DER | sha256sum)" ] || die "another certificate than the file's"
run beta iam service-accounts keys get-public-key "$p12" "${here[@]}" --type=raw --output-file="$work/public.pem" || die "get-public-key raw failed"
[ "$(openssl pkey -pubin -in "$work/public.pem" -pubout)" = "$(openssl x509 -in "$work/public.crt" -noout -pubkey)" ] || die "the bare key is another"

# gcloud itself becomes the account, with either file.
printf notasecret >"$work/password"
for key in "--key-file=$work/key.json" "--key-file=$work/key.p12 --password-file=$work/password"; do
  read -r -a options <<<"$key"
  (
    unset "$from"
    run auth activate-service-account "$account" "${options[@]}" || die "activate-service-account failed"
    grep -qF "Activated service account credentials for: [$account]" "$work/err" || die "it did not say so"
    run auth print-access-token || die "no token for the key"
  )
  token=$(cat "$work/out")
  "$PYTHON" - "$BASE_URL" "$token" "$account" <<'PY' || die "the token stands for another"
import json, sys, urllib.request
base, token, account = sys.argv[1:]
answer = json.load(urllib.request.urlopen(f"{base}/tokeninfo?access_token={token}"))
assert answer["email"] == account, answer
PY
  (unset "$from" && run auth revoke "$account") || die "revoke failed"
done

# A key of one's own.
openssl req -x509 -nodes -newkey rsa:2048 -days 365 -keyout "$work/own.pem" -out "$work/own.crt" -subj "/CN=unused" 2>"$work/err" || die "openssl req failed"
json iam service-accounts keys upload "$work/own.crt" "${here[@]}"
check 'd["keyOrigin"] == "USER_PROVIDED"' 'd["keyType"] == "USER_MANAGED"'
own=$(field 'd["name"].rsplit("/", 1)[1]')
until=$(date -u -d "$(openssl x509 -in "$work/own.crt" -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%SZ)
json iam service-accounts keys list "${here[@]}" --managed-by=user --filter="name ~ $own"
check "d[0]['validBeforeTime'] == '$until'"
if run iam service-accounts keys upload "$work/own.pem" "${here[@]}"; then die "a private key was taken for a certificate"; fi
grep -qF "INVALID_ARGUMENT" "$work/err" || die "the refusal is not Google's"
"$PYTHON" - "$work" "$account" "$own" <<'PY'
import json, os, sys
work, account, key = sys.argv[1:]
info = {"type": "service_account", "project_id": "app-prod", "private_key_id": key, "private_key": open(f"{work}/own.pem").read(),
        "client_email": account, "client_id": "1", "token_uri": os.environ["BASE_URL"] + "/token"}
json.dump(info, open(f"{work}/own.json", "w"))
PY
as_own() {
  (
    unset "$from"
    # gcloud keeps tokens in its configuration.
    CLOUDSDK_CONFIG=$(mktemp -d "$work/config-XXXX")
    export CLOUDSDK_CONFIG CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=$work/own.json
    run auth print-access-token
  )
}
as_own || die "no token for the key that was brought"

# Off, on, gone.
run iam service-accounts keys disable "$own" "${here[@]}" || die "keys disable failed"
grep -qF "Disabled key [$own]" "$work/err" || die "disable did not say so"
user_keys
check "[k.get('disableReason') for k in d if k['name'].endswith('$own')] == ['SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED']" \
  'sum(k.get("disabled", False) for k in d) == 1'
if as_own; then die "a disabled key gives tokens"; fi
grep -qF "invalid_grant: Invalid JWT Signature." "$work/err" || die "the refusal is not Google's"
run iam service-accounts keys enable "$own" "${here[@]}" || die "keys enable failed"
as_own || die "no token although the key is on again"
for key in "$id" "$p12" "$own"; do
  run iam service-accounts keys delete "$key" "${here[@]}" || die "keys delete failed"
  grep -qF "deleted key [$key] for service account [$account]" "$work/err" || die "delete did not say so"
done
if as_own; then die "a deleted key gives tokens"; fi
user_keys
check 'd == []'

# What an account signs, anybody can verify with the certificates published for it.
json iam service-accounts add-iam-policy-binding "$account" --project=app-prod --member=user:ana@example.com --role="$role"
printf user:ana@example.com >"$work/caller.token"
printf 'sign me' >"$work/blob"
as_caller iam service-accounts sign-blob "$work/blob" "$work/signature" --iam-account="$account" || die "sign-blob failed"
signer=$(sed -n "s/.*using key \[\([0-9a-f]*\)\].*/\1/p" "$work/err")
[ "${#signer}" -eq 40 ] || die "sign-blob did not name its key"
"$PYTHON" - "$BASE_URL/robot/v1/metadata/x509/$account" "$signer" >"$work/signer.crt" <<'PY'
import json, sys, urllib.request
print(json.load(urllib.request.urlopen(sys.argv[1]))[sys.argv[2]])
PY
openssl x509 -in "$work/signer.crt" -noout -pubkey >"$work/signer.pem"
openssl dgst -sha256 -verify "$work/signer.pem" -signature "$work/signature" "$work/blob" >"$work/out" 2>"$work/err" || die "the signature does not verify"
"$PYTHON" -c 'import json, sys, time; print(json.dumps({"sub": sys.argv[1], "exp": int(time.time()) + 600}))' "$account" >"$work/claims"
as_caller iam service-accounts sign-jwt "$work/claims" "$work/jwt" --iam-account="$account" || die "sign-jwt failed"
grep -qF "signed jwt [$work/claims] as [$work/jwt] for [$account] using key [$signer]" "$work/err" || die "sign-jwt did not say so"
"$PYTHON" - "$work/jwt" "$work/signer.crt" "$account" <<'PY' || die "that JWT does not verify"
import sys
from google.auth import jwt
token, certificate = (open(f, encoding="utf-8").read().strip() for f in sys.argv[1:3])
claims = jwt.decode(token, certs=certificate, verify=False)
from google.auth import crypt
signed, _, signature = token.rpartition(".")
import base64
assert crypt.verify_signature(signed.encode(), base64.urlsafe_b64decode(signature + "=="), [certificate])
assert claims["sub"] == sys.argv[3], claims
PY
echo '{"exp": 1}' >"$work/claims"
if as_caller iam service-accounts sign-jwt "$work/claims" "$work/jwt" --iam-account="$account"; then die "an expired JWT was signed"; fi
grep -qF "must not be in the past" "$work/err" || die "the refusal does not say why"
