import Glibc
import KizashiCore
import KizashiDecode
import Testing

/// Lines made to hurt: what they are refused for, that nobody else is, and what they cost.
@Suite struct PoisonTests {
  /// A line that is an event in its format.
  private static func good(_ format: SourceFormat, _ name: String) -> String {
    switch format {
    case .segment, .rudderstack:
      #"{"type":"track","event":"\#(name)","userId":"u","groupId":"a","timestamp":"2025-01-01T00:00:00Z"}"#
    case .posthog:
      #"{"event":"\#(name)","distinct_id":"u","timestamp":1.25,"properties":{"$groups":{"company":"a"}}}"#
    case .cloudevents:
      #"{"type":"\#(name)","source":"s","id":"i","subject":"a","time":"2025-01-01T00:00:00Z"}"#
    case .custom:
      #"{"log":{"at":7,"who":"u","a/b~c":"\#(name)","n":9,"tenant":{"ids":["a"]}}}"#
    default:
      #"{"timestamp":1.25,"account":"a","user":"u","event":"\#(name)","id":"\#(name)"}"#
    }
  }

  private static func between(_ poison: [UInt8], _ format: SourceFormat) -> [UInt8] {
    Array("\(good(format, "before"))\n".utf8) + poison + Array("\n\(good(format, "behind"))\n".utf8)
  }

  @Test(arguments: Poison.all)
  func `a poison line is refused for its reason, and its neighbours are what they are without it`(_ poison: Poison) {
    let options = reading(poison.format)
    let neighbours = decode("\(Self.good(poison.format, "before"))\n\(Self.good(poison.format, "behind"))", options)
    #expect(neighbours.map(\.kind) == [.usage, .usage])
    let rows = decode(Self.between(poison.line, poison.format), options)
    #expect(rows.map(\.reason) == [nil, poison.reason, nil])
    #expect([rows.first, rows.last] == [neighbours[0], neighbours[1]])
  }

  @Test(arguments: [
    SourceFormat.kizashi, .segment, .rudderstack, .posthog(groupType: "company"),
    .cloudevents(user: "/data/user", accountAttribute: nil), PresetTests.custom,
  ])
  func `no poison hides an event in any format, all of them in one chunk`(_ format: SourceFormat) {
    var batch = EventBatch()
    let decoder = LineDecoder(options: reading(format))
    let alone = decoder.rows(Array(Self.good(format, "e").utf8), batch: &batch).map(\.meaning)
    #expect(alone.map(\.kind) == [.usage])
    var chunk: [UInt8] = []
    for poison in Poison.all {
      chunk += poison.line + Array("\n\(Self.good(format, "e"))\n".utf8)
    }
    chunk.withUnsafeBytes {
      decoder.decode($0, atStreamStart: true, receivedAt: Instant(milliseconds: 0), into: &batch)
    }
    #expect(batch.lines.count == 2 * Poison.all.count)
    let events = (0..<batch.rowCount).filter { RowKind(rawValue: batch.kind[$0]) == .usage }
    #expect(events.map { Int(batch.line[$0]) } == (0..<Poison.all.count).map { 2 * $0 + 1 })
    #expect(events.allSatisfy { batch.string(batch.account[$0]) == "a" && batch.instant[$0] == alone[0].at })
  }

  /// Milliseconds differ by machine and build, so poison is held against a line of its size that is counted. The bounds
  /// leave room for a shim without optimisation, and for a machine on which the same line costs five good ones or nine, by
  /// the minute; a line of long doubles cost seventeen before they were looked for. Whoever shares the processor can slow
  /// down one of the two: where the first look is over the bound, both are measured again, in turns. `stages --poison`
  /// prints microseconds of a release build.
  @Test func `poison costs no more than a few good lines of its size`() {
    let entries = (0..<45_000).map { "\"k\($0)\":\"value \($0)\"" }.joined(separator: ",")
    let good = #"{"timestamp":0,"account":"a","event":"e","properties":{\#(entries)}}"#
    #expect(decode(good).map(\.kind) == [.usage])
    var yardstick = Self.cost(Array(good.utf8), .kizashi)
    for poison in Poison.all {
      var cost = Self.cost(poison.line, poison.format)
      let bound = poison.isDense ? 50 : 12
      for _ in 0..<5 where cost >= yardstick * bound {
        yardstick = Self.cost(Array(good.utf8), .kizashi)
        cost = Self.cost(poison.line, poison.format)
      }
      #expect(cost < yardstick * bound, "\(poison): \(cost) ns, a good line \(yardstick) ns")
    }
  }

  /// Nanoseconds of this thread for one line, the median of a few; the first one, which finds the memory, is not counted.
  private static func cost(_ line: [UInt8], _ format: SourceFormat) -> Int {
    let decoder = LineDecoder(options: reading(format))
    var batch = EventBatch()
    let times = (0..<8).map { _ in
      let start = cpuNanoseconds()
      line.withUnsafeBytes {
        decoder.decode($0, atStreamStart: true, receivedAt: Instant(milliseconds: 0), into: &batch)
      }
      return cpuNanoseconds() - start
    }
    return times.dropFirst().sorted()[3]
  }

  private static func cpuNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }
}
