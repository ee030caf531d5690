// Responses in the background: created, polled, streamed, resumed, cancelled.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { check, collect } from "./checks.mjs";

const model = "test/echo";
const input = "A text that is long enough to come in more than three pieces.";

async function polled(client, id) {
  for (let looks = 0; looks < 600; looks += 1) {
    const response = await client.responses.retrieve(id);
    if (!["queued", "in_progress"].includes(response.status)) return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the response is still not over");
}

check("a response is made in the background and polled", async (client) => {
  const queued = await client.responses.create({ model, input, background: true });
  assert.deepEqual([queued.status, queued.background], ["queued", true]);
  const done = await polled(client, queued.id);
  assert.deepEqual([done.status, done.output_text], ["completed", input]);
});

check("a stream of the background is resumed behind its cursor", async (client) => {
  const seen = [];
  const stream = await client.responses.create({ model, input, background: true, stream: true });
  for await (const event of stream) {
    seen.push(event);
    if (event.type === "response.output_text.delta") break;
  }
  const [id, cursor] = [seen[0].response.id, seen.at(-1).sequence_number];
  const rest = await collect(await client.responses.retrieve(id, { stream: true, starting_after: cursor }));
  assert.equal(rest[0].sequence_number, cursor + 1);
  assert.equal(rest.at(-1).type, "response.completed");
  const whole = await collect(await client.responses.retrieve(id, { stream: true }));
  assert.deepEqual([...seen, ...rest], whole);
});

check("a response of the background is cancelled, twice", async (client) => {
  const queued = await client.responses.create({ model: "test/pause", input, background: true });
  const cancelled = await client.responses.cancel(queued.id);
  assert.equal(cancelled.status, "cancelled");
  assert.deepEqual(await client.responses.cancel(queued.id), cancelled);
});

check("what is not of the background is not cancelled", async (client) => {
  const { id } = await client.responses.create({ model, input });
  await assert.rejects(client.responses.cancel(id), OpenAI.BadRequestError);
  await assert.rejects(client.responses.create({ model, input, background: true, store: false }), OpenAI.BadRequestError);
});
