"""Sends the lines of a file to the daemon's socket as several acknowledged producers at a rate, their timestamps those of the moment;
prints how long after a write the acknowledgement of its last line came. Arguments: socket, file, seconds, lines a second, producers."""

import datetime
import json
import selectors
import socket
import sys
import time

path, file, seconds, rate, producers = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
beat = 0.01
# What the lines of `kizashi generate` begin with.
stamp = len('{"timestamp":"2026-01-01T00:00:00.000Z')
each = max(1, round(rate * beat / producers))


class Producer:
    def __init__(self, number):
        self.sent = 0
        # Of each write: the number of its last line, and when.
        self.unanswered = []
        self.reply = b""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.socket.sendall(json.dumps({"$hello": 1, "producer": f"producer-{number}", "ack": True}).encode() + b"\n")

    def send(self, lines):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        head = b'{"timestamp":"%sZ' % now.encode()
        lines = [head + line[stamp:] for line in lines]
        self.sent += len(lines)
        self.unanswered.append((self.sent, time.monotonic()))
        self.socket.sendall(b"".join(lines))

    def receive(self, waits):
        self.reply += self.socket.recv(65536)
        *whole, self.reply = self.reply.split(b"\n")
        for line in whole:
            stored = json.loads(line).get("$ack", 0)
            while self.unanswered and self.unanswered[0][0] <= stored:
                waits.append((time.monotonic() - self.unanswered.pop(0)[1]) * 1000)


everybody = [Producer(number) for number in range(producers)]
selector = selectors.DefaultSelector()
for producer in everybody:
    selector.register(producer.socket, selectors.EVENT_READ, producer)
with open(file, "rb") as text:
    lines = [line for line, _ in zip(text, range(int(rate * seconds)))]
waits = []


def receive(until):
    """Takes what comes until then, or until everything is answered."""
    while (left := until - time.monotonic()) > 0 and any(p.unanswered for p in everybody):
        for key, _ in selector.select(left):
            key.data.receive(waits)


begin = time.monotonic()
beats = start = 0
while start < len(lines):
    for producer in everybody:
        if start < len(lines):
            producer.send(lines[start : start + each])
        start += each
    beats += 1
    receive(begin + beats * beat)
    time.sleep(max(0, begin + beats * beat - time.monotonic()))
took = time.monotonic() - begin
receive(time.monotonic() + 30)
if any(producer.unanswered for producer in everybody):
    sys.exit(f"producers: not everything was acknowledged within 30 s: {[p.unanswered[:1] for p in everybody]}")
waits.sort()
print(f"{len(lines)} lines in {took:.1f} s by {producers} producers")
print(f"written -> acknowledged: p50 {waits[len(waits) // 2]:.1f} ms, p99 {waits[len(waits) * 99 // 100]:.1f} ms")
