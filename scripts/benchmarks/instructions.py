"""Holds the instructions callgrind counted to the budget of the compiler that built the program.

usage: instructions.py FOLDER COMPILER BUDGETS [--write]

FOLDER has built-in.txt, full.txt and start.txt: callgrind_annotate, inclusive, demangled. BUDGETS is a table of compiler, stage and
instructions an event. Exits with 1 where a stage takes more than TOLERANCE and SLACK over its budget.
"""

import re
import sys

TOLERANCE = 0.03
# Instructions an event that do not matter: of a small stage 3 % are less than what differs with where memory lies.
SLACK = 20
EVENTS = 60_000
# Stage: file, function; None: all of the program.
STAGES = {
    "decode": ("built-in", r"ks_decode "),
    "apply": ("built-in", r"KizashiCore\.Engine\.apply\(_: KizashiCore\.EventBatch"),
    "advance": ("built-in", r"KizashiCore\.Engine\.advance\(to:"),
    "drain": ("built-in", r"KizashiCore\.Engine\.drain\(\)"),
    "commit": ("built-in", r"KizashiStore\.Store\.write\("),
    "replay": ("built-in", None),
    "apply, full example": ("full", r"KizashiCore\.Engine\.apply\(_: KizashiCore\.EventBatch"),
    "advance, full example": ("full", r"KizashiCore\.Engine\.advance\(to:"),
    "commit, full example": ("full", r"KizashiStore\.Store\.write\("),
    "replay, full example": ("full", None),
    # Two threads at a start: one takes in what the other reads, and nothing else reads so.
    "restore, full example": ("start", r"KizashiCore\.Engine\.restore\("),
    "read, full example": ("start", r"closure #1 .*GRDB\.DatabaseQueue\.asyncRead\("),
}


def instructions(folder, file, function):
    """The inclusive count of the first, and so largest, line that names a function."""
    with open(f"{folder}/{file}.txt", encoding="utf-8", errors="replace") as text:
        for line in text:
            found = re.match(r"\s*([\d,]+) .*?(PROGRAM TOTALS|\?\?\?:(.*))", line)
            if not found:
                continue
            if (function is None) == (found[2] == "PROGRAM TOTALS") and (
                function is None or re.match(function, found[3] + " ")
            ):
                return int(found[1].replace(",", ""))
    sys.exit(f"instructions: no function {function} in the count of {file}: was it renamed, or inlined?")


def read(path):
    budgets = {}
    try:
        with open(path, encoding="utf-8") as table:
            for line in table:
                if not line.startswith("#"):
                    compiler, stage, count = line.rstrip("\n").split("\t")
                    budgets[compiler, stage] = int(count)
    except FileNotFoundError:
        pass
    return budgets


def main():
    folder, compiler, path = sys.argv[1:4]
    counted = {
        stage: round(instructions(folder, file, function) / EVENTS) for stage, (file, function) in STAGES.items()
    }
    budgets = read(path)
    if "--write" in sys.argv[4:]:
        kept = {key: count for key, count in budgets.items() if key[0] != compiler}
        kept |= {(compiler, stage): count for stage, count in counted.items()}
        with open(path, "w", encoding="utf-8") as table:
            table.write("# Instructions an event, as `scripts/bench --instructions --write` counted them: compiler, stage, count.\n")
            for (of, stage), count in kept.items():
                table.write(f"{of}\t{stage}\t{count}\n")
    elif not any(of == compiler for of, _ in budgets):
        print(f"There is no budget for Swift {compiler} yet: scripts/bench --instructions --write makes one.")
    over = False
    for stage, count in counted.items():
        budget = budgets.get((compiler, stage))
        change = f"{(count / budget - 1) * 100:+.1f} %" if budget else ""
        over |= bool(budget) and count > budget * (1 + TOLERANCE) + SLACK
        print(f"{stage:24}{count:>9,}{f'{budget:,}' if budget else '-':>10}{change:>9}")
    if over and "--write" not in sys.argv[4:]:
        sys.exit(
            f"bench: a stage takes more than {TOLERANCE * 100:.0f} % more instructions an event than its budget (second column).\n"
            "  find what made it slower; where it is worth it: scripts/bench --instructions --write, and say why in the commit"
        )


main()
