"""A TCP proxy that cuts its connections when it is told to."""

import socket
import threading


class Proxy:
    """Thread safety: cut_after() and stop() may be called from any thread.

    Each direction of a connection has a thread; all of them end by stop().
    """

    def __init__(self, port):
        self._target = port
        self._lock = threading.Lock()
        self._allowed = None  # bytes that clients still get; None: no limit
        self._sockets = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    @staticmethod
    def _start(function, *values):
        threading.Thread(target=function, args=values, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            with self._lock:
                self._sockets |= {client, server}
            self._start(self._pump, client, server, lambda data: data)
            self._start(self._pump, server, client, self._allow)

    def _allow(self, data):
        """What of it passes before the cut."""
        with self._lock:
            if self._allowed is None or len(data) <= self._allowed:
                if self._allowed is not None:
                    self._allowed -= len(data)
                return data
            data, self._allowed = data[:self._allowed], None
            return data

    def _pump(self, source, target, allow):
        try:
            while data := source.recv(65536):
                passed = allow(data)
                target.sendall(passed)
                if len(passed) < len(data):
                    break
        except OSError:
            pass
        self._end(source, target)

    @staticmethod
    def _end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)  # wakes its reader, too
            except OSError:
                pass
            one.close()

    def cut_after(self, count):
        """Lets so many more bytes through to clients, then ends that
        connection: most likely within a frame."""
        with self._lock:
            self._allowed = count

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            self._end(*self._sockets)
