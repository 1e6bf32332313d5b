"""Splits the lines of a file among several, so that each has the lines of every moment, and moves their timestamps to the minute that
ends now. Arguments: file, folder, parts; writes FOLDER/present.0 and so on."""

import datetime
import sys
import time

file, folder, parts = sys.argv[1], sys.argv[2], int(sys.argv[3])
# What the lines of `kizashi generate` begin with.
stamp = len('{"timestamp":"2026-01-01T00:00:00.000Z')
with open(file, "rb") as lines:
    count = sum(1 for _ in lines)
begin = time.time() - 60
outputs = [open(f"{folder}/present.{part}", "wb") for part in range(parts)]
with open(file, "rb") as lines:
    for number, line in enumerate(lines):
        if number % 64 == 0:
            at = datetime.datetime.fromtimestamp(begin + 60 * number / count, datetime.timezone.utc)
            head = b'{"timestamp":"%sZ' % at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].encode()
        outputs[number // 64 % parts].write(head + line[stamp:])
for output in outputs:
    output.close()
