"""Random sessions: valid ones are echoed whatever their segments are, and
no bytes at all do harm. Each case is told by its seed."""

import random

import pytest

from support.deflate import Codec, parse_answer
from support.httpc import Http
from support.log_lines import above_info, session_ends
from support.processes import wait_until
from support.rawws import (
    BINARY, CLOSE, CONT, PING, PONG, TEXT, RawWS, check_echo, frame)

CONFIG = {"workers": 1, "server": "ws_pubsub_compression on;"}
SIZES = [0, 1, 7, 125, 126, 127, 1000, 4096, 20000]
CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009)


def payload(choose, opcode):
    size = choose.choice(SIZES)
    if opcode == BINARY:
        return choose.randbytes(size)
    return "".join(choose.choice("aé€😀 \n") for _ in range(size // 4)
                   ).encode()


def message(choose, codec):
    """Returns (its frames, (opcode, contents), pings among them)."""
    opcode = choose.choice([TEXT, BINARY])
    contents = payload(choose, opcode)
    data, rsv = contents, 0
    if codec and choose.random() < 0.5:
        data, rsv = codec.compress(contents), 4
    cuts = sorted(choose.randrange(len(data) + 1)
                  for _ in range(choose.choice([0, 0, 1, 2, 5])))
    edges = [0, *cuts, len(data)]
    out, pings = b"", []
    for n, (start, end) in enumerate(zip(edges, edges[1:])):
        out += frame(CONT if n else opcode, data[start:end],
                     fin=n == len(edges) - 2, rsv=0 if n else rsv)
        for _ in range(choose.choice([0, 0, 0, 1, 3])):
            pings.append(choose.randbytes(choose.randrange(126)))
            out += frame(PING, pings[-1])
    return out, (opcode, contents), pings


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("compressed", [False, True])
def test_valid_sessions(ng, scheme, topic, seed, compressed):
    choose = random.Random(seed)
    ws = RawWS.open(
        ng, "/plain/?topic=" + topic, scheme, protocol=None,
        extensions="permessage-deflate" if compressed else None)
    codec = compressed and Codec(parse_answer(
        ws.headers["sec-websocket-extensions"]))
    for _ in range(4):
        made = [message(choose, codec) for _ in range(10)]
        stream = b"".join(one[0] for one in made)
        while stream:
            cut = choose.choice([1, 2, 3, 10, 100, 1500, 20000])
            ws.send(stream[:cut])
            stream = stream[cut:]
        wanted = [one[1] for one in made]
        pings = [ping for one in made for ping in one[2]]
        got, pongs = [], []
        while len(got) < len(wanted) or len(pongs) < len(pings):
            one = ws.recv_frame()
            if one.opcode == PONG:
                pongs.append(one.payload)
            else:
                assert one.fin
                got.append((one.opcode, codec.decompress(one.payload)
                            if one.rsv else one.payload))
        assert got == wanted and pongs == pings
    ws.close()


def read_to_the_end(ws):
    """Returns the Close's code; None where there was none."""
    while True:
        try:
            got = ws.recv_frame()
        except (EOFError, ConnectionResetError):
            return None
        if got.opcode == CLOSE:
            return int.from_bytes(got.payload[:2], "big")


@pytest.mark.parametrize("seed", range(8))
def test_noise(ng, topic, seed):
    """Random bytes, and valid frames with some bits turned over."""
    choose = random.Random(1000 + seed)
    wait_until("no session of another test is left", lambda: (
        Http(ng).status()["sessions"] == 0))
    logged = len(ng.log_text())
    path = "/plain/?topic=" + topic
    good = RawWS.open(ng, path + "-good", protocol=None)
    for n in range(25):
        ws = RawWS.open(ng, path, protocol=None,
                        extensions=choose.choice(
                            [None, "permessage-deflate"]))
        noise = bytearray(choose.randbytes(choose.randrange(1, 300)))
        if n % 2:
            noise = bytearray(b"".join(
                message(choose, None)[0] for _ in range(3)))
            for _ in range(choose.randrange(1, 4)):
                noise[choose.randrange(min(len(noise), 400))] ^= (
                    1 << choose.randrange(8))
        try:
            ws.send(bytes(noise))
            # ends whatever it began, as an error or after the last frame
            ws.sock.shutdown(1)
        except OSError:
            pass
        assert read_to_the_end(ws) in (None, *CODES)
        ws.close()
        if n % 8 == 0:
            check_echo(good)
    good.close()
    wait_until("no session is left", lambda: (
        Http(ng).status()["sessions"] == 0))
    text = ng.log_text()[logged:]
    assert not above_info(text)
    assert len(session_ends(text)) == 26
