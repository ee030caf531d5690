// What is kept: responses, their input, conversations and their items.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { check, collect } from "./checks.mjs";

const model = "test/echo";
const user = (text) => ({ type: "message", role: "user", content: text });
const texts = (items) => items.map((item) => item.content[0].text);

check("a response is retrieved and deleted", async (client) => {
  const response = await client.responses.create({ model, input: "Keep this." });
  const include = ["reasoning.encrypted_content"];
  const kept = await client.responses.retrieve(response.id, { include });
  assert.deepEqual(kept.output, response.output);
  await client.responses.delete(response.id);
  await assert.rejects(client.responses.retrieve(response.id), OpenAI.NotFoundError);
});

check("the tokens of an input are counted", async (client) => {
  const counted = await client.responses.inputTokens.count({ model, input: "Count this." });
  assert.equal(counted.object, "response.input_tokens");
  assert.ok(counted.input_tokens > 2);
});

check("input items are listed page by page", async (client) => {
  const numbers = ["0", "1", "2", "3", "4"];
  const response = await client.responses.create({ model, input: numbers.map(user) });
  const listed = client.responses.inputItems.list(response.id, { limit: 2, order: "asc" });
  assert.deepEqual(texts(await collect(listed)), numbers);
});

check("turns follow each other by previous_response_id", async (client) => {
  const first = await client.responses.create({ model: "agent/planner", input: "One." });
  const asked = { model: "agent/planner", input: "Two.", previous_response_id: first.id };
  const second = await client.responses.stream(asked).finalResponse();
  assert.equal(second.previous_response_id, first.id);
  assert.equal(second.output_text, "Before that: One..");
});

check("a conversation is created, read, updated and deleted", async (client) => {
  const made = await client.conversations.create({ metadata: { topic: "tea" }, items: [user("Hello.")] });
  assert.deepEqual(await client.conversations.retrieve(made.id), made);
  const updated = await client.conversations.update(made.id, { metadata: { topic: "coffee" } });
  assert.deepEqual(updated.metadata, { topic: "coffee" });
  assert.deepEqual(await client.conversations.retrieve(made.id), updated);
  const deleted = await client.conversations.delete(made.id);
  assert.deepEqual([deleted.id, deleted.deleted], [made.id, true]);
  await assert.rejects(client.conversations.retrieve(made.id), OpenAI.NotFoundError);
});

check("items of a conversation are added, listed, read and deleted", async (client) => {
  const { id } = await client.conversations.create({});
  const added = await client.conversations.items.create(id, { items: ["One.", "Two.", "Three."].map(user) });
  const listed = await collect(client.conversations.items.list(id, { order: "asc", limit: 2 }));
  assert.deepEqual(texts(listed), ["One.", "Two.", "Three."]);
  const second = added.data[1].id;
  const item = await client.conversations.items.retrieve(second, { conversation_id: id });
  assert.equal(item.content[0].text, "Two.");
  await client.conversations.items.delete(second, { conversation_id: id });
  assert.deepEqual(texts(await collect(client.conversations.items.list(id))), ["Three.", "One."]);
});

check("turns of a conversation follow each other", async (client) => {
  const conversation = await client.conversations.create({});
  await client.responses.create({ model, input: "One.", conversation: conversation.id });
  const asked = { model, input: "Two.", conversation: { id: conversation.id }, stream: true };
  const events = await collect(await client.responses.create(asked));
  assert.equal(events.at(-1).response.conversation.id, conversation.id);
  const listed = await collect(client.conversations.items.list(conversation.id, { order: "asc" }));
  assert.deepEqual(texts(listed), ["One.", "One.", "Two.", "Two."]);
});
