// Validates documents of OpenAPI 3.1, named as arguments, against its schema, and resolves what they refer to.
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";

for (const file of process.argv.slice(2)) {
	const validator = new Validator();
	const { valid, errors } = await validator.validate(JSON.parse(readFileSync(file, "utf8")));
	if (valid) validator.resolveRefs();
	console.log(`${file} ${validator.version} ${valid} ${valid ? "" : JSON.stringify(errors).slice(0, 3000)}`);
}
