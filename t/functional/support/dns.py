"""A name server: answers A questions by what a test has said, for a second."""

import socket
import struct
import threading

from . import ports

_NO_SUCH_NAME = 3


class NameServer:
    """`names`: addresses by name, in lower case; others do not exist."""

    def __init__(self, **names):
        self.names = {}
        self.names.update(names)
        self.asked = []
        self.port = ports.take(1)[0]
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self):
        self._sock.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._sock.close()

    def _serve(self):
        while True:
            question, client = self._sock.recvfrom(4096)
            if not question:
                return
            self._sock.sendto(self._answer(question), client)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels).lower()
        kind = struct.unpack_from(">H", question, at + 1)[0]
        self.asked.append(name)
        address = self.names.get(name)
        records = b""
        if address and kind == 1:
            records = struct.pack(">HHHIH", 0xc00c, 1, 1, 1, 4)
            records += socket.inet_aton(address)
        code = 0 if address else _NO_SUCH_NAME
        head = question[:2] + struct.pack(
            ">HHHHH", 0x8180 | code, 1, 1 if records else 0, 0, 0)
        return head + question[12:at + 5] + records
