"""How long revocations are kept."""

import email.utils
import glob
import time

import pytest

from support.nginx import sanitizing
from support.processes import wait_until
from support.revocations import (
    Table, cut, of_what, old, put_users, upgrade)
from support.tokens import Issuer

HS = Issuer("HS256")
DAY_S = 24 * 3600


def test_kept_as_long_as_any_of_such_tokens_is_good(nginx):
    """A token is no older than `max_age`, where that is longer than a day."""
    ng = nginx(http="""
        ws_pubsub_zone main:8m;
        ws_pubsub_zone checked:8m;
        ws_pubsub_zone other:8m;
        """, server=f"ws_pubsub_token_key HS256 data:{HS.key};",
               locations="""
        location /ws {
            ws_pubsub zone=main;
            ws_pubsub_token_check max_age=48h;
            ws_pubsub_allow_subscribe "**";
        }
        location /shorter {
            ws_pubsub zone=main;
            ws_pubsub_token_check max_age=25h;
            ws_pubsub_allow_subscribe "**";
        }
        location = /gif {
            ws_pubsub_token required;
            ws_pubsub_token_check zone=checked max_age=3d;
            empty_gif;
        }
        location /ws/other {
            ws_pubsub zone=other;
            ws_pubsub_token_check max_age=1h;
            ws_pubsub_allow_subscribe "**";
        }
        location /main/ { ws_pubsub_control zone=main; }
        location /checked/ { ws_pubsub_control zone=checked; }
        location /other/ { ws_pubsub_control zone=other; }
        """)
    for zone, kept in (("main", 2 * DAY_S), ("checked", 3 * DAY_S),
                       ("other", DAY_S)):
        zone = Table.of(ng, f"/{zone}/")
        began = int(time.time())
        zone.put(user="ann")
        row, = zone.rows()
        assert began + kept - 1 <= row["expires"] <= time.time() + kept + 2


def test_the_same_end_whenever_it_is_asked_for(nginx):
    table = Table.of(nginx(locations="""
        location /control/ { ws_pubsub_control zone=main; }"""))
    for n in range(4):
        table.put(user=f"u{n}", before=5)
        table.put(jti=f"t{n}", before=int(time.time()) + 1000)
    first = table.rows()
    for _ in range(100):
        assert table.rows() == first


class Clock:
    """All clocks of an nginx of its own go on at once."""

    def __init__(self, nginx, folder):
        self.file = folder / "clock"
        self.file.write_text("+0")
        library, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        environment = {"LD_PRELOAD": library, "FAKETIME_NO_CACHE": "1",
                       "FAKETIME_TIMESTAMP_FILE": str(self.file)}
        self.ng = nginx(workers=1, http="ws_pubsub_zone main:64m;",
                        environment=environment,
                        main="".join(f"env {name};" for name in environment),
                        server=f"ws_pubsub_token_key HS256 data:{HS.key};",
                        locations="""
            location /ws {
                ws_pubsub zone=main;
                ws_pubsub_allow_subscribe "**";
            }
            location /longer {
                ws_pubsub zone=main;
                ws_pubsub_token_check max_age=25h;
                ws_pubsub_allow_subscribe "**";
            }
            location /control/ { ws_pubsub_control zone=main; }
            location = /status { ws_pubsub_status zone=main; }
            """)

    def set(self, hours):
        """Returns the Table: older connections are too old."""
        # At once: the library reads it each time that nginx asks.
        other = self.file.with_suffix(".new")
        other.write_text(f"+{hours * 3600:.0f}")
        other.replace(self.file)
        wait_until("nginx sees it", lambda: abs(
            self._now() - time.time() - hours * 3600) < 60)
        return Table.of(self.ng)

    def _now(self):
        date = upgrade(self.ng, "/nowhere").headers["date"]
        return email.utils.parsedate_to_datetime(date).timestamp()


@pytest.fixture
def clock(nginx, open_path):
    if sanitizing():
        pytest.skip("two libraries that replace the C library's calls")
    return Clock(nginx, open_path)


def test_kept_for_so_long(clock):
    token = HS.token("ann", None, iat=time.time() - 100, jti="t")
    for begin, record in ((0, {"user": "ann"}), (30, {"jti": "t"}),
                          (60, {"all": True})):
        clock.set(begin).put(before=cut(), **record)
        for hours in (0, 23, 24.9):
            assert len(clock.set(begin + hours).rows()) == 1
            assert upgrade(clock.ng, "/ws", token).status == 401
        table = clock.set(begin + 25.1)
        assert table.rows() == []
        assert upgrade(clock.ng, "/ws", token).status == 101
        assert table.remove(**{**record, **(
            {"all": 1} if "all" in record else {})}) == 0


def test_put_again_it_is_kept_anew(clock):
    token = HS.token("ann", None, iat=time.time() - 100)
    clock.set(0).put(user="ann", before=cut())
    clock.set(20).put(user="ann", before=cut())
    assert len(clock.set(44).rows()) == 1
    assert upgrade(clock.ng, "/ws", token).status == 401
    assert clock.set(45.1).rows() == []


def test_those_that_have_ended_make_room(clock):
    clock.set(0)
    put_users(clock.ng, 10_000)
    assert clock.set(25.1).rows() == []
    table = clock.set(25.1)
    table.put(user="ann", before=cut())
    assert [of_what(row) for row in table.rows()] == [("user", "ann")]
    assert upgrade(clock.ng, "/ws", old(HS, "ann")).status == 401


def test_those_that_have_ended_are_not_counted(clock):
    clock.set(0).put(user="ann", before=cut())
    table = clock.set(25.1)
    assert table.rows() == []
    # Some are freed each second.
    wait_until("the ended ones are freed",
               lambda: table.http.status()["revocations"] == 0, timeout_s=30)
