import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore

/// What one transaction stores, and who is told when it is stored.
struct Parcel: Sendable {
  var unit: CommitUnit
  /// Producers that wait for it.
  var receipts: [(receipt: Receipt, taker: any ReceiptTaker)]
  /// Whether the unit owes hook runs.
  var owesRuns: Bool
}

/// The engine and what was read and applied to it but is not stored yet. Decides when to store and what belongs together.
///
/// Synchronous and without effects: its owner gives it decoded chunks and the time, and stores what it cuts off. The
/// daemon's owner is ``EngineHost``; a simulation is another.
struct Pipeline: ~Copyable {
  var engine: Engine
  private var builder: CommitBuilder
  /// What the first commit under another config does to the episodes of rules that are gone.
  private var rulesLeft: RulesLeft?
  let policy: CommitPolicy
  private var positions: [String: (position: StreamPosition, source: Int)] = [:]
  private var quarantine: [QuarantineRow] = []
  private var releasedQuarantine: [Int64] = []
  private var receipts: [String: (receipt: Receipt, taker: any ReceiptTaker)] = [:]
  private var lastCut: Instant
  /// Sources with something unread at the last look.
  var undrained: Set<Int>
  /// Sources of which it is not known that all they had to say at the start has been read.
  var unread: Set<Int>
  var watch = StallWatch()
  private(set) var totals = Totals()
  /// What happened so many milliseconds ago or less is of now: somebody may wait for it.
  static let present: Int64 = 60_000

  /// What went through since the start.
  struct Totals: Sendable {
    var bytes: Int64 = 0
    var lines: Int64 = 0
    var commits: Int64 = 0
    var changes: Int64 = 0
    /// Episodes that opened.
    var alerts: Int64 = 0
  }

  init(parts: EngineParts, policy: CommitPolicy, liveSources: Set<Int>, now: Instant) throws {
    engine = try parts.makeEngine()
    builder = parts.builder
    rulesLeft = parts.rulesLeft
    self.policy = policy
    (undrained, unread) = (liveSources, liveSources)
    lastCut = now
    watch.follow(parts.sources, now: now, away: now.milliseconds &- max(engine.now.milliseconds, 0))
  }

  // MARK: Input

  /// Counts a chunk.
  mutating func take(_ decoded: DecodedChunk, source: Int) {
    waitForUnread(but: source, at: decoded.readAt)
    if let retried = decoded.retried {
      // They are counted already, and nothing that the source delivers.
      let rows = retried.origins.values.joined()
      engine.takeBack(lines: retried.origins.count, refusedFor: rows.map(\.reason), source: source)
      releasedQuarantine += rows.map(\.sequence)
    } else {
      undrained.insert(source)
    }
    // Of a backlog nobody waits for a single line. The latest: refused lines have no instant.
    let isPresent = (decoded.batch.instant.max() ?? 0) > decoded.readAt.milliseconds - Self.present
    engine.apply(decoded.batch, within: isPresent ? deadlinesNow : .max)
    let chunk = decoded.chunk
    if decoded.retried == nil, decoded.batch.lines.count + chunk.oversize.count > 0 {
      watch.heard(source, now: decoded.readAt)
    }
    var refused: [Receipt.RefusedLine] = []
    for line in chunk.oversize {
      engine.refuse(.oversize, source: source)
      quarantine.append(
        QuarantineRow(
          source: source, path: chunk.position.path.bytes, offset: line.offset, reason: .oversize,
          seenAt: decoded.readAt, line: line.sample))
      if let wish = chunk.acknowledgement {
        refused.append(Receipt.RefusedLine(line: wish.firstLine - 1, reason: RefusalReason.oversize.name))
      }
    }
    let refusals = engine.takeRefusals()
    if !refusals.isEmpty {
      keep(refusals, decoded, source)
      if let wish = chunk.acknowledgement { refused += numbered(refusals, decoded, from: wish.firstLine) }
    }
    positions[chunk.position.key] = (chunk.position, source)
    for copy in chunk.copies { positions[copy.key] = (copy, source) }
    if let wish = chunk.acknowledgement { owe(wish, chunk.position, refused) }
    totals.bytes += Int64(chunk.bytes.count)
    totals.lines += Int64(decoded.batch.lines.count)
  }

  private mutating func keep(_ refusals: [Refusal], _ decoded: DecodedChunk, _ source: Int) {
    for refusal in refusals {
      let range = decoded.batch.lines[refusal.line]
      let start = Int(range.offset)
      let length = min(Int(range.length), QuarantineRow.longestKept)
      let origin = decoded.retried?.origins[start]?.first
      quarantine.append(
        QuarantineRow(
          source: source, path: origin?.path ?? decoded.chunk.position.path.bytes,
          offset: origin?.offset ?? decoded.chunk.startOffset + Int64(start), reason: refusal.reason,
          seenAt: origin?.seenAt ?? decoded.readAt, line: Array(decoded.chunk.bytes[start..<start + length])))
    }
  }

  /// A producer counts line feeds, blank lines included; a batch knows offsets.
  private func numbered(
    _ refusals: [Refusal], _ decoded: DecodedChunk, from firstLine: Int64
  ) -> [Receipt.RefusedLine] {
    var line = firstLine
    var offset = 0
    var result: [Receipt.RefusedLine] = []
    // Several rows of one envelope may be refused, and they need not come in order of lines.
    for refusal in refusals.sorted(by: { $0.line < $1.line }) {
      let start = Int(decoded.batch.lines[refusal.line].offset)
      for byte in decoded.chunk.bytes[offset..<start] where byte == UInt8(ascii: "\n") { line += 1 }
      offset = start
      if result.last?.line == line { continue }
      result.append(Receipt.RefusedLine(line: line, reason: refusal.reason.name))
    }
    return result
  }

  private mutating func owe(_ wish: Acknowledgement, _ position: StreamPosition, _ refused: [Receipt.RefusedLine]) {
    var receipt = receipts[position.key]?.receipt ?? Receipt(key: position.key, lines: 0)
    receipt.lines = position.lines
    receipt.refused += refused
    receipts[position.key] = (receipt, wish.taker)
  }

  // MARK: Commits

  /// Whether there is anything to store.
  var hasSomething: Bool {
    engine.hasUndrained || !positions.isEmpty || rulesLeft != nil
  }

  /// Whether everything there was to read has been applied.
  var isDrained: Bool { undrained.isEmpty }

  /// What to do now.
  func decide(now: Instant, storeIsFree: Bool) -> CommitPolicy.Decision {
    guard hasSomething else { return .gather }
    return policy.decide(
      bytes: engine.undrainedBytes, accounts: engine.accountCount, since: lastCut, now: now, isDrained: isDrained,
      isBehind: engine.isBehind, storeIsFree: storeIsFree)
  }

  /// Whether what gathered while the store was busy should follow at once.
  var followsAtOnce: Bool { hasSomething && (isBehind || policy.whenDrained && isDrained) }

  /// Whether the clock has left deadlines behind.
  var isBehind: Bool { engine.isBehind }

  /// Cuts off everything that has gathered.
  mutating func cut(now: Instant) throws -> Parcel {
    let commit = engine.drain()
    var unit = builder.unit(commit, engine, detectedAt: now)
    unit.rulesLeft = rulesLeft
    if rulesLeft != nil { unit.durable = true }
    rulesLeft = nil
    for (position, source) in positions.values.sorted(by: { $0.position.key < $1.position.key }) {
      if position.ending == .closed {
        unit.forgottenStreams.append(StreamKey(source: source, key: position.key))
      } else {
        unit.streams.append(StoredPosition.row(position, source: source))
      }
    }
    unit.quarantine = quarantine
    unit.releasedQuarantine = releasedQuarantine
    let owesRuns = unit.durable
    // Whoever is told that a line is stored will not send it again.
    if !receipts.isEmpty { unit.durable = true }
    let parcel = Parcel(
      unit: unit, receipts: receipts.values.sorted { $0.receipt.key < $1.receipt.key }, owesRuns: owesRuns)
    positions.removeAll(keepingCapacity: true)
    quarantine.removeAll(keepingCapacity: true)
    releasedQuarantine.removeAll()
    receipts.removeAll(keepingCapacity: true)
    lastCut = now
    totals.commits += 1
    totals.changes += Int64(unit.commit.changes.count)
    totals.alerts += Int64(unit.commit.alerts.count { $0.state == .firing })
    return parcel
  }

  // MARK: Configs

  /// Puts another engine in place because the config has changed. Everything gathered was stored before.
  mutating func rebuild(_ parts: EngineParts, now: Instant) throws {
    engine = try parts.makeEngine()
    watch.follow(parts.sources, now: now)
    builder = parts.builder
    rulesLeft = parts.rulesLeft
  }

  /// Takes over what a changed config says of rules' hooks, where no number changes.
  mutating func use(_ builder: CommitBuilder) { self.builder = builder }

  /// Registers a source that a changed config added.
  mutating func addSource(_ source: SourceModel) { engine.addSource(source) }
}
