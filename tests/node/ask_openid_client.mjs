// A relying party with npm openid-client that asks the API of a gateway by a token: client_credentials with
// private_key_jwt, and DPoP. The gateway is known by its issuer identifier and listens on loopback.
// One JSON object in: {issuer, base, now, client_id, signing, signing_kid, questions}; `questions` are bodies.
// One out: {asked, token, answers}, or {error, status, asked}.
import { importPKCS8 } from "jose";
import * as client from "openid-client";
import { text } from "node:stream/consumers";

const ask = JSON.parse(await text(process.stdin));
const asked = [];
const overLoopback = async (url, options) => {
  const response = await fetch(String(url).replace(ask.issuer, ask.base), options);
  asked.push([new URL(url).pathname, response.status]);
  return response;
};
const config = await client.discovery(
  new URL(ask.issuer),
  ask.client_id,
  { [client.clockSkew]: ask.now - Math.floor(Date.now() / 1000) },
  client.PrivateKeyJwt({ key: await importPKCS8(ask.signing, "ES256"), kid: ask.signing_kid }),
  { [client.customFetch]: overLoopback },
);
try {
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const { access_token, ...token } = await client.clientCredentialsGrant(config, {}, { DPoP });
  const verify = new URL(`${ask.issuer}/v1/verify`);
  const json = new Headers({ "content-type": "application/json" });
  const answers = [];
  for (const question of ask.questions) {
    const fetched = await client.fetchProtectedResource(config, access_token, verify, "POST", question, json, { DPoP });
    answers.push(await fetched.json());
  }
  console.log(JSON.stringify({ asked, token, answers }));
} catch (error) {
  const said = error.error ?? error.cause?.message ?? error.message;
  console.log(JSON.stringify({ error: said, status: error.status ?? null, asked }));
}
