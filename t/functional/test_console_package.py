"""The console of the Debian package: its configuration is accepted, what the page
needs is there, and nobody else gets in."""

import http.client
import re
import shutil
import subprocess

import pytest

from support import console, ports
from support.session import JsonSession

PATHS = ["/console/", "/console/ws", "/shared/page.css", "/wspubsub/client.js",
         "/api/?select=**", "/api/secret", "/control/sessions",
         "/status"]


def ask(page, path, method="GET", source="127.0.0.1", body=None, **headers):
    """(status, body, headers) of the answer."""
    client = http.client.HTTPConnection(
        "127.0.0.1", page.port, timeout=20, source_address=(source, 0))
    fields = {"Host": f"localhost:{page.port}", **headers}
    try:
        client.request(method, path, body, fields)
        answer = client.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        client.close()


@pytest.fixture(scope="module")
def page(module_nginx):
    one = console.Console(module_nginx, ports.take(1)[0])
    assert ask(one, "/api/secret", "POST", body=b"kept")[0] == 202
    return one


def test_accepted_where_the_zone_is(make_nginx):
    """Without the zone it is refused, by a line that names it."""
    text = console.configuration(ports.take(1)[0])
    for zone, isgood in (("main", True), ("other", False)):
        nginx = make_nginx(http=f"ws_pubsub_zone {zone}:1m;\n{text}",
                           locations="")
        nginx.allow('zone "main" is not defined')
        accepted, said = nginx.test_config()
        assert accepted == isgood, said
        assert ('zone "main" is not defined' in said) != isgood


def test_all_that_the_page_names_is_there(page):
    """The page, its styles, its modules, and what these import."""
    waiting, seen = ["/console/"], set()
    while waiting:
        path = waiting.pop()
        status, text, headers = ask(page, path)
        assert status == 200, path
        seen.add(path)
        folder = path.rsplit("/", 1)[0]
        if path.endswith(".js"):
            assert headers["Content-Type"].startswith("text/javascript")
        for name in re.findall(r'(?:href|src)="([^":]+)"|'
                               r'^(?:import .*|\}) from "([^"]+)";',
                               text, re.M):
            parts = f"{folder}/{''.join(name)}".split("/")
            while ".." in parts:
                at = parts.index("..")
                del parts[at - 1:at + 1]
            found = "/".join(part for part in parts if part != ".")
            if found not in seen:
                waiting.append(found)
    assert {"/console/console.js", "/console/console.css", "/shared/page.js",
            "/wspubsub/link.js", "/console/level.js"} <= seen


async def test_what_the_page_asks(page):
    assert ask(page, "/")[2]["Location"] == "/console/"
    assert ask(page, "/console/")[2]["X-Frame-Options"] == "DENY"
    assert ask(page, "/api/mine", "PUT", body=b"x", **{
        "Content-Type": "text/plain"})[0] == 202
    assert ask(page, "/api/mine")[2]["Content-Type"] == "text/plain"
    assert '"zone":"main"' in ask(page, "/status")[1]
    assert '"sessions":[' in ask(page, "/control/sessions")[1]
    async with await JsonSession.open(
            page, "/console/ws",
            origin=f"http://127.0.0.1:{page.port}") as session:
        await session.sub("**")
        await session.fails(103, "pub", topic="x", text="x")


@pytest.mark.parametrize("path", PATHS)
def test_another_address_is_refused(page, path):
    assert ask(page, path, source="127.0.0.2")[0] == 403


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [
    {"Origin": "https://elsewhere.example"}, {"Origin": "null"},
    {"Origin": "http://localhost"}, {"Origin": "http://localhost:1"},
    {"Host": "elsewhere.example"},
    {"Host": "elsewhere.example", "Origin": "http://elsewhere.example"},
], ids=str)
def test_another_page_is_refused(page, path, headers):
    """Of any site that the operator's browser has open, and of one whose name
    has become that of this machine."""
    assert ask(page, path, **headers)[0] == 403


@pytest.mark.parametrize("headers", [{}, {
    "Origin": "http://elsewhere.example"}])
def test_nothing_is_done_for_the_refused(page, headers):
    source = "127.0.0.1" if headers else "127.0.0.2"
    for method, path in (("POST", "/api/secret"), ("DELETE", "/api/secret"),
                         ("DELETE", "/api/?select=**"),
                         ("DELETE", "/control/sessions?all=1")):
        assert ask(page, path, method, source, b"changed", **headers)[0] == 403
    assert ask(page, "/api/secret")[1] == "kept"


def test_the_pages_own_origin_may(page):
    own = f"http://localhost:{page.port}"
    assert ask(page, "/api/mine", "POST", body=b"x", Origin=own)[0] == 202
    host = f"127.0.0.1:{page.port}"
    assert ask(page, "/api/mine", "DELETE", Host=host,
                    Origin=f"http://{host}")[0] == 204


@pytest.mark.skipif(not shutil.which("dh_install"), reason="no debhelper here")
def test_the_package_has_the_same(tmp_path):
    """dh_install finds the same files for the package's list."""
    name = console.LIST.stem
    tree, expected = tmp_path / "tree", tmp_path / "expected"
    for part in ("debian", "examples", "clients/js/src"):
        shutil.copytree(console.ROOT / part, tree / part)
    subprocess.run(["dh_install", f"-p{name}"], cwd=tree, check=True,
                   timeout=60)
    console.install(expected)
    assert files_below(tree / "debian" / name) == files_below(expected)


def files_below(folder):
    return sorted(str(path.relative_to(folder))
                  for path in folder.rglob("*") if path.is_file())
