"""A message that has begun must be whole in time, however the client spends it
(ws_pubsub_message_timeout); others of the session's times go on as ever."""

import json
import time

import pytest

from support.deflate import Codec, parse_answer
from support.rawws import CONT, PING, PONG, TEXT, RawWS, frame

CONFIG = {"workers": 1, "locations": """
ws_pubsub_compression on;
ws_pubsub_allow_subscribe "**";
location /short {
    ws_pubsub zone=main;
    ws_pubsub_message_timeout 500ms;
    ws_pubsub_ping_interval 0;
}
location /pinged {
    ws_pubsub zone=main;
    ws_pubsub_message_timeout 1s;
    ws_pubsub_ping_interval 200ms;
    ws_pubsub_ping_timeout 5s;
}
location /dead {
    ws_pubsub zone=main;
    ws_pubsub_message_timeout 10s;
    ws_pubsub_ping_interval 200ms;
    ws_pubsub_ping_timeout 500ms;
}
location /never { ws_pubsub zone=main; ws_pubsub_message_timeout 0; }
location = /status { ws_pubsub_status zone=main; }
"""}
COMMAND = b'{"op":"ping"}'


def open_session(ng, path, scheme="http"):
    ws = RawWS.open(ng, path, scheme, extensions="permessage-deflate")
    ws.codec = Codec(parse_answer(ws.headers["sec-websocket-extensions"]))
    return ws


def fragment(_ws):
    return frame(TEXT, COMMAND[:4], fin=False)


def half_a_frame(_ws):
    return frame(TEXT, COMMAND)[:-3]


def compressed(ws):
    """99 bytes of it are 60 KB."""
    data = ws.codec.compress(COMMAND + b" " * 60000)
    return frame(TEXT, data[:-3], fin=False, rsv=4)


def expect_bye(ws, code, answer_pings=True):
    """What is said before the Close, and it."""
    while (got := ws.recv_frame()).opcode == PING:
        if answer_pings:
            ws.send_frame(PONG, got.payload)
    text = ws.codec.decompress(got.payload) if got.rsv else got.payload
    said = json.loads(text)
    assert (said["op"], said["code"]) == ("bye", code), said
    ws.sock.settimeout(10)
    ws.expect_close(code)


@pytest.mark.parametrize("begin", [fragment, half_a_frame, compressed])
def test_it_is_not_finished(ng, scheme, begin):
    ws = open_session(ng, "/short", scheme)
    ws.send(begin(ws))
    expect_bye(ws, 3008)


@pytest.mark.parametrize("begin", [fragment, half_a_frame, compressed])
def test_answering_pings_does_not_help(ng, begin):
    ws = open_session(ng, "/pinged")
    ws.send(begin(ws))
    # Within half a frame there is no pong.
    expect_bye(ws, 3008, answer_pings=begin is not half_a_frame)


def test_sending_a_byte_at_a_time_does_not_help(ng):
    ws = open_session(ng, "/short")
    ws.send(frame(TEXT, b"[", fin=False))
    ws.sock.settimeout(0.05)
    for _ in range(400):
        ws.send_frame(CONT, b" ", fin=False)
        try:
            return expect_bye(ws, 3008)
        except TimeoutError:
            pass
    raise AssertionError("400 bytes were taken")


def test_each_message_has_its_time(ng):
    ws = open_session(ng, "/short")
    for _ in range(8):
        ws.send_frame(TEXT, COMMAND[:5], fin=False)
        time.sleep(0.05)
        ws.send_frame(CONT, COMMAND[5:])
        assert ws.recv_message()[2] == b'{"op":"pong"}'
        time.sleep(0.05)
    ws.close()


def test_who_is_idle_between_messages_stays(ng):
    ws = open_session(ng, "/short")
    for _ in range(2):
        ws.send(frame(TEXT, COMMAND[:5], fin=False) +
                frame(CONT, COMMAND[5:]))
        assert ws.recv_message()[2] == b'{"op":"pong"}'
        time.sleep(0.8)
    ws.close()


def test_no_limit(ng):
    ws = open_session(ng, "/never")
    ws.send_frame(TEXT, COMMAND[:5], fin=False)
    time.sleep(0.8)
    ws.send_frame(CONT, COMMAND[5:])
    assert ws.recv_message()[2] == b'{"op":"pong"}'
    ws.close()


def test_the_dead_are_found_amid_a_message(ng):
    ws = open_session(ng, "/dead")
    ws.send_frame(TEXT, COMMAND[:5], fin=False)
    expect_bye(ws, 3012, answer_pings=False)
