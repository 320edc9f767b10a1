#!/usr/bin/python3
"""The application behind nginx: logs people in, and says who may do what.

    app.py PORT NGINX      where it listens, and the address of nginx
"""

import base64, hashlib, hmac, http.server, json, secrets, sys, time, urllib.parse, urllib.request

PORT, NGINX = int(sys.argv[1]), sys.argv[2]
SECRET = b"only-an-example-is-no-secret-0123456789"
MEMBERS = {"ann", "admin"}  # of the room "club"
logins, banned = {}, set()  # names by login; names


def token(name, lasts_s=60):
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"sub": name, "iat": now, "exp": now + lasts_s, "jti": secrets.token_hex(8)}
    text = ".".join(part(json.dumps(one).encode()) for one in ({"alg": "HS256"}, claims))
    return text + "." + part(hmac.new(SECRET, text.encode(), hashlib.sha256).digest())


def tell_nginx(path, data):
    urllib.request.urlopen(urllib.request.Request(
        NGINX + path, json.dumps(data).encode(), method="PUT"), timeout=5).close()


# -- for the page. Each returns a status and what is answered.

def login(who, about, data):  # a real one asks for a password, and sets a cookie
    name, key = data["name"].strip().lower(), secrets.token_hex(16)
    if not name.isalnum() or len(name) > 20 or name in banned:
        return 403, {"message": "this name is not let in"}
    logins[key] = name
    return 200, {"name": name, "login": key, "token": token(name)}

def renew(who, about, data):
    return (401, {}) if who is None or who in banned else (200, {"token": token(who)})

def ban(who, about, data):
    if who != "admin":
        return 403, {"message": "only the admin may"}
    banned.add(data["name"])  # first: from here on there is no new token
    tell_nginx("/access/control/revocations", {"user": data["name"]})
    return 200, {}


# -- for nginx: its hooks, and what it tells

# A yes is a right to that topic, whichever it is: all others get a no.

def may(who, about, data):
    is_club = about["topic"] == "room/club"
    return (200, {}) if is_club and about["user"] in MEMBERS else (403, {"message": "members only"})

def review(who, about, data):
    if about["topic"] != "room/lobby" and may(who, about, data)[0] != 200:
        return 403, {"message": "members only"}
    return 200, {"who": about["user"], "text": str(data["text"]).replace("darn", "****")}

def hear(who, about, data):
    for event in data["events"]:
        if event["event"] in ("open", "close") and event.get("user"):
            tell_nginx("/access/api/log", {"who": event["user"], "event": event["event"]})
    return 200, {}


class Application(http.server.BaseHTTPRequestHandler):
    does = {"/page/login": login, "/page/renew": renew, "/page/ban": ban,
            "/nginx/may": may, "/nginx/review": review, "/nginx/hear": hear}

    def do_POST(self):
        url = urllib.parse.urlsplit(self.path)
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")
        about = dict(urllib.parse.parse_qsl(url.query))
        status, answer = self.does[url.path](logins.get(data.get("login")), about, data)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Application).serve_forever()
