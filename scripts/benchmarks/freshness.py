"""Appends events to a followed file at a rate, with marker lines whose accounts are new. Prints how long after the
write of a marker another connection to the store saw the account, and, where a rule runs a hook for it, how long after it the
hook's process had started. Arguments: folder, seconds, events a second, hundredths of a second between markers (10). In the folder:
log/events.ndjson, fresh.db, hooks.txt."""

import datetime
import json
import random
import sqlite3
import sys
import threading
import time

folder, seconds, rate = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
apart = int(sys.argv[4]) if len(sys.argv) > 4 else 10
beat = 0.01
# By marker: when it was written, and when it was seen.
written, seen = {}, {}


def line(number, **fields):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    return json.dumps({"timestamp": now, "id": f"e-{started}-{number}", **fields}) + "\n"


def watch(done):
    """Asks for what is not there yet whenever somebody has written, looking twice a millisecond."""
    store = sqlite3.connect(f"file:{folder}/fresh.db?mode=ro", uri=True)
    version = None
    while not done.wait(0.0005):
        before, version = version, store.execute("PRAGMA data_version").fetchone()[0]
        if version == before:
            continue
        for marker in [marker for marker in list(written) if marker not in seen]:
            if store.execute("SELECT 1 FROM accounts WHERE account = ?", (marker,)).fetchone():
                seen[marker] = time.time()


def report(what, when):
    """Prints the waits of those that came."""
    late = sorted((when[marker] - at) * 1000 for marker, at in written.items() if marker in when)
    if late:
        p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
        print(f"line written -> {what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {late[-1]:.1f} ms")


def told():
    with open(f"{folder}/hooks.txt") as hooks:
        return {account: float(at) for account, at in (entry.split() for entry in hooks)}


started = int(time.time())
done = threading.Event()
watcher = threading.Thread(target=watch, args=[done])
watcher.start()
number = beats = 0
with open(f"{folder}/log/events.ndjson", "ab", buffering=0) as log:
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        lines = []
        for _ in range(int(rate * beat)):
            number += 1
            lines.append(
                line(number, account=f"acct-{random.randrange(2000)}", user=f"u{random.randrange(50)}",
                     event=f"feature.{random.randrange(60)}", properties={"plan": "pro", "latency_ms": number % 977}))
        if beats % apart == 0:
            number += 1
            lines.append(line(number, account=f"marker-{beats}", event="marker"))
        log.write("".join(lines).encode())
        if beats % apart == 0:
            written[f"marker-{beats}"] = time.time()
        beats += 1
        time.sleep(max(0, begin + beats * beat - time.monotonic()))

# No hook at all: there is no rule for the marker.
deadline = time.monotonic() + 30
while time.monotonic() < deadline and not (written.keys() <= seen.keys() and (not told() or written.keys() <= told().keys())):
    time.sleep(0.1)
done.set()
watcher.join()
print(f"{number} lines, {len(written)} markers, {len(seen)} seen, {len(told())} hooks")
report("row visible", seen)
report("hook started", told())
