"""A client that sends its last bytes and its end of the stream in one segment,
and reads on: over TLS, with its close_notify in the same segment too."""

import socket
import ssl

from . import tls
from .rawws import RawWS, connect_tcp

_CORK = 3  # TCP_CORK of Linux: what is sent waits, and leaves together


class HalfClosingSocket:
    """What RawWS uses of a socket, and send_last(). TLS is done in memory."""

    def __init__(self, sock, scheme):
        self._sock = sock
        self._ended = False
        self._tls = None
        if scheme == "https":
            self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = tls.client_context().wrap_bio(
                self._in, self._out, server_hostname="localhost")
            self._wait_for(self._tls.do_handshake)

    def _wait_for(self, call, *arguments):
        """call()'s result, once what came over the wire is enough for it."""
        while True:
            try:
                return call(*arguments)
            except ssl.SSLWantReadError:
                self._write_out()
                came = self._sock.recv(65536)
                if not came:
                    return b""
                self._in.write(came)
            finally:
                self._write_out()

    def _write_out(self):
        if not self._ended:
            self._sock.sendall(self._out.read())

    def sendall(self, data):
        if self._tls:
            self._tls.write(data)
            data = self._out.read()
        self._sock.sendall(data)

    def send_last(self, data):
        self._sock.setsockopt(socket.IPPROTO_TCP, _CORK, 1)
        if self._tls:
            self._tls.write(data)
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                pass  # the server's close_notify is not there yet
            data = self._out.read()
        self._sock.sendall(data)
        self._ended = True
        self._sock.shutdown(socket.SHUT_WR)

    def recv(self, most):
        if not self._tls:
            return self._sock.recv(most)
        try:
            return self._wait_for(self._tls.read, most)
        except ssl.SSLZeroReturnError:
            return b""

    def close(self):
        self._sock.close()


class HalfClosingWS(RawWS):
    """A RawWS whose sock is a HalfClosingSocket."""

    @staticmethod
    def connect(ng, scheme, receive_buffer):
        port = ng.tls_port if scheme == "https" else ng.port
        return HalfClosingSocket(connect_tcp(port, receive_buffer), scheme)
