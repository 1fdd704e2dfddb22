// Runs npm @opengovsg/mockpass as Singpass and Corppass, version 2, until its standard input ends.
// MockPass takes its name from the Host header, as behind a proxy, and fetches the keys of the relying party, which are
// served here too, from loopback.
// in  one line {jwks}: the public keys of the relying party, for its signatures and for encryption to it
// out one line {port, jwks}
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });
const ask = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
const listen = async (server) => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
};
const party = createServer((_incoming, response) => response.end(JSON.stringify(ask.jwks)));
const endpoint = `http://127.0.0.1:${await listen(party)}/jwks`;
process.env.SP_RP_JWKS_ENDPOINT = endpoint;
process.env.CP_RP_JWKS_ENDPOINT = endpoint;
process.env.SHOW_LOGIN_PAGE = "true";
const say = process.stdout.write.bind(process.stdout);
process.stdout.write = () => true; // its own journal, which nobody reads
const { app } = createRequire(import.meta.url)("@opengovsg/mockpass/app.js");
const port = await listen(createServer(app));
const jwks = await (await fetch(`http://127.0.0.1:${port}/singpass/v2/.well-known/keys`)).json();
say(`${JSON.stringify({ port, jwks })}\n`);
lines.on("close", () => process.exit(0));
