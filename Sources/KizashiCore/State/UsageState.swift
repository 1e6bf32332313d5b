/// One entry of an account's log of usage: a fact, or part of one, with what is needed to take it out of a window again.
struct LogEntry {
  var hour: Int32
  var event: EventNameID
  /// 0 where no leaf counts users.
  var user: UserID
  /// What does not fit goes into further entries.
  var count: UInt32
}

/// The running totals of every account over the windows in use, and the log they are kept from.
///
/// A total is raised when an event arrives and lowered when its tile leaves. Presence (distinct users, features, days) is
/// kept as the number of log entries in the window; entries of one fact may be several until they are joined.
struct UsageState: ~Copyable {
  private struct Span {
    var start: Int32
    var end: Int32
  }

  let leaves: [Leaf]
  let windows: Table<Window>
  /// How many hours back an entry can still matter.
  let horizon: Int32
  let usesUsers: Bool
  let usesFeatures: Bool
  private(set) var features: FeatureIndex

  private var blocks: BlockTable
  private let cursorsAt: Int
  private let totalsAt: Int
  private let ringsAt: [Int]
  private let ringSizes: [Int]
  private let ringsTotal: Int
  let sharesAt: Int

  /// Per event name and window its contributions, as a range; behind the windows one range of `lastTile` leaves.
  private var ranges = Column<Span>()
  /// Per event name and window.
  private var memberships = Column<Membership>()
  private let sums: [SumLeaf]
  private(set) var contributions = Column<Contribution>()
  /// Per event name: its only feature, or ``noFeature`` or ``manyFeatures``.
  private(set) var onlyFeature = Column<UInt32>()
  static let noFeature = UInt32.max
  static let manyFeatures = UInt32.max - 1
  /// Per leaf its index among leaves of its kind.
  let kindIndex: [Int]

  /// Per users leaf and user: entries in the current window, then in the previous one.
  var userCounts = Slabs<Int32>()
  let userColumns: Int
  /// Per userEvents leaf and user: events in the window.
  var userEvents = Slabs<Int64>()
  let shareColumns: Int
  /// Per featuresUsed leaf two counters of each (account, feature).
  var featureCounts: FeatureCounts
  var dayCache: DayCache

  /// - Parameters:
  ///   - sums: What is added up of the same events, over windows that are among `windows`.
  ///   - keepsUsers: Whether entries must know their users though no leaf counts them.
  ///   - holdHours: How much later than an account's own time tiles may be that its windows hold.
  init(
    model: Model, leaves: [Leaf], windows: [Window], sums: [SumLeaf], keepsUsers: Bool = false, holdHours: Int = 0
  ) {
    self.leaves = leaves
    self.sums = sums
    self.windows = Table(windows)
    horizon = windows.reduce(0) { max($0, $1.needsPrevious ? 2 * $1.hours : $1.hours) }
    features = FeatureIndex(model)
    usesUsers = keepsUsers || leaves.contains { $0.kind == .users || $0.kind == .userEvents }
    usesFeatures = leaves.contains { $0.kind == .featuresUsed }
    kindIndex = leaves.indices.map { index in leaves[..<index].count { $0.kind == leaves[index].kind } }
    userColumns = leaves.count { $0.kind == .users }
    shareColumns = leaves.count { $0.kind == .userEvents }
    featureCounts = FeatureCounts(width: 2 * leaves.count { $0.kind == .featuresUsed })
    dayCache = DayCache(model.calendar)
    var layout = BlockLayout()
    _ = layout.room(for: 1, of: Header.self)
    cursorsAt = layout.room(for: windows.count, of: Cursor.self)
    totalsAt = layout.room(for: leaves.count, of: Total.self)
    let hot = layout.byteCount
    var ringsAt: [Int] = []
    // A window of W hours touches at most W/24 + 2 local days (zones may skip or repeat hours).
    ringSizes = leaves.filter { $0.kind == .activeDays }.map { ($0.windowHours + holdHours) / 23 + 3 }
    for (index, leaf) in leaves.filter({ $0.kind == .activeDays }).enumerated() {
      ringsAt.append(layout.room(for: ringSizes[index] * (leaf.needsPrevious ? 2 : 1), of: Int32.self))
    }
    ringsTotal = ringsAt.isEmpty ? 0 : (layout.byteCount - ringsAt[0]) / MemoryLayout<Int32>.stride
    self.ringsAt = ringsAt
    sharesAt = layout.room(for: shareColumns, of: Shares.self)
    blocks = BlockTable(byteCount: layout.byteCount, hotByteCount: hot)
  }

  deinit {
    for account in 0..<blocks.count { header(blocks.block(AccountID(account))).pointee.log?.deallocate() }
  }

  mutating func addAccount() {
    let block = blocks.add()
    block.bindMemory(to: Header.self, capacity: 1).initialize(
      to: Header(log: nil, count: 0, capacity: 0, nextLeaving: .max, nextLeavingUnlessIdle: .max, stirred: .all))
    (block + cursorsAt).bindMemory(to: Cursor.self, capacity: windows.count)
      .initialize(repeating: Cursor(current: 0, previous: 0), count: windows.count)
    let totals = (block + totalsAt).bindMemory(to: Total.self, capacity: leaves.count)
    for (index, leaf) in leaves.enumerated() {
      let none = leaf.kind == .lastTile ? Int64(Int32.min) : 0
      (totals + index).initialize(to: Total(current: none, previous: 0))
    }
    if let rings = ringsAt.first {
      (block + rings).bindMemory(to: Int32.self, capacity: ringsTotal).initialize(repeating: 0, count: ringsTotal)
    }
    (block + sharesAt).bindMemory(to: Shares.self, capacity: shareColumns)
      .initialize(repeating: Shares(squares: 0, largest: 0), count: shareColumns)
  }

  mutating func addUser() {
    for _ in 0..<2 * userColumns { userCounts.append(0) }
    for _ in 0..<shareColumns { userEvents.append(0) }
  }

  /// Where a user's counters of one leaf are.
  @inline(__always)
  func userCounter(_ user: UserID, column: Int) -> UnsafeMutablePointer<Int32> {
    userCounts.pointer((Int(user) * userColumns + column) * 2)
  }

  /// Adds the next event name; see ``FeatureIndex/add(_:of:)``.
  mutating func addEventName(_ variant: EventVariant, of base: EventNameID) {
    let event = EventNameID(features.eventCount)
    features.add(variant, of: base)
    onlyFeature.append(
      features.only(event) ?? (features.features(of: event).isEmpty ? Self.noFeature : Self.manyFeatures))
    let belonging = leaves.indices.filter { features.belongs(event, to: leaves[$0].feature) }
    for index in windows.indices {
      let window = windows[index]
      let counted = belonging.filter { leaves[$0].kind != .lastTile && leaves[$0].windowHours == Int(window.hours) }
      add(counted)
      let summed = sums.filter {
        $0.windowHours == Int(window.hours) && features.belongs(event, to: $0.feature)
      }
      memberships.append(
        Membership(
          isCurrent: !counted.isEmpty || !summed.isEmpty,
          isPrevious: counted.contains { leaves[$0].needsPrevious } || summed.contains(where: \.needsPrevious)))
    }
    add(belonging.filter { leaves[$0].kind == .lastTile })
  }

  private mutating func add(_ belonging: [Int]) {
    let start = Int32(contributions.count)
    for index in belonging {
      let leaf = leaves[index]
      let nth = kindIndex[index]
      contributions.append(
        Contribution(
          kind: leaf.kind, hasPrevious: leaf.needsPrevious, leaf: Int32(index),
          place: Int32(leaf.kind == .activeDays ? ringsAt[nth] : nth),
          ringSize: leaf.kind == .activeDays ? Int32(ringSizes[nth]) : 0, wakes: .leaf(index)))
    }
    ranges.append(Span(start: start, end: Int32(contributions.count)))
  }

  // MARK: Places

  @inline(__always)
  func block(_ account: AccountID) -> UnsafeMutableRawPointer { blocks.block(account) }

  @inline(__always)
  func header(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
    block.assumingMemoryBound(to: Header.self)
  }

  @inline(__always)
  func cursors(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Cursor> {
    (block + cursorsAt).assumingMemoryBound(to: Cursor.self)
  }

  @inline(__always)
  func totals(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Total> {
    (block + totalsAt).assumingMemoryBound(to: Total.self)
  }

  /// The contributions of an event name in a window; `windows.count` stands for the `lastTile` leaves.
  @inline(__always)
  func range(_ event: EventNameID, _ window: Int) -> Range<Int> {
    let range = ranges[Int(event) * (windows.count + 1) + window]
    return Int(range.start)..<Int(range.end)
  }

  /// Whether entries of an event name count in a window.
  @inline(__always)
  func membership(_ event: EventNameID, _ window: Int) -> Membership {
    memberships[Int(event) * windows.count + window]
  }

  // MARK: Reading

  @inline(__always)
  func total(_ account: AccountID, _ leaf: Int, _ period: Period) -> Int64 {
    let total = totals(block(account))[leaf]
    return period == .current ? total.current : total.previous
  }

  /// The next instant at which a tile of the account leaves a window and that matters; `.max`: none.
  ///
  /// - Parameter areIdle: Whether all rules are that must be for others not to matter: see ``Leaving``.
  @inline(__always)
  func nextLeaving(_ account: AccountID, areIdle: Bool) -> Int64 {
    let header = header(block(account))
    return areIdle
      ? header.pointee.nextLeaving : min(header.pointee.nextLeaving, header.pointee.nextLeavingUnlessIdle)
  }

  /// Whether a tile should have left a window by an instant.
  @inline(__always)
  func isBehind(_ account: AccountID, at instant: Int64) -> Bool {
    header(block(account)).pointee.nextLeavingUnlessIdle <= instant
  }

  /// Notes that something of an account moved.
  @inline(__always)
  func stir(_ account: AccountID, _ what: Wake) { header(block(account)).pointee.stirred.formUnion(what) }

  /// What has moved since the last call.
  @inline(__always)
  func takeStirred(_ account: AccountID) -> Wake {
    let header = header(block(account))
    defer { header.pointee.stirred = [] }
    return header.pointee.stirred
  }

  /// Visits what is kept of an account's usage, the oldest first: at least what its windows hold.
  func forEachEntry(_ account: AccountID, _ body: (LogEntry) -> Void) {
    let header = header(block(account)).pointee
    guard let log = header.log else { return }
    for index in 0..<Int(header.count) { body(log[index]) }
  }

  /// The local day of a `lastTile` total.
  @inline(__always)
  func lastDay(of hour: Int32) -> LocalDay { LocalDay(number: dayCache.look(hour)) }

  /// Sets a restored `lastTile` total, which may lie before every stored fact.
  func restoreLastTile(_ account: AccountID, _ leaf: Int, _ hour: Int64) {
    let total = totals(block(account)) + leaf
    total.pointee.current = max(total.pointee.current, hour)
  }

  /// Asks for an account's block.
  @inline(__always)
  func prefetch(_ account: AccountID) { blocks.prefetch(account) }
}
