"""Drives the gateway with requests-oauthlib, as Debian packages it."""

import json
import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the test's issuer is http on loopback

from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, LegacyApplicationClient, MobileApplicationClient
from oauthlib.oauth2 import OAuth2Error, UnsupportedGrantTypeError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth1Session, OAuth2Session
from requests_oauthlib.oauth1_session import TokenRequestDenied

settings = json.loads(os.environ["SETTINGS"])
TOKEN = settings["token"]
COUNT = settings["issuer"] + "/restapi/1.0/object/res.partner/search_count"


def say(**line):
    print(json.dumps(line), flush=True)


def visit(url):
    """Has a person go to an address, log in and allow; returns where that ends."""
    say(visit=url)
    return json.loads(sys.stdin.readline())["at"]


def session(app, **more):
    return OAuth2Session(app["client_id"], redirect_uri=app["redirect_uri"], **more)


def fetch(app, client, **how):
    """Walks the code flow with one way of authenticating."""
    url, _ = client.authorization_url(settings["authorize"])
    return client.fetch_token(TOKEN, authorization_response=visit(url), **how)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def reads(client):
    answer = client.get(COUNT, params={"domain": "[('name','!=',False)]"})
    answer.raise_for_status()
    check(answer.json()["count"] > 0, answer.text)


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError("%s was not refused with %s" % (call, error))


def web_application():
    """With and without a scope, the secret in the header and in the body."""
    app = settings["library"]
    for scope in (None, ["odoo.read"]):
        for how in (
            {"auth": HTTPBasicAuth(app["client_id"].encode(), app["secret"].encode())},
            {"client_secret": app["secret"], "include_client_id": True},
        ):
            client = session(app, scope=scope)
            token = fetch(app, client, **how)
            check(token["token_type"] == "Bearer" and token["expires_in"] > 0, token)
            reads(client)
            code = client._client.code
            refused(InvalidGrantError, lambda: client.fetch_token(TOKEN, code=code, **how))


def automatic_refresh():
    """The library renews an expired token by itself and tells of the new one."""
    app, saved = settings["hasty"], []
    secret = {"client_id": app["client_id"], "client_secret": app["secret"]}
    token = fetch(app, session(app), client_secret=app["secret"])
    for _ in range(3):
        token["expires_at"] = 1.0  # long ago
        client = session(
            app, token=token, auto_refresh_url=TOKEN, auto_refresh_kwargs=secret, token_updater=saved.append
        )
        reads(client)
        check(saved[-1]["access_token"] != token["access_token"], "the token was not renewed")
        check(saved[-1]["refresh_token"] != token["refresh_token"], "the refresh token was not renewed")
        token = dict(saved[-1])
    check(len(saved) == 3, saved)

    client = session(app, token=token)
    client.refresh_token(TOKEN, auth=HTTPBasicAuth(app["client_id"], app["secret"]))
    reads(client)
    answer = client.post(settings["revoke"], data={"token": client.token["refresh_token"], **secret}, withhold_token=True)
    answer.raise_for_status()
    refused(InvalidGrantError, lambda: client.refresh_token(TOKEN, **secret))


def client_credentials():
    """A script that acts as an account of its own."""
    app = settings["batch"]
    for how in (
        {"client_secret": app["secret"]},
        {"client_secret": app["secret"], "include_client_id": True},
        {"auth": HTTPBasicAuth(app["client_id"], app["secret"])},
    ):
        client = OAuth2Session(client=BackendApplicationClient(app["client_id"]))
        token = client.fetch_token(TOKEN, **how)
        check("refresh_token" not in token, token)
        reads(client)


def abandoned_grants():
    """The password grant and the implicit one are not there, for any client."""
    app = settings["hasty"]
    client = OAuth2Session(client=LegacyApplicationClient(app["client_id"]))
    refused(
        UnsupportedGrantTypeError,
        lambda: client.fetch_token(TOKEN, username="demo", password="demo", client_secret=app["secret"]),
    )
    client = OAuth2Session(client=MobileApplicationClient(app["client_id"]), redirect_uri=app["redirect_uri"])
    url, _ = client.authorization_url(settings["authorize"])
    back = visit(url)
    check("error=unsupported_response_type" in back and "#" not in back, back)
    refused(OAuth2Error, lambda: client.token_from_fragment(back.replace("?", "#")))


def oauth1():
    """An OAuth1 client is told in the words of the original that it is not one."""
    app = settings["hasty"]
    client = OAuth1Session(app["client_id"], client_secret=app["secret"], callback_uri=app["redirect_uri"])
    try:
        client.fetch_request_token(settings["issuer"] + "/restapi/1.0/common/oauth1/request_token")
        raise AssertionError("an OAuth1 client got a request token")
    except TokenRequestDenied as denied:
        words = {"error": {"code": 404, "message": "OAuth 1 is not supported by this server; use OAuth 2"}}
        check(denied.status_code == 404 and denied.response.json() == words, denied)
    # Nor is a signed request for data taken.
    client = OAuth1Session(app["client_id"], app["secret"], "a-token", "its-secret")
    answer = client.get(COUNT, params={"domain": "[]"})
    words = {"error": {"code": 401, "message": "OAuth 1 is not supported by this server; use OAuth 2"}}
    check(answer.status_code == 401 and answer.json() == words, answer.text)


for step in (web_application, automatic_refresh, client_credentials, abandoned_grants, oauth1):
    step()
    say(passed=step.__name__)
