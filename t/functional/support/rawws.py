"""A WebSocket client on a bare socket: sends any bytes, parses strictly.

It checks what a server must never do (RFC 6455 section 5): mask, reserved
bits and opcodes, lengths not in their shortest form, fragmented or long
control frames. It answers nothing by itself.
"""

import base64
import dataclasses
import hashlib
import os
import socket
import struct

from . import tls

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
JSON_V1 = "json.wspubsub.v1"
TIMEOUT_S = 15.0
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclasses.dataclass
class Frame:
    fin: bool
    rsv: int
    opcode: int
    payload: bytes


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, length=None,
          form=None):
    """A client's frame. form is the length's size in bytes (0, 2, 8);
    length, where given, is told in place of the payload's true one."""
    size = len(payload) if length is None else length
    if form is None:
        form = 0 if size < 126 else 2 if size < 65536 else 8
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if form == 0:
        head += bytes([bit | size])
    elif form == 2:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + apply_mask(payload, key)


def apply_mask(payload, key):
    size = len(payload)
    stream = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big")
            ^ int.from_bytes(stream, "big")).to_bytes(size, "big")


def close_payload(code, reason=b""):
    return struct.pack("!H", code) + reason


def connect_tcp(port, receive_buffer=None):
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.connect(("127.0.0.1", port))
    return sock


def connect_socket(ng, scheme="http", receive_buffer=None):
    if scheme == "http":
        return connect_tcp(ng.port, receive_buffer)
    sock = connect_tcp(ng.tls_port, receive_buffer)
    return tls.client_context().wrap_socket(sock, server_hostname="localhost")


def head(path="/ws", protocol=JSON_V1, extensions=None, key=None,
         method="GET", version="HTTP/1.1", more=None, drop=()):
    """An upgrade's head. more replaces or adds fields; drop leaves some
    out."""
    fields = {
        "Host": "localhost", "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    if protocol is not None:
        fields["Sec-WebSocket-Protocol"] = protocol
    if extensions is not None:
        fields["Sec-WebSocket-Extensions"] = extensions
    fields.update(more or {})
    lines = [f"{method} {path} {version}"]
    lines += [f"{name}: {value}" for name, value in fields.items()
              if name not in drop]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class RawWS:
    """One connection. REQUIRES: handshake() before frames are received."""

    connect = staticmethod(connect_socket)

    def __init__(self, ng, scheme="http", receive_buffer=None):
        self.sock = self.connect(ng, scheme, receive_buffer)
        self.buffer = b""
        self.status = None
        self.headers = {}
        self.body = b""

    @classmethod
    def open(cls, ng, path="/ws", scheme="http", protocol=JSON_V1,
             receive_buffer=None, **how):
        self = cls(ng, scheme, receive_buffer)
        self.handshake(path=path, protocol=protocol, **how)
        assert self.status == 101, (self.status, self.body)
        return self

    def handshake(self, pipelined=b"", key=None, **how):
        key = key or base64.b64encode(os.urandom(16)).decode()
        self.send(head(key=key, **how) + pipelined)
        self.read_answer(key)

    def read_answer(self, key=None):
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        raw, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = raw.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        for line in lines:
            name, value = line.split(":", 1)
            assert name.lower() not in self.headers, f"twice: {line}"
            self.headers[name.lower()] = value.strip()
        if self.status != 101:
            size = int(self.headers.get("content-length", "0"))
            while len(self.buffer) < size:
                self._fill()
            self.body = self.buffer[:size]
        elif key is not None:
            digest = hashlib.sha1(key.encode() + _GUID).digest()
            assert self.headers["sec-websocket-accept"] == (
                base64.b64encode(digest).decode())
            assert self.headers["upgrade"].lower() == "websocket"
            assert self.headers["connection"].lower() == "upgrade"
            assert "content-length" not in self.headers
            assert "transfer-encoding" not in self.headers

    # -- sending ----------------------------------------------------------

    def send(self, data):
        self.sock.sendall(data)

    def send_frame(self, opcode, payload=b"", **how):
        self.send(frame(opcode, payload, **how))

    def text(self, text):
        self.send_frame(TEXT, text.encode())

    def bytewise(self, data):
        for at in range(len(data)):
            self.sock.sendall(data[at:at + 1])

    # -- receiving --------------------------------------------------------

    def _fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError(f"closed; unparsed: {self.buffer[:80]!r}")
        self.buffer += data

    def _take(self, count):
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def recv_frame(self):
        first, second = self._take(2)
        fin, rsv, opcode = bool(first & 0x80), first >> 4 & 7, first & 15
        assert not second & 0x80, "a server's frame is masked"
        assert opcode in (CONT, TEXT, BINARY, CLOSE, PING, PONG), opcode
        size = second
        if size == 126:
            size = struct.unpack("!H", self._take(2))[0]
            assert size > 125, "length not in its shortest form"
        elif size == 127:
            size = struct.unpack("!Q", self._take(8))[0]
            assert 65535 < size < 1 << 63, "length not in its shortest form"
        if opcode >= 8:
            assert fin and size <= 125 and rsv == 0, "bad control frame"
        return Frame(fin, rsv, opcode, self._take(size))

    def recv_message(self):
        """The next data message as (opcode, rsv of its first frame, bytes);
        a control frame in its place is a failure."""
        one = self.recv_frame()
        assert one.opcode in (TEXT, BINARY), one
        payload, last = one.payload, one
        while not last.fin:
            last = self.recv_frame()
            assert last.opcode == CONT and last.rsv == 0, last
            payload += last.payload
        return one.opcode, one.rsv, payload

    def expect(self, opcode, payload):
        got = self.recv_frame()
        assert (got.opcode, got.payload, got.fin, got.rsv) == (
            opcode, payload, True, 0), got

    def expect_close(self, code, skip_data=False):
        """A Close with that code (None: without one), answered with the
        same, then the end of TCP. Returns the reason."""
        got = self.recv_frame()
        while skip_data and got.opcode in (TEXT, BINARY, CONT):
            got = self.recv_frame()
        assert got.opcode == CLOSE, got
        told = (struct.unpack("!H", got.payload[:2])[0] if got.payload
                else None)
        assert told == code, (told, got.payload[2:])
        reason = got.payload[2:].decode()
        try:
            self.send_frame(CLOSE, got.payload)
        except OSError:
            pass  # the server need not wait for it
        self.expect_eof()
        return reason

    def expect_eof(self):
        assert self.buffer == b"", self.buffer[:80]
        try:
            rest = self.sock.recv(4096)
        except ConnectionResetError:
            rest = b""  # our answer met a socket already closed
        assert rest == b"", rest
        self.close()

    def at_end(self):
        """True where the server has closed; a timeout is a failure."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def check_echo(ws, opcode=TEXT, payload=b"still here"):
    """The session gets what it publishes."""
    ws.send_frame(opcode, payload)
    ws.expect(opcode, payload)
