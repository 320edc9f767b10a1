"""Plots as SVG, by hand: bars, and lines on logarithmic axes."""

import html
import math

# Of the servers.
COLOURS = {"floor": "#8a8a8a", "ws_pubsub": "#0b6fb8",
           "ws_pubsub json": "#57a7dd", "nchan": "#d9822b"}


def text(x, y, words, anchor="start", size=12, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
            f'font-family="sans-serif" font-size="{size}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def line(x1, y1, x2, y2, colour="#ddd"):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}"/>')


def page(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}">\n'
            '<rect width="100%" height="100%" fill="white"/>\n' +
            "\n".join(parts) + "\n</svg>\n")


def legend(names, x, y):
    parts = []
    for name in names:
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" '
                     f'fill="{COLOURS[name]}"/>')
        parts.append(text(x + 15, y, name))
        x += 40 + 7 * len(name)
    return parts


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    if value >= 1e3:
        return f"{value / 1e3:.3g}k"
    return f"{value:.3g}"


class LogScale:
    """Maps values to a range of pixels."""

    def __init__(self, values, begin, end):
        self.low = 10 ** math.floor(math.log10(min(values)) + 1e-9)
        self.high = 10 ** math.ceil(math.log10(max(values)) - 1e-9)
        if self.high <= self.low:
            self.high = self.low * 10
        self.begin, self.end = begin, end

    def at(self, value):
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + part * (self.end - self.begin)

    def ticks(self):
        tick = self.low
        while tick <= self.high * 1.0001:
            yield tick
            tick *= 10


def bars(title, names, groups):
    """groups: (label, {name: value}) each; a bar for each name, in multiples
    of the group's smallest value, on a logarithmic scale."""
    left, width, bar = 470, 1000, 11
    ratios = [(label, values, {name: value / min(values.values())
                               for name, value in values.items()})
              for label, values in groups]
    scale = LogScale([1, *(r for _, _, mine in ratios for r in mine.values())],
                     left, width - 110)
    parts = [text(10, 22, title, weight="bold"),
             *legend(names, 10, 44)]
    top = y = 62
    for label, values, mine in ratios:
        parts.append(text(left - 8, y + bar * len(mine) / 2 + 4, label, "end"))
        for name, ratio in mine.items():
            end = max(scale.at(ratio), left + 1)
            parts.append(
                f'<rect x="{left}" y="{y}" width="{end - left:.1f}" '
                f'height="{bar - 2}" '
                f'fill="{COLOURS[name]}"/>')
            parts.append(text(end + 4, y + bar - 2,
                              f"{ratio:.2f}x   {short(values[name])}",
                              size=9))
            y += bar
        y += 8
    grid = [line(scale.at(t), top - 6, scale.at(t), y) for t in scale.ticks()]
    return page(width, y + 10, grid + parts)


def lines(title, x_name, y_name, series):
    """series: name -> list of (x, y), both above 0."""
    left, right, top, bottom = 70, 740, 60, 400
    points = [point for mine in series.values() for point in mine]
    across = LogScale([x for x, _ in points], left, right)
    up = LogScale([y for _, y in points], bottom, top)
    parts = [text(10, 22, title, weight="bold"),
             *legend(list(series), 10, 44)]
    for tick in across.ticks():
        parts.append(line(across.at(tick), top, across.at(tick), bottom))
        parts.append(text(across.at(tick), bottom + 16, short(tick), "middle"))
    for tick in up.ticks():
        parts.append(line(left, up.at(tick), right, up.at(tick)))
        parts.append(text(left - 6, up.at(tick) + 4, short(tick), "end"))
    parts.append(text((left + right) / 2, bottom + 36, x_name, "middle"))
    parts.append(text(right, top - 6, y_name, "end"))
    for name, mine in series.items():
        colour = COLOURS[name]
        path = " ".join(f"{across.at(x):.1f},{up.at(y):.1f}" for x, y in mine)
        parts.append(f'<polyline points="{path}" fill="none" '
                     f'stroke="{colour}" stroke-width="2"/>')
        for x, y in mine:
            parts.append(f'<circle cx="{across.at(x):.1f}" '
                         f'cy="{up.at(y):.1f}" r="3" fill="{colour}">'
                         f'<title>{x:g}: {y:.4g}</title></circle>')
    return page(770, 450, parts)
