import Foundation
import Glibc
import TestSupport

extension FaultWorkload {
  /// A plain log: appended to, with a line written in two pieces, refused lines, repeated ids and an alert that opens twice;
  /// renamed twice, with the old writer still writing.
  static func rotated(hour: Int64) -> FaultWorkload {
    var writer = LineWriter(hour: hour)
    var steps: [Step] = []
    func step(_ lines: Int64? = nil, _ act: @escaping @Sendable (Workspace) throws -> Void) {
      steps.append(
        Step(lines: lines ?? writer.count) {
          try act($0)
          return true
        })
    }

    let first =
      writer.history("acme", days: 20) + writer.history("beta", days: 3) + writer.event("acme", "event-1", id: "a")
    step { try $0.append(first) }

    // A line that arrives in two pieces, the second only after the daemon has seen the first.
    let whole = writer.count
    let second = writer.seats("beta", 12) + writer.event("gamma", "event-1", id: "b")
    let (left, right) = (String(second.dropLast(30)), String(second.suffix(30)))
    step(whole + 1) { try $0.append(left) }
    step { try $0.append(right) }

    // Everything that is refused, and what is dropped as a repetition.
    let bad =
      writer.raw("this is no event") + writer.raw(#"{"timestamp":1,"event":"e"}"#)
      + writer.raw(#"{"timestamp":"not a time","account":"acme","event":"e"}"#)
      + writer.event("delta", "event-1", id: "a")
      + second.split(separator: "\n").suffix(1).map { writer.raw("\($0)") }[0]
      + writer.burst(["acme", "beta"], of: 6)
    step { try $0.append(bad) }

    // Renamed; the old writer ends its last lines, the new file begins.
    let (late, fresh) = (
      writer.burst(["gamma", "acme"], of: 4), writer.seats("beta", 2) + writer.burst(["beta"], of: 3)
    )
    step(writer.count) {
      try rotate($0, ["events.ndjson": "events.ndjson.1"])
      try append($0, "events.ndjson.1", late)
      try $0.append(fresh)
    }

    let again = writer.seats("beta", 14) + writer.burst(["gamma", "delta"], of: 9)
    step { try $0.append(again) }

    let last = writer.burst(["epsilon"], of: 2) + writer.event("acme", "event-2", id: "c")
    step {
      try rotate($0, ["events.ndjson.1": "events.ndjson.2", "events.ndjson": "events.ndjson.1"])
      try $0.append(last)
    }
    return FaultWorkload(name: "rotated file", config: following, steps: steps)
  }

  /// A log that is rotated and compressed while it is read, and a compressed one of several members.
  static func compressed(hour: Int64) -> FaultWorkload {
    var writer = LineWriter(hour: hour)
    var steps: [Step] = []
    func step(_ act: @escaping @Sendable (Workspace) throws -> Void) {
      steps.append(
        Step(lines: writer.count) {
          try act($0)
          return true
        })
    }

    // Nearly half of it has expired by its end.
    let first = writer.history("acme", days: 160) + writer.event("acme", "event-1", id: "a")
    step { try $0.append(first) }
    let second = writer.seats("beta", 12) + writer.raw("this is no event") + writer.burst(["acme", "beta"], of: 8)
    step { try $0.append(second) }

    // Rotated, and compressed while nobody waits for the daemon; then the plain file goes.
    let third = writer.burst(["gamma"], of: 2) + writer.event("delta", "event-1", id: "a")
    step {
      try rotate($0, ["events.ndjson": "events.ndjson.1"])
      try $0.append(third)
    }
    let packed = gzip(first) + gzip(second)
    let fourth = writer.seats("beta", 3) + writer.burst(["gamma", "beta"], of: 4)
    step {
      // As gzip(1) does: beside the plain file, in pieces, then the plain file goes.
      try append($0, "events.ndjson.1.gz", packed.prefix(packed.count / 2))
      try append($0, "events.ndjson.1.gz", packed.suffix(from: packed.count / 2))
      unlink($0.file("events.ndjson.1"))
      try $0.append(fourth)
    }

    // A compressed file nobody has seen before, of three members, that is moved into place.
    let members = [
      writer.seats("beta", 15) + writer.burst(["delta"], of: 3), writer.raw("neither is this"),
      writer.burst(["epsilon", "gamma"], of: 7),
    ]
    let concatenated = members.flatMap { gzip($0) }
    step {
      try append($0, "incoming", concatenated[...])
      try rotate($0, ["incoming": "events-other.ndjson.gz"])
    }
    let last = writer.event("acme", "event-2", id: "c") + writer.burst(["epsilon"], of: 2)
    step { try $0.append(last) }
    return FaultWorkload(name: "compressed file", config: following, steps: steps)
  }

  /// Renames in the order of the names, the highest first.
  private static func rotate(_ place: Workspace, _ names: [String: String]) throws {
    for (from, to) in names.sorted(by: { $0.key > $1.key }) {
      guard rename(place.file(from), place.file(to)) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
  }

  private static func append(_ place: Workspace, _ name: String, _ text: String) throws {
    try append(place, name, Array(text.utf8)[...])
  }

  private static func append(_ place: Workspace, _ name: String, _ bytes: ArraySlice<UInt8>) throws {
    try place.append(bytes: bytes, to: place.file(name))
  }
}
