// Tool loops over a chat-only model that calls two tools at once, and wants its reasoning back.

import assert from "node:assert/strict";

import { zodResponsesFunction } from "openai/helpers/zod";
import { z } from "zod";

import { check } from "./checks.mjs";

const City = z.object({ city: z.string() });
const look = zodResponsesFunction({ name: "look", description: "Look at a thermometer.", parameters: City });
const question = 'How warm is it in "Paris" and in "Rome"?';
const asked = { model: "agent/planner", instructions: "You tell temperatures.", tools: [look] };
const temperatures = { Paris: 12, Rome: 19 };
const answer = "I was given 12 in Paris and 19 in Rome.";

const outputs = (response) =>
  response.output
    .filter((item) => item.type === "function_call")
    .map(({ call_id, arguments: text }) => {
      const { city } = JSON.parse(text);
      return { type: "function_call_output", call_id, output: `${temperatures[city]} in ${city}` };
    });

const ways = {
  plain: (client, body) => client.responses.create(body),
  streamed: (client, body) => client.responses.stream(body).finalResponse(),
};

check("a tool loop by previous_response_id", async (client) => {
  for (const respond of Object.values(ways)) {
    const first = await respond(client, { ...asked, input: question });
    assert.deepEqual(
      first.output.map((item) => item.type),
      ["reasoning", "function_call", "function_call"],
    );
    const second = await respond(client, { ...asked, input: outputs(first), previous_response_id: first.id });
    assert.equal(second.output_text, answer);
  }
});

check("a tool loop by sending everything again", async (client) => {
  for (const respond of Object.values(ways)) {
    const first = await respond(client, { ...asked, input: question, store: false });
    const input = [{ role: "user", content: question }, ...first.output, ...outputs(first)];
    const second = await respond(client, { ...asked, input, store: false });
    assert.equal(second.output_text, answer);
  }
});

check("a tool loop by conversation", async (client) => {
  for (const respond of Object.values(ways)) {
    const { id: conversation } = await client.conversations.create({});
    const first = await respond(client, { ...asked, input: question, conversation });
    const second = await respond(client, { ...asked, input: outputs(first), conversation });
    assert.equal(second.output_text, answer);
  }
});

check("streamed calls have their arguments parsed", async (client) => {
  const stream = client.responses.stream({ ...asked, input: question });
  let last = "";
  stream.on("response.function_call_arguments.delta", (event) => (last = event.snapshot));
  const response = await stream.finalResponse();
  assert.equal(last, '{"city":"Rome"}');
  const calls = response.output.filter((item) => item.type === "function_call");
  assert.deepEqual(
    calls.map((call) => call.parsed_arguments),
    [{ city: "Paris" }, { city: "Rome" }],
  );
});
