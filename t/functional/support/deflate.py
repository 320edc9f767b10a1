"""permessage-deflate by hand: RFC 7692 sections 5 to 7."""

import re
import zlib

TAIL = b"\x00\x00\xff\xff"
PARAMETERS = ("server_no_context_takeover", "client_no_context_takeover",
              "server_max_window_bits", "client_max_window_bits")


def parse_answer(text):
    """The one accepted extension's parameters; None where declined."""
    if text is None:
        return None
    assert "," not in text, f"more than one extension: {text}"
    name, *parts = [part.strip() for part in text.split(";")]
    assert name == "permessage-deflate", text
    found = {}
    for part in parts:
        key, _, value = (one.strip() for one in part.partition("="))
        assert key in PARAMETERS and key not in found, text
        if key.endswith("_bits"):
            assert re.fullmatch("[89]|1[0-5]", value), text
        else:
            assert value == "", text
        found[key] = value
    return found


class Codec:
    """Both directions of one session, by the server's answer."""

    def __init__(self, answer):
        assert answer is not None, "compression was declined"
        self.answer = answer
        self._deflate = self._new_deflate()
        self._inflate = self._new_inflate()

    def _new_deflate(self):
        bits = int(self.answer.get("client_max_window_bits", "15"))
        return zlib.compressobj(wbits=-max(bits, 9))

    def _new_inflate(self):
        bits = int(self.answer.get("server_max_window_bits", "15"))
        return zlib.decompressobj(wbits=-bits)

    def compress(self, data):
        out = self._deflate.compress(data)
        out += self._deflate.flush(zlib.Z_SYNC_FLUSH)
        if "client_no_context_takeover" in self.answer:
            self._deflate = self._new_deflate()
        assert out.endswith(TAIL)
        return out[:-4]

    def decompress(self, data):
        out = self._inflate.decompress(data + TAIL)
        assert self._inflate.unused_data == b""
        if "server_no_context_takeover" in self.answer:
            self._inflate = self._new_inflate()
        return out
