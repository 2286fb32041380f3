// Google's own libraries for Node against the emulator: keys, impersonation, external accounts, and the
// API clients. Those are the parts @googleapis/iam and @googleapis/iamcredentials: the same generated code
// over the same googleapis-common as in the package googleapis, which takes 230 MB against their 5.
// Environment: BASE_URL, CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token, and ISSUER_KEY,
// the key of the provider `signed`. The emulator serves what run.sh made of the estate `github`.
import assert from "node:assert/strict";
import { sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { iam as iamClient } from "@googleapis/iam";
import { auth as credentialsAuth, iamcredentials as credentialsClient } from "@googleapis/iamcredentials";
import { Compute, ExternalAccountClient, GoogleAuth, Impersonated, OAuth2Client, UserRefreshClient } from "google-auth-library";

const base = process.env.BASE_URL;
const run = "run-processor@app-prod.iam.gserviceaccount.com";
const target = "bq-privileged@data-vault.iam.gserviceaccount.com";
const scopes = ["https://www.googleapis.com/auth/cloud-platform"];
const provider = "projects/630184729503/locations/global/workloadIdentityPools/github/providers/signed";

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
  const claims = { iss: "https://token.actions.githubusercontent.com", aud: `https://iam.googleapis.com/${provider}`, sub: `repo:${repository}`, repository, repository_owner: "example-org", iat: now, exp: now + 300 };
  const unsigned = `${part({ alg: "RS256", kid: "one" })}.${part(claims)}`;
  const issuer = readFileSync(process.env.ISSUER_KEY, "utf8");
  const token = `${unsigned}.${sign("RSA-SHA256", Buffer.from(unsigned), issuer).toString("base64url")}`;
  writeFileSync(file, token);
  const config = {
    type: "external_account",
    audience: `//iam.googleapis.com/${provider}`,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${base}/v1/token`,
    service_account_impersonation_url: `${base}/v1/projects/-/serviceAccounts/${target}:generateAccessToken`,
    credential_source: { file },
  };
  const external = ExternalAccountClient.fromJSON(config);
  external.scopes = scopes;
  assert.equal(await whose((await external.getAccessToken()).token), target);
  writeFileSync(file, `${unsigned}.AAAA`);
  await assert.rejects(ExternalAccountClient.fromJSON(config).getAccessToken(), /Unable to verify the ID Token signature/);
} finally {
  rmSync(folder, { recursive: true });
}
console.log("  an external account, refused with a forged signature");

// ID tokens of an impersonated account, verified with the certificates that are published.
const identity = await impersonated().fetchIdToken("https://vault.example.com", { includeEmail: true });
const certificates = await (await fetch(`${base}/oauth2/v1/certs`)).json();
const issuers = ["https://accounts.google.com"];
const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(identity, certificates, "https://vault.example.com", issuers);
assert.equal(ticket.getPayload().email, target);
await assert.rejects(new OAuth2Client().verifySignedJwtWithCertsAsync(identity, certificates, "https://other.example.com", issuers), /Wrong recipient/);
const signed = await impersonated().sign("sign me");
const published = await (await fetch(`${base}/robot/v1/metadata/x509/${target}`)).json();
assert.ok(verify("RSA-SHA256", Buffer.from("sign me"), published[signed.keyId], Buffer.from(signed.signedBlob, "base64")));
console.log("  ID tokens and signatures, verified with what is published");

// On Google Cloud: the library looks for the metadata server and finds it.
process.env.GCE_METADATA_HOST = base.replace("http://", "");
const auth = new GoogleAuth({ scopes });
assert.equal(await auth.getProjectId(), "app-prod");
const machine = await auth.getClient();
assert.ok(machine instanceof Compute, machine.constructor.name);
assert.equal(await whose((await machine.getAccessToken()).token), run);
const own = await machine.fetchIdToken("https://vault.example.com");
assert.equal((await new OAuth2Client().verifySignedJwtWithCertsAsync(own, certificates, "https://vault.example.com", issuers)).getPayload().email, run);
console.log("  the metadata server, found by itself");

// A user's refresh token.
const user = new UserRefreshClient({ clientId: "c", clientSecret: "s", refreshToken: "user:ana@example.com", endpoints: { oauth2TokenUrl: `${base}/token` } });
assert.equal(await whose((await user.getAccessToken()).token), "ana@example.com");
console.log("  a refresh token");

// The API clients: a list over its pages, a policy written with its etag, and a token that the grant gives.
const holder = (token) => {
  const auth = new credentialsAuth.OAuth2();
  auth.setCredentials({ access_token: token });
  return auth;
};
const administrator = holder(readFileSync(process.env.CLOUDSDK_AUTH_ACCESS_TOKEN_FILE, "utf8").trim());
const accounts = iamClient({ version: "v1", rootUrl: `${base}/`, auth: administrator }).projects.serviceAccounts;
await accounts.create({ name: "projects/data-vault", requestBody: { accountId: "second-one" } });
const emails = [];
let pageToken;
do {
  const page = (await accounts.list({ name: "projects/data-vault", pageSize: 1, pageToken })).data;
  assert.equal(page.accounts.length, 1);
  emails.push(page.accounts[0].email);
  pageToken = page.nextPageToken;
} while (pageToken);
assert.deepEqual(emails.sort(), [target, "second-one@data-vault.iam.gserviceaccount.com"]);

const resource = `projects/data-vault/serviceAccounts/${target}`;
const ana = "user:ana@example.com";
const mint = () =>
  credentialsClient({ version: "v1", rootUrl: `${base}/`, auth: holder(ana) }).projects.serviceAccounts.generateAccessToken({
    name: `projects/-/serviceAccounts/${target}`,
    requestBody: { scope: scopes, lifetime: "600s" },
  });
await assert.rejects(mint(), (error) => error.status === 403 && /iam.serviceAccounts.getAccessToken/.test(error.message));
const stood = (await accounts.getIamPolicy({ resource, "options.requestedPolicyVersion": 3 })).data;
const grant = { role: "roles/iam.serviceAccountTokenCreator", members: [ana] };
const changed = { ...stood, bindings: [...stood.bindings.filter((one) => one.role !== grant.role), grant] };
const written = (await accounts.setIamPolicy({ resource, requestBody: { policy: changed } })).data;
assert.deepEqual(written.bindings.find((one) => one.role === grant.role), grant);
assert.notEqual(written.etag, stood.etag);
await assert.rejects(accounts.setIamPolicy({ resource, requestBody: { policy: changed } }), (error) => error.status === 409);
const minted = (await mint()).data;
assert.equal(await whose(minted.accessToken), target);
const left = Date.parse(minted.expireTime) - Date.now();
assert.ok(left > 0 && left <= 600_000, minted.expireTime);
console.log("  the API clients: a list, a policy and a token");
