/// The whole of kizashi's arithmetic: events in, explained changes out. Pure: no clock, no I/O, no randomness.
///
/// Lines are applied in log order; each fires the deadlines that fell due before it, is counted or refused, and has its
/// account evaluated. ``drain()`` gives what must be stored since the last time; an engine restored from what was stored
/// goes on exactly as this one would.
public struct Engine: ~Copyable {
  /// Means nothing, but that an engine has no other place than in memory: a struct of plain fields the compiler takes for a
  /// value to be loaded, and copied all 2.7 KB of it for calls in every evaluation (a tenth of a backfill's time).
  private let isInMemory: Any? = nil

  let compiled: CompiledModel
  /// Stored with everything an evaluation under this model makes.
  public let configVersion: Int
  /// The clock: never goes back.
  public internal(set) var now = Instant(milliseconds: .min)

  var accountNames: NameTable
  var eventNames: NameTable
  var userNames: NameTable
  var usage: UsageState
  var sums: SumState
  /// Of the batch at hand: the next of its amounts.
  var nextAmount = 0
  var variants: EventVariants
  /// By leaf, of those whose filters were not always looked for.
  var holdsFrom: [Int: HoldsFrom] = [:]
  /// The same by sum.
  var sumsHoldFrom: [Int: HoldsFrom] = [:]
  /// Those instants, ascending: at each of them a measure may come to have a value.
  var firstHolding: [Int64] = []
  var attributes = AttributeBook()
  var answers = AnswerBook()
  var contracts = ContractBook()
  var overrides = OverrideBook()
  var userAccounts: UserAccounts
  var traits: TraitBook
  var dedup: Deduplicator
  var queue = DeadlineQueue()
  /// Since the last drain.
  var firedCount = 0
  /// Whether the clock has passed deadlines that have not fired; see ``leftBehind()``.
  public internal(set) var isBehind = false
  /// How many deadlines may fire between two commits while the batch at hand is applied.
  var mostDeadlines = Int.max
  var sources: [SourceState]
  var daySteps: DaySteps
  var stalls = Stalls()
  /// Per account and watched source: the tile of the source's latest line of the account; `.min`: none.
  var delivered = Column<Int32>()
  /// How many sources are watched for stalls.
  let guardedCount: Int
  private let holdHours: Int

  var scores: ScoreTable
  var customers: CustomerTable
  /// Per event name: the milestones it counts toward, as a range of `milestonesOfEvents`.
  var milestoneRanges: ContiguousArray<Range<Int>> = []
  var milestonesOfEvents: ContiguousArray<Int32> = []
  /// The usage that the evaluation at hand is of, where it is late.
  var lateUse: (event: EventNameID, instant: Int64)?
  /// What the evaluation at hand has found, for the journal.
  var noted: [NotedChange] = []
  /// Rules that began or ceased to flap at it.
  var flapped: [Int] = []
  /// Per (account, drop rule).
  var drops: ContiguousArray<DropHistory> = []
  /// Per (account, power_user_lost rule).
  var lostPowerUsers: ContiguousArray<LostPowerUser> = []
  var shifts: ShiftTable
  var waiting: WaitingBases
  /// Rules about the band of which a wait began, or ended, in the evaluation at hand.
  var waitsForBand: [Int] = []

  // Since the last drain.
  var pending = Commit()
  var dirtyAccounts: ContiguousArray<AccountID> = []
  var dirtySources: Set<Int> = []
  /// How many rows of measures the last commit had: the next will have about as many.
  var measureRowsBefore = 0
  var refusals: [Refusal] = []
  var changeSequence: Int64 = 0
  var explaining = ExplainedChange()
  /// Of the rows about to be applied, by row modulo its length.
  var ahead = ContiguousArray(repeating: Ahead(), count: Engine.rowsAhead)
  var recordSequence: Int64 = 0

  struct SourceState {
    var row: SourceRow
    var allowedLateness: Int64?
    var watermark: Int64? { row.watermark?.milliseconds }
    var name = ""
    /// Nil: it is not watched.
    var stallAfter: Int64?
    var maxHold: Int64?
    /// Its place in an account's part of ``Engine/delivered``.
    var guardPlace: Int?
    /// Of its last stall.
    var episode = 0
  }

  /// - Parameters:
  ///   - configVersion: the number the store gave this model.
  ///   - sources: in the order batches number them.
  ///   - seed: places names in hash tables; any secret number. What is computed does not depend on it.
  public init(model: Model, configVersion: Int, sources: [SourceModel], seed: UInt64) {
    compiled = CompiledModel(model)
    shifts = ShiftTable(model.rules)
    waiting = WaitingBases(model)
    self.configVersion = configVersion
    accountNames = NameTable(firstID: 0, owned: false, seed: seed)
    eventNames = NameTable(firstID: 0, owned: false, seed: seed)
    userNames = NameTable(firstID: 1, owned: true, seed: seed)
    let watched = sources.filter { $0.stallAfterMilliseconds != nil }
    guardedCount = watched.count
    // Windows of an account that waits reach from behind its own time to the clock.
    holdHours = watched.reduce(0) { max($0, Int($1.maxHoldMilliseconds / Tile.length + 1 + Self.idleHours)) }
    usage = UsageState(
      model: model, leaves: compiled.leaves, windows: compiled.windows, sums: compiled.sums,
      keepsUsers: compiled.powerUserRuleCount > 0, holdHours: holdHours)
    sums = SumState(compiled.sums, properties: model.summed, horizon: usage.horizon)
    variants = EventVariants(filters: model.filters)
    scores = ScoreTable(
      measures: compiled.measures.count, bounds: compiled.bands.boundCount, held: compiled.holding.count,
      rules: compiled.rules.count)
    customers = CustomerTable(
      tests: compiled.customers.conditions.tests.count, milestones: compiled.customers.milestones.count)
    usage.addUser()  // number 0: no user
    userAccounts = UserAccounts(seed: seed)
    traits = TraitBook(model.rules)
    dedup = Deduplicator(seed: seed, horizon: model.limits.dedupHorizonMilliseconds)
    daySteps = DaySteps(model.calendar)
    self.sources = []
    for source in sources { addSource(source) }
    pending.now = now
  }

  /// Registers one more source; batches name it by its place in the order of registration.
  ///
  /// - Precondition: one that is watched for stalls is given to the initializer.
  public mutating func addSource(_ source: SourceModel) {
    var state = SourceState(
      row: SourceRow(source: sources.count), allowedLateness: source.allowedLatenessMilliseconds, name: source.name)
    if let stallAfter = source.stallAfterMilliseconds {
      let place = sources.count { $0.guardPlace != nil }
      precondition(place < guardedCount, "a watched source came after the engine was made")
      (state.stallAfter, state.maxHold, state.guardPlace) = (stallAfter, source.maxHoldMilliseconds, place)
    }
    sources.append(state)
    dedup.addSource()
  }

  /// Number of accounts seen so far.
  public var accountCount: Int { scores.count }

  /// The refusals of the batches applied since the last call, to be quarantined by whoever holds the lines.
  public mutating func takeRefusals() -> [Refusal] {
    defer { refusals.removeAll(keepingCapacity: true) }
    return refusals
  }

  /// Room for one more account in every per-account table.
  mutating func addAccount() {
    scores.addAccount()
    if compiled.customers.isNeeded { customers.addAccount() }
    drops.append(contentsOf: repeatElement(DropHistory(), count: compiled.dropCount))
    lostPowerUsers.append(contentsOf: repeatElement(LostPowerUser(), count: compiled.powerUserRuleCount))
    shifts.addAccount()
    usage.addAccount()
    if !sums.isEmpty { sums.addAccount() }
    queue.addAccount()
    for _ in 0..<guardedCount { delivered.append(.min) }
  }

  @inline(__always)
  mutating func touch(_ account: AccountID) {
    guard !scores.core(account).pointee.dirty else { return }
    scores.core(account).pointee.dirty = true
    dirtyAccounts.append(account)
  }
}

/// The local day of the clock and the instants at which days step, kept because every evaluation asks for them.
struct DaySteps {
  private let calendar: BusinessCalendar
  private var hour: Int32 = .min
  private(set) var today = LocalDay(number: .min)
  /// The first millisecond of the next local day.
  private(set) var nextDay: Int64 = .max
  /// The first millisecond of the next business day.
  private(set) var nextBusinessDay: Int64 = .max
  private var cachedSilence: [Int64: Int64] = [:]
  private var cachedStarts: [Int32: Int64] = [:]

  init(_ calendar: BusinessCalendar) { self.calendar = calendar }

  /// Moves to the day of a tile; cheap where it is the same hour.
  @inline(__always)
  mutating func move(to tile: Tile) {
    if tile.hour != hour { refresh(tile) }
  }

  private mutating func refresh(_ tile: Tile) {
    hour = tile.hour
    let day = calendar.day(of: tile)
    guard day != today else { return }
    today = day
    nextDay = calendar.firstTile(of: LocalDay(number: day.number + 1)).start.milliseconds
    var business = day.number + 1
    // A calendar without business days would never end; a year without one is a mistake that steps yearly.
    while !calendar.isBusinessDay(LocalDay(number: business)) && business < day.number + 366 { business += 1 }
    nextBusinessDay = calendar.firstTile(of: LocalDay(number: business)).start.milliseconds
  }

  /// The local day of an instant.
  func day(of instant: Int64) -> LocalDay { calendar.day(of: Instant(milliseconds: instant).tile) }

  /// When the local day begins that comes so many days after today; `.max`: beyond what matters to anybody.
  func start(inDays days: Int64) -> Int64 {
    // A hundred years: further ahead a date is none that somebody waits for.
    guard days <= 36_600 else { return .max }
    return calendar.firstTile(of: LocalDay(number: today.number + Int32(days))).start.milliseconds
  }

  /// How many more whole (business) days lie strictly between a day and today than a span has; negative: too few.
  func wholeDays(after last: LocalDay, _ span: RuleSpan) -> Int64 {
    let yesterday = LocalDay(number: today.number - 1)
    switch span {
    case .businessDays(let count): return days(from: last, to: yesterday, .businessDays) - Int64(count)
    case .milliseconds(let length): return days(from: last, to: yesterday, .days) - length / 86_400_000
    }
  }

  /// Days d with last < d ≤ day, all or only business days.
  func days(from last: LocalDay, to day: LocalDay, _ unit: DayUnit) -> Int64 {
    switch unit {
    case .days: max(Int64(day.number) - Int64(last.number), 0)
    case .businessDays: calendar.businessDays(after: last, through: day)
    }
  }

  /// The first millisecond of a local day to come.
  mutating func start(of day: Int32) -> Int64 {
    if let known = cachedStarts[day] { return known }
    if cachedStarts.count > 4096 { cachedStarts.removeAll() }
    let start = calendar.firstTile(of: LocalDay(number: day)).start.milliseconds
    cachedStarts[day] = start
    return start
  }

  /// The instant from which a feature last used in `lastHour` counts as silent.
  mutating func silent(after span: RuleSpan, lastHour: Int32) -> Int64 {
    switch span {
    case .milliseconds(let length): return Int64(lastHour + 1) * Tile.length + length
    case .businessDays(let count):
      let last = calendar.day(of: Tile(hour: lastHour)).number
      let key = Int64(last) << 32 | Int64(UInt32(truncatingIfNeeded: count))
      if let known = cachedSilence[key] { return known }
      // `count` whole business days lie strictly between the last day and the day sought.
      var day = last + 1
      var passed = 0
      while passed < count && day < last + 36_600 {
        if calendar.isBusinessDay(LocalDay(number: day)) { passed += 1 }
        day += 1
      }
      let instant = calendar.firstTile(of: LocalDay(number: day)).start.milliseconds
      if cachedSilence.count > 4096 { cachedSilence.removeAll() }
      cachedSilence[key] = instant
      return instant
    }
  }
}
