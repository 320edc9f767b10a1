"""The table, as Markdown."""

from servers import ALL

NAMES = [server.name for server in ALL]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def value_names(row):
    names = {}
    for mine in row.values():
        names.update(dict.fromkeys(mine))
    return [name for name in names if name not in ("failed", "unsound")]


def baseline(rows, scenario, server, name):
    """(label, value) of what a server's value is divided by: another
    scenario's value of the same server, the floor's, or nchan's."""
    row = rows[scenario.key]
    if scenario.relative_to:
        other = rows.get(scenario.relative_to, {})
        return f"x {scenario.relative_to}", other.get(server, {}).get(name)
    for other, label in (("floor", "x"), ("nchan", "x nchan")):
        if other in row:
            return label, None if other == server else row[other].get(name)
    return "", None


def cell(rows, scenario, server, name):
    mine = rows[scenario.key].get(server, {})
    if name not in mine:
        return "failed" if "failed" in mine else ""
    text = number(mine[name])
    label, base = baseline(rows, scenario, server, name)
    if base:
        text += f" ({mine[name] / base:.2f}{label})"
    return text + (" !" if mine["unsound"] else "")


def lines_of(scenario, rows):
    """Lines of the table: one for each value."""
    row = rows[scenario.key]
    lines = []
    for i, name in enumerate(value_names(row)):
        cells = [cell(rows, scenario, server, name) for server in NAMES]
        lines.append(
            f"| {scenario.title}: {name} | " + " | ".join(cells) +
            f" | {scenario.reach if i == scenario.reached_by else ''} |")
    return lines


def failures(scenario, row):
    return [f"- {scenario.title}, {server}: {mine['failed'][0][:200]}"
            for server, mine in row.items() if "failed" in mine]


def document(head, scenarios, rows, rounds, seconds):
    lines = ["# Results of `make bench`", ""]
    lines += [f"- {line}" for line in head]
    lines += [
        f"- {rounds} round(s) of {seconds} s and more; the servers take turns, "
        "each run starts its server afresh; the median of the rounds",
        "- The server has one core, the generator another. CPU time is that of "
        "the server's processes, of user and kernel together",
        "- floor: a bare epoll server that only fans out (bench/floor). "
        "uWebSockets is not packaged for Debian, and so not measured",
        "- (1.30x): so many times the floor's value, or what else is named",
        "- `!`: messages were lost, repeated or refused in these runs",
        "",
        "| | " + " | ".join(NAMES) + " | to reach |",
        "|---" * (len(NAMES) + 2) + "|",
    ]
    failed = []
    for scenario in scenarios:
        lines += lines_of(scenario, rows)
        failed += failures(scenario, rows[scenario.key])
    if failed:
        lines += ["", "Failed runs:", "", *failed]
    return "\n".join(lines) + "\n"
