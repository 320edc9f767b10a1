"""The page of the client's README, with the nginx that it names, and the
module that npm gets."""

import pathlib
import re
import subprocess

import pytest

from support.config import HISTORY
from support.fixtures import module_nginx, ng, topic  # noqa: F401
from support.processes import wait_until
from webdriver import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "js"
TIMEOUT_S = 30.0

PAGE = """
location /page/ {
    types { text/html html; }
    alias @PREFIX@/page/;
}
"""


def sample(language):
    readme = (CLIENT / "README.md").read_text()
    return re.search(rf"^```{language}\n(.*?)^```", readme,
                     re.DOTALL | re.MULTILINE).group(1)


@pytest.fixture(scope="module")
def dist():
    made = subprocess.run([ROOT / "auto" / "client", "build"], check=True,
                          capture_output=True, text=True)
    if "SKIPPED" in made.stdout:
        pytest.skip(made.stdout)
    return CLIENT / "dist"


@pytest.fixture(scope="module")
def shared(module_nginx, dist):
    named = "/srv/site/node_modules/wspubsub-client/dist"
    locations = sample("nginx")
    assert named in locations
    served = module_nginx(workers=2, locations=locations.replace(
        named, "@PREFIX@/dist"), http=HISTORY, server=PAGE)
    for name, files in (("dist", dist.iterdir()), ("page", [])):
        folder = served.prefix / name
        folder.mkdir()
        folder.chmod(0o755)
        for one in files:
            (folder / one.name).write_bytes(one.read_bytes())
    (served.prefix / "page" / "index.html").write_text(sample("html"))
    return served


@pytest.fixture
def browser(shared):  # pylint: disable=unused-argument
    one = Browser()
    yield one
    one.quit()


def test_two_windows(browser, ng, scheme):
    assert len(sample("html").splitlines()) <= 18
    at = (f"http://localhost:{ng.port}" if scheme == "http"
          else f"https://localhost:{ng.tls_port}")
    windows = [browser.open(f"{at}/page/index.html") for _ in range(2)]
    browser.script("""
        document.forms[0].text.value = arguments[0];
        document.forms[0].requestSubmit();""", f"hello by {scheme}")
    for one in windows:
        browser.switch(one)
        wait_until("it is said", lambda: f"hello by {scheme}" in
                   browser.text("body"), TIMEOUT_S)


def test_its_source_map_is_there(browser, ng):
    browser.open(f"http://localhost:{ng.port}/page/index.html")
    name = browser.script("""
        return fetch('/wspubsub/wspubsub.min.js').then((one) => one.text())
            .then((text) => /sourceMappingURL=(\\S+)/.exec(text)[1]);""")
    assert browser.script("""
        return fetch('/wspubsub/' + arguments[0]).then((one) => one.json())
            .then(({sources}) => sources);""", name)
