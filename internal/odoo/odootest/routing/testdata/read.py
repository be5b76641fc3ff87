"""Asks werkzeug itself how Odoo reads request targets.

Reads targets from standard input, one JSON text a line, and writes for each a
JSON list: the target, the endpoint it reaches ("" for none) and what the path
holds for it. The rules and options of the map are those of Odoo 19; the way a
language is taken off the front is that of its addon http_routing.

    go test -v -run Targets .. -args -targets 3000 | grep '^"' | python3 read.py > werkzeug.jsonl
"""
import io
import json
import sys

from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler

AFTER_IMAGE = ["", "/<string:filename>", "/<int:width>x<int:height>", "/<int:width>x<int:height>/<string:filename>"]
RULES = {
    "json2": ["/json/2/<model>/<method>"],
    "json2 none": ["/json/2", "/json/2/<path:subpath>"],
    "json": ["/json/<path:subpath>", "/json/1/<path:subpath>"],
    "version": ["/web/version", "/json/version"],
    "jsonrpc": ["/jsonrpc"],
    "xmlrpc": ["/xmlrpc/<service>", "/xmlrpc/2/<service>"],
    "call": [
        "/web/dataset/call_kw", "/web/dataset/call_kw/<path:path>",
        "/web/dataset/call_button", "/web/dataset/call_button/<path:path>",
    ],
    "database": ["/web/database/%s" % name for name in (
        "selector", "manager", "create", "duplicate", "drop", "backup", "restore", "change_password", "list")],
    "file": ["/web/content", "/web/image"],
    "file named": ["/web/content/<string:xmlid>", "/web/content/<string:xmlid>/<string:filename>"] + [
        "/web/image/<string:xmlid>" + rest for rest in AFTER_IMAGE],
    "file attachment": ["/web/content/<int:id>", "/web/content/<int:id>/<string:filename>"] + [
        "/web/image/<int:id>" + unique + rest for unique in ("", "-<string:unique>") for rest in AFTER_IMAGE],
    "file field": [
        "/web/content/<string:model>/<int:id>/<string:field>",
        "/web/content/<string:model>/<int:id>/<string:field>/<string:filename>",
        "/restapi/1.0/binary/<string:model>/<int:id>/<string:field>",
    ] + ["/web/image/<string:model>/<int:id>/<string:field>" + rest for rest in AFTER_IMAGE],
    "report": ["/report/<converter>/<reportname>", "/report/<converter>/<reportname>/<docids>", "/report/download"],
    "export": ["/web/export/%s" % name for name in ("formats", "get_fields", "namelist", "csv", "xlsx")],
    "websocket": ["/websocket"],
    "become": ["/web/become"],
    "login": ["/web/login"],
    # What the addons served that had our two legacy interfaces.
    "restapi records": ["/restapi/1.0/object/<string:model>"],
    "restapi record": ["/restapi/1.0/object/<string:model>/<int:id>"],
    "restapi method": ["/restapi/1.0/object/<string:model>/<string:method>"],
    "restapi record method": ["/restapi/1.0/object/<string:model>/<int:id>/<string:method>"],
    "restapi report": ["/restapi/1.0/report/<string:report>"],
    "restapi record report": ["/restapi/1.0/report/<string:report>/<int:id>"],
    "orestapi": ["/orestapi/record/read", "/orestapi/record/name_search", "/orestapi/model/field"],
}
LANGUAGES = {"en", "fr", "pt_BR"}

routes = Map(strict_slashes=False)
for endpoint, paths in RULES.items():
    for path in paths:
        rule = Rule(path, endpoint=endpoint)
        rule.merge_slashes = False
        routes.add(rule)


class Server:
    ssl_context = None
    multithread = multiprocess = False
    server_address = ("127.0.0.1", 8069)
    _server_version = "x"


class Handler(WSGIRequestHandler):
    def __init__(self, line):
        self.server, self.client_address, self.connection = Server(), ("127.0.0.1", 1), None
        self.raw_requestline, self.rfile, self.wfile = line, io.BytesIO(b"\r\n"), io.BytesIO()

    def send_error(self, *args, **kwargs):
        pass


def match(environ, path):
    return routes.bind_to_environ(environ).match(path_info=path)


def read(target):
    handler = Handler(b"POST " + target.encode() + b" HTTP/1.1\r\n")
    if not handler.parse_request():
        return [""]
    try:
        environ = handler.make_environ()
    except ValueError:
        return [""]
    path = environ["PATH_INFO"].encode("latin1").decode(errors="replace")
    try:
        try:
            endpoint, args = match(environ, path)
        except NotFound:
            _, language, *rest = path.split("/", 2)
            if language not in LANGUAGES:
                raise
            endpoint, args = match(environ, "/" + (rest[0] if rest else ""))
    except (HTTPException, ValueError):
        return [""]
    return [endpoint] + [str(value) for value in args.values()]


for line in sys.stdin:
    target = json.loads(line)
    print(json.dumps([target] + read(target)))
