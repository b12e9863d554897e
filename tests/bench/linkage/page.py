"""Writes `docs/accuracy.md` and its pictures from the results. What stands there from "What remains" on is written by hand and kept."""

import math

TOOLS = {
    "kartei": "kartei",
    "documented": "Splink 5, as documented",
    "expert": "Splink 5, by an expert for households",
    "goldenmatch": "goldenmatch 3.22",
}
COLOURS = {"kartei": "#2f6fb3", "documented": "#b3261e", "expert": "#d0850c", "goldenmatch": "#5b6673"}
BY_HAND = "## What remains"
HEAD = """# Accuracy

How well the matching finds people again, beside its peers on the same files. `tests/bench/linkage/run` measures it and writes
this page; sets that are not part of the project are passed by where they are absent.

F1, precision and recall are those of the pairs that the final clusters imply; B³ is B-cubed F1. kartei runs without any
configuration and without labels, and decides at its own threshold. **The peers are given a lead**: Splink's figures are those at the
threshold that is best by the truth (in brackets: at 0.95), and its expert's set-up for the demo organisation was written by
somebody who knew how the people were made. goldenmatch runs without configuration, as kartei does.
"""


def write(results, docs):
    pictures = docs / "accuracy"
    pictures.mkdir(exist_ok=True)
    page = docs / "accuracy.md"
    before = page.read_text() if page.exists() else ""
    by_hand = before[before.index(BY_HAND) :] if BY_HAND in before else ""
    parts = [HEAD, machines(results), table(results), demo_table(results), cost_table(results), ceilings(results)]
    parts.append(curves(results, pictures))
    page.write_text("\n".join(part for part in [*parts, by_hand] if part).rstrip() + "\n")


def tools_of(results):
    return [tool for tool in TOOLS if any(tool in entry["tools"] for entry in results.values())]


def figure(entry, tool, name, places=4):
    found = entry["tools"].get(tool)
    if found is None:
        return ""
    if "failed" in found:
        return "failed"
    return f"{found[name]:.{places}f}" if found.get(name) is not None else ""


def machines(results):
    runs = sorted(
        {(found["machine"], found["date"], found["profile"]) for entry in results.values() for found in entry["tools"].values()}
    )
    lines = [f"- {date}, {machine}; kartei built with the {profile} profile" for machine, date, profile in runs]
    return "Measured:\n\n" + "\n".join(lines) + "\n"


def row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def header(columns):
    return [row(columns), row("---" for _ in columns)]


def table(results):
    lines = ["## F1", ""]
    lines += header(
        ["set", "records", "true pairs", "kartei F1", "precision", "recall", "B³", "threshold", "Splink 5, as documented", "goldenmatch 3.22"]
    )
    for entry in results.values():
        usual = entry["tools"].get("documented", {}).get("usual_f1")
        splink = figure(entry, "documented", "f1") + (f" ({usual:.4f})" if usual is not None else "")
        cells = [entry["title"], f"{entry['records']:,}", f"{entry['true_pairs']:,}", f"**{figure(entry, 'kartei', 'f1')}**"]
        cells += [figure(entry, "kartei", name) for name in ["precision", "recall", "bcubed"]]
        cells += [figure(entry, "kartei", "threshold", 2), splink, figure(entry, "goldenmatch", "f1")]
        lines.append(row(cells))
    return "\n".join(lines) + "\n"


def demo_table(results):
    demos = {name: entry for name, entry in results.items() if name.startswith("demo-")}
    if not demos:
        return ""
    lines = ["## Households", "", "The demo organisation (`docs/demo.md`) is full of households. *Joined at home* are records that were joined with somebody else of"]
    lines += ["their own household or family, per 10,000 records; *false merges* those joined with anybody else at all (Homonymfehler),", "*missed* those left outside their person's cluster (Synonymfehler).", ""]
    lines += header(["people", "", "F1", "precision", "recall", "B³", "threshold", "joined at home", "false merges", "missed"])
    for entry in demos.values():
        for tool in tools_of(demos):
            found = entry["tools"].get(tool)
            if found is None:
                continue
            measures = [figure(entry, tool, name) for name in ["f1", "precision", "recall", "bcubed"]]
            rates = [figure(entry, tool, name, 1) for name in ["household_merges", "false_merges", "missed_merges"]]
            people = entry["title"].removeprefix("demo organisation, ")
            lines.append(row([people, TOOLS[tool], *measures, figure(entry, tool, "threshold", 4), *rates]))
    return "\n".join(lines) + "\n"


def cost_table(results):
    tools = tools_of(results)
    lines = ["## Time and memory", "", "The whole command, from file to clusters: seconds, CPU seconds, MB at most. The peers' include starting Python.", ""]
    lines += header(["set", *(TOOLS[tool] for tool in tools)])
    for entry in results.values():
        cells = []
        for tool in tools:
            wall, cpu, memory = (figure(entry, tool, name, 1) for name in ["wall", "cpu", "memory"])
            cells.append(f"{wall} s, {cpu} s, {float(memory):,.0f} MB" if memory and wall != "failed" else wall)
        lines.append(row([entry["title"], *cells]))
    return "\n".join(lines) + "\n"


def ceilings(results):
    lines = ["## Ceilings", "", "F1 of a judge who is always right, over the pairs to which each gives at least a probability of 0.003 (Splink: 0.001).", ""]
    lines += header(["set", "kartei", "Splink 5, as documented", "Splink 5, by an expert"])
    rows = []
    for entry in results.values():
        cells = [figure(entry, tool, "perfect") for tool in ["kartei", "documented", "expert"]]
        if any(cells):
            rows.append(row([entry["title"], *cells]))
    return "\n".join([*lines, *rows]) + "\n" if rows else ""


def curves(results, pictures):
    lines = ["## Curves", "", "Left: F1 over the threshold; the dot is the threshold that kartei chose. Right: of pairs given a probability, how many are right;", "the diagonal is perfect calibration, the size of a dot tells how many pairs it stands for.", ""]
    for name, entry in results.items():
        drawn = {tool: found for tool, found in entry["tools"].items() if found.get("curve")}
        if not drawn:
            continue
        (pictures / f"{name}-f1.svg").write_text(f1_picture(drawn))
        (pictures / f"{name}-reliability.svg").write_text(reliability_picture(drawn))
        lines += [f"**{entry['title']}**", "", f"![F1 over the threshold](accuracy/{name}-f1.svg) ![reliability](accuracy/{name}-reliability.svg)", ""]
    return "\n".join(lines)


def bits(probability):
    probability = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log2(probability / (1 - probability))


def f1_picture(drawn):
    low = min(0.95, max(0.0, math.floor(20 * min(point[3] for found in drawn.values() for point in found["curve"])) / 20))
    plane = Plane(-2.5, 13.4, low, 1.0)
    plane.axes([0.2, 0.5, 0.9, 0.99, 0.999, 0.9999], [low + (1 - low) * step / 4 for step in range(5)], "threshold", "F1", bits)
    for tool, found in drawn.items():
        points = [(bits(threshold), f1) for threshold, _, _, f1 in found["curve"]]
        plane.line(points, COLOURS[tool])
        if tool == "kartei":
            plane.dot(bits(found["threshold"]), found["f1"], 5, COLOURS[tool])
    plane.key([(TOOLS[tool], COLOURS[tool]) for tool in drawn])
    return plane.svg()


def reliability_picture(drawn):
    plane = Plane(0.0, 1.0, 0.0, 1.0)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    plane.axes(ticks, ticks, "probability given", "share that is right", lambda value: value)
    plane.line([(0, 0), (1, 1)], "#9aa7b5", dashes="4 4")
    for tool, found in drawn.items():
        points = [(mean, right) for mean, right, _ in found["reliability"]]
        plane.line(points, COLOURS[tool])
        for mean, right, pairs in found["reliability"]:
            plane.dot(mean, right, min(7, 1.5 + math.log10(pairs)), COLOURS[tool])
    plane.key([(TOOLS[tool], COLOURS[tool]) for tool in drawn])
    return plane.svg()


class Plane:
    """A small chart, 420 by 320, on white so that it can be read on dark pages too."""

    WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 420, 320, 56, 14, 404, 236

    def __init__(self, low_x, high_x, low_y, high_y):
        self.x_range, self.y_range, self.parts = (low_x, high_x), (low_y, high_y), []

    def at(self, x, y):
        (low_x, high_x), (low_y, high_y) = self.x_range, self.y_range
        across = self.LEFT + (x - low_x) / (high_x - low_x) * (self.RIGHT - self.LEFT)
        down = self.BOTTOM - (min(max(y, low_y), high_y) - low_y) / (high_y - low_y) * (self.BOTTOM - self.TOP)
        return across, down

    def text(self, x, y, words, anchor="middle", colour="#5b6673", turn=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{turn}>{words}</text>')

    def axes(self, ticks_x, ticks_y, name_x, name_y, scale):
        for value in ticks_y:
            _, y = self.at(self.x_range[0], value)
            self.parts.append(f'<line x1="{self.LEFT}" x2="{self.RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde2e8"/>')
            self.text(self.LEFT - 6, y + 4, f"{value:.3f}".rstrip("0").rstrip("."), "end")
        for value in ticks_x:
            x, _ = self.at(scale(value), self.y_range[0])
            self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{self.BOTTOM}" y2="{self.BOTTOM + 4}" stroke="#9aa7b5"/>')
            self.text(x, self.BOTTOM + 17, f"{value}")
        self.text((self.LEFT + self.RIGHT) / 2, self.BOTTOM + 34, name_x)
        middle = (self.TOP + self.BOTTOM) / 2
        self.text(13, middle, name_y, turn=f' transform="rotate(-90 13 {middle})"')

    def line(self, points, colour, dashes=""):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (self.at(*point) for point in points))
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>')

    def dot(self, x, y, radius, colour):
        x, y = self.at(x, y)
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.8"/>')

    def key(self, entries):
        for number, (words, colour) in enumerate(entries):
            x, y = self.LEFT + 4 + number % 2 * 130, 290 + number // 2 * 18
            self.parts.append(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{colour}"/>')
            self.text(x + 9, y, words, "start", "#1f2933")

    def svg(self):
        opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" width="{self.WIDTH}" height="{self.HEIGHT}"'
        style = 'font-family="sans-serif" font-size="11"'
        return "\n".join([f"{opening} {style}>", '<rect width="100%" height="100%" fill="#fff"/>', *self.parts, "</svg>\n"])
