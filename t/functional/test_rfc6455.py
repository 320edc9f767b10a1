"""RFC 6455 sections 5 to 7: framing errors, control frames, closing."""

import pytest

from support.rawws import (
    BINARY, CLOSE, CONT, PING, PONG, TEXT, RawWS, check_echo, close_payload,
    frame)

CONFIG = {"workers": 1}


# -- section 5.1 and 5.2: the frame's head ---------------------------------

def test_unmasked_frame(echo):
    echo.send(frame(TEXT, b"hello", mask=False))
    echo.expect_close(1002)


def test_unmasked_empty_and_control_frames(ng, topic):
    for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
        ws = RawWS.open(ng, "/plain/?topic=" + topic, protocol=None)
        ws.send(frame(opcode, b"", mask=False))
        ws.expect_close(1002)


@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_reserved_bits(ng, topic, opcode, rsv):
    ws = RawWS.open(ng, "/plain/?topic=" + topic, protocol=None)
    ws.send_frame(opcode, b"", rsv=rsv)
    ws.expect_close(1002)


def test_reserved_bits_on_a_continuation(echo):
    echo.send_frame(TEXT, b"a", fin=False)
    echo.send_frame(CONT, b"b", rsv=4)
    echo.expect_close(1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
def test_reserved_opcodes(echo, opcode):
    echo.send_frame(opcode, b"x")
    echo.expect_close(1002)


@pytest.mark.parametrize("size, form", [
    (0, 2), (5, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65535, 8)])
def test_lengths_not_in_their_shortest_form(echo, size, form):
    echo.send(frame(BINARY, b"x" * min(size, 10), length=size, form=form))
    echo.expect_close(1002)


def test_top_bit_of_a_64_bit_length(echo):
    echo.send(frame(BINARY, b"", length=1 << 63, form=8))
    echo.expect_close(1002)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_sizes_at_the_edges(echo, size):
    check_echo(echo, BINARY, b"\xfe" * size)
    check_echo(echo, TEXT, b"*" * size)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300])
def test_bytewise(echo, size):
    echo.bytewise(frame(TEXT, b"*" * size))
    echo.expect(TEXT, b"*" * size)


def test_many_frames_in_one_segment(echo):
    texts = [b"%d" % n * (n % 50) for n in range(300)]
    echo.send(b"".join(frame(TEXT, one) for one in texts))
    for one in texts:
        echo.expect(TEXT, one)


def test_segments_cut_anywhere(echo):
    texts = [b"x" * n for n in (0, 1, 124, 125, 126, 200, 70)]
    whole = b"".join(frame(TEXT, one) for one in texts)
    for step in (2, 3, 7, 64, 127):
        for at in range(0, len(whole), step):
            echo.send(whole[at:at + step])
        for one in texts:
            echo.expect(TEXT, one)


# -- section 5.4: fragments --------------------------------------------------

def test_fragments(echo):
    echo.send_frame(TEXT, b"one ", fin=False)
    echo.send_frame(CONT, b"", fin=False)
    echo.send_frame(CONT, b"two ", fin=False)
    echo.send_frame(CONT, b"three")
    assert echo.recv_message() == (TEXT, 0, b"one two three")
    echo.send_frame(BINARY, b"", fin=False)
    echo.send_frame(CONT, b"")
    assert echo.recv_message() == (BINARY, 0, b"")


def test_a_hundred_fragments_in_one_segment(echo):
    parts = [b"%d," % n for n in range(100)]
    echo.send(frame(TEXT, parts[0], fin=False)
              + b"".join(frame(CONT, one, fin=False) for one in parts[1:])
              + frame(CONT, b"end") + frame(TEXT, b"next"))
    assert echo.recv_message() == (TEXT, 0, b"".join(parts) + b"end")
    assert echo.recv_message() == (TEXT, 0, b"next")


def test_fragments_bytewise(echo):
    echo.bytewise(frame(TEXT, b"ab", fin=False) + frame(PING, b"p")
                  + frame(CONT, b"cd", fin=False) + frame(CONT, b"e"))
    echo.expect(PONG, b"p")
    assert echo.recv_message() == (TEXT, 0, b"abcde")


@pytest.mark.parametrize("fin", [True, False])
def test_continuation_without_a_start(echo, fin):
    echo.send_frame(CONT, b"x", fin=fin)
    echo.expect_close(1002)


def test_continuation_after_a_whole_message(echo):
    check_echo(echo)
    echo.send_frame(CONT, b"x")
    echo.expect_close(1002)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_data_between_fragments(echo, opcode):
    echo.send_frame(TEXT, b"a", fin=False)
    echo.send_frame(opcode, b"b")
    echo.expect_close(1002)


# -- section 5.5: control frames ---------------------------------------------

@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_fragmented_control_frame(echo, opcode):
    echo.send_frame(opcode, b"", fin=False)
    echo.expect_close(1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_long_control_frame(echo, opcode):
    echo.send_frame(opcode, b"\x03\xe8" + b"x" * 124)
    echo.expect_close(1002)


@pytest.mark.parametrize("payload", [b"", b"hi", b"\x00\xff\xfe", b"x" * 125])
def test_ping(echo, payload):
    echo.send_frame(PING, payload)
    echo.expect(PONG, payload)


def test_pings_byte_by_byte(echo):
    for _ in range(3):
        echo.bytewise(frame(PING, b"x" * 125))
        echo.expect(PONG, b"x" * 125)


def test_a_burst_of_pings_is_answered_each_in_order(echo):
    echo.send(b"".join(frame(PING, b"%d" % n) for n in range(500)))
    for n in range(500):
        echo.expect(PONG, b"%d" % n)


def test_pings_between_fragments(echo):
    echo.send(frame(TEXT, b"a", fin=False) + frame(PING, b"1")
              + frame(CONT, b"b", fin=False) + frame(PING, b"2")
              + frame(PING, b"3") + frame(CONT, b"c"))
    for one in (b"1", b"2", b"3"):
        echo.expect(PONG, one)
    assert echo.recv_message() == (TEXT, 0, b"abc")


def test_pings_among_messages(echo):
    for n in range(50):
        echo.send(frame(TEXT, b"m%d" % n) + frame(PING, b"p%d" % n))
    got = [echo.recv_frame() for _ in range(100)]
    assert [one.payload for one in got if one.opcode == TEXT] == [
        b"m%d" % n for n in range(50)]
    assert [one.payload for one in got if one.opcode == PONG] == [
        b"p%d" % n for n in range(50)]


def test_unasked_pongs_are_ignored(echo):
    echo.send_frame(PONG)
    echo.send_frame(PONG, b"x" * 125)
    check_echo(echo)


# -- section 5.5.1 and 7: closing --------------------------------------------

def test_ping_and_close_in_one_segment(echo):
    echo.send(frame(PING, b"last") + frame(CLOSE, close_payload(1000)))
    echo.expect(PONG, b"last")
    echo.expect(CLOSE, close_payload(1000))
    echo.expect_eof()


def test_message_ping_close_in_one_segment(echo):
    echo.send(frame(TEXT, b"m") + frame(PING, b"p")
              + frame(CLOSE, close_payload(1000)))
    kinds = [echo.recv_frame().opcode]
    while kinds[-1] != CLOSE:
        kinds.append(echo.recv_frame().opcode)
    assert PONG in kinds
    echo.expect_eof()


def test_close_without_a_code(echo):
    echo.send_frame(CLOSE)
    got = echo.recv_frame()
    assert got.opcode == CLOSE
    assert got.payload in (b"", close_payload(1000))
    echo.expect_eof()


@pytest.mark.parametrize("code", [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
    3000, 3999, 4000, 4999])
def test_valid_close_codes_are_echoed(echo, code):
    echo.send_frame(CLOSE, close_payload(code, b"bye"))
    got = echo.recv_frame()
    assert got.opcode == CLOSE and got.payload[:2] == close_payload(code)
    echo.expect_eof()


@pytest.mark.parametrize("code", [
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_invalid_close_codes(echo, code):
    echo.send_frame(CLOSE, close_payload(code))
    echo.expect_close(1002)


def test_a_close_of_one_byte(echo):
    echo.send_frame(CLOSE, b"\x03")
    echo.expect_close(1002)


@pytest.mark.parametrize("reason", [b"\xff", b"ok\xc3", b"\xed\xa0\x80"])
def test_close_reason_of_bad_utf8(echo, reason):
    echo.send_frame(CLOSE, close_payload(1000, reason))
    echo.expect_close(1007)


def test_close_reason_of_the_longest(echo):
    reason = ("é" * 61).encode() + b"."
    echo.send_frame(CLOSE, close_payload(1000, reason))
    got = echo.recv_frame()
    assert got.opcode == CLOSE and got.payload[:2] == close_payload(1000)
    echo.expect_eof()


def test_close_bytewise(echo):
    echo.bytewise(frame(CLOSE, close_payload(1000, b"bye")))
    got = echo.recv_frame()
    assert got.opcode == CLOSE
    echo.expect_eof()


def test_frames_after_close_are_ignored(echo):
    echo.send(frame(CLOSE, close_payload(1000)) + frame(TEXT, b"late")
              + frame(PING, b"late"))
    got = echo.recv_frame()
    assert got.opcode == CLOSE
    assert echo.at_end()


def test_close_between_fragments(echo):
    echo.send_frame(TEXT, b"a", fin=False)
    echo.send_frame(CLOSE, close_payload(1000))
    echo.expect(CLOSE, close_payload(1000))
    echo.expect_eof()


def test_the_close_is_read_though_more_was_sent(echo):
    """An error amid a flood: the Close must not be lost to a reset."""
    echo.send(frame(TEXT, b"x", mask=False) + frame(TEXT, b"y" * 30000) * 3)
    echo.expect_close(1002)


def test_an_error_harms_no_other(ng, scheme, topic):
    where = "/plain/?topic=" + topic
    good = RawWS.open(ng, where, scheme=scheme, protocol=None)
    for opcode in (3, 7, 0xB, 0xF):
        bad = RawWS.open(ng, where, scheme=scheme, protocol=None)
        good.send_frame(TEXT, b"half ", fin=False)
        bad.send_frame(opcode)
        bad.expect_close(1002, skip_data=True)
        good.send_frame(CONT, b"whole")
        assert good.recv_message() == (TEXT, 0, b"half whole")
    good.close()
