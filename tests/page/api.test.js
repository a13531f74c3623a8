/** The API does what its OpenAPI document says, whatever is asked. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { folder, generate, ms, OPERATOR, played, run } from "./lib/server.js";
import { until } from "./lib/until.js";

let place, server;

before(async () => {
  place = folder();
  const source = played(generate(`${place}/feed.nmea`), "2023-10-02T11:50:00Z", 60);
  server = await run(place, { source, serve: "requests_per_second = 100000" });
  await until("the story is told", async () => (await server.now()) > ms("2023-10-02T11:50Z"));
});
after(() => server?.kill());

test("every question that the document allows is answered as it says, and every other one is refused", async () => {
  const program = process.env.SCHEMATHESIS;
  assert.ok(program, "SCHEMATHESIS is to be the path of schemathesis");
  assert.ok((await server.alerts()).length > 30);
  const words = ["run", `${server.address}/api/v1/openapi.json`, "--url", `${server.address}/api/v1`, "--header", `Authorization: Bearer ${OPERATOR}`,
    "--exclude-path", "/stream", "--max-examples", "30", "--seed", "1", "--checks", "all", "--exclude-checks", "positive_data_acceptance"];
  let said = "";
  const code = await new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd: place, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
    child.on("error", reject).on("close", resolve);
  });
  assert.equal(code, 0, said);
  assert.match(said, /generated|passed/i);
  assert.equal((await server.ask("/me")).status, 200, "it is still there");
});
