// Google's own library for Node against the emulator: keys, impersonation, external accounts.
// Environment: BASE_URL, and CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token. The emulator
// serves what run.sh made of the estate `github`.
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExternalAccountClient, Impersonated, OAuth2Client, UserRefreshClient } from "google-auth-library";

const base = process.env.BASE_URL;
const run = "run-processor@app-prod.iam.gserviceaccount.com";
const target = "bq-privileged@data-vault.iam.gserviceaccount.com";
const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
const provider = "projects/630184729503/locations/global/workloadIdentityPools/github/providers/actions";

async function admin(method, path, body) {
  const token = readFileSync(process.env.CLOUDSDK_AUTH_ACCESS_TOKEN_FILE, "utf8").trim();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${base}${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.json();
}

async function whose(token) {
  const answer = await fetch(`${base}/tokeninfo?access_token=${token}`);
  return (await answer.json()).email;
}

// A service account key. The library's JWT client knows one token address only, Google's, so the
// assertion is made here as it makes it.
const made = await admin("POST", `/v1/projects/app-prod/serviceAccounts/${run}/keys`, {});
const key = JSON.parse(Buffer.from(made.privateKeyData, "base64").toString());
const now = Math.floor(Date.now() / 1000);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const message = `${part({ alg: "RS256", typ: "JWT", kid: key.private_key_id })}.${part({ iss: run, aud: key.token_uri, iat: now, exp: now + 3600, scope: scopes[0] })}`;
const signature = sign("RSA-SHA256", Buffer.from(message), key.private_key).toString("base64url");
const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: `${message}.${signature}` };
const granted = await (await fetch(`${base}/token`, { method: "POST", body: new URLSearchParams(form) })).json();
assert.equal(await whose(granted.access_token), run);
console.log("  a service account key");

// Impersonation, refused and then granted.
const source = new OAuth2Client();
source.setCredentials({ access_token: granted.access_token });
const impersonated = () => new Impersonated({ sourceClient: source, targetPrincipal: target, targetScopes: scopes, lifetime: 600, endpoint: base });
await assert.rejects(impersonated().getAccessToken(), /Permission 'iam.serviceAccounts.getAccessToken' denied on resource \(or it may not exist\)/);
const account = `/v1/projects/data-vault/serviceAccounts/${target}`;
const policy = await admin("POST", `${account}:getIamPolicy`, {});
policy.bindings.push({ role: "roles/iam.serviceAccountTokenCreator", members: [`serviceAccount:${run}`] });
await admin("POST", `${account}:setIamPolicy`, { policy });
assert.equal(await whose((await impersonated().getAccessToken()).token), target);
console.log("  impersonation, refused before the grant and not after");

// An external account, through its pool's provider.
const folder = mkdtempSync(join(tmpdir(), "interop-"));
try {
  const file = join(folder, "token.jwt");
  const repository = "example-org/billing-api";
  const claims = { iss: "https://token.actions.githubusercontent.com", aud: `https://iam.googleapis.com/${provider}`, sub: `repo:${repository}`, repository, exp: now + 300 };
  writeFileSync(file, `${part({ alg: "RS256" })}.${part(claims)}.AAAA`);
  const external = ExternalAccountClient.fromJSON({
    type: "external_account",
    audience: `//iam.googleapis.com/${provider}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${base}/v1/token`,
    service_account_impersonation_url: `${base}/v1/projects/-/serviceAccounts/${target}:generateAccessToken`,
    credential_source: { file },
  });
  external.scopes = scopes;
  assert.equal(await whose((await external.getAccessToken()).token), target);
} finally {
  rmSync(folder, { recursive: true });
}
console.log("  an external account");

// A user's refresh token.
const user = new UserRefreshClient({ clientId: "c", clientSecret: "s", refreshToken: "user:ana@example.com", endpoints: { oauth2TokenUrl: `${base}/token` } });
assert.equal(await whose((await user.getAccessToken()).token), "ana@example.com");
console.log("  a refresh token");
