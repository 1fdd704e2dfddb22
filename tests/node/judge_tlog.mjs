// Judges logs with the npm package `@sigstore/verify`. Reads one question a line, its parts between spaces, octets as
// standard base64 and "-" for none, and answers each with a line: "ok", or "no" and why.
//   key VKEY                                  an Ed25519 key that is known from here on
//   note NOTE                                 ok, origin and size
//   inclusion INDEX SIZE ENTRY ROOT HASH,HASH
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import checkpoints from "@sigstore/verify/dist/tlog/checkpoint.js";
import merkle from "@sigstore/verify/dist/tlog/merkle.js";

const known = [];

const octets = (text) => Buffer.from(text, "base64");

function key(vkey) {
  const [, name, id, spelled] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  const x = octets(spelled).subarray(1).toString("base64url");
  const publicKey = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
  known.push({ baseURL: `https://${name}`, logID: Buffer.from(id, "hex"), publicKey });
  return "";
}

function note(spelled) {
  const envelope = octets(spelled).toString("utf8");
  const said = checkpoints.verifyCheckpoint({ inclusionProof: { checkpoint: { envelope } } }, known);
  return `${said.origin} ${said.logSize}`;
}

function inclusion(logIndex, size, entry, root, path) {
  const hashes = path === "-" ? [] : path.split(",").map(octets);
  const said = { logSize: BigInt(size), logHash: octets(root) };
  merkle.verifyMerkleInclusion({ canonicalizedBody: octets(entry), inclusionProof: { logIndex, hashes } }, said);
  return "";
}

const verbs = { key, note, inclusion };

function judged(question) {
  const [verb, ...words] = question.split(" ");
  try {
    return `ok ${verbs[verb](...words)}`.trimEnd();
  } catch (fault) {
    if (fault instanceof TypeError) throw fault; // This program uses the package wrongly: that is no judgement.
    return `no ${fault.message.replaceAll("\n", " ")}`;
  }
}

const questions = readFileSync(0, "utf8").split("\n").slice(0, -1);
process.stdout.write(questions.map((question) => `${judged(question)}\n`).join(""));
