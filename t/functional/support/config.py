"""The configuration that the tests' nginx runs with.

A test gives the parts that it is about; the rest is the same for all.
"""

import os

from . import tls
from .backend import shared_backend
from .fastcgi import shared_fastcgi

ZONE = "ws_pubsub_zone main:8m;"

HISTORY = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "hist/**" zone=main history=100;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "event/**" zone=main retain=off;
ws_pubsub_topic "log/**" zone=main retain=off history=5;
"""

LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    add_header X-Worker $pid always;
}
location /plain/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    add_header X-Worker $pid always;
}
location /api/ {
    ws_pubsub_api zone=main;
}
location = /status {
    ws_pubsub_status zone=main;
}
"""

_TEMPLATE = """
{load}
daemon off;
master_process {master};
{user}
worker_processes {workers};
pid {prefix}/logs/nginx.pid;
error_log {prefix}/logs/error.log {log_level};
{main}
events {{
    worker_connections {connections};
    {events}
}}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {prefix}/temp/body;
    proxy_temp_path {prefix}/temp/proxy;
    fastcgi_temp_path {prefix}/temp/fastcgi;
    uwsgi_temp_path {prefix}/temp/uwsgi;
    scgi_temp_path {prefix}/temp/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port} {listen};
        listen 127.0.0.1:{tls_port} ssl {listen};
        ssl_certificate {cert};
        ssl_certificate_key {key};
        {server}
        location = /pid {{ return 200 $pid; }}
        {locations}
    }}
    {servers}
}}
"""


def render(nginx, http=HISTORY, locations=LOCATIONS, server="", servers="",
           workers=4, main="", events="", connections=1024, listen=None,
           log_level="info", master="on"):
    """Returns (text, number of workers). `@PREFIX@`, `@PORT@` and
    `@TLS_PORT@` stand for this nginx's own in every part, `@BACKEND@` and
    `@FASTCGI@` for the applications' ports. With `master="off"` the one
    process is no worker."""
    count = os.cpu_count() if workers == "auto" else workers
    if master == "off":
        count = 0
    if listen is None:
        listen = "reuseport" if count > 1 else ""
    cert, key = tls.certificate()
    text = _TEMPLATE.format(
        load=f'load_module "{nginx.module}";' if nginx.module else "",
        user="user nobody nogroup;" if os.geteuid() == 0 else "",
        prefix=nginx.prefix, port=nginx.port, tls_port=nginx.tls_port,
        cert=cert, key=key, http=http, locations=locations, server=server,
        servers=servers, workers=workers, main=main, events=events,
        connections=connections, listen=listen, log_level=log_level, master=master)
    for name, value in (("@PREFIX@", nginx.prefix), ("@PORT@", nginx.port),
                        ("@TLS_PORT@", nginx.tls_port)):
        text = text.replace(name, str(value))
    for name, application in (("@BACKEND@", shared_backend),
                              ("@FASTCGI@", shared_fastcgi)):
        if name in text:
            text = text.replace(name, str(application().port))
    return text, count
