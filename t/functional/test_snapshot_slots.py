"""ws_pubsub_snapshot: slots that are torn, damaged, empty or not ours."""

import os

import pytest

from support import ports
from support.httpc import Http
from support.processes import wait_until
from support.restarts import (
    Slots, again, at, does_not_start, end, keeping, kill_all, launch, marker,
    put_kept, restart, resumed, topics_of)

HEAD = 512
ONE = pytest.mark.parametrize("harm", [
    "empty", "one byte", "half a head", "a head", "half", "a byte short",
    "head of zeros", "head of noise", "noise", "zeros", "text", "head only of",
    "head moved"])


def harmed(data, other, harm):
    return {
        "empty": b"",
        "one byte": data[:1],
        "half a head": data[:HEAD // 2],
        "a head": data[:HEAD],
        "half": data[:len(data) // 2],
        "a byte short": data[:-1],
        "head of zeros": bytes(HEAD) + data[HEAD:],
        "head of noise": os.urandom(HEAD) + data[HEAD:],
        "noise": os.urandom(len(data)),
        "zeros": bytes(len(data)),
        "text": b"# a file of somebody else\n" * 40,
        "head only of": data[:HEAD] + other[HEAD:],
        "head moved": b"\0" + data[:-1],
    }[harm]


def write_one(ng, slots):
    """(number, text, what the publisher was told, another text, of a topic
    that keeps no history): one write, or two if the interval ends within
    it."""
    with Http(ng) as http:
        text, last = marker(), marker()
        told = http.put("hist/a", text)
        http.put("filler", os.urandom(3000), kind="image/png")
        http.put("last", last)
    return slots.wait_for(last), text, told, last


@pytest.fixture(name="two")
def _two(kept):
    """Both slots are good and nginx is down; returns nginx, its slots, and
    (older, newer): (number, bytes, text, what the publisher was told)."""
    ng = kept(workers=1)
    slots = Slots(ng)
    for _ in range(5):
        older, newer = write_one(ng, slots), write_one(ng, slots)
        if slots.holding(older[3]) == [older[0]] != [newer[0]]:
            break
    else:
        raise AssertionError("the slots are not written alternately")
    kill_all(ng)
    data = slots.read()
    return (ng, slots, *((number, data[number], text, told)
                         for number, text, told, _ in (older, newer)))


def contents(harmed_slot, data, other_slot):
    """What both slots are to be."""
    found = [None, None]
    found[harmed_slot[0]] = data
    found[other_slot[0]] = other_slot[1]
    return found


def value(ng):
    return Http(ng).get("hist/a").body.decode()


def test_the_newer_one_counts(two):
    ng, _, _, newer = two
    again(ng)
    assert value(ng) == newer[2]
    assert Http(ng).get("hist/a").etag == (
        f'"{newer[3]["epoch"]}.{newer[3]["seq"]}"')


@ONE
async def test_a_bad_newer_one(two, harm):
    """The older one counts; what was after it was lost."""
    ng, slots, older, newer = two
    slots.write(contents(newer, harmed(newer[1], older[1], harm), older))
    again(ng)
    assert value(ng) == older[2]
    assert await resumed(ng, "hist/a", at(older[3])) == (True, [])
    assert (await resumed(ng, "hist/a", at(newer[3])))[0] is False
    # And the bad one is used again.
    text = put_kept(ng, "hist/a")[1]
    restart(ng, "kill")
    assert value(ng) == text


@ONE
def test_a_bad_older_one(two, harm):
    ng, slots, older, newer = two
    slots.write(contents(older, harmed(older[1], newer[1], harm), newer))
    again(ng)
    assert value(ng) == newer[2]
    restart(ng)
    assert value(ng) == newer[2]


@pytest.mark.parametrize("which", ["newer", "older"])
def test_one_that_is_missing(two, which):
    ng, slots, older, newer = two
    gone, stays = (newer, older) if which == "newer" else (older, newer)
    slots.write(contents(gone, None, stays))
    again(ng)
    assert value(ng) == stays[2]
    restart(ng)
    assert value(ng) == stays[2]


@pytest.mark.parametrize("harm", [
    "one byte", "a head", "half", "head of noise", "noise", "text",
    "a byte short"])
def test_both_bad(two, harm):
    """nginx does not start: one line says which and what to do. Moved away,
    it does, empty."""
    ng, slots, older, newer = two
    bad = [None, None]
    for one, other in ((older, newer), (newer, older)):
        bad[one[0]] = harmed(one[1], other[1], harm)
    slots.write(bad)
    lines = does_not_start(ng)
    assert len(lines) == 1, lines
    assert str(slots.paths[0])[:-2] in lines[0] and "main" in lines[0]
    assert any(word in lines[0] for word in ("move", "remove", "delete"))
    assert slots.read() == bad, "nothing is changed"
    assert len(does_not_start(ng)) == 1
    accepted, said = ng.test_config()
    if harm in ("one byte", "head of noise", "noise", "text"):
        assert not accepted and str(slots.paths[0])[:-2] in said
    slots.write([None, None])
    again(ng)
    assert topics_of(Http(ng)) == {}


def test_one_bad_and_one_missing(two):
    """What was there can't be read: no reason to begin with nothing."""
    ng, slots, older, newer = two
    slots.write(contents(newer, os.urandom(5000), (older[0], None)))
    assert len(does_not_start(ng)) == 1
    slots.write([None, None])
    again(ng)


@pytest.mark.parametrize("missing", [False, True])
def test_both_empty_or_missing(two, missing):
    ng, slots, _, newer = two
    slots.write([None if missing else b""] * 2)
    again(ng)
    assert topics_of(Http(ng)) == {}
    assert Http(ng).put("hist/a", "x")["epoch"] != newer[3]["epoch"]
    restart(ng)
    assert value(ng) == "x"


def test_more_behind_the_end(two):
    """As a longer content leaves that was there before."""
    ng, slots, older, newer = two
    slots.write(contents(newer, newer[1] + os.urandom(1000), older))
    again(ng)
    assert value(ng) in (newer[2], older[2])


def flips(size):
    """(byte, bit): all over the head's used part, and over the content."""
    head = [(at_byte, at_byte % 8) for at_byte in range(0, 128, 6)]
    body = [(HEAD + (size - HEAD) * n // 12, n % 8) for n in range(12)]
    return head + body + [(size - 1, 0), (HEAD, 7), (HEAD - 1, 3)]


def test_flipped_bits(two):
    """Wherever: it is never taken for good, unless the bit means nothing."""
    ng, slots, older, newer = two
    seen = []
    for byte, bit in flips(len(newer[1])):
        data = bytearray(newer[1])
        data[byte] ^= 1 << bit
        slots.write(contents(newer, bytes(data), older))
        again(ng)
        seen.append((byte, value(ng)))
        kill_all(ng)
    wrong = [byte for byte, text in seen if text not in (older[2], newer[2])]
    assert not wrong
    taken = [byte for byte, text in seen if text == newer[2]]
    assert not [byte for byte in taken if byte >= HEAD], "in the content"
    # Magic, format, generation, bytes and checksum are at its beginning.
    assert not [byte for byte in taken if byte < 32], "in the head"


@pytest.mark.parametrize("words", [range(0, 12), range(12, 24)])
def test_another_format_with_a_good_checksum(two, words):
    """Each word of the head is changed, and its checksum made good: it may be
    another format, a length or a generation out of all bounds. The slot is
    taken or is not, nginx goes on with either or refuses both."""
    ng, slots, older, newer = two
    place = checksum_place(newer[1][:HEAD])
    if place is None:
        pytest.skip("the head's checksum is not found")
    for word in words:
        if word * 4 == place:
            continue
        head = bytearray(newer[1][:HEAD])
        head[word * 4:word * 4 + 4] = bytes(
            one ^ 0x83 for one in head[word * 4:word * 4 + 4])
        sealed = seal(bytes(head), place)
        slots.write(contents(newer, sealed + newer[1][HEAD:], older))
        ng.allow(r"\[emerg\]")
        ng.process = launch(ng)
        try:
            again_or_refused(ng, {older[2], newer[2]}, word)
        finally:
            if ng.process:
                kill_all(ng)


def again_or_refused(ng, good, word):
    """It has just been launched."""
    wait_until(f"it starts or ends, word {word}", lambda: (
        ng.process.poll() is not None or ports.answers(ng.port)))
    if ng.process.poll() is not None:
        assert ng.process.returncode == 1, (word, ng.process.returncode)
        ng.process = None
    else:
        assert value(ng) in good, word


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def covered(head, place):
    """What a checksum at that place may be of."""
    return (head[:place], head[:place] + bytes(4) + head[place + 4:],
            head[:place] + head[place + 4:])


def checksum_place(head):
    for place in range(0, HEAD, 4):
        stored = int.from_bytes(head[place:place + 4], "little")
        if stored and stored in map(crc32c, covered(head, place)):
            return place
    return None


def seal(head, place):
    """With the checksum over the same part as the true one's."""
    rest = bytes(HEAD - place - 4)
    part = 0 if head[place + 4:] == rest else 1
    crc = crc32c(covered(head, place)[part])
    return head[:place] + crc.to_bytes(4, "little") + head[place + 4:]


# -- what a crash leaves ---------------------------------------------------------

def publish_all(ng, turn):
    with Http(ng) as http:
        for n in range(60):
            http.put(f"a/{n}", f"{turn:04}" * 10000)


def turns_of(ng):
    """What publish_all() has left: each value is whole."""
    with Http(ng) as http:
        answers = [http.get(f"a/{n}") for n in range(60)]
    bodies = [one.body for one in answers if one.status == 200]
    assert all(body == body[:4] * 10000 for body in bodies)
    return {int(body[:4]) for body in bodies}


def kill_within_a_write(ng, slots, before):
    wait_until("it is being written", lambda: slots.stamps() != before,
               step_s=0.001)
    kill_all(ng)


def test_killed_amid_the_first_write(kept):
    """Whatever there is of it then, nginx starts."""
    ng = kept(http=keeping("interval=100ms", size="64m"))
    slots = Slots(ng)
    for _ in range(4):
        before = slots.stamps()
        publish_all(ng, 1)
        kill_within_a_write(ng, slots, before)
        again(ng)
        assert turns_of(ng) <= {1}
        end(ng)
        slots.write([None, None])
        again(ng)


def test_killed_amid_writes(kept):
    """What is loaded then is of whole slots, and no older than what was
    loaded before."""
    ng = kept(http=keeping("interval=100ms", size="64m", topics=""))
    slots = Slots(ng)
    loaded = set()
    for turn in range(1, 9):
        publish_all(ng, turn)
        kill_within_a_write(ng, slots, slots.stamps())
        again(ng)
        seen = turns_of(ng)
        assert seen <= loaded | {turn}, (turn, seen)
        loaded = seen
    publish_all(ng, 9)
    restart(ng)
    assert turns_of(ng) == {9}
