"""What is measured: the rows of the table."""

import dataclasses
import typing

from servers import ALL, FLOOR, JSON_OURS, NCHAN_SERVER, PLAIN_OURS

NGINX_ONLY = [PLAIN_OURS, NCHAN_SERVER]
NO_JSON = [FLOOR, PLAIN_OURS, NCHAN_SERVER]
MARKERS = {"text": '"text":"', "json": '"s":"'}


def cpu_us(result, per):
    return sum(result["servers_ns"]) / 1e3 / max(result[per], 1)


def per_delivery(result):
    return {"µs a delivery": cpu_us(result, "delivered")}


def per_publish(result):
    return {"µs a publish": cpu_us(result, "answered")}


@dataclasses.dataclass
class Scenario:
    key: str
    title: str
    load: dict
    values: typing.Callable = per_delivery
    servers: list = dataclasses.field(default_factory=lambda: ALL)
    server: dict = dataclasses.field(default_factory=dict)
    reach: str = ""
    in_quick: bool = True

    def options(self, server, seconds):
        """The generator's options for that server."""
        kind = "json" if self.load.get("--json") else "text"
        marker = ""
        if server is JSON_OURS or kind == "json":
            marker = MARKERS[kind]
        return {"--duration": seconds, **({"--marker": marker} if marker
                                          else {}), **self.load}


def fan_out(subscribers, window, **more):
    load = {"--subscribers": subscribers, "--window": window}
    load.update({"--" + name: value for name, value in more.items()})
    return load


SCENARIOS = [
    Scenario("single", "1,000 subscribers, 64 B, single",
             fan_out(1000, 1), reach="<= 1.05x floor"),
    Scenario("burst", "1,000 subscribers, 64 B, burst of 16",
             fan_out(1000, 16), reach="<= 1.10x floor"),
]
