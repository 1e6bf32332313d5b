import Foundation
import GRDB
import Glibc
import KizashiStore
import TestSupport
import Testing

/// The power goes at any moment: what was promised is kept, and what is not on the disk is gone as a whole, counts together
/// with the positions they were read to.
///
/// `KIZASHI_POWER_CUTS` says how often; `KIZASHI_POWER_SEED` repeats a run.
@Suite(.serialized, .enabled(if: PowerCut.obstacle == nil, "\(PowerCut.obstacle ?? "")"))
struct PowerCutTests {
  private static func setting(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  /// What is to be kept; producers that are told what is stored add theirs here.
  private static let promises: [PowerCut.Promise] = [.hookRuns]

  @Test func `what was promised before the power went is there, and all else agrees with itself`() async throws {
    let cuts = Int(Self.setting("KIZASHI_POWER_CUTS") ?? 2)
    let seed = Self.setting("KIZASHI_POWER_SEED") ?? UInt64.random(in: 0...UInt64.max)
    let note = "KIZASHI_POWER_SEED=\(seed)"
    var random = SeededGenerator(seed: seed)
    var (lost, empty, promised) = (0, 0, 0)
    let began = ContinuousClock.now
    for number in 1...max(cuts, 1) {
      let comment = Comment(rawValue: "cut \(number), \(note)")
      let place = try Workspace()
      let cut = try await start(place)
      var producer = PowerCutProducer(place, seed: random.next())
      try await producer.write(until: .now + .milliseconds(Int.random(in: 1...1200, using: &random)))
      let written = producer.written
      let broken = try await cut.cut(Self.promises)
      #expect(broken.isEmpty, "\(broken.prefix(5).joined(separator: "\n")) \(comment)")
      promised += try Self.promises[0].given(place).count
      let offset = try await consistent(place, cut, written, comment)
      if offset < written.count { lost += 1 }
      if offset == 0 { empty += 1 }
      try await goOn(place, cut, written, comment)
    }
    print(
      "\(cuts) power cuts, \(lost) of which took unsynced commits (\(empty) all of them), \(promised) hook runs kept,",
      "in \(began.duration(to: .now).formatted()); \(note)")
  }

  private func start(_ place: Workspace) async throws -> PowerCut {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: UTC}
      store: {path: \(PowerCut.store(place))}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events*.ndjson]}
      \(FaultWorkload.rules(place))

      """)
    let cut = try await PowerCut(place)
    #expect(await cut.started(), "\(readText(place.file("daemon.err")) ?? "")")
    return cut
  }

  /// Holds what is left against the lines before the position that is left; gives the position.
  private func consistent(_ place: Workspace, _ cut: PowerCut, _ written: [UInt8], _ comment: Comment) async throws
    -> Int
  {
    guard access(cut.found, F_OK) == 0 else { return 0 }
    let (status, output, errors) = try await Child.run(
      ["verify", "--config", place.config, "--db", cut.found], in: place)
    // Before the first commit there may not even be tables: then there is nothing to verify, and it says so.
    let isMade = (try? place.rows("SELECT * FROM meta", in: cut.found)) != nil
    guard isMade else { return 0 }
    #expect(status == 0, "\(output) \(errors) \(comment)")
    #expect(try await Store.problems(of: cut.found) == [], comment)
    let offset = try place.rows("SELECT offset FROM sources WHERE path IS NOT NULL", in: cut.found).first?.first ?? "0"
    let prefix = written.prefix(Int(offset) ?? 0)
    #expect(prefix.isEmpty || prefix.last == UInt8(ascii: "\n"), "offset \(offset) is within a line \(comment)")
    try check(place, cut.found, prefix, comment)
    return prefix.count
  }

  /// Starts a daemon on what is left: it reads on, and in the end all is as if nothing had happened.
  private func goOn(_ place: Workspace, _ cut: PowerCut, _ written: [UInt8], _ comment: Comment) async throws {
    let daemon = try Child(["run", "--config", place.config, "--db", cut.found], in: place, name: "after")
    let lines = Int64(written.count { $0 == UInt8(ascii: "\n") })
    let watch = StoreWatch(cut.found)
    let isDone = await eventually { watch.look().map { $0.lines >= lines && $0.owed == 0 } ?? false }
    #expect(isDone, "\(watch.look().map { "\($0)" } ?? "-") \(daemon.errorText) \(comment)")
    watch.close()
    #expect(await daemon.started(), comment)
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText) \(comment)")
    try check(place, cut.found, written[...], comment)
    let done = try place.rows("SELECT delivery_id FROM deliveries WHERE state = 'done'", in: cut.found).map { $0[0] }
    let ran = try PowerCut.Promise.hookRuns.given(place)
    #expect(Set(done) == ran, comment)
  }

  /// The facts are those of the lines, each once, and so are the alerts.
  private func check(_ place: Workspace, _ store: String, _ written: ArraySlice<UInt8>, _ comment: Comment) throws {
    var totals: [String: Int] = [:]
    for line in String(decoding: written, as: UTF8.self).split(separator: "\n") {
      totals[String(line.split(separator: "\"")[5]), default: 0] += 1
    }
    let rows = try place.rows(
      "SELECT a.name, sum(f.events) FROM fact f JOIN account_name a ON a.id = f.account GROUP BY 1", in: store)
    let stored = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Int($0[1]) ?? -1) })
    #expect(stored == totals, comment)
    let expected = totals.filter { $0.value > 5 }.map { "busy:\($0.key):1" }.sorted()
    let alerts = try place.rows("SELECT alert_id FROM alerts WHERE rule = 'busy' ORDER BY 1", in: store).map { $0[0] }
    #expect(alerts == expected, comment)
  }
}
