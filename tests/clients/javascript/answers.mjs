// One answer: plain, streamed, parsed, failed, refused.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import { check, collect } from "./checks.mjs";

const model = "test/echo";
const Weather = z.object({ city: z.string(), degrees: z.number() });

check("an input is answered", async (client) => {
  const response = await client.responses.create({ model, input: "How do you do?" });
  assert.equal(response.output_text, "How do you do?");
  assert.equal(response.status, "completed");
  assert.match(response.id, /^resp_/);
  assert.equal(response.usage.total_tokens, 18);
  assert.equal(response.usage.output_tokens_details.reasoning_tokens, 2);
});

check("a stream is told event by event", async (client) => {
  const events = await collect(await client.responses.create({ model, input: "How do you do?", stream: true }));
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, number) => number),
  );
  assert.equal(events[0].type, "response.created");
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  assert.equal(deltas.map((event) => event.delta).join(""), "How do you do?");
  const last = events.at(-1);
  assert.equal(last.type, "response.completed");
  assert.equal(last.response.output[0].content[0].text, "How do you do?");
});

check("the stream helper puts the response together", async (client) => {
  const stream = client.responses.stream({ model: "test/reasoning", input: "How do you do?" });
  let said = "";
  stream.on("response.output_text.delta", (event) => (said += event.delta));
  const response = await stream.finalResponse();
  assert.equal(said, "How do you do?");
  assert.equal(response.output_text, said);
  assert.deepEqual(
    response.output.map((item) => item.type),
    ["reasoning", "message"],
  );
  assert.equal(response.output[0].content[0].text, "Let me think.");
});

check("structured output is parsed", async (client) => {
  const text = { format: zodTextFormat(Weather, "weather") };
  const input = '{"city": "Oslo", "degrees": -3}';
  const plain = await client.responses.parse({ model, input, text });
  assert.deepEqual(plain.output_parsed, { city: "Oslo", degrees: -3 });
  const streamed = await client.responses.stream({ model, input, text }).finalResponse();
  assert.deepEqual(streamed.output_parsed, { city: "Oslo", degrees: -3 });
});

check("a refusal is a refusal", async (client) => {
  const response = await client.responses.stream({ model: "test/refusal", input: "Go." }).finalResponse();
  const [{ type, refusal }] = response.output[0].content;
  assert.deepEqual([type, refusal], ["refusal", "I will not."]);
});

check("an answer that was cut short is incomplete", async (client) => {
  const events = await collect(await client.responses.create({ model: "test/length", input: "Go.", stream: true }));
  assert.equal(events.at(-1).type, "response.incomplete");
  assert.deepEqual(events.at(-1).response.incomplete_details, { reason: "max_output_tokens" });
});

check("a failure in mid-stream fails the response", async (client) => {
  const input = "Tell me a story.";
  const events = await collect(await client.responses.create({ model: "test/cut", input, stream: true }));
  assert.equal(events.at(-1).type, "response.failed");
  const kept = await client.responses.retrieve(events.at(-1).response.id);
  assert.equal(kept.status, "failed");
});

check("what was dropped is said in a header", async (client) => {
  const { data, response } = await client.responses.create({ model, input: "Go.", truncation: "auto" }).withResponse();
  assert.equal(response.headers.get("x-waystone-dropped"), "truncation");
  assert.equal(data.output_text, "Go.");
});

check("a wrong request is a bad request error", async (client) => {
  const wrong = client.responses.create({ model, input: "Go.", previous_response_id: "resp_nowhere" });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, "previous_response_not_found");
    assert.equal(error.param, "previous_response_id");
    return true;
  });
});
