"""The servers that are compared. Each starts afresh for every run."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/bench/bin/bench"
RUN = ROOT / "build/bench/run"
NGINX = os.environ.get("NGINX", "nginx")
MODULE = os.environ.get("WS_PUBSUB_MODULE",
                        str(ROOT / "build/ngx_ws_pubsub_module.so"))
NCHAN = pathlib.Path(os.environ.get(
    "NCHAN_MODULE", "/usr/lib/nginx/modules/ngx_nchan_module.so"))

# Each side of a connection needs one, in its own process.
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

# nginx as a busy publisher's own would be: no log, connections kept; a port of
# their own for publishers, who get room for several pipelined requests. The
# same for both modules.
NGINX_CONF = """
daemon off;
worker_processes {workers};
error_log error.log warn;
pid nginx.pid;
{user}
load_module {module};
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_header_timeout 1h;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi; uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    ssl_protocols TLSv1.3;
    ssl_certificate {run}/bench.crt;
    ssl_certificate_key {run}/bench.key;
    {http}
    server {{
        listen 127.0.0.1:{port} {tls} {reuseport} backlog=4096;
        {subscribe}
    }}
    server {{
        listen 127.0.0.1:{publish_port} {reuseport} backlog=4096;
        client_header_buffer_size 32k;
        client_body_buffer_size 128k;
        {publish}
    }}
}}
"""

OURS = {
    "http": "ws_pubsub_zone bench:{zone};",
    "subscribe": """
        ws_pubsub_compression {compression};
        location /sub/ {{
            ws_pubsub zone=bench topic=$arg_id;
            ws_pubsub_allow_subscribe **;
            ws_pubsub_log_at connect;
        }}
        location /json/ {{
            ws_pubsub zone=bench;
            ws_pubsub_allow_subscribe **;
            ws_pubsub_max_subscriptions 1000;
            ws_pubsub_log_at connect;
        }}
    """,
    "publish": "location /pub/ {{ ws_pubsub_api zone=bench; }}",
}

# One message kept, as ours keeps the last value; with several workers as many as
# are in flight, for nchan loses messages otherwise.
NCHAN_CONF = {
    "http": "nchan_shared_memory_size {zone};",
    "subscribe": """
        location /sub/ {{
            nchan_subscriber websocket;
            nchan_channel_id $arg_id;
            nchan_message_buffer_length {kept};
        }}
    """,
    "publish": """
        location /pub/ {{
            nchan_publisher http;
            nchan_channel_id $arg_id;
            nchan_message_buffer_length {kept};
            {deflate}
        }}
    """,
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate():
    if (RUN / "bench.crt").exists():
        return
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "365", "-subj",
         "/CN=localhost", "-keyout", RUN / "bench.key", "-out",
         RUN / "bench.crt"], check=True, capture_output=True)


class Running:
    """A server that has been started: `port`, `pids` (of the processes that do
    the work), and `load`: the generator's options for it."""

    def __init__(self, process, port, pids, load):
        self.process, self.port, self.pids, self.load = (process, port, pids,
                                                         load)


class DoesNotStart(Exception):
    pass


def wait_for(port, process):
    for _ in range(400):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        if process.poll() is not None:
            break
        time.sleep(0.025)
    raise DoesNotStart(f"does not start: {process.args}")


def children(pid, count):
    """The workers: they come after the port is open."""
    while True:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            pids = [int(word) for word in f.read().split()]
        if len(pids) >= count:
            return pids
        time.sleep(0.025)


@contextlib.contextmanager
def started(command, port, pids_of, load):
    # nginx reads a variable NGINX of its own: sockets that it inherits.
    environment = {k: v for k, v in os.environ.items() if k != "NGINX"}
    process = subprocess.Popen(
        command, start_new_session=True, env=environment,
        preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)))
    try:
        wait_for(port, process)
        yield Running(process, port, pids_of(process.pid), load)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Floor:
    """A bare epoll server: see bench/floor/main.cpp."""

    name = "floor"

    def available(self):
        return True

    def start(self, **options):
        if options.get("tls") or options.get("workers", 1) > 1:
            raise ValueError("the floor has no TLS and one process")
        port = free_port()
        return started(
            [*machine.on_core(0), BIN / "floor/main", str(port)], port,
            lambda pid: [pid], {})


class Nginx:
    """nginx with one of the two modules."""

    def __init__(self, name, module, conf, load):
        self.name, self.module, self.conf, self.load = (name, module, conf,
                                                        load)

    def available(self):
        return pathlib.Path(self.module).exists()

    def configuration(self, **words):
        return NGINX_CONF.format(**words)

    def start(self, workers=1, tls=False, deflate=False, zone="64m",
              connections=min(DESCRIPTORS, 60_000) - 100, cores=None, **more):
        """`cores`: how many it may use, by default as many as workers;
        `more`: words of the configuration."""
        prefix = RUN / self.name
        (prefix / "temp").mkdir(parents=True, exist_ok=True)
        make_certificate()
        port, publish_port = free_port(), free_port()
        words = {"zone": zone, "kept": 1 if workers == 1 else 64, "compression": "on" if deflate else "off",
                 "deflate": "nchan_deflate_message_for_websocket on;"
                            if deflate else "", **more}
        (prefix / "nginx.conf").write_text(self.configuration(
            workers=workers, module=self.module, connections=connections,
            user="user root;" if os.geteuid() == 0 else "", run=RUN, port=port,
            publish_port=publish_port, tls="ssl" if tls else "",
            reuseport="reuseport" if workers > 1 else "",
            **{part: text.format(**words)
               for part, text in self.conf.items()}, **more))
        cores = cores or workers
        pin = machine.on_core(0) if cores == 1 else machine.on_cores(cores)
        return started(
            [*pin, NGINX, "-e", "stderr", "-p", prefix, "-c", "nginx.conf"],
            port, lambda pid: children(pid, workers),
            {**self.load, "--publish-port": publish_port})


PLAIN = {"--subscribe-path": "/sub/?id=t%", "--publish-path": "/pub/t%"}
JSON = {
    "--subscribe-path": "/json/",
    "--publish-path": "/pub/t%",
    "--subprotocol": "json.wspubsub.v1",
    "--subscribe-command": '{"id":1,"op":"sub","topic":"t%"}',
}
NCHAN_LOAD = {"--subscribe-path": "/sub/?id=t%",
              "--publish-path": "/pub/?id=t%"}

FLOOR = Floor()
PLAIN_OURS = Nginx("ws_pubsub", MODULE, OURS, PLAIN)
JSON_OURS = Nginx("ws_pubsub json", MODULE, OURS, JSON)
NCHAN_SERVER = Nginx("nchan", NCHAN, NCHAN_CONF, NCHAN_LOAD)
ALL = [FLOOR, PLAIN_OURS, JSON_OURS, NCHAN_SERVER]
