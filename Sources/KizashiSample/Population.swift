/// An account of a sample and what is true of it, for whoever checks what is made of its events.
public struct SampleAccount: Sendable, Equatable {
  /// Its place by size, 0 is the largest.
  public var index: Int
  /// As in the lines: `acme-0001`.
  public var name: String
  /// How its use goes over time.
  public var profile: SampleProfile
  /// How many users it has.
  public var users: Int
  /// How many different event names it uses at most.
  public var breadth: Int
  /// Its local time, in hours ahead of UTC.
  public var utcOffset: Int
  /// The first day with use, counted from the start of the sample.
  public var startDay: Int
  /// The first day from which on nothing comes any more; nil: it goes on.
  public var stopDay: Int?
  /// The day its busiest user (the first) leaves; nil: stays.
  public var powerUserLeavesOnDay: Int?
}

/// All accounts of a sample: sizes, shapes and habits, in a few bytes each.
struct Population: Sendable {
  let options: SampleOptions
  /// Per account: shape · ``Pattern/count`` + pattern.
  let classes: [UInt16]
  /// Per account: how many users.
  let users: [UInt16]
  /// Per class: the sum of its accounts' sizes. All sizes add up to 2³².
  let weights: [UInt64]
  /// Per shape and day, 0…1024.
  private let levels: [UInt16]

  static let classCount = Shape.all.count * Pattern.count

  init(options: SampleOptions) {
    self.options = options
    var classes: [UInt16] = []
    var users: [UInt16] = []
    var weights = [UInt64](repeating: 0, count: Population.classCount)
    classes.reserveCapacity(options.accounts)
    users.reserveCapacity(options.accounts)
    var low: UInt64 = 0
    for index in 0..<options.accounts {
      let number = Population.classNumber(index: index, seed: options.seed)
      let high = Population.firstDraw(of: index + 1, among: options.accounts, from: low)
      classes.append(UInt16(number))
      weights[number] += high - low
      let expected = Int((UInt128(high - low) * UInt128(options.eventTotal)) >> 32)
      users.append(UInt16(min(options.users, max(3, expected / 3))))
      low = high
    }
    self.classes = classes
    self.users = users
    self.weights = weights
    levels = Population.levels(options)
  }

  /// The account that 32 random bits stand for: a cube law, as ⌊n·u³⌋ for u in [0, 1).
  @inline(__always) static func account(_ bits: UInt32, among accounts: Int) -> Int {
    let u = UInt64(bits)
    let cube = ((u &* u) &>> 32) &* u
    return Int(truncatingIfNeeded: cube.multipliedFullWidth(by: UInt64(truncatingIfNeeded: accounts)).high)
  }

  /// The first draw that stands for `account` or a later one; 2³² if none does.
  private static func firstDraw(of account: Int, among accounts: Int, from: UInt64) -> UInt64 {
    var low = from
    var high: UInt64 = 1 << 32
    while low < high {
      let middle = (low + high) / 2
      if Population.account(UInt32(middle), among: accounts) >= account { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// What chance gives an account; the same bits are read for different traits.
  static func traits(index: Int, seed: UInt64) -> UInt64 {
    SplitMix.mix(SplitMix.mix(seed &+ 0x5EED) &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
  }

  private static func classNumber(index: Int, seed: UInt64) -> Int {
    let traits = traits(index: index, seed: seed)
    // The largest account never leaves: a small sample would be empty after it.
    var draw = index == 0 ? 0 : (Int(traits & 0xFFFF) * 1000) >> 16
    var shape = 0
    for profile in SampleProfile.allCases {
      if draw < profile.share {
        shape += (Int(traits >> 16 & 0xFF) * profile.variants) >> 8
        break
      }
      draw -= profile.share
      shape += profile.variants
    }
    let region = (Int(traits >> 24 & 0xFF) * 3) >> 8
    let machine = traits >> 32 & 15 == 0
    let weekdayOnly = Shape.all[shape].profile == .weekdayOnly
    let habit = weekdayOnly ? Pattern.workingDays : machine ? Pattern.machines : Pattern.office
    return shape * Pattern.count + Pattern.number(region: region, habit: habit)
  }

  private static func levels(_ options: SampleOptions) -> [UInt16] {
    let firstDay = options.startMilliseconds.dividedDown(by: 86_400_000)
    let dates = (0..<options.days).map { CivilDate(day: firstDay + Int64($0)).placeInMonth }
    return Shape.all.flatMap { shape in
      (0..<options.days).map { UInt16(shape.level(day: $0, of: options.days, date: dates[$0])) }
    }
  }

  /// How lively the accounts of each class are in an hour, 0…1024.
  func activities(day: Int, utcHour: Int) -> [UInt32] {
    let patterns = (0..<Pattern.count).map { Pattern.level($0, utcHour: utcHour) }
    var result: [UInt32] = []
    result.reserveCapacity(Population.classCount)
    for shape in Shape.all.indices {
      let level = Int(levels[shape * options.days + day])
      for pattern in patterns { result.append(UInt32((level * pattern) >> 10)) }
    }
    return result
  }

  /// How much use all accounts make in an hour, in units that only compare.
  func volume(_ activities: [UInt32]) -> UInt64 {
    var sum: UInt64 = 0
    for index in activities.indices { sum += (weights[index] * UInt64(activities[index])) >> 10 }
    return sum
  }

  /// The plan of an account: larger ones buy more.
  static func plan(users: Int) -> Int { users < 6 ? 0 : users < 16 ? 1 : users < 40 ? 2 : 3 }

  /// How many event names an account uses: most use all, some few.
  @inline(__always) static func breadth(_ traits: UInt64, names: Int) -> Int {
    let draw = traits >> 40 & 63
    return min(names, draw < 3 ? 4 : draw < 8 ? 12 : 60)
  }

  /// The day the busiest user leaves; `days` if that user stays.
  @inline(__always) static func leavingDay(_ traits: UInt64, days: Int) -> Int {
    traits >> 48 & 31 == 0 ? days * (4 + Int(traits >> 53 & 7)) / 12 : days
  }

  func describe(_ index: Int) -> SampleAccount {
    let traits = Population.traits(index: index, seed: options.seed)
    let number = Int(classes[index])
    let shape = Shape.all[number / Pattern.count]
    let leaving = Population.leavingDay(traits, days: options.days)
    return SampleAccount(
      index: index, name: AccountName.text(index), profile: shape.profile, users: Int(users[index]),
      breadth: Population.breadth(traits, names: options.eventNames),
      utcOffset: Pattern.utcOffsets[number % Pattern.count / 3], startDay: shape.startDay(of: options.days),
      stopDay: shape.stopDay(of: options.days), powerUserLeavesOnDay: leaving < options.days ? leaving : nil)
  }
}
