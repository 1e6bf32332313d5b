"""Makes the table of docs/PERFORMANCE.md from what was measured.

usage: table.py FIGURES STAGES RUNS [DOCUMENT]

FIGURES has lines of name, tab, number; of several of one name the median counts. STAGES is what the stages printed. The table is
printed; in DOCUMENT it takes the place of what stands between the marks.
"""

import os
import re
import statistics
import sys

BEGIN, END = "<!-- figures: scripts/bench --write -->", "<!-- end of figures -->"


def read(figures, stages):
    values = {}
    with open(figures, encoding="utf-8") as text:
        for line in text:
            name, value = line.split("\t")
            values.setdefault(name, []).append(float(value))
    values = {name: statistics.median(all_of) for name, all_of in values.items()}
    with open(stages, encoding="utf-8") as text:
        for line in text:
            if found := re.match(r"(.*): (\d+) ns a (line|row|change), (\d+)", line):
                values[f"{found[1]}.ns"], values[f"{found[1]}.rate"] = float(found[2]), float(found[4])
    return values


def rounded(rate):
    """Three digits: more would be noise."""
    step = 10 ** max(len(str(int(rate))) - 3, 0)
    return f"{round(rate / step) * step:,}"


def rows(v):
    """Rows of (what, figure, beside what), and empty where a part of it was not measured."""
    simdjson, checking = "simdjson alone", "simdjson alone, validating each line whole"
    sqlite = "SQLite alone, facts in the order of their key"
    rate = v["lines"] / v["built-in.seconds"]
    full = v["lines"] / v["full.seconds"]
    yield "**Backfill of 2 million events** (W1)", "", ""
    yield "built-in scorecard", f"{rounded(rate)} events/s, peak {v['built-in.peak'] / 1024:.0f} MB", (
        f"{rate / v[simdjson + '.rate']:.3f} of simdjson that finds the five fields, {rate / v[checking + '.rate']:.3f} of simdjson "
        f"that checks each line; {rate / v[sqlite + '.rate']:.2f} of SQLite that inserts the facts alone")
    yield "the full example: 10 measures, 20 rules", f"{rounded(full)} events/s, peak {v['full.peak'] / 1024:.0f} MB", (
        f"{full / rate:.2f} of the built-in's")
    yield "store", f"{v['built-in.store'] / v['lines']:.0f} and {v['full.store'] / v['lines']:.0f} bytes an event", (
        f"lines have {v['bytes'] / v['lines']:.0f}")
    yield "the same, `.gz`", f"{rounded(v['lines'] / v['gzip.seconds'])} events/s", (
        f"{v['zcat.seconds'] / v['gzip.seconds']:.2f} of `zcat FILE \\| wc -l`")
    yield "**Stages, one thread each**", "", ""
    yield "decode", f"{v['decode.ns']:.0f} ns a line", f"simdjson {v[simdjson + '.ns']:.0f}, checking {v[checking + '.ns']:.0f}"
    yield "apply: count, evaluate", f"{v['apply.ns']:.0f} ns an event", ""
    yield "drain: cut off what is to be stored", f"{v['drain.ns']:.0f} ns an event", ""
    yield "advance: a month in which nothing comes", f"{v['advance.ns']:.0f} ns a change", ""
    rest = v["built-in.cpu"] / v["lines"] * 1e9 - v["decode.ns"] - v["apply.ns"] - v["drain.ns"]
    yield "commit, and reading: the rest of the backfill's CPU", f"{rest:.0f} ns an event", (
        f"SQLite alone {v[sqlite + '.ns']:.0f} for each fact")
    yield "**A running daemon**", "", ""
    yield "line written → row visible to another connection, 5,000 events/s (W2)", (
        f"p50 {v['rows.p50']:.1f} ms, p99 {v['rows.p99']:.1f} ms"), (
        f"{v['rows.percent']:.0f} % of a core, {v['rows.resident'] / 1024:.0f} MB")
    yield "line written → hook started, ten a second, bash and all", f"p50 {v['fresh.p50']:.1f} ms, p99 {v['fresh.p99']:.1f} ms", (
        f"{v['fresh.percent']:.0f} % of a core, {v['fresh.resident'] / 1024:.0f} MB")
    yield "the same with the full example", f"p50 {v['fresh-full.p50']:.1f} ms, p99 {v['fresh-full.p99']:.1f} ms", (
        f"{v['fresh-full.percent']:.0f} % of a core, {v['fresh-full.resident'] / 1024:.0f} MB")
    yield "eight acknowledged producers, as fast as they can", (
        f"{rounded(v['lines'] / v['socket.seconds'])} events/s"), f"{v['socket.resident'] / 1024:.0f} MB; they take part of the two cores"
    yield "eight at 50,000 events/s: written → acknowledged, synced", (
        f"p50 {v['producers.p50']:.1f} ms, p99 {v['producers.p99']:.1f} ms"), (
        f"{v['producers.percent']:.0f} % of a core, {v['producers.resident'] / 1024:.0f} MB")
    yield "idle, empty store", f"{v['idle.percent']:.2f} % of a core", f"{v['idle.resident'] / 1024:.0f} MB"
    yield "start on that store, program and all", f"{v['start.seconds']:.2f} s, peak {v['start.peak'] / 1024:.0f} MB", ""
    yield "`accounts`, `account ID`, `changes`", asked(v, "small"), ""
    if "scale.seconds" not in v:
        return
    yield "**5 million events of 100,000 accounts over 400 days** (W3, a tenth)", "", ""
    yield "backfill", (
        f"{rounded(v['scale.lines'] / v['scale.seconds'])} events/s, peak {v['scale.peak'] / 1024:.0f} MB"), (
        f"{v['scale.cpu'] / v['scale.lines'] / (v['built-in.cpu'] / v['lines']):.1f} times the CPU of W1 for an event")
    yield "store", f"{v['scale.store'] / v['scale.lines']:.0f} bytes an event", ""
    yield "start", f"{v['scale.start.seconds']:.2f} s, peak {v['scale.start.peak'] / 1024:.0f} MB", ""
    yield "`accounts`, `account ID`, `changes`", asked(v, "scale"), ""
    yield "their midnight in a daemon (W5, a tenth): line written → row visible", (
        f"longest {v['midnight.longest']:.0f} ms"), f"p50 {v['midnight.p50']:.1f} ms before and behind it"


def asked(v, name):
    return ", ".join(f"{v[f'{name}.{verb}.seconds'] * 1000:.0f}" for verb in ("accounts", "account", "changes")) + " ms"


def main():
    table = ["| | | beside |", "|---|---|---|"]
    table += [f"| {what} | {figure} | {beside} |" for what, figure, beside in rows(read(*sys.argv[1:3]))]
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo", encoding="utf-8") if l.startswith("model name")), "?")
    head = f"Medians of {sys.argv[3]} runs on {len(os.sched_getaffinity(0))} shared cores ({cpu})."
    text = "\n".join([head, "", *table])
    print(text)
    if len(sys.argv) > 4:
        with open(sys.argv[4], encoding="utf-8") as document:
            before, rest = document.read().split(BEGIN)
        after = rest.split(END)[1]
        with open(sys.argv[4], "w", encoding="utf-8") as document:
            document.write(f"{before}{BEGIN}\n{text}\n\n{END}{after}")


main()
