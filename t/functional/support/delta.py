"""The subscriber's side of deltas: rebuilds each message's text."""

import json

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"


def _number(data, at):
    value = 0
    while chr(data[at]) in _DIGITS:
        value = value * 64 + _DIGITS.index(chr(data[at]))
        at += 1
    return value, at


def apply(base, delta):
    """The bytes that a Fossil delta makes of `base`, checked."""
    size, at = _number(delta, 0)
    assert delta[at:at + 1] == b"\n", delta
    at += 1
    out = bytearray()
    while True:
        number, at = _number(delta, at)
        mark = delta[at:at + 1]
        at += 1
        if mark == b"@":
            start, at = _number(delta, at)
            assert delta[at:at + 1] == b"," and start + number <= len(base)
            at += 1
            out += base[start:start + number]
        elif mark == b":":
            piece = delta[at:at + number]
            piece.decode()  # never a part of a character
            out += piece
            at += number
        else:
            assert mark == b";" and at == len(delta), delta
            padded = out + bytes(-len(out) % 4)
            total = sum(int.from_bytes(padded[i:i + 4], "big")
                        for i in range(0, len(padded), 4))
            assert size == len(out) and total % 2**32 == number, delta
            return bytes(out)


class Texts:
    """Follows one session's pushes; knows each topic's newest text."""

    def __init__(self):
        self.newest = {}  # topic: (seq, text)
        self.deltas = 0

    def take(self, said):
        """The text of a msg or delta; None for other pushes."""
        if said["op"] == "msg":
            text = said.get("json", said.get("text"))
            if text is None:
                return None
        elif said["op"] == "delta":
            seq, base = self.newest[said["topic"]]
            assert seq == said["base"], (said, seq)
            text = apply(base.encode(), said["delta"].encode()).decode()
            self.deltas += 1
        else:
            return None
        self.newest[said["topic"]] = (said["seq"], text)
        return text


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
