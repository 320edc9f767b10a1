"""The table, as Markdown."""

from servers import ALL

NAMES = [server.name for server in ALL]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def cell(row, server, name):
    """A server's value, and its ratio to the floor's."""
    mine = row.get(server, {})
    if name not in mine:
        return "failed" if "failed" in mine else ""
    text = number(mine[name])
    floor = row.get("floor", {}).get(name)
    if floor and server != "floor":
        text += f" ({mine[name] / floor:.2f}x)"
    if mine["unsound"]:
        text += " !"
    return text


def value_names(row):
    names = {}
    for mine in row.values():
        names.update(dict.fromkeys(mine))
    return [name for name in names if name not in ("failed", "unsound")]


def lines_of(scenario, row):
    """Lines of the table: one for each value."""
    lines = []
    for name in value_names(row):
        cells = [cell(row, server, name) for server in NAMES]
        lines.append(f"| {scenario.title}: {name} | " + " | ".join(cells) +
                     f" | {scenario.reach} |")
    for server, mine in row.items():
        if "failed" in mine:
            lines.append(f"<!-- {scenario.key}, {server}: "
                         f"{mine['failed'][0][:200]} -->")
    return lines


def document(head, rows, rounds, seconds):
    lines = ["# Results of `make bench`", ""]
    lines += [f"- {line}" for line in head]
    lines += [
        f"- {rounds} round(s) of {seconds} s; the servers take turns, each run "
        "starts its server afresh; the median of the rounds",
        "- Server on one core, generator on another. CPU time is that of the "
        "server's processes, user and kernel",
        "- floor: a bare epoll server that only fans out (bench/floor). "
        "uWebSockets is not packaged for Debian and so not measured",
        "- `!`: messages were lost, repeated or refused in these runs",
        "",
        "| | " + " | ".join(NAMES) + " | to reach |",
        "|---" * (len(NAMES) + 2) + "|",
    ]
    for scenario, row in rows:
        lines += lines_of(scenario, row)
    return "\n".join(lines) + "\n"
