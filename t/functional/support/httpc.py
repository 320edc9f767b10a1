"""HTTP clients: a keep-alive one, and one that sends any bytes."""

import dataclasses
import http.client
import json
import urllib.parse

from . import tls
from .rawws import connect_socket

TIMEOUT_S = 20.0


@dataclasses.dataclass
class Response:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def etag(self):
        return self.headers.get("etag")

    def error_code(self):
        """The code of an error that has the contract's form."""
        assert self.status >= 400, self
        kind = self.headers.get("content-type", "")
        assert kind.startswith("application/json"), self
        error = self.json()["error"]
        assert isinstance(error["message"], str) and error["message"], self
        return error["code"]


class Http:
    """One keep-alive connection; opened again when the server closed it."""

    def __init__(self, ng, scheme="http", api="/api/"):
        if scheme == "http":
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", ng.port, timeout=TIMEOUT_S)
        else:
            self.connection = http.client.HTTPSConnection(
                "127.0.0.1", ng.tls_port, timeout=TIMEOUT_S,
                context=tls.client_context())
        self.api = api

    def request(self, method, path, body=None, headers=None, **how):
        if isinstance(body, str):
            body = body.encode()
        self.connection.request(
            method, path, body=body, headers=headers or {}, **how)
        answer = self.connection.getresponse()
        data = answer.read()
        fields = {}
        for name, value in answer.getheaders():
            assert name.lower() not in fields, f"{name} twice"
            fields[name.lower()] = value
        return Response(answer.status, fields, data)

    def local_port(self):
        """Tells whether two requests went over one connection."""
        return self.connection.sock and self.connection.sock.getsockname()[1]

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- the resource API --------------------------------------------------

    def publish(self, topic, body, kind="text/plain", method="POST", **more):
        """Publishes; more are headers, `_` for `-`. Returns the answer."""
        fields = {name.replace("_", "-"): value
                  for name, value in more.items()}
        if kind is not None:
            fields["Content-Type"] = kind
        return self.request(
            method, self.api + urllib.parse.quote(topic), body, fields)

    def publish_json(self, topic, value, **more):
        return self.publish(
            topic, json.dumps(value), kind="application/json", **more)

    def put(self, topic, body, **more):
        """Publishes and asserts that it was taken; returns its JSON."""
        answer = self.publish(topic, body, **more)
        assert answer.status in (201, 202), answer
        return answer.json()

    def patch(self, topic, change, **more):
        """An object is a merge patch, a list a JSON patch; or the text of a
        merge patch."""
        kind = "json-patch" if isinstance(change, list) else "merge-patch"
        body = change if isinstance(change, (str, bytes)) else json.dumps(
            change)
        return self.publish(topic, body, method="PATCH",
                            kind=f"application/{kind}+json", **more)

    def batch(self, lines, path=None, **more):
        """Publishes the objects; returns the objects of the answer."""
        body = "".join(json.dumps(line) + "\n" for line in lines)
        answer = self.request("POST", path or self.api, body, {
            "Content-Type": "application/x-ndjson", **more})
        assert answer.status == 200, answer
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.body.splitlines()]

    def get(self, topic="", query="", headers=None, method="GET"):
        path = self.api + urllib.parse.quote(topic)
        return self.request(
            method, path + ("?" + query if query else ""), headers=headers)

    def delete(self, topic):
        return self.request("DELETE", self.api + urllib.parse.quote(topic))

    def status(self, path="/status"):
        answer = self.request("GET", path)
        assert answer.status == 200, answer
        return answer.json()


def raw_request(ng, data, scheme="http", close=True):
    """Sends the bytes; returns the one answer, parsed."""
    sock = connect_socket(ng, scheme)
    try:
        sock.sendall(data)
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        body = answer.read()
        return Response(answer.status, {
            name.lower(): value for name, value in answer.getheaders()}, body)
    finally:
        sock.close()


def http_on_each_worker(ng, scheme="http"):
    """A keep-alive connection to every worker: {pid: Http}."""
    found = {}
    for _ in range(400):
        client = Http(ng, scheme)
        pid = int(client.request("GET", "/pid").body)
        if pid in found:
            client.close()
            continue
        found[pid] = client
        if len(found) == len(ng.worker_pids()):
            return found
    raise AssertionError(f"workers reached: {sorted(found)}")
