"""A TLS client on libssl itself: Python's `ssl` can't send a KeyUpdate (RFC
8446 section 4.6.3).

Its socket blocks, and the kernel ends each wait after TIMEOUT_S.
"""

import ctypes
import functools
import socket
import struct

from .rawws import TIMEOUT_S, RawWS, connect_tcp

_KEY_UPDATE_REQUESTED = 1
_ERROR_ZERO_RETURN = 6
_FUNCTIONS = {
    # name: (result, arguments)
    "TLS_client_method": (ctypes.c_void_p, []),
    "SSL_CTX_new": (ctypes.c_void_p, [ctypes.c_void_p]),
    "SSL_new": (ctypes.c_void_p, [ctypes.c_void_p]),
    "SSL_free": (None, [ctypes.c_void_p]),
    "SSL_set_fd": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "SSL_connect": (ctypes.c_int, [ctypes.c_void_p]),
    "SSL_do_handshake": (ctypes.c_int, [ctypes.c_void_p]),
    "SSL_key_update": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "SSL_get_error": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "SSL_read": (ctypes.c_int, [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    "SSL_write": (ctypes.c_int, [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
}


@functools.lru_cache(maxsize=None)
def _library():
    found = ctypes.CDLL("libssl.so.3", use_errno=True)
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


@functools.lru_cache(maxsize=None)
def _context():
    return _library().SSL_CTX_new(_library().TLS_client_method())


class OpensslSocket:
    """What RawWS uses of a socket, and key updates. The server's certificate
    is not looked at. REQUIRES: sock is connected."""

    def __init__(self, sock):
        limit = struct.pack("ll", int(TIMEOUT_S), 0)
        sock.setblocking(True)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._sock = sock
        self._ssl = _library().SSL_new(_context())
        self._call("SSL_set_fd", sock.fileno())
        self._call("SSL_connect")

    def _call(self, name, *arguments):
        done = getattr(_library(), name)(self._ssl, *arguments)
        if done <= 0:
            error = _library().SSL_get_error(self._ssl, done)
            if error == _ERROR_ZERO_RETURN:
                return 0
            raise OSError(f"{name}: error {error} of OpenSSL, "
                          f"errno {ctypes.get_errno()}")
        return done

    def sendall(self, data):
        self._call("SSL_write", data, len(data))

    def recv(self, most):
        buffer = ctypes.create_string_buffer(most)
        size = self._call("SSL_read", buffer, most)
        return buffer.raw[:size]

    def request_key_update(self):
        """Sends a KeyUpdate that asks for one of the server's."""
        self._call("SSL_key_update", _KEY_UPDATE_REQUESTED)
        self._call("SSL_do_handshake")

    def close(self):
        if self._ssl is not None:
            _library().SSL_free(self._ssl)
            self._ssl = None
            self._sock.close()


def connect_openssl(ng, _scheme, receive_buffer):
    return OpensslSocket(connect_tcp(ng.tls_port, receive_buffer))


class OpensslWS(RawWS):
    """A RawWS whose sock is an OpensslSocket, whatever the scheme."""

    connect = staticmethod(connect_openssl)
