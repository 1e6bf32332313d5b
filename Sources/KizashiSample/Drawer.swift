/// Draws who does what in one hour.
struct Drawer: Sendable {
  let population: Population
  private var random: SplitMix
  private var serial: UInt64 = 0
  /// How lively each class is in the present hour, and the liveliest.
  private var activities: [UInt32] = []
  private var liveliest: UInt32 = 1
  private(set) var day = 0
  /// Event names in proportion to their popularity.
  private let names: [UInt8]
  /// 32 random bits below these mean: late, feedback.
  private let lateBelow: UInt64
  private let feedbackBelow: UInt64

  private static let nameBits: UInt64 = 12

  /// `seed` decides the draws; who the accounts are is decided by the population's own.
  init(population: Population, seed: UInt64) {
    self.population = population
    let options = population.options
    random = SplitMix(seed: SplitMix.mix(seed &+ 1))
    lateBelow = (UInt64(options.latePerMille) << 32) / 1000
    feedbackBelow = (UInt64(options.feedbackPerMillion) << 32) / 1_000_000
    names = Drawer.nameTable(options.eventNames)
  }

  private static func nameTable(_ count: Int) -> [UInt8] {
    let total = (0..<count).reduce(0) { $0 + Vocabulary.popularity(rank: $1) }
    var table: [UInt8] = []
    var sum = 0
    for rank in 0..<count {
      sum += Vocabulary.popularity(rank: rank)
      let end = sum * (1 << Int(nameBits)) / total
      table.append(contentsOf: repeatElement(UInt8(rank), count: end - table.count))
    }
    return table
  }

  /// Goes to an hour of the sample.
  mutating func enter(day: Int, activities: [UInt32]) {
    self.day = day
    self.activities = activities
    liveliest = 1
    for index in activities.indices where population.weights[index] > 0 {
      liveliest = max(liveliest, activities[index])
    }
  }

  mutating func nextSerial() -> UInt64 {
    serial &+= 1
    return serial
  }

  /// 32 random bits.
  mutating func bits() -> UInt32 { UInt32(truncatingIfNeeded: random.next()) }

  /// A usage event received at `at`; late ones happened earlier, but not before `earliest`.
  @inline(__always) mutating func usage(at: Int64, earliest: Int64) -> Line {
    var account = 0
    // At least one account of some size is awake at any hour, but a tiny sample may sleep: then the largest wakes up.
    for _ in 0..<10_000 {
      let draw = random.next()
      let candidate = Population.account(
        UInt32(truncatingIfNeeded: draw), among: population.classes.count)
      let bar = ((draw &>> 32) &* UInt64(liveliest)) &>> 32
      if bar < UInt64(activities[Int(population.classes[candidate])]) {
        account = candidate
        break
      }
    }
    return usage(of: account, at: at, earliest: earliest)
  }

  /// A usage event of one account.
  @inline(__always) mutating func usage(of account: Int, at: Int64, earliest: Int64) -> Line {
    let options = population.options
    let who = random.next()
    let traits = Population.traits(index: account, seed: options.seed)
    let users = Int(population.users[account])
    // Users follow a square law: the busiest of 50 does a seventh of the work.
    let u = who & 0xFFFF_FFFF
    var user = SplitMix.scaled(UInt32(truncatingIfNeeded: (u &* u) &>> 32), below: users)
    if user == 0 && users > 1 && day >= Population.leavingDay(traits, days: options.days) { user = 1 }
    let what = random.next()
    var name = Int(names[Int(truncatingIfNeeded: what & ((1 &<< Drawer.nameBits) &- 1))])
    let breadth = Population.breadth(traits, names: options.eventNames)
    if name >= breadth { name %= breadth }
    var happened = at
    if (who &>> 32) < lateBelow {
      let late = SplitMix.scaled(
        UInt32(truncatingIfNeeded: what &>> 32), below: Int(options.maximumLatenessMilliseconds) + 1)
      happened = max(earliest, at - Int64(late))
    }
    return Line(
      kind: .usage, serial: nextSerial(), at: happened, account: account, user: user, value: name,
      bits: what ^ (who &<< 12))
  }

  /// Now and then an answer or an impression about the account of a usage event; nil: not now.
  @inline(__always) mutating func feedback(after line: Line) -> Line? {
    guard feedbackBelow > 0, UInt64(bits()) < feedbackBelow else { return nil }
    let draw = random.next()
    let survey = draw & 3 != 0
    let happy = SplitMix.scaled(UInt32(truncatingIfNeeded: draw &>> 32), below: 5)
    let value: Int
    switch Shape.all[Int(population.classes[line.account]) / Pattern.count].profile {
    case .declining, .churning, .silent: value = survey ? happy + 2 : 1 + happy / 2
    default: value = survey ? happy + 6 : 3 + happy / 2
    }
    return Line(
      kind: survey ? .survey : .sentiment, serial: nextSerial(), at: line.at, account: line.account,
      user: line.user, value: value, bits: draw &>> 3)
  }
}
