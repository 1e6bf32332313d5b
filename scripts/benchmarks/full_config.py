"""Prints the full example config with what the freshness measurement asks for: a source, a store, and a rule whose hook notes when it
ran. The example's own hooks run /bin/true. Arguments: the example, the folder."""

import re
import sys

example, folder = sys.argv[1:]
parts = re.split(r"(?m)^(?=[a-z_]+:)", open(example).read())
blocks = {part.split(":", 1)[0]: part for part in parts if re.match(r"[a-z_]+:", part)}

blocks["store"] = f"store: {{path: {folder}/fresh.db}}\n"
blocks["sources"] = f"sources:\n  - {{id: app, kind: file, paths: [{folder}/log/events*.ndjson]}}\n"
marker = "marker: {kind: threshold, metric: {count: {feature: marker, window: 24h}}, above: 0, hooks: [note]}"
blocks["rules"] = blocks["rules"].rstrip() + f"\n  {marker}\n"
note = f"note: {{run: [{folder}/note.sh], concurrency: 8, max_per_hour: 100000}}"
hooks = re.sub(r"run: \[.*\]", "run: [/bin/true]", blocks["hooks"])
blocks["hooks"] = hooks.rstrip() + f"\n  {note}\n"
print("".join(blocks.values()), end="")
