"""Appends events to a followed file at a rate, with a marker line ten times a second whose rule runs a hook; prints how long
after the write of the marker the hook's process had started. Arguments: folder, seconds, events a second."""

import datetime
import json
import random
import sys
import time

folder, seconds, rate = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
beat = 0.01


def line(number, **fields):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    return json.dumps({"timestamp": now, "id": f"e-{started}-{number}", **fields}) + "\n"


started = int(time.time())
written = {}
number = beats = 0
with open(f"{folder}/events.ndjson", "ab", buffering=0) as log:
    begin = time.monotonic()
    while time.monotonic() - begin < seconds:
        lines = []
        for _ in range(int(rate * beat)):
            number += 1
            lines.append(
                line(number, account=f"acct-{random.randrange(2000)}", user=f"u{random.randrange(50)}",
                     event=f"feature.{random.randrange(60)}", properties={"plan": "pro", "latency_ms": number % 977}))
        if beats % 10 == 0:
            number += 1
            lines.append(line(number, account=f"marker-{beats}", event="marker"))
        log.write("".join(lines).encode())
        if beats % 10 == 0:
            written[f"marker-{beats}"] = time.time()
        beats += 1
        time.sleep(max(0, begin + beats * beat - time.monotonic()))

deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    with open(f"{folder}/hooks.txt") as told:
        ran = {account: float(at) for account, at in (entry.split() for entry in told)}
    if written.keys() <= ran.keys():
        break
    time.sleep(0.1)
late = sorted((ran[marker] - at) * 1000 for marker, at in written.items() if marker in ran)
print(f"{number} lines, {len(written)} markers, {len(late)} hooks")
print(f"line written -> hook started: p50 {late[len(late) // 2]:.1f} ms, p99 {late[len(late) * 99 // 100]:.1f} ms")
