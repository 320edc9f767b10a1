"""Locations that answer hooks, of many kinds, and endpoints that ask them."""

APP = "proxy_pass http://127.0.0.1:@BACKEND@"
# Requests that nginx makes of a hook's own have no arguments of theirs.
NAMED = "?op=$ws_pubsub_op&topic=$ws_pubsub_topic;"
# name: what its location holds. The application says what follows.
ASKS = {
    "proxied": f"{APP}/may;",
    "kept": "proxy_pass http://kept/may; proxy_http_version 1.1; "
            "proxy_set_header Connection '';",
    "unbuffered": f"proxy_buffering off; {APP}/may;",
    "unbuffered-request": "proxy_request_buffering off; "
                          f"proxy_http_version 1.1; {APP}/may;",
    "small-buffers": "proxy_buffer_size 1k; proxy_buffers 4 1k; "
                     f"proxy_busy_buffers_size 2k; {APP}/may;",
    "fastcgi": """
        fastcgi_pass 127.0.0.1:@FASTCGI@;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param CONTENT_LENGTH $content_length;
        fastcgi_param CONTENT_TYPE $content_type;
        fastcgi_param TOPIC $ws_pubsub_topic;""",
    "allowed": f"allow 127.0.0.1; deny all; {APP}/may;",
    "asked-before": f"auth_request /auth/yes; {APP}/may;",
    "rewritten": "rewrite ^ /hook/proxied last;",
    "tried": "try_files /none @may;",
    "error-page": "error_page 418 = @may; return 418;",
    "accelerated": f"{APP}/accelerate;",
    "mirrored": f"mirror /copy; {APP}/may;",
    "afterwards": f"post_action /after; {APP}/may;",
    "afterwards-bad": f"post_action /after-bad; {APP}/may;",
    "body-in-file": f"client_body_in_file_only clean; {APP}/may;",
    "ssi": f"ssi on; {APP}/may;",
    "compressed": f"gzip on; gzip_min_length 1; gzip_types *; {APP}/may;",
}
DENIES = {  # though the back end would allow
    "denied": (f"deny all; {APP}/may;", 103),
    "asked-before-no": (f"auth_request /auth/no; {APP}/may;", 103),
    "asked-before-401": (f"auth_request /auth/401; {APP}/may;", 103),
    "asked-before-500": (f"auth_request /auth/500; {APP}/may;", 115),
    "basic": (f'auth_basic x; auth_basic_user_file @PREFIX@/none; {APP}/may;',
              103),
    "except": (f"limit_except GET {{ deny all; }} {APP}/may;", 103),
    "too-slow": (f"proxy_read_timeout 200ms; {APP}/held;", 115),
    "status": ("ws_pubsub_status zone=main;", 115),
    "endpoint": ("ws_pubsub zone=main; ws_pubsub_allow_subscribe '**';", 115),
}
AROUND = f"""
location = /auth/yes {{
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    {APP}/auth{NAMED}
}}
location = /auth/no {{ internal; return 403; }}
location = /auth/401 {{ internal; return 401; }}
location = /auth/500 {{ internal; return 500; }}
location @may {{ {APP}; }}
location = /copy {{ internal; {APP}/copy; }}
location = /after {{ internal; {APP}/after{NAMED} }}
location = /after-bad {{ internal; return 500; }}
location = /inner {{ internal; {APP}/may{NAMED} }}
location /api/ {{ ws_pubsub_api zone=main; }}
location = /status {{ ws_pubsub_status zone=main; }}
"""
ENDPOINT = """
location /%(kind)s/%(name)s {
    ws_pubsub zone=main;
    ws_pubsub_log_at %(kind)s;
    ws_pubsub_subscribe_request /hook/%(name)s;
    ws_pubsub_publish_request /hook/%(name)s;
}
"""
KINDS = ["close", "connect"]


def hook(name, text):
    """The endpoints of a hook, and its location."""
    return "".join(ENDPOINT % {"kind": kind, "name": name}
                   for kind in KINDS) + (
        f"location = /hook/{name} {{ internal; {text} }}\n")


HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on;
upstream kept { server 127.0.0.1:@BACKEND@; keepalive 4; }
"""


def hooks(texts):
    """Those of `{name: text of its location}`."""
    return "".join(hook(name, text) for name, text in texts.items())


ALL = {**ASKS, **{name: text for name, (text, _) in DENIES.items()}}
