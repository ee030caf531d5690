// Runs checks one after the other and tells of each in a line of JSON: {"name", "error"}, where the error is null or a text.

const checks = [];

/** Registers what a client must be able to do. */
export function check(name, run) {
  checks.push({ name, run });
}

/** Runs all that was registered. */
export async function runChecks(client) {
  for (const { name, run } of checks) {
    let error = null;
    try {
      await run(client);
    } catch (thrown) {
      error = thrown?.stack ?? String(thrown);
    }
    console.log(JSON.stringify({ name, error }));
  }
}

/** All that an asynchronous iterable gives: the events of a stream, the items of a list of pages. Endless ones fail. */
export async function collect(iterable) {
  const found = [];
  for await (const one of iterable) {
    found.push(one);
    if (found.length > 1000) throw new Error("this has no end");
  }
  return found;
}
