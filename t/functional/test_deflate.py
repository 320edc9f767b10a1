"""RFC 7692: what is negotiated, and messages compressed both ways."""

import os
import random
import zlib

import pytest

from support.deflate import Codec, parse_answer
from support.httpc import Http
from support.rawws import (
    BINARY, CONT, JSON_V1, PING, PONG, TEXT, RawWS, frame)
from support.session import JsonSession, connect

CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:16m;",
          "server": "ws_pubsub_compression on;"}
ACCEPT, DECLINE, EITHER = "accept", "decline", "either"
PMD = "permessage-deflate"


def open_compressed(ng, topic, scheme="http", offer=PMD):
    ws = RawWS.open(ng, "/plain/?topic=" + topic, scheme, protocol=None,
                    extensions=offer)
    ws.codec = Codec(parse_answer(
        ws.headers.get("sec-websocket-extensions")))
    return ws


def send_compressed(ws, opcode, data):
    ws.send_frame(opcode, ws.codec.compress(data), rsv=4)


def recv_any(ws):
    """The next message as (opcode, contents), compressed or not."""
    opcode, rsv, data = ws.recv_message()
    assert rsv in (0, 4)
    return opcode, ws.codec.decompress(data) if rsv else data


@pytest.mark.parametrize("offer, verdict", [
    (PMD, ACCEPT),
    (f"{PMD}; client_max_window_bits", ACCEPT),
    (f"{PMD}; client_max_window_bits=15", ACCEPT),
    (f"{PMD};client_max_window_bits;server_no_context_takeover", ACCEPT),
    (f"{PMD}; server_no_context_takeover", ACCEPT),
    (f"{PMD}; client_no_context_takeover", ACCEPT),
    (f"{PMD}; server_no_context_takeover; client_no_context_takeover",
     ACCEPT),
    (f"{PMD}; server_max_window_bits=15", ACCEPT),
    (f"{PMD}; server_max_window_bits=\"15\"", ACCEPT),
    (f"{PMD}; server_max_window_bits=10", EITHER),
    (f"{PMD}; server_max_window_bits=10, {PMD}", ACCEPT),
    (f"x-other; a=b, {PMD}", ACCEPT),
    (f"{PMD}; unknown, {PMD}; client_max_window_bits", ACCEPT),
    (f"{PMD}, {PMD}", ACCEPT),
    (f"{PMD}; unknown", DECLINE),
    (f"{PMD}; server_max_window_bits", DECLINE),
    (f"{PMD}; server_max_window_bits=7", DECLINE),
    (f"{PMD}; server_max_window_bits=16", DECLINE),
    (f"{PMD}; server_max_window_bits=012", DECLINE),
    (f"{PMD}; server_max_window_bits=ten", DECLINE),
    (f"{PMD}; client_max_window_bits=7", DECLINE),
    (f"{PMD}; client_max_window_bits=16", DECLINE),
    (f"{PMD}; server_no_context_takeover=1", DECLINE),
    (f"{PMD}; client_no_context_takeover=true", DECLINE),
    (f"{PMD}; server_no_context_takeover; server_no_context_takeover",
     DECLINE),
    (f"{PMD}; client_max_window_bits; client_max_window_bits", DECLINE),
    ("x-webkit-deflate-frame", DECLINE),
    ("permessage-deflate-x", DECLINE),
])
def test_negotiation(ng, topic, offer, verdict):
    ws = RawWS.open(ng, "/plain/?topic=" + topic, protocol=None,
                    extensions=offer)
    answer = parse_answer(ws.headers.get("sec-websocket-extensions"))
    if verdict == DECLINE:
        assert answer is None
    if verdict == ACCEPT:
        assert answer is not None
    if answer is None:
        ws.text("works")
        ws.expect(TEXT, b"works")
        return
    if "client_max_window_bits" in answer:
        assert "client_max_window_bits" in offer
    if offer.startswith(f"{PMD}; server_no_context_takeover"):
        assert "server_no_context_takeover" in answer
    if offer == f"{PMD}; server_max_window_bits=10":
        assert int(answer["server_max_window_bits"]) <= 10
    ws.codec = Codec(answer)
    for text in (b"Hello", b"Hello", b"Hello" * 2000):
        send_compressed(ws, TEXT, text)
        assert recv_any(ws) == (TEXT, text)


def test_off_by_default(nginx, topic):
    ng = nginx(workers=1)
    ws = RawWS.open(ng, "/plain/?topic=" + topic, protocol=None,
                    extensions=PMD)
    assert "sec-websocket-extensions" not in ws.headers
    ws.send_frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4)
    ws.expect_close(1002)


def test_compressed_both_ways(ng, topic, scheme):
    ws = open_compressed(ng, topic, scheme)
    for n in range(50):
        text = b"message %d " % n * (n * 7 % 100)
        send_compressed(ws, TEXT if n % 2 else BINARY, text)
        assert recv_any(ws) == (TEXT if n % 2 else BINARY, text)
    ws.text("not compressed, on the same session")
    assert recv_any(ws)[1] == b"not compressed, on the same session"


def test_a_large_message_leaves_compressed(ng, topic):
    ws = open_compressed(ng, topic)
    text = b"the same again and again " * 800
    ws.send_frame(TEXT, text)
    opcode, rsv, data = ws.recv_message()
    assert (opcode, rsv) == (TEXT, 4) and len(data) < len(text) / 10
    assert ws.codec.decompress(data) == text


@pytest.mark.parametrize("data", [
    b"\xf2\x48\xcd\xc9\xc9\x07\x00",
    b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
    b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
], ids=["one", "stored", "bfinal", "two-blocks"])
def test_examples_of_rfc_7692(echo, ng, topic, data):
    """Section 7.2.3; each twice, and a plain message after."""
    ws = open_compressed(ng, topic + "/x")
    for _ in range(2):
        ws.send_frame(TEXT, data, rsv=4)
        assert recv_any(ws) == (TEXT, b"Hello")
    send_compressed(ws, TEXT, b"after")
    assert recv_any(ws) == (TEXT, b"after")


def test_empty_compressed_message(ng, topic):
    ws = open_compressed(ng, topic)
    for opcode in (TEXT, BINARY):
        ws.send_frame(opcode, b"\x00", rsv=4)
        assert recv_any(ws) == (opcode, b"")


def test_fragments_with_pings_between(ng, topic, scheme):
    ws = open_compressed(ng, topic, scheme)
    text = " ".join(str(n * n) for n in range(3000)).encode()
    for step in (1000, 333):
        data = ws.codec.compress(text)
        ws.send_frame(TEXT, data[:1], fin=False, rsv=4)
        for at in range(1, len(data), step):
            ws.send_frame(CONT, data[at:at + step], fin=False)
            ws.send_frame(PING, b"%d" % at)
        ws.send_frame(CONT)
        for at in range(1, len(data), step):
            ws.expect(PONG, b"%d" % at)
        assert recv_any(ws) == (TEXT, text)


def test_bytewise(ng, topic):
    ws = open_compressed(ng, topic)
    for text in (b"short", os.urandom(500).hex().encode()):
        ws.bytewise(frame(TEXT, ws.codec.compress(text), rsv=4))
        assert recv_any(ws) == (TEXT, text)


def test_rsv1_on_a_continuation(ng, topic):
    ws = open_compressed(ng, topic)
    data = ws.codec.compress(b"hello")
    ws.send_frame(TEXT, data[:2], fin=False, rsv=4)
    ws.send_frame(CONT, data[2:], rsv=4)
    ws.expect_close(1002)


@pytest.mark.parametrize("rsv", [1, 2, 3, 5, 6, 7])
def test_other_reserved_bits(ng, topic, rsv):
    ws = open_compressed(ng, topic)
    ws.send_frame(TEXT, ws.codec.compress(b"hello"), rsv=rsv)
    ws.expect_close(1002)


def test_rsv1_on_a_control_frame(ng, topic):
    ws = open_compressed(ng, topic)
    ws.send_frame(PING, b"", rsv=4)
    ws.expect_close(1002)


def test_the_limit_counts_inflated_bytes(ng, topic):
    ws = open_compressed(ng, topic)
    send_compressed(ws, BINARY, b"z" * 65536)
    assert recv_any(ws) == (BINARY, b"z" * 65536)
    send_compressed(ws, BINARY, b"z" * 65537)
    ws.expect_close(1009)


def test_a_bomb(ng, topic, scheme):
    ws = open_compressed(ng, topic, scheme)
    bomb = ws.codec.compress(bytes(30 << 20))
    assert len(bomb) < 65536
    ws.send_frame(BINARY, bomb, rsv=4)
    ws.expect_close(1009)


def test_a_bomb_of_fragments(ng, topic):
    ws = open_compressed(ng, topic)
    bomb = ws.codec.compress(bytes(30 << 20))
    ws.send_frame(BINARY, bomb[:20], fin=False, rsv=4)
    for at in range(20, len(bomb), 50):
        ws.send_frame(CONT, bomb[at:at + 50], fin=False)
        if at > 2000:
            break
    ws.expect_close(1009)


@pytest.mark.parametrize("data", [
    b"\xff\xff\xff\xff", b"\x07", b"\x00\x05\x00\x00\x00hello",
    b"\x06" + bytes(10)], ids=repr)
def test_corrupt_data(ng, topic, data):
    ws = open_compressed(ng, topic)
    ws.send_frame(BINARY, data, rsv=4)
    ws.expect_close(1007)


def bits_to_bytes(bits):
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at:at + 8][::-1], 2)
                 for at in range(0, len(bits), 8))


def fixed_literal(byte):
    """Its code in a block with fixed Huffman codes (RFC 1951 3.2.6)."""
    return f"{byte + 0x30:08b}"


LONGEST_MATCH_AT_DISTANCE_1 = f"{0b11000000 + 285 - 280:08b}" + "00000"


@pytest.mark.parametrize("literals", [
    *range(500, 9000, 100), *range(1790, 2060, 15), *range(3800, 4110, 15)])
def test_a_message_that_ends_amid_a_match(ng, topic, literals):
    """The last bits ask for more bytes than a step of inflating gives. Who
    receives next must not get what was left."""
    hostile = open_compressed(ng, topic + "/hostile")
    bits = "1" + "10" + fixed_literal(ord("x")) * literals
    hostile.send_frame(
        TEXT, bits_to_bytes(bits + LONGEST_MATCH_AT_DISTANCE_1), rsv=4)
    assert recv_any(hostile) == (TEXT, b"x" * (literals + 258))
    others = [open_compressed(ng, f"{topic}/{n}") for n in range(2)]
    for size in (50, 9000):
        text = os.urandom(size).hex().encode()
        for ws in others:
            send_compressed(ws, TEXT, text)
            assert recv_any(ws) == (TEXT, text)


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2048, 4096, 8192])
def test_a_final_block_of_any_size(ng, topic, size):
    """RFC 7692 section 7.2.3.4: the block is final, and a byte follows."""
    ws = open_compressed(ng, topic)
    for text in (b"x" * size, os.urandom(size // 2).hex().encode()):
        packer = zlib.compressobj(wbits=-15)
        data = packer.compress(text) + packer.flush(zlib.Z_FINISH) + b"\x00"
        ws.send_frame(TEXT, data, rsv=4)
        assert recv_any(ws) == (TEXT, text)
        send_compressed(ws, TEXT, b"after it")
        assert recv_any(ws) == (TEXT, b"after it")


def test_long_runs_of_any_length(ng, topic):
    """Here a byte holds several matches, and the message's end too."""
    ws = open_compressed(ng, topic)
    for size in range(2000, 62000, 257):
        send_compressed(ws, TEXT, b"z" * size)
        assert recv_any(ws) == (TEXT, b"z" * size)


def test_bad_utf8_within(ng, topic):
    for bad in (b"\xff", b"ok \xed\xa0\x80", b"cut \xe2\x82"):
        ws = open_compressed(ng, topic)
        send_compressed(ws, TEXT, bad)
        ws.expect_close(1007)


def test_several_sessions_with_partial_frames(ng, topic, scheme):
    """Inflate state and read buffers of one must not leak to another."""
    choose = random.Random(7692)
    sessions = [open_compressed(ng, f"{topic}/{n}", scheme)
                for n in range(8)]
    for turn in range(6):
        texts, rest = [], []
        for n, ws in enumerate(sessions):
            text = " ".join(
                f"{n}.{turn}.{choose.randrange(10 ** 9)}"
                for _ in range(choose.randrange(5, 3000)))[:65536].encode()
            data, pieces = ws.codec.compress(text), b""
            for at in range(0, len(data), 700):
                last = at + 700 >= len(data)
                pieces += frame(CONT if at else TEXT, data[at:at + 700],
                                fin=last, rsv=0 if at else 4)
            texts.append(text)
            rest.append(pieces)
        while any(rest):
            n = choose.choice([i for i, one in enumerate(rest) if one])
            cut = choose.randrange(1, 3000)
            sessions[n].send(rest[n][:cut])
            rest[n] = rest[n][cut:]
        for ws, text in zip(sessions, texts):
            assert recv_any(ws) == (TEXT, text)


def test_who_leaves_amid_a_message_leaves_nothing_behind(ng, topic):
    """More sessions amid a message than the worker keeps buffers for; some
    go, some fail, and the messages of the rest and of newcomers are whole."""
    count = 150

    def opened(n):
        path = f"{topic}/{n}"
        return open_compressed(ng, path) if n % 2 else RawWS.open(
            ng, "/plain/?topic=" + path, protocol=None)

    def parts(n, ws):
        text = f"{n} says {n * n * 31} ".encode() * 40
        data = ws.codec.compress(text) if n % 2 else text
        half = len(data) // 2
        return text, frame(TEXT, data[:half], fin=False, rsv=4 * (n % 2)), \
            frame(CONT, data[half:])

    sessions = {n: opened(n) for n in range(count)}
    rest, texts = {}, {}
    for n, ws in sessions.items():
        texts[n], first, rest[n] = parts(n, ws)
        ws.send(first)
    for n in range(0, count, 10):
        sessions.pop(n).close()
    for n in range(1, count, 10):
        sessions[n].send_frame(CONT, b"\x07" * 9)
        sessions.pop(n).expect_close(1007)
    for n in range(count, count + 60):
        sessions[n] = opened(n)
        texts[n], first, last = parts(n, sessions[n])
        sessions[n].send(first + last)
    for n, ws in sessions.items():
        if n < count:
            ws.send(rest[n])
        assert recv_any(ws) == (TEXT, texts[n])
        ws.close()


async def test_all_subscribers_get_the_same(ng, topic, scheme):
    packed = [open_compressed(ng, topic, scheme) for _ in range(3)]
    plain = RawWS.open(ng, "/plain/?topic=" + topic, scheme, protocol=None)
    library = await JsonSession.open(
        ng, scheme=scheme, compression="deflate")
    assert "permessage-deflate" in library.response_headers[
        "Sec-WebSocket-Extensions"], "the library's offer is taken"
    await library.sub(topic)
    http = Http(ng, scheme)
    for n in range(30):
        text = f"message {n} " * (n * 60 % 1000)
        http.put(topic, text, kind="text/plain")
        for ws in packed:
            assert recv_any(ws) == (TEXT, text.encode())
        assert plain.recv_message() == (TEXT, 0, text.encode())
        assert (await library.next_of("msg"))["text"] == text
    await library.close()


async def test_the_librarys_default(ng, topic, scheme):
    ws = await connect(
        ng, "/plain/?topic=" + topic, scheme, compression="deflate")
    for n in range(100):
        text = f"{n} " * (n * 37 % 700)
        await ws.send(text)
        assert await ws.recv() == text
    await ws.close()


def test_json_sessions_compress(ng, topic):
    ws = RawWS.open(ng, protocol=JSON_V1, extensions=PMD)
    ws.codec = Codec(parse_answer(ws.headers["sec-websocket-extensions"]))
    send_compressed(ws, TEXT, b'{"op":"ping"}')
    assert recv_any(ws) == (TEXT, b'{"op":"pong"}')
