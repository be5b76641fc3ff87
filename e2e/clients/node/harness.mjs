// The test's side of the conversation with the Go test that runs a script:
// one JSON text per line, on standard output and input.
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // global from Node 20 on

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// visit has a person go to an address in a browser, log in and allow, and
// returns the address of the application's where that ends.
export async function visit(url) {
	process.stdout.write(JSON.stringify({ visit: String(url) }) + "\n");
	const { value } = await answers.next();
	return new URL(JSON.parse(value).at);
}

// passed tells that a step went well. Where one is not told of, or fails by an
// exception, the test fails.
export function passed(step) {
	process.stdout.write(JSON.stringify({ passed: step }) + "\n");
}

// settings are what the test tells the script.
export const settings = JSON.parse(process.env.SETTINGS);
