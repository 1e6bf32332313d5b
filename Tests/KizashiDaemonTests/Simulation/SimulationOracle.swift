import Foundation
import KizashiCore
import KizashiDecode
import KizashiStore

@testable import KizashiClient
@testable import KizashiDaemon
@testable import KizashiIngest

extension Simulation {
  /// Lets everything come to rest: nothing breaks any more, all is read, stored, acknowledged and delivered.
  func settle() throws {
    isCalm = true
    world.finishLine()
    for _ in 0..<100_000 {
      if machine == nil { try start() }
      for index in world.producers.indices { world.transmit(index) }
      try read()
      try commit()
      try tellProducers()
      try hooks()
      machine?.pipeline.catchUp()
      if isAtRest() { break }
      world.now += 60_000
    }
    guard isAtRest() else { throw Broken(description: "it does not come to rest") }
    // Three days in which nobody does anything: everything silence can bring about has happened.
    while let machine, !machine.pipeline.tick(to: Instant(milliseconds: world.now + 3 * 86_400_000)) { try commit() }
    world.now += 3 * 86_400_000
    while let machine, machine.writing != nil || machine.pipeline.hasSomething { try commit() }
    for _ in 0..<10_000 {
      try hooks()
      // Nothing but the end of quiet hours and of pauses is waited for.
      world.now += machine?.runs.isEmpty == true ? 1_200_000 : 60_000
      if machine?.runs.isEmpty == true, machine?.unmarked.isEmpty == true, try open() == 0 { break }
    }
    guard try open() == 0 else { throw Broken(description: "\(try open()) deliveries stay open") }
  }

  private func open() throws -> Int {
    try place.rows("SELECT delivery_id FROM delivery WHERE state < 3").count
  }

  private func isAtRest() -> Bool {
    guard let machine else { return false }
    return machine.writing == nil && !machine.pipeline.hasSomething && !machine.pipeline.isBehind
      && machine.mailbox.receipts.isEmpty
      && world.files.allSatisfy { machine.isReadOut($0) }
      && world.producers.allSatisfy { $0.window.lineCount == 0 && $0.wire != nil }
  }

  /// What must be true of what is stored, whatever happened on the way.
  func check() throws {
    try checkLines()
    try checkDeliveries()
    guard try place.rows("SELECT source FROM stall WHERE is_open AND is_awaited").isEmpty else {
      throw Broken(description: "accounts still wait for a source behind a start")
    }
    try checkFunction()
  }

  /// Every line of every file and of every producer counts once or stands refused.
  private func checkLines() throws {
    let inFiles = world.files.reduce(0) { sum, file in
      sum + file.bytes.split(separator: 0x0a).count
    }
    let offered = world.producers.reduce(0) { $0 + $1.offered }
    let rows = try place.rows("SELECT name, lines FROM source ORDER BY name")
    let expected = [["control", "0"], ["log", "\(inFiles)"], ["sock", "\(offered)"]]
    if rows != expected { throw Broken(description: "lines: \(rows), expected \(expected)") }
    for producer in world.producers {
      let lines = try place.rows("SELECT json_extract(body, '$.lines') FROM stream WHERE key = 'sock/\(producer.name)'")
      if producer.offered > 0 && lines != [["\(producer.offered)"]] {
        throw Broken(description: "\(producer.name): \(lines) of \(producer.offered) lines")
      }
    }
  }

  /// Every run owed was started, none was invented, none is said to be done that never succeeded.
  private func checkDeliveries() throws {
    let rows = try place.rows("SELECT delivery_id, state FROM delivery")
    let ids = Set(rows.map { $0[0] })
    for id in ran.keys where !ids.contains(id) { throw Broken(description: "\(id) ran and is not in the store") }
    for row in rows {
      switch row[1] {
      case "3" where !succeeded.contains(row[0]): throw Broken(description: "\(row[0]) is done and never succeeded")
      case "4" where ran[row[0]] == nil: throw Broken(description: "\(row[0]) was given up without a try")
      case "0", "1", "2": throw Broken(description: "\(row[0]) is open")
      default: break
      }
    }
  }

  /// Everything stored is a function of the lines in the order they were applied and of the log of the clock's own
  /// advances: the same lines read in one go, cut in other places and committed in other places, give the same rows.
  private func checkFunction() throws {
    let advances = try place.rows("SELECT lines, to_ms FROM clock_advance ORDER BY lines").map {
      (lines: Int64($0[0]) ?? 0, to: Instant(milliseconds: Int64($0[1]) ?? 0))
    }
    let again = place.file("again.db")
    let other = try Machine(path: again, configuration, now: world.now, isLive: false)
    let decoders = other.formats.map { LineDecoder(options: $0) }
    var lines: Int64 = 0
    var next = advances[...]
    var stalls = try place.rows(
      "SELECT lines, clock_ms, source, kind, cause, at_ms, from_ms FROM stall_log ORDER BY seq"
    ).map { $0.compactMap { Int64($0) } }[...]
    func advance() {
      while let row = stalls.first, row[0] <= lines {
        guard let kind = StallTransition.Kind(rawValue: UInt8(row[3])), let cause = StallCause(rawValue: UInt8(row[4]))
        else { break }
        other.pipeline.redo(
          kind, cause, of: Int(row[2]), clock: Instant(milliseconds: row[1]), at: Instant(milliseconds: row[5]),
          from: Instant(milliseconds: row[6]))
        stalls = stalls.dropFirst()
      }
      while let first = next.first, first.lines <= lines {
        precondition(other.pipeline.settle(at: first.to), "more gathers than a commit of this simulation holds")
        next = next.dropFirst()
      }
    }
    advance()
    for chunk in applied {
      let decoder = decoders[chunk.source]
      for (index, piece) in cut(chunk.bytes).enumerated() {
        var part = chunk
        part.bytes = piece
        part.atStart = chunk.atStart && index == 0
        let position = StreamPosition(source: "again", key: "again", path: BytePath("again"))
        let decoded = Machine.decode(
          part, Chunk(source: "again", position: position, bytes: piece, startOffset: 0, oversize: []), decoder)
        lines += Int64(decoded.batch.lines.count)
        other.pipeline.take(decoded, source: chunk.source)
        if world.chance(5) { try other.store.write(try other.pipeline.cut(now: chunk.readAt).unit) }
      }
      advance()
    }
    try other.store.write(try other.pipeline.cut(now: Instant(milliseconds: world.now)).unit)
    try other.store.close(clean: true)
    let (first, second) = try (dump(place.store), dump(again))
    if first != second {
      throw Broken(description: "not a function of its log:\n" + CanonicalDump.differences(second, first))
    }
  }

  /// Whole lines in pieces of one to all of them.
  private func cut(_ bytes: [UInt8]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    for (offset, byte) in bytes.enumerated() where byte == 0x0a && world.chance(30) {
      pieces.append(Array(bytes[start...offset]))
      start = offset + 1
    }
    if start < bytes.count { pieces.append(Array(bytes[start...])) }
    return pieces
  }

  /// All that the promise covers; not who detected it when, nor where in a file it stood.
  private func dump(_ store: String) throws -> [String] {
    let queries =
      CanonicalDump.facts.filter { !$0.contains("quarantine") && !$0.contains("'source'") } + CanonicalDump.results + [
        "SELECT 'clock', now_at FROM meta",
        "SELECT 'lines', name, watermark_ms, lines, events, duplicates, ignored, undeduplicated FROM source",
        "SELECT 'refused', reason, line FROM quarantined",
        "SELECT 'numbers', id, score, computed, band, scored_ms, hex(state) FROM account",
        "SELECT 'grades', * FROM measure", "SELECT 'days', * FROM score_days", "SELECT 'marks', * FROM score_mark",
        "SELECT 'record', seq, source, at_ms, account, user, id, kind, event, line FROM record",
        // Reminders follow the wall clock and when a hook ran, not the log.
        "SELECT 'delivery', delivery_id, alert_id, hook FROM delivery WHERE delivery_id NOT LIKE '%:firing.%'",
        "SELECT 'advance', lines, to_ms FROM clock_advance",
        "SELECT 'stall', source, episode, is_open, is_awaited, at_ms, clock_ms, until_ms, lines, accounts, hex(members) FROM stall",
        "SELECT 'stall log', seq, lines, clock_ms, source, kind, cause, at_ms, from_ms FROM stall_log",
      ]
    return try CanonicalDump.of(place, store: store, queries)
  }
}
