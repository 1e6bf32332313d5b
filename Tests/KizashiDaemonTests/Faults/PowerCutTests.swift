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

  /// What is to be kept.
  private static let promises: [PowerCut.Promise] = [.hookRuns, .acknowledgedLines]

  /// What the cuts have met.
  private struct Figures {
    var (cuts, lost, empty, runs, acknowledged) = (0, 0, 0, 0, 0)
    /// Acknowledged lines that were synced for no other reason, and in how many cuts there were any.
    var (owing, owingCuts) = (0, 0)
  }

  @Test func `what was promised before the power went is there, and all else agrees with itself`() async throws {
    let cuts = Int(Self.setting("KIZASHI_POWER_CUTS") ?? 2)
    let seed = Self.setting("KIZASHI_POWER_SEED") ?? UInt64.random(in: 0...UInt64.max)
    let note = "KIZASHI_POWER_SEED=\(seed)"
    var random = SeededGenerator(seed: seed)
    var figures = Figures()
    let began = ContinuousClock.now
    for number in 1...max(cuts, 1) {
      let comment = Comment(rawValue: "cut \(number), \(note)")
      let place = try Workspace()
      let cut = try await start(place)
      var producers = PowerCutProducers(place, cut, seed: random.next())
      try await producers.write()
      try await cut.stop()
      try producers.listen()
      let broken = try await cut.cut(Self.promises)
      #expect(broken.isEmpty, "\(broken.prefix(5).joined(separator: "\n")) \(comment)")
      figures.cuts += 1
      figures.runs += try PowerCut.Promise.hookRuns.given(place).count
      try await consistent(place, cut, producers, &figures, comment)
      // Whoever was promised too much cannot go on from it.
      if broken.isEmpty { try await goOn(place, cut, producers, comment) }
    }
    print(
      "\(figures.cuts) power cuts, \(figures.lost) of which took unsynced commits (\(figures.empty) all of them),",
      "\(figures.runs) hook runs and \(figures.acknowledged) acknowledged lines kept,",
      "\(figures.owing) of these, in \(figures.owingCuts) cuts, by nothing but the sync before they were acknowledged,",
      "in \(began.duration(to: .now).formatted()); \(note)")
  }

  @Test func `what a daemon found at its start is on the disk before it tells anybody`() async throws {
    let place = try Workspace()
    let page = try FaultPage(place, nil)
    let cut = try await start(place, fault: page)
    var random = SeededGenerator(seed: 1)
    var lines = PowerCutLines(producer: "sock")
    // Both commits owe no hook: the second is written, and the daemon dies before it is synced.
    lines.add(3, &random)
    #expect(try await AcknowledgedSender(place: place).send(lines.texts()))
    page.killBeforeSync()
    lines.add(1, &random)
    #expect(try await !AcknowledgedSender(place: place).send(lines.texts()))
    #expect(page.what?.hasPrefix("fdatasync ") == true && page.what?.hasSuffix("-wal") == true, "\(page.what ?? "-")")
    var greeted: ProducerConnection?
    let isUp = await eventually {
      greeted = try? await ProducerConnection.open(place)
      return greeted != nil
    }
    #expect(isUp && greeted?.acknowledged == 4, "the daemon finds what was written")
    try await cut.stop()
    greeted?.close()
    let broken = try await cut.cut(Self.promises)
    #expect(broken.isEmpty, "\(broken.joined(separator: "\n"))")
  }

  private func start(_ place: Workspace, fault: FaultPage? = nil) async throws -> PowerCut {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      business: {timezone: UTC}
      store: {path: \(PowerCut.store(place))}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events*.ndjson]}
        - {id: sock, kind: unix, path: \(place.file("e.sock"))}
      \(FaultWorkload.rules(place))

      """)
    let cut = try await PowerCut(place, fault: fault)
    #expect(await cut.started(), "\(readText(place.file("daemon.err")) ?? "")")
    return cut
  }

  /// Holds what is left against the lines before the positions that are left.
  private func consistent(
    _ place: Workspace, _ cut: PowerCut, _ producers: PowerCutProducers, _ figures: inout Figures, _ comment: Comment
  ) async throws {
    // Before the first commit there may be no store, or not even tables: then there is nothing to verify.
    guard access(cut.found, F_OK) == 0, (try? place.rows("SELECT * FROM meta", in: cut.found)) != nil else {
      figures.lost += 1
      figures.empty += 1
      return
    }
    try await verify(place, cut, comment)
    #expect(try await Store.problems(of: cut.found) == [], comment)
    let offsets = try place.rows("SELECT offset FROM sources WHERE source = 'app' AND path IS NOT NULL", in: cut.found)
    let offset = offsets.first.flatMap { Int($0[0]) } ?? 0
    let read = producers.file.lines(in: offset)
    #expect(read != nil, "offset \(offset) is within a line \(comment)")
    let position = try PowerCut.Promise.position(in: cut.found, place)
    try check(place, cut.found, producers, file: read ?? 0, socket: position, comment)

    if read ?? 0 < producers.file.lines.count { figures.lost += 1 }
    if read == 0 && position == 0 { figures.empty += 1 }
    let acknowledged = ProducerConnection.acknowledged(place)
    figures.acknowledged += acknowledged
    // What was sent after the last commit that owes a hook was made is in none of those that are synced for hooks.
    let last = try place.rows("SELECT ifnull(max(detected_ms), 0) FROM alert", in: cut.found).first?.first ?? "0"
    let owing = producers.socket.lines.prefix(acknowledged).count { $0.writtenAt > Int64(last) ?? 0 }
    figures.owing += owing
    if owing > 0 { figures.owingCuts += 1 }
  }

  private func verify(_ place: Workspace, _ cut: PowerCut, _ comment: Comment) async throws {
    let (status, output, errors) = try await Child.run(
      ["verify", "--config", place.config, "--db", cut.found], in: place)
    #expect(status == 0, "\(output) \(errors) \(comment)")
  }

  /// Starts a daemon on what is left: it reads on, is sent what it says it does not have, and in the end all is as if nothing
  /// had happened.
  private func goOn(_ place: Workspace, _ cut: PowerCut, _ producers: PowerCutProducers, _ comment: Comment)
    async throws
  {
    let daemon = try Child(["run", "--config", place.config, "--db", cut.found], in: place, name: "after")
    #expect(await daemon.started(), "\(daemon.errorText) \(comment)")
    #expect(try await AcknowledgedSender(place: place).send(producers.socket.texts()), comment)
    let lines = Int64(producers.file.lines.count + producers.socket.lines.count)
    let watch = StoreWatch(cut.found)
    let isDone = await eventually { watch.look().map { $0.lines >= lines && $0.owed == 0 } ?? false }
    #expect(isDone, "\(watch.look().map { "\($0)" } ?? "-") \(daemon.errorText) \(comment)")
    watch.close()
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText) \(comment)")
    try check(
      place, cut.found, producers, file: producers.file.lines.count, socket: producers.socket.lines.count, comment)
    try await verify(place, cut, comment)
    let done = try place.rows("SELECT delivery_id FROM deliveries WHERE state = 'done'", in: cut.found).map { $0[0] }
    let ran = try PowerCut.Promise.hookRuns.given(place)
    #expect(Set(done) == ran, comment)
  }

  /// A store holds exactly the first lines of each producer, each once.
  private func check(
    _ place: Workspace, _ store: String, _ producers: PowerCutProducers, file: Int, socket: Int, _ comment: Comment
  ) throws {
    for (source, producer, lines, count) in [
      ("app", "file", producers.file, file), ("sock", "sock", producers.socket, socket),
    ] {
      #expect(count <= lines.lines.count, comment)
      let expected = PowerCutFacts(lines.lines.prefix(count))
      let stored = try PowerCutFacts(of: source, producer, in: store, place)
      #expect(stored.facts == expected.facts, comment)
      #expect(stored.alerts == expected.alerts, comment)
      #expect(stored.counts == expected.counts, comment)
    }
  }
}
