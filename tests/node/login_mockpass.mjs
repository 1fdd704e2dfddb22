// Runs npm @opengovsg/mockpass on a random loopback port and logs in at its Singpass or Corppass, version 2: code flow,
// private_key_jwt, and an ID token that is encrypted to the key that the relying party publishes.
// The issuer is a name under .example; MockPass takes it from the Host header, as behind a proxy.
// in  {idp: "singpass"|"corppass", host, client_id, nonce, nric, uuid, uen?, encryption_jwk}
// out {issuer, jwks, id_token, access_token}
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { SignJWT, exportJWK, generateKeyPair } from "jose";

const ask = JSON.parse(readFileSync(0, "utf8"));
const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
const own = { keys: [{ ...(await exportJWK(publicKey)), kid: "rp-sig", use: "sig", alg: "ES256" }, ask.encryption_jwk] };

const listen = async (server) => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
};
const party = createServer((_incoming, response) => response.end(JSON.stringify(own)));
const endpoint = `http://127.0.0.1:${await listen(party)}/jwks`;
process.env.SP_RP_JWKS_ENDPOINT = endpoint;
process.env.CP_RP_JWKS_ENDPOINT = endpoint;
process.env.SHOW_LOGIN_PAGE = "false";
const { app } = createRequire(import.meta.url)("@opengovsg/mockpass/app.js");
const mockpass = createServer(app);
const port = await listen(mockpass);

const send = (path, { method = "GET", headers = {}, body } = {}) =>
  new Promise((resolve, reject) => {
    const proxied = { host: ask.host, "x-forwarded-proto": "https", ...headers };
    const outgoing = request({ host: "127.0.0.1", port, path, method, headers: proxied }, (incoming) => {
      const parts = [];
      incoming.on("data", (part) => parts.push(part));
      incoming.on("end", () => resolve({ headers: incoming.headers, text: Buffer.concat(parts).toString("utf8") }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

const base = `/${ask.idp}/v2`;
const issuer = `https://${ask.host}${base}`;
const redirectUri = "https://bank.th.example/done";
// What its login page sends when somebody types in a person and a company that it does not know.
const question = new URLSearchParams({
  nric: ask.nric,
  uuid: ask.uuid,
  uen: ask.uen ?? "",
  redirectURI: redirectUri,
  state: "s-1",
  nonce: ask.nonce,
});
const sent = await send(`${base}/authorize/custom-profile?${question}`);
const code = new URL(sent.headers.location).searchParams.get("code");
const assertion = await new SignJWT({})
  .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: "rp-sig" })
  .setIssuer(ask.client_id)
  .setSubject(ask.client_id)
  .setAudience(issuer)
  .setIssuedAt()
  .setExpirationTime("2m")
  .sign(privateKey);
const answer = await send(`${base}/token`, {
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  body: new URLSearchParams({
    client_id: ask.client_id,
    redirect_uri: redirectUri,
    grant_type: "authorization_code",
    code,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  }).toString(),
});
const tokens = JSON.parse(answer.text);
const jwks = JSON.parse((await send(`${base}/.well-known/keys`)).text);
for (const server of [mockpass, party]) {
  server.close();
  server.closeAllConnections();
}
if (!tokens.id_token) throw new Error(`no ID token: ${tokens.error_description}`);
console.log(JSON.stringify({ issuer, jwks, id_token: tokens.id_token, access_token: tokens.access_token }));
