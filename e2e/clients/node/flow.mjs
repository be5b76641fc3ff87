// Drives the gateway with oauth4webapi, which checks every answer itself and
// throws where one is not as the standards say.
import assert from "node:assert/strict";
import { passed, settings, visit } from "./harness.mjs";

const oauth = await import("oauth4webapi");
const insecure = { [oauth.allowInsecureRequests]: true }; // the test's issuer is http on loopback
const issuer = new URL(settings.issuer);

async function discover() {
	const [as, ...others] = await Promise.all(["oauth2", "oidc"].map(async (algorithm) => {
		const response = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
		return oauth.processDiscoveryResponse(issuer, response);
	}));
	assert.deepEqual(as, others[0]);
	assert.equal(as.issuer, settings.issuer);
	assert.ok(as.code_challenge_methods_supported.includes("S256"));
	passed("discovery");
	return as;
}

async function resources(as) {
	for (const path of ["", "/restapi/1.0", "/orestapi"]) {
		const resource = new URL(settings.issuer + path);
		const response = await oauth.resourceDiscoveryRequest(resource, insecure);
		const found = await oauth.processResourceDiscoveryResponse(resource, response);
		assert.deepEqual(found.authorization_servers, [as.issuer]);
	}
	passed("resource metadata");
}

// code has a person allow the client and exchanges the code.
async function code(as, client, auth, more = {}) {
	const verifier = oauth.generateRandomCodeVerifier();
	const state = oauth.generateRandomState();
	const at = new URL(as.authorization_endpoint);
	for (const [name, value] of Object.entries({
		client_id: client.client_id, redirect_uri: client.redirect_uri, response_type: "code", state, scope: "odoo.read",
		code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
	})) at.searchParams.set(name, value);
	const back = await visit(at);
	assert.equal(back.origin + back.pathname, client.redirect_uri);
	const params = oauth.validateAuthResponse(as, client, back, state); // iss, too
	const response = await oauth.authorizationCodeGrantRequest(as, client, auth, params, client.redirect_uri, verifier, insecure);
	const tokens = await oauth.processAuthorizationCodeResponse(as, client, response);
	assert.equal(typeof tokens.expires_in, "number");
	assert.equal(tokens.token_type, "bearer"); // the library lowers it
	assert.equal(tokens.scope, "odoo.read");
	return { tokens, exchange: () => oauth.authorizationCodeGrantRequest(as, client, auth, params, client.redirect_uri, verifier, insecure) };
}

// refused fails unless a call ends with an error of the authorization server.
async function refused(error, status, call) {
	await assert.rejects(call, (e) => {
		assert.ok(e instanceof oauth.ResponseBodyError || e instanceof oauth.WWWAuthenticateChallengeError, String(e));
		assert.equal(e.status, status);
		assert.equal(e.error ?? e.cause[0].parameters.error, error);
		return true;
	});
}

async function claims(as, token) {
	const request = new Request(settings.issuer + "/restapi/1.0/me", { headers: { authorization: `Bearer ${token}` } });
	return oauth.validateJwtAccessToken(as, request, settings.issuer, insecure);
}

async function introspect(as, client, auth, token) {
	return oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, insecure));
}

// flow is all that a client does, with one way of authenticating.
async function flow(as, name, client, auth) {
	let { tokens } = await code(as, client, auth);
	const said = await claims(as, tokens.access_token);
	assert.equal(said.client_id, client.client_id);

	const info = await oauth.processUserInfoResponse(as, client, said.sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure));
	assert.equal(info.login, settings.login);

	const read = await oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(settings.issuer + "/restapi/1.0/object/res.partner/search_count?domain=[]"), undefined, null, insecure);
	assert.ok((await read.json()).count > 0);

	const before = tokens;
	tokens = await oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure));
	assert.notEqual(tokens.access_token, before.access_token);
	assert.notEqual(tokens.refresh_token, before.refresh_token);
	assert.equal((await claims(as, tokens.access_token)).sub, said.sub);

	if (client.secret) {
		const active = await introspect(as, client, auth, tokens.access_token);
		assert.equal(active.active, true);
		assert.equal(active.client_id, client.client_id);
		assert.equal(active.sub, said.sub);
		assert.deepEqual(await introspect(as, client, auth, "nothing"), { active: false });
	}

	await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.refresh_token, insecure));
	await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, "nothing", insecure));
	if (client.secret) assert.deepEqual(await introspect(as, client, auth, tokens.access_token), { active: false });
	await refused("invalid_grant", 400, async () =>
		oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure)));
	await refused("invalid_token", 401, () =>
		oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(settings.issuer + "/restapi/1.0/object/res.partner/1"), undefined, null, insecure));
	passed(name);
}

// machine: an application acts as an account of its own.
async function machine(as, client, auth) {
	const response = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: "odoo.read" }, insecure);
	const tokens = await oauth.processClientCredentialsResponse(as, client, response);
	assert.equal(tokens.refresh_token, undefined);
	const said = await claims(as, tokens.access_token);
	assert.equal(said.client_id, client.client_id);
	assert.equal(said.sub, "client:" + client.client_id); // nobody's
	assert.equal((await introspect(as, client, auth, tokens.access_token)).active, true);
	await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.access_token, insecure));
	await refused("invalid_token", 401, () =>
		oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(settings.issuer + "/restapi/1.0/me"), undefined, null, insecure));
	const person = settings.library; // has no such account
	await refused("unauthorized_client", 400, async () => oauth.processClientCredentialsResponse(as, person,
		await oauth.clientCredentialsGrantRequest(as, person, oauth.ClientSecretPost(person.secret), {}, insecure)));
	passed("client_credentials");
}

// replay: a code is good once, and ends what it gave.
async function replay(as, client, auth) {
	const { tokens, exchange } = await code(as, client, auth);
	await refused("invalid_grant", 400, async () => oauth.processAuthorizationCodeResponse(as, client, await exchange()));
	await refused("invalid_token", 401, () =>
		oauth.protectedResourceRequest(tokens.access_token, "GET", new URL(settings.issuer + "/restapi/1.0/me"), undefined, null, insecure));
	passed("replay");
}

// errors: what the person or the gateway refuses reaches the client with iss
// and state, which the library checks before it reports the error.
async function errors(as, client) {
	for (const [error, more] of Object.entries({
		invalid_scope: { scope: "everything" },
		unsupported_response_type: { response_type: "token" },
	})) {
		const at = new URL(as.authorization_endpoint);
		for (const [name, value] of Object.entries({ client_id: client.client_id, redirect_uri: client.redirect_uri, response_type: "code", state: "s", ...more }))
			at.searchParams.set(name, value);
		const back = await visit(at);
		assert.throws(() => oauth.validateAuthResponse(as, client, back, "s"), (e) => {
			assert.ok(e instanceof oauth.AuthorizationResponseError, String(e));
			assert.equal(e.error, error);
			return true;
		});
	}
	// A challenge keeps the library from reading the body's error.
	const response = await oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretBasic("wrong"), "x", insecure);
	assert.equal((await response.clone().json()).error, "invalid_client");
	await assert.rejects(() => oauth.processRefreshTokenResponse(as, client, response), (e) => {
		assert.ok(e instanceof oauth.WWWAuthenticateChallengeError, String(e));
		assert.equal(e.status, 401);
		assert.deepEqual(e.cause.map((challenge) => challenge.scheme), ["basic"]);
		return true;
	});
	passed("errors");
}

const as = await discover();
await resources(as);
const library = { ...settings.library };
const native = { ...settings.native };
await flow(as, "client_secret_basic", library, oauth.ClientSecretBasic(library.secret));
await flow(as, "client_secret_post", library, oauth.ClientSecretPost(library.secret));
await flow(as, "none", native, oauth.None());
await machine(as, settings.batch, oauth.ClientSecretBasic(settings.batch.secret));
await replay(as, library, oauth.ClientSecretBasic(library.secret));
await errors(as, library);
process.exit(0);
