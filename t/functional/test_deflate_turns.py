"""What little input inflates to is counted as the work that it is: others have
their turn in between."""

import pytest

from support.deflate import Codec, parse_answer
from support.httpc import Http
from support.processes import wait_until
from support.rawws import BINARY, PING, PONG, RawWS, frame
from support.stall import assert_bounded, longest_stall_s

CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:8m;", "locations": """
ws_pubsub_compression on;
ws_pubsub_allow_publish "**";
ws_pubsub_max_message 64m;
location /ws { ws_pubsub zone=main; ws_pubsub_allow_subscribe "**"; }
location /in/ { ws_pubsub zone=main topic=$arg_topic; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}
SIZE = 60000


def open_compressed(ng, topic):
    ws = RawWS.open(ng, "/in/?topic=" + topic, protocol=None,
                    extensions="permessage-deflate")
    ws.codec = Codec(parse_answer(ws.headers["sec-websocket-extensions"]))
    return ws


def messages(ws, count):
    """Of 60 KB, in less than 100 bytes each."""
    data = ws.codec.compress(bytes(SIZE))
    assert len(data) < 100
    return frame(BINARY, data, rsv=4) * count


def part_of_a_message(ws, count):
    data = ws.codec.compress(bytes(SIZE * count))
    assert len(data) < 100 * count
    return frame(BINARY, data[:-4], fin=False, rsv=4)


@pytest.mark.parametrize("make, amount", [
    (messages, 60), (part_of_a_message, 15)])
def test_inflating_much(ng, topic, make, amount):
    http = Http(ng)

    def stall_of(count):
        ws = open_compressed(ng, topic)
        sent = make(ws, count)

        def work():
            ws.send(sent)
            ws.send_frame(PING, b"done")
            ws.expect(PONG, b"done")

        stall = longest_stall_s(ng, work)
        ws.close()
        return stall

    assert_bounded(stall_of, amount)
    if make is messages:
        wait_until("it is published", lambda: http.get(topic).status == 200)
