"""Asks httpbin and plumb the same questions and prints what differs.

Usage: compare.py PLUMB_URL. httpbin itself runs in this process.
"""

import json
import sys
import threading
from urllib.parse import unquote

import requests
from httpbin import app
from werkzeug.serving import make_server

PLUMB = sys.argv[1].rstrip("/")

server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
HTTPBIN = f"http://127.0.0.1:{server.server_port}"

# What must differ: where each of them runs, what is random, how names are
# written that have no case.
HEADERS_THAT_DIFFER = {"host", "x-request-id"}


def normal(value, base):
    """JSON without what must differ."""
    if isinstance(value, dict):
        out = {}
        for key, inner in value.items():
            if key == "headers" and isinstance(inner, dict):
                inner = {k.lower(): v for k, v in inner.items() if k.lower() not in HEADERS_THAT_DIFFER}
                # The boundary of a form is random.
                kind = inner.get("content-type", "").split("; boundary=")[0]
                inner = {**inner, "content-type": kind} if kind else inner
            if key == "url" and isinstance(inner, str):
                # httpbin shows it decoded, which is not what was sent.
                inner = unquote(inner.replace(base, "BASE"))
            if key == "uuid":
                inner = len(inner)
            out[key] = normal(inner, base)
        return out
    if isinstance(value, list):
        return [normal(inner, base) for inner in value]
    return value


def ask(base, method, path, keys, **arguments):
    answer = requests.request(method, base + path, allow_redirects=False, timeout=30, **arguments)
    kind = answer.headers.get("content-type", "").split(";")[0]
    seen = {"status": answer.status_code}
    for key in keys:
        seen[key] = (answer.headers.get(key) or "").replace(base, "BASE").strip('"')
    if kind == "application/json":
        lines = [line for line in answer.text.splitlines() if line] if "/stream/" in path else [answer.text]
        seen["json"] = [normal(json.loads(line), base) for line in lines]
        seen["type"] = kind
    elif kind == "application/octet-stream" and "bytes" not in path:
        seen["body"] = answer.text
    elif kind == "application/octet-stream":
        seen["size"] = len(answer.content)
    return seen


JSON = {"content-type": "application/json"}
TABLE = [
    ("GET", "/get", [], {}),
    ("GET", "/get?a=1&b=2&a=3&empty=&%C3%A9=%20x", [], {}),
    ("GET", "/get", [], {"headers": {"X-Thing": "a", "Accept": "x/y"}}),
    ("POST", "/post", [], {"data": {"a": "1", "b": ["2", "3"]}}),
    ("POST", "/post", [], {"data": "plain text"}),
    ("POST", "/post", [], {"data": b"\xff\x00\x01"}),
    ("POST", "/post", [], {"json": {"a": [1, 2, {"b": None}]}}),
    ("POST", "/post", [], {"data": "{broken", "headers": JSON}),
    ("POST", "/post?x=y", [], {}),
    ("POST", "/post", [], {"files": {"f": ("a.txt", "hello")}, "data": {"k": "v"}}),
    ("POST", "/post", [], {"files": {"f": ("a.bin", b"\xff\xfe", "image/x-thing")}}),
    ("PUT", "/put", [], {"json": {"a": 1}}),
    ("PATCH", "/patch", [], {"json": {"a": 1}}),
    ("DELETE", "/delete", [], {}),
    ("DELETE", "/delete", [], {"data": {"a": "1"}}),
    ("GET", "/anything", [], {}),
    ("PUT", "/anything/a/b?c=d", [], {"data": "x"}),
    ("GET", "/headers", [], {"headers": {"X-Two": "1"}}),
    ("GET", "/ip", [], {}),
    ("GET", "/user-agent", [], {}),
    ("GET", "/uuid", [], {}),
    *[("GET", f"/status/{code}", ["location", "www-authenticate"], {})
      for code in (200, 201, 204, 301, 302, 303, 304, 307, 400, 401, 403, 404, 405, 407, 409, 429, 500, 502, 503, 504)],
    ("GET", "/redirect/1", ["location"], {}),
    ("GET", "/redirect/3", [], {}),
    ("GET", "/relative-redirect/2", ["location"], {}),
    ("GET", "/absolute-redirect/2", ["location"], {}),
    ("GET", "/redirect-to?url=/get", ["location"], {}),
    ("GET", "/redirect-to?url=http://x.example/&status_code=307", ["location"], {}),
    # httpbin documents a form as well, and answers None.
    ("GET", "/cookies", [], {"cookies": {"a": "1", "b": "2"}}),
    ("GET", "/cookies/set?a=1", ["location", "set-cookie"], {}),
    ("GET", "/cookies/set/name/value", ["location", "set-cookie"], {}),
    ("GET", "/basic-auth/u/p", [], {}),
    ("GET", "/basic-auth/u/p", [], {"auth": ("u", "p")}),
    ("GET", "/basic-auth/u/p", [], {"auth": ("u", "x")}),
    ("GET", "/hidden-basic-auth/u/p", [], {"auth": ("u", "x")}),
    ("GET", "/hidden-basic-auth/u/p", [], {"auth": ("u", "p")}),
    ("GET", "/bearer", ["www-authenticate"], {}),
    ("GET", "/bearer", [], {"headers": {"Authorization": "Bearer abc"}}),
    *[("GET", f"/digest-auth/{qop}/u/p/{algorithm}", [], {"auth": requests.auth.HTTPDigestAuth("u", "p")})
      for qop in ("auth",) for algorithm in ("MD5", "SHA-256", "SHA-512")],
    ("GET", "/digest-auth/auth/u/p", [], {"auth": requests.auth.HTTPDigestAuth("u", "x")}),
    ("GET", "/delay/0", [], {}),
    ("POST", "/delay/0", [], {"data": {"a": "1"}}),
    ("GET", "/drip?duration=0&numbytes=7", ["content-length"], {}),
    ("GET", "/drip?duration=0&numbytes=7&code=201", [], {}),
    ("GET", "/drip?numbytes=0", [], {}),
    ("GET", "/bytes/10?seed=1", ["content-length"], {}),
    ("GET", "/bytes/0", [], {}),
    ("GET", "/stream-bytes/100", [], {}),
    ("GET", "/stream/3?a=b", [], {}),
    ("GET", "/range/50", ["etag", "content-length", "accept-ranges"], {}),
    ("GET", "/range/50", ["content-range", "content-length"], {"headers": {"Range": "bytes=3-7"}}),
    ("GET", "/range/50", ["content-range"], {"headers": {"Range": "bytes=40-"}}),
    ("GET", "/range/50", ["content-range"], {"headers": {"Range": "bytes=-5"}}),
    ("GET", "/range/50", ["content-range"], {"headers": {"Range": "bytes=60-"}}),
    ("GET", "/etag/abc", ["etag"], {}),
    ("GET", "/etag/abc", ["etag"], {"headers": {"If-None-Match": '"abc"'}}),
    ("GET", "/etag/abc", [], {"headers": {"If-None-Match": '"x"'}}),
    ("GET", "/etag/abc", [], {"headers": {"If-None-Match": "*"}}),
    ("GET", "/etag/abc", [], {"headers": {"If-Match": '"x", "y"'}}),
    ("GET", "/etag/abc", [], {"headers": {"If-Match": 'W/"abc"'}}),
    ("GET", "/cache", [], {}),
    ("GET", "/cache", [], {"headers": {"If-None-Match": "x"}}),
    ("GET", "/cache/60", ["cache-control"], {}),
    ("GET", "/gzip", ["content-encoding"], {}),
    ("GET", "/deflate", ["content-encoding"], {}),
    ("GET", "/brotli", ["content-encoding"], {}),
    ("GET", "/json", [], {}),
    ("GET", "/response-headers?X-A=1&X-B=2&X-B=3", ["x-a", "x-b"], {}),
    ("POST", "/response-headers?X-A=1", ["x-a"], {}),
    ("GET", "/links/3", ["location"], {}),
    ("GET", "/base64/SFRUUEJJTiBpcyBhd2Vzb21l", [], {}),
    ("POST", "/get", [], {}),
    ("GET", "/nowhere", [], {}),
]
# Kinds of page whose type is compared, not the text.
TYPES = {"/html": "text/html", "/xml": "application/xml", "/encoding/utf8": "text/html"}


def without_length(seen):
    """/response-headers counts its own bytes, and JSON is indented differently."""
    for value in seen.get("json", []):
        if isinstance(value, dict):
            value.pop("Content-Length", None)
    return seen


different = 0
for method, path, keys, arguments in TABLE:
    theirs = without_length(ask(HTTPBIN, method, path, keys, **arguments))
    ours = without_length(ask(PLUMB, method, path, keys, **arguments))
    if theirs != ours:
        different += 1
        print(f"{method} {path} {arguments}\n  httpbin {theirs}\n  plumb   {ours}")
for path, kind in TYPES.items():
    for base in (HTTPBIN, PLUMB):
        answer = requests.get(base + path, timeout=30)
        if answer.status_code != 200 or answer.headers["content-type"].split(";")[0] != kind:
            different += 1
            print(f"GET {path} at {base}: {answer.status_code} {answer.headers['content-type']}")
print(f"{len(TABLE) + len(TYPES)} questions, {different} differences")
sys.exit(1 if different else 0)
