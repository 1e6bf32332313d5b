/// The running sums of properties over the windows in use, and the log they are kept from.
///
/// Apart from ``UsageState``, so that a config that adds nothing up pays nothing: its totals are twice as wide, and an entry
/// is of whole hours, not of users. Where an amount is, an event is, so that the log of usage knows when its tile leaves.
struct SumState: ~Copyable {
  /// A property of a feature's events.
  private struct Summand {
    var property: Int
    var feature: FeatureReference
  }

  /// What a summand comes to in an hour.
  private struct Entry {
    var hour: Int32
    var summand: Int32
    var micros: Int128
  }

  private struct Total {
    var current: Int128 = 0
    var previous: Int128 = 0
  }

  private struct Account {
    /// In the order of their hours; one an hour and summand.
    var log: ContiguousArray<Entry> = []
    /// The tile up to which what left has been taken out.
    var hour: Int32 = .min
    /// The first tile by which more leaves than that; `.max`: none.
    var nextLeaving: Int32 = .max
  }

  /// What is added up; amounts name it by its place.
  let properties: [String]
  /// Whether nothing is added up.
  let isEmpty: Bool
  private let leaves: [SumLeaf]
  private let summands: [Summand]
  /// Per leaf.
  private let summandOf: [Int32]
  /// How many hours back an entry can still matter.
  private let horizon: Int32
  /// Per event name: the summands it adds to.
  private var members: ContiguousArray<ContiguousArray<Int32>> = []
  private var accounts: ContiguousArray<Account> = []
  private var totals: ContiguousArray<Total> = []

  /// - Parameter horizon: How many hours back anything is looked for.
  init(_ leaves: [SumLeaf], properties: [String], horizon: Int32) {
    self.leaves = leaves
    self.properties = properties
    self.horizon = horizon
    isEmpty = leaves.isEmpty
    var summands: [Summand] = []
    summandOf = leaves.map { leaf in
      let property = properties.firstIndex(of: leaf.property) ?? 0
      let known = summands.firstIndex { $0.property == property && $0.feature == leaf.feature }
      if known == nil { summands.append(Summand(property: property, feature: leaf.feature)) }
      return Int32(known ?? summands.count - 1)
    }
    self.summands = summands
  }

  mutating func addAccount() {
    accounts.append(Account())
    for _ in leaves.indices { totals.append(Total()) }
  }

  /// Adds the next event name, which the features know already.
  mutating func addEventName(_ features: FeatureIndex) {
    let event = EventNameID(members.count)
    members.append(
      ContiguousArray(summands.indices.filter { features.belongs(event, to: summands[$0].feature) }.map(Int32.init)))
  }

  /// Adds what events of one hour come to. `clockHour` is the tile the account has come to.
  mutating func add(
    _ account: AccountID, event: EventNameID, property: Int, hour: Int32, micros: Int128, clockHour: Int32
  ) {
    _ = expire(account, clockHour: clockHour)
    // Nothing leaves in between, and what comes now is put where it belongs at this tile.
    accounts[Int(account)].hour = max(accounts[Int(account)].hour, clockHour)
    guard hour >= clockHour - horizon else { return }
    for summand in members[Int(event)] where summands[Int(summand)].property == property {
      note(Entry(hour: hour, summand: summand, micros: micros), account)
      for index in leaves.indices where summandOf[index] == summand {
        let place = Int(account) * leaves.count + index
        let hours = Int32(leaves[index].windowHours)
        if hour >= clockHour - hours {
          totals[place].current += micros
          note(leaving: hour + 1 + hours, account)
        } else if hour >= clockHour - 2 * hours {
          totals[place].previous += micros
          note(leaving: hour + 1 + 2 * hours, account)
        }
      }
    }
  }

  private mutating func note(_ entry: Entry, _ account: AccountID) {
    let account = Int(account)
    var index = Self.place(in: accounts[account].log, ofHour: entry.hour)
    while index < accounts[account].log.count, accounts[account].log[index].hour == entry.hour {
      if accounts[account].log[index].summand == entry.summand {
        accounts[account].log[index].micros += entry.micros
        return
      }
      index += 1
    }
    accounts[account].log.insert(entry, at: index)
  }

  /// Takes out what has left the windows by the tile of `clockHour`; whether anything had.
  mutating func expire(_ account: AccountID, clockHour: Int32) -> Bool {
    // Of most accounts nothing is added up, and of others nothing leaves at most instants.
    guard clockHour >= accounts[Int(account)].nextLeaving else { return false }
    let was = accounts[Int(account)].hour
    accounts[Int(account)].hour = clockHour
    accounts[Int(account)].nextLeaving = .max
    var moved = false
    for index in leaves.indices {
      let hours = Int32(leaves[index].windowHours)
      let left = sum(account, summandOf[index], hours: was - hours..<clockHour - hours)
      let forgotten = sum(account, summandOf[index], hours: was - 2 * hours..<clockHour - 2 * hours)
      let place = Int(account) * leaves.count + index
      totals[place].current -= left
      totals[place].previous += left - forgotten
      if left != 0 || forgotten != 0 { moved = true }
      noteNext(account, hours, clockHour)
      noteNext(account, 2 * hours, clockHour)
    }
    let dead = Self.place(in: accounts[Int(account)].log, ofHour: clockHour - horizon)
    if dead > 16 && dead * 2 > accounts[Int(account)].log.count { accounts[Int(account)].log.removeFirst(dead) }
    return moved
  }

  /// Notes when the oldest entry of the last `hours` leaves them.
  private mutating func noteNext(_ account: AccountID, _ hours: Int32, _ clockHour: Int32) {
    let place = Self.place(in: accounts[Int(account)].log, ofHour: clockHour - hours)
    guard place < accounts[Int(account)].log.count else { return }
    note(leaving: accounts[Int(account)].log[place].hour + 1 + hours, account)
  }

  private mutating func note(leaving hour: Int32, _ account: AccountID) {
    accounts[Int(account)].nextLeaving = min(accounts[Int(account)].nextLeaving, hour)
  }

  /// The index of the first entry of an hour or a later one.
  private static func place(in log: ContiguousArray<Entry>, ofHour hour: Int32) -> Int {
    var (low, high) = (0, log.count)
    // Mostly what is looked for is the newest.
    if let last = log.last, last.hour < hour { return high }
    while low < high {
      let middle = (low + high) / 2
      if log[middle].hour < hour { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func sum(_ account: AccountID, _ summand: Int32, hours: Range<Int32>) -> Int128 {
    let log = accounts[Int(account)].log
    var result: Int128 = 0
    var index = Self.place(in: log, ofHour: hours.lowerBound)
    while index < log.count, log[index].hour < hours.upperBound {
      if log[index].summand == summand { result += log[index].micros }
      index += 1
    }
    return result
  }

  /// Asks for when something leaves next.
  @inline(__always)
  func prefetch(_ account: AccountID) { accounts.prefetch(Int(account)) }

  /// What a leaf comes to in its window or the one before, in millionths.
  func total(_ account: AccountID, _ leaf: Int, previous: Bool) -> Int128 {
    let total = totals[Int(account) * leaves.count + leaf]
    return previous ? total.previous : total.current
  }

  /// What a leaf comes to in other hours, as far back as the log reaches.
  func total(_ account: AccountID, _ leaf: Int, hours: ClosedRange<Int32>) -> Int128 {
    sum(account, summandOf[leaf], hours: hours.lowerBound..<hours.upperBound + 1)
  }

  /// Millionths as a number.
  static func value(_ micros: Int128) -> Rational { Rational(micros, 1_000_000).reduced }
}
