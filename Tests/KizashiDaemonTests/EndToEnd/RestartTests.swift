import Foundation
import Glibc
import KizashiConfig
import KizashiCore
import TestSupport
import Testing

@testable import KizashiDaemon

/// However a log is read, in one go or in pieces, by a replay or by a daemon that is stopped and started in between, the
/// store says the same.
@Suite struct RestartTests {
  private static let more = """
    features:
      reports: {events: ["report.*"], core: true}
    measures:
      spent: {metric: {sum: {feature: any, where: {plan: pro}, property: amount, window: 7d}}, grade: {points: [[0, 0], [9000.5, 100]]}}
    rules:
      spending: {kind: threshold, metric: {sum: {feature: reports, property: amount, window: 24h}}, above: 99.5}
      turned: {kind: band_change}
      quiet: {kind: silence, feature: core, after: 2d}
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 8, clear: 4}
    """

  private func replayed(_ lines: [String], pieces: [Int]) async throws -> (place: Workspace, dump: [String]) {
    let place = try Workspace()
    let configuration = try place.configure(Self.more, timezone: "Europe/Berlin")
    var from = 0
    for end in pieces + [lines.count] {
      try place.append(lines[from..<end].map { "\($0)\n" }.joined())
      from = end
      _ = try await Replay.run(
        ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    }
    return (place, try CanonicalDump.of(place))
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func `a file replayed as it grows gives what one replay gives`(
    seed: UInt64
  ) async throws {
    var maker = LogMaker(seed: seed, from: 1_771_545_600_000, pace: 2 * 3_600_000)
    let lines = maker.lines(600)
    let whole = try await replayed(lines, pieces: [])
    var random = SeededGenerator(seed: seed)
    let cuts = Set((0..<6).map { _ in Int.random(in: 1..<lines.count, using: &random) }).sorted()
    let pieces = try await replayed(lines, pieces: cuts)
    #expect(
      pieces.dump == whole.dump, "seed \(seed), cut at \(cuts)\n\(CanonicalDump.differences(whole.dump, pieces.dump))")
    #expect(whole.dump.contains { $0.hasPrefix("alert") } && whole.dump.contains { $0.hasPrefix("change") })

    // Once more from the start: everything is known.
    let configuration = try Configuration.load(path: whole.place.config)
    let again = try await Replay.run(
      ReplayRequest(configuration: configuration, storePath: whole.place.store, inputs: [whole.place.log]))
    #expect(again.lines == 0)
    #expect(try CanonicalDump.of(whole.place) == whole.dump)
  }

  @Test func `a daemon stopped and started while the file grows gives what one replay gives`() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let place = try Workspace()
    // Days step where the wall clock is drained and not where the replay is: no midnight may lie in the last 12 hours.
    let configuration = try place.configure(Self.more, timezone: Self.zoneWithoutMidnight)
    // So recent that nothing else falls due while the test runs, and none of it lies ahead.
    var maker = LogMaker(seed: seed, from: presentMilliseconds() - 12 * 3_600_000, pace: 60_000, silences: false)
    let lines = maker.lines(700).filter { line in
      guard case .event(let event) = PlainLine(line, latestAcceptable: .max) else { return true }
      let age = presentMilliseconds() - event.at
      return age > 60_000 && age < 20 * 3_600_000 || event.at > presentMilliseconds() + 86_400_000
    }.prefix(500)
    let bytes = Array(lines.map { "\($0)\n" }.joined().utf8)

    var random = SeededGenerator(seed: seed)
    var written = 0
    for _ in 0..<4 {
      let daemon = try Child.daemon(place)
      for _ in 0..<3 where written < bytes.count {
        // Cut anywhere, also inside a line or a character.
        let end = min(bytes.count, written + Int.random(in: 1...bytes.count / 10, using: &random))
        try place.append(bytes: bytes[written..<end])
        written = end
      }
      let whole = Int64(bytes[..<written].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
      let isRead = await eventually { place.offset == whole }
      #expect(isRead, "seed \(seed): \(place.offset) of \(whole): \(daemon.errorText.suffix(2000))")
      daemon.signal(SIGTERM)
      #expect(await daemon.ended() == 0, "seed \(seed): \(daemon.errorText.suffix(2000))")
      #expect(place.number("SELECT clean_stop FROM meta") == 1)
    }
    try place.append(bytes: bytes[written...])
    let last = try Child.daemon(place)
    let isRead = await eventually { place.offset == bytes.count }
    #expect(isRead, "seed \(seed)")
    last.signal(SIGTERM)
    #expect(await last.ended() == 0)

    let other = place.file("replayed.db")
    _ = try await Replay.run(ReplayRequest(configuration: configuration, storePath: other, inputs: [place.log]))
    let (live, replayed) = (try CanonicalDump.of(place), try CanonicalDump.of(place, store: other))
    #expect(live == replayed, "seed \(seed)\n\(CanonicalDump.differences(replayed, live))")
    #expect(live.contains { $0.hasPrefix("change") } && live.contains { $0.hasPrefix("refusal") })
  }

  /// A zone in which it is about two in the afternoon.
  private static var zoneWithoutMidnight: String {
    let offset = 14 - presentMilliseconds() / 3_600_000 % 24
    // These names count west of Greenwich as positive.
    return offset >= 0 ? "Etc/GMT-\(offset)" : "Etc/GMT+\(-offset)"
  }
}
