// The official JavaScript SDK against the gateway that WAYSTONE_URL and WAYSTONE_KEY name.

import OpenAI from "openai";

import { runChecks } from "./checks.mjs";
import "./answers.mjs";
import "./background.mjs";
import "./state.mjs";
import "./tools.mjs";

const client = new OpenAI({
  baseURL: `${process.env.WAYSTONE_URL}/v1`,
  apiKey: process.env.WAYSTONE_KEY,
  maxRetries: 0,
  timeout: 30_000,
});
await runChecks(client);
