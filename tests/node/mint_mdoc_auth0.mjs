// Issues an mdoc with @auth0/mdl and presents it, as an issuer and a wallet that are not ours would. The library knows no
// session of OpenID4VP 1.0, so it is given the transcript as octets.
// Reads one JSON object from standard input and prints one to standard output:
// in  {doc_type, name_space, claims, present: [names], signer: private JWK, certificate: PEM, signed, valid_until,
//      transcript: CBOR in base64url, key_ids: whether the keys have ids}; without them the library writes `undefined`
// out {response}: a DeviceResponse in base64url; the device's key is made here.
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import mdl from "@auth0/mdl";
import { cborEncode, DataItem } from "@auth0/mdl/lib/cbor/index.js";

const { DeviceResponse, Document, MDoc } = mdl;
const ask = JSON.parse(readFileSync(0, "utf8"));
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ids = ask.key_ids ? { kid: "key-1" } : {};
const devicePublic = pair.publicKey.export({ format: "jwk" });
const devicePrivate = { ...pair.privateKey.export({ format: "jwk" }), ...ids };

const document = await new Document(ask.doc_type)
  .addIssuerNameSpace(ask.name_space, ask.claims)
  .useDigestAlgorithm("SHA-256")
  .addValidityInfo({ signed: new Date(ask.signed), validUntil: new Date(ask.valid_until) })
  .addDeviceKeyInfo({ deviceKey: devicePublic })
  .sign({ issuerPrivateKey: { ...ask.signer, ...ids }, issuerCertificate: ask.certificate, alg: "ES256" });
const issued = new MDoc([document]).encode();

const fields = ask.present.map((name) => ({
  path: [`$['${ask.name_space}']['${name}']`],
  intent_to_retain: false,
}));
const response = await DeviceResponse.from(issued)
  .usingPresentationDefinition({
    id: "x",
    input_descriptors: [
      {
        id: ask.doc_type,
        format: { mso_mdoc: { alg: ["ES256"] } },
        constraints: { limit_disclosure: "required", fields },
      },
    ],
  })
  .usingSessionTranscriptBytes(cborEncode(new DataItem({ buffer: Buffer.from(ask.transcript, "base64url") })))
  .authenticateWithSignature(devicePrivate, "ES256")
  .sign();

console.log(JSON.stringify({ response: Buffer.from(response.encode()).toString("base64url") }));
