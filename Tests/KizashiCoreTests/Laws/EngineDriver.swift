import KizashiCore
import ReferenceModel
import TestSupport

/// Feeds a scenario to an engine as the daemon would: in chunks, with commits in between, perhaps with restarts.
struct EngineDriver: ~Copyable {
  /// Where chunks end, commits are made and the process is restarted, in percent of the places where it may happen.
  struct Habits {
    var chunkEnds = 100
    var commits = 0
    var restarts = 0
    /// How often few deadlines may fire with a chunk, so that the clock leaves others behind.
    var delays = 0
  }

  private(set) var engine: Engine
  private(set) var world = StoredWorld()
  /// The engine's clock after each `advance`.
  private(set) var clocks: [Int64] = []
  /// Rows refused by reason, as handed to the quarantine.
  private(set) var quarantined = 0
  /// How often the clock left deadlines behind.
  private(set) var delayed = 0
  private var scenario: Scenario
  private let habits: Habits
  private var version = 1
  private var random: SeededGenerator

  init(_ scenario: Scenario, _ habits: Habits = Habits(), seed: UInt64 = 1) {
    self.scenario = scenario
    self.habits = habits
    random = SeededGenerator(seed: seed)
    engine = Engine(model: scenario.model, configVersion: 1, sources: scenario.sources, seed: seed)
    world.filterStarts = scenario.filterStarts
    world.sumStarts = scenario.sumStarts
    world.properties = scenario.model.summed
    do {
      try engine.restore(world.restored(model: scenario.model, all: false), mode: .resume)
    } catch {
      preconditionFailure("an empty store cannot be restored: \(error)")
    }
  }

  /// Plays the whole scenario and makes a last commit.
  mutating func run() throws {
    try play(scenario.inputs[...])
    world.store(engine.drain())
  }

  /// Goes on under another config, as a daemon does that reloads or starts with it; what that alone stored.
  ///
  /// - Parameter next: Its model, and since when filters and sums have been asked for as its registration would note it.
  mutating func change(to next: Scenario) throws -> Commit {
    world.store(engine.drain())
    let rules = next.model.rules.filter { rule in scenario.model.rules.contains { rule.hasTheCondition(of: $0) } }
    let unchanged = UnchangedConfig(
      scores: next.model.withoutRules == scenario.model.withoutRules, rules: Set(rules.map(\.name)))
    scenario.model = next.model
    world.forgetConfig(summed: next.model.summed, scores: !unchanged.scores)
    (world.filterStarts, world.sumStarts) = (next.filterStarts, next.sumStarts)
    version += 1
    engine = Engine(model: next.model, configVersion: version, sources: scenario.sources, seed: random.next())
    try engine.restore(
      world.restored(model: next.model, all: true), mode: .rebase(unchanged: unchanged))
    return commit()
  }

  /// Ends the process and goes on from what is stored.
  mutating func restart() throws {
    world.store(engine.drain())
    // Another seed: no result may depend on where hash tables put things.
    engine = Engine(
      model: scenario.model, configVersion: version, sources: scenario.sources, seed: random.next())
    try engine.restore(world.restored(model: scenario.model, all: false), mode: .resume)
  }

  /// Plays inputs, the last of their lines too, without a commit at the end.
  mutating func play(_ inputs: ArraySlice<ReferenceInput>) throws {
    var chunk = EventBatch()
    for input in inputs {
      if case .event(let event) = input {
        if chunk.rowCount > 0 && (chunk.source != event.source || random.chance(habits.chunkEnds)) {
          try deliver(&chunk)
        }
        chunk.source = event.source
        chunk.latestAcceptable = Instant(milliseconds: event.latestAcceptable)
        chunk.append(event, engine.wanted)
      } else {
        try deliver(&chunk)
        if case .advance(let instant, _) = input { try approach(instant) }
        move(input)
        try pause()
      }
    }
    try deliver(&chunk)
  }

  /// One account as the engine sees it.
  func explain(_ account: String) -> Explanation? { engine.account(named: account).map { engine.explain($0) } }

  /// Applies one line alone.
  mutating func apply(_ event: ReferenceEvent, remembersAccounts: Bool = false) {
    var chunk = EventBatch()
    chunk.remembersAccounts = remembersAccounts
    chunk.source = event.source
    chunk.latestAcceptable = Instant(milliseconds: event.latestAcceptable)
    chunk.append(event, engine.wanted)
    engine.apply(chunk)
  }

  /// Moves the clock toward an instant in parts, each as much as memory is to hold, and stores after each.
  private mutating func approach(_ instant: Int64) throws {
    guard habits.commits > 0, random.chance(50) else { return }
    let most = [1, 3, 20].randomElement(using: &random) ?? 1
    while !engine.advance(to: Instant(milliseconds: instant), within: most) {
      world.store(engine.drain())
      if random.chance(habits.restarts) { try restart() }
    }
  }

  /// Applies a wall-clock input.
  mutating func move(_ input: ReferenceInput) {
    switch input {
    case .event: preconditionFailure("events come in chunks")
    case .advance(let instant, _):
      engine.advance(to: Instant(milliseconds: instant))
      clocks.append(engine.now.milliseconds)
    case .settle(let instant): engine.settle(at: Instant(milliseconds: instant))
    case .stall(let source, let at, let from):
      engine.stall(source, .silence, at: Instant(milliseconds: at), from: Instant(milliseconds: from))
    case .waitFor(let source, let at, let from):
      engine.waitFor(source, at: Instant(milliseconds: at), from: Instant(milliseconds: from))
    case .endStall(let source, let at): engine.endStall(source, .resumed, at: Instant(milliseconds: at))
    }
  }

  /// Commits now and returns what was stored.
  mutating func commit() -> Commit {
    let commit = engine.drain()
    world.store(commit)
    return commit
  }

  private mutating func deliver(_ chunk: inout EventBatch) throws {
    guard chunk.rowCount > 0 else { return }
    engine.apply(chunk, within: random.chance(habits.delays) ? random.int(0...2) : .max)
    if engine.isBehind { delayed += 1 }
    quarantined += engine.takeRefusals().count
    chunk = EventBatch()
    try pause()
  }

  private mutating func pause() throws {
    if random.chance(habits.commits) { world.store(engine.drain()) }
    if random.chance(habits.restarts) { try restart() }
    if engine.isBehind && random.chance(30) { engine.advance(to: engine.now, within: 1) }
  }

  /// An engine that believes the stored facts and lines and nothing else.
  borrowing func recomputed() throws -> Engine {
    var fresh = Engine(model: scenario.model, configVersion: 1, sources: scenario.sources, seed: 99)
    try fresh.restore(world.restored(model: scenario.model, all: true, computed: true), mode: .recompute)
    return fresh
  }
}

extension Model {
  fileprivate var withoutRules: Model {
    var result = self
    result.rules = []
    return result
  }
}

extension Rule {
  /// Whether it is the other but for how long it waits and whom it tells.
  fileprivate func hasTheCondition(of other: Rule) -> Bool {
    var copy = other
    copy.forMilliseconds = forMilliseconds
    copy.keepFiringForMilliseconds = keepFiringForMilliseconds
    copy.cooldownMilliseconds = cooldownMilliseconds
    (copy.severity, copy.playbook, copy.hooks, copy.flap) = (severity, playbook, hooks, flap)
    return copy == self
  }
}

extension EventBatch {
  /// Adds a row as the decoder would.
  mutating func append(_ event: ReferenceEvent, _ wanted: WantedProperties = WantedProperties()) {
    let row = rowCount
    self.wanted = wanted
    let filters = wanted.filters
    if !filters.isEmpty {
      matches.append(
        event.kind == .usage
          ? filters.indices.reduce(0) { $0 | (event.matches(filters[$1]) ? 1 << UInt64($1) : 0) } : 0)
    }
    let sums = wanted.summed.enumerated().compactMap { index, property in
      event.amount(of: property).map { (property: index, amount: $0) }
    }
    if sums.contains(where: \.amount.isTooLarge) { return appendRefused(.badType) }
    for sum in sums where sum.amount.micros != 0 {
      amounts.append(Amount(row: row, property: sum.property, micros: sum.amount.micros))
    }
    instant.append(event.at)
    count.append(event.count)
    account.append(add(event.account))
    user.append(add(event.user))
    self.event.append(add(event.event))
    id.append(add(event.id))
    line.append(UInt32(lines.count))
    lines.append(TextRange(offset: UInt32(100 * lines.count), length: 99))
    switch event.kind {
    case .usage: kind.append(RowKind.usage.rawValue)
    case .heartbeat: kind.append(RowKind.heartbeat.rawValue)
    case .group, .reserved, .identify:
      kind.append(RowKind.record.rawValue)
      let kinds: [ReferenceEvent.Kind: Record.Kind] = [
        .group: .group, .reserved: .track, .identify: .identify,
      ]
      records.append(
        (
          row,
          Record(
            kind: kinds[event.kind] ?? .track, event: event.event, fields: event.fields, line: "{}")
        ))
    }
  }

  private mutating func appendRefused(_ reason: RefusalReason) {
    refusals.append((rowCount, reason))
    kind.append(RowKind.refused.rawValue)
    instant.append(0)
    count.append(1)
    account.append(.absent)
    user.append(.absent)
    event.append(.absent)
    id.append(.absent)
    line.append(UInt32(lines.count))
    lines.append(TextRange(offset: UInt32(100 * lines.count), length: 99))
  }

  private mutating func add(_ name: String?) -> TextRange {
    guard let name, !name.isEmpty else { return .absent }
    let range = TextRange(offset: UInt32(text.count), length: UInt32(name.utf8.count))
    text += Array(name.utf8)
    return range
  }
}
