"""RFC 6455 sections 5.6, 8.1 and 10.4: text is UTF-8, sizes have a limit."""

import pytest

from support.rawws import (
    BINARY, CONT, PING, PONG, TEXT, RawWS, check_echo, frame)

CONFIG = {"workers": 1, "server": "ws_pubsub_max_message 64k;"}
LIMIT = 64 * 1024

TEXTS = ["κόσμε", "ü€😀", "\U0010ffff", "\ufffe\uffff", "\0",
         "\ud7ff\ue000"]
BAD = [
    b"\x80", b"\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff",
    b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"a\xc3(", b"ok \xe2\x28\xa1",
    "κόσμε".encode() + b"\xed\xa0\x80edited"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_valid_text(echo, text):
    data = text.encode("utf-8", "surrogatepass")
    check_echo(echo, TEXT, data)
    echo.bytewise(frame(TEXT, data))
    echo.expect(TEXT, data)


def test_text_cut_at_every_byte_over_fragments(echo):
    data = "aü€😀z".encode()
    for cut in range(len(data) + 1):
        echo.send_frame(TEXT, data[:cut], fin=False)
        echo.send_frame(CONT, data[cut:])
        assert echo.recv_message() == (TEXT, 0, data)


def test_text_of_fragments_of_one_byte(echo):
    data = "ü€😀".encode()
    echo.send_frame(TEXT, b"", fin=False)
    for at in range(len(data)):
        echo.send_frame(CONT, data[at:at + 1], fin=False)
        echo.send_frame(PING, b"p")
        echo.expect(PONG, b"p")
    echo.send_frame(CONT)
    assert echo.recv_message() == (TEXT, 0, data)


@pytest.mark.parametrize("data", BAD, ids=repr)
def test_bad_text(ng, topic, data):
    path = "/plain/?topic=" + topic
    for cut in {0, 1, len(data) - 1, len(data)}:
        ws = RawWS.open(ng, path, protocol=None)
        ws.send_frame(TEXT, data[:cut], fin=False)
        try:
            ws.send_frame(CONT, data[cut:])
        except OSError:
            pass  # told already by the first fragment
        ws.expect_close(1007)


@pytest.mark.parametrize("data", BAD[:6] + BAD[-4:], ids=repr)
def test_bad_text_in_one_frame(echo, data):
    echo.send_frame(TEXT, data)
    echo.expect_close(1007)


def test_a_text_that_ends_within_a_character(echo):
    echo.send_frame(TEXT, b"ok", fin=False)
    echo.send_frame(CONT, b"\xe2\x82")
    echo.expect_close(1007)


def test_binary_may_be_anything(echo):
    for data in BAD:
        check_echo(echo, BINARY, data)
    check_echo(echo, BINARY, bytes(range(256)) * 256)


def test_empty_messages(echo):
    for _ in range(3):
        check_echo(echo, TEXT, b"")
        check_echo(echo, BINARY, b"")


def test_a_message_of_the_limit(echo):
    check_echo(echo, BINARY, b"x" * LIMIT)
    echo.send_frame(BINARY, b"y" * (LIMIT - 1), fin=False)
    echo.send_frame(CONT, b"y")
    assert echo.recv_message() == (BINARY, 0, b"y" * LIMIT)


@pytest.mark.parametrize("size", [LIMIT + 1, 1 << 20, 1 << 40, (1 << 63) - 1])
def test_too_big_is_told_by_the_head_alone(echo, size):
    echo.send(frame(BINARY, b"", length=size))
    echo.expect_close(1009)


def test_fragments_that_add_up_past_the_limit(echo):
    echo.send_frame(BINARY, b"x" * 40000, fin=False)
    echo.send_frame(CONT, b"x" * 25536, fin=False)
    echo.send_frame(PING)
    echo.expect(PONG, b"")
    echo.send(frame(CONT, b"", length=1, fin=False))
    echo.expect_close(1009)


def test_nothing_of_a_refused_message_is_published(ng, scheme, topic):
    path = "/plain/?topic=" + topic
    reader = RawWS.open(ng, path, scheme=scheme, protocol=None)
    for data, code in ((b"ok\xff", 1007), (b"x" * (LIMIT + 1), 1009)):
        bad = RawWS.open(ng, path, scheme=scheme, protocol=None)
        bad.send_frame(TEXT, data)
        bad.expect_close(code)
    check_echo(reader)
    reader.close()


def test_many_empty_fragments(echo):
    """They cost the server no memory and no patience."""
    echo.send(frame(TEXT, b"", fin=False)
              + frame(CONT, b"", fin=False) * 20000 + frame(CONT, b"end"))
    assert echo.recv_message() == (TEXT, 0, b"end")
