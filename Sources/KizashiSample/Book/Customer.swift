/// One customer of a book: what chance gave it, and what becomes of it. Days count from the start of the book.
struct Customer: Sendable {
  /// The end of a contract.
  struct Ending: Sendable, Equatable {
    /// The day of the cancellation: nothing comes from then on. May lie behind the end of the book.
    var day: Int
    /// Nil: there is no sign before.
    var decline: Decline?
  }

  /// Its size in units that only compare, 1,024…32,767.
  var weight: Int
  var users: Int
  /// How many event names it uses, and the first of them.
  var features: Int
  var firstFeature: Int
  /// See ``Pattern``.
  var pattern: Int
  /// The day its contract began; negative: before the book.
  var firstDay: Int
  /// Length of a term of its contract, days.
  var term: Int
  /// How long a new customer takes until it uses all it will, days.
  var ramp: Int
  /// Growth in a year, of 1,000.
  var drift: Int
  /// What is left in August and at the year's end, of 1024.
  var august: Int
  var yearEnd: Int
  var ending: Ending?
  /// Decides its scares and its days.
  var traits: UInt64

  private static let salt: UInt64 = 0xB00C
  private static let quarter = 90

  init(index: Int, options: BookOptions) {
    traits = SplitMix.mix(
      SplitMix.mix(options.seed &+ Customer.salt) &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
    var random = SplitMix(seed: traits)
    func draw(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + SplitMix.scaled(UInt32(truncatingIfNeeded: random.next()), below: range.count)
    }
    // Each doubling of size is as likely as the one before it.
    weight = draw(1024...2047) << draw(0...4)
    users = max(3, weight * options.users / 32_768)
    features = draw(5...24)
    firstFeature = draw(0...56)
    let habit = draw(0...99)
    let region = draw(0...2)
    pattern = Pattern.number(
      region: region, habit: habit < 70 ? Pattern.office : habit < 95 ? Pattern.workingDays : Pattern.machines)
    term = draw(0...3) == 0 ? Customer.quarter : 365
    ramp = draw(14...56)
    firstDay = draw(0...3) == 0 ? draw(1...max(1, options.days - 1)) : -draw(0...1460)
    drift = draw(-250...350)
    // Europe is on holiday in August.
    august = region == 1 ? draw(520...860) : draw(840...1024)
    yearEnd = draw(250...620)
    ending = Customer.ending(of: self, options, draw: draw)
  }

  /// Each term may be the last one.
  private static func ending(
    of customer: Customer, _ options: BookOptions, draw: (ClosedRange<Int>) -> Int
  ) -> Ending? {
    // Before this it is not settled yet, so that leaving would look like never having come.
    let earliest = customer.firstDay + 180
    var end = customer.firstDay
    while end < options.days + 180 {
      end += customer.term
      let leaves = draw(0...36_499) < options.churnPercent * customer.term
      let isUnwarned = draw(0...99) < options.unwarnedPercent
      let early = draw(0...9) < 4 ? draw(1...150) : 0
      guard leaves, end >= earliest else { continue }
      // A customer that left before the book began is not in it.
      let day = max(earliest, end - (customer.term > quarter ? early : 0))
      guard day > 0 else { continue }
      if isUnwarned { return Ending(day: day) }
      let length = draw(21...84)
      // At the end of a term it may long have made up its mind.
      let wanted = day == end && customer.term > quarter ? draw(14...134) : draw(14...74)
      let gap = max(1, min(wanted, day - (customer.firstDay + customer.ramp + 14) - length))
      let floor = draw(0...3) == 0 ? 0 : draw(80...360)
      let shape = DeclineShape(rawValue: UInt8(draw(0...3))) ?? .linear
      return Ending(
        day: day, decline: Decline(from: day - gap - length, days: length, floor: floor, shape: shape))
    }
    return nil
  }

  /// Whether it is a customer on a day of the book.
  func isThere(on day: Int) -> Bool { day >= firstDay && day < ending?.day ?? .max }

  /// Whether a term ends on a day and another begins.
  func renews(on day: Int) -> Bool { day > firstDay && (day - firstDay) % term == 0 && isThere(on: day) }

  /// The last day of the term that a day lies in.
  func termEnd(on day: Int) -> Int { firstDay + ((day - firstDay) / term + 1) * term }

  /// What it does on a day, each of 1024; `date` is that day's.
  func rest(on day: Int, date: CivilDate) -> Decline.Rest {
    guard isThere(on: day) else { return Decline.Rest(volume: 0, users: 0, features: 0) }
    var rest = ending?.decline?.rest(on: day) ?? Decline.Rest()
    var volume = max(300, 1024 + drift * 1024 / 1000 * day / 365)
    if day - firstDay < ramp {
      let settled = 100 + 924 * (day - firstDay) / ramp
      volume = (volume * settled) >> 10
      rest.users = (rest.users * (settled + 1024)) >> 11
    }
    if date.month == 8 { volume = (volume * august) >> 10 }
    if date.month == 12 && date.day >= 22 || date.month == 1 && date.day <= 3 { volume = (volume * yearEnd) >> 10 }
    rest.volume = (((rest.volume * volume) >> 10) * scare(on: day)) >> 10
    return rest
  }

  /// A weak time that passes: every third customer has one in a year. Of 1024.
  func scare(on day: Int) -> Int {
    let slot = day / Customer.slot
    let bits = SplitMix.mix(traits ^ UInt64(truncatingIfNeeded: slot &+ 1) &* 0xD1B5_4A32_D192_ED03)
    guard bits & 0xFF < 31 else { return 1024 }
    let start = (Int(bits >> 8 & 0xFF) * 80) >> 8
    let length = 10 + ((Int(bits >> 16 & 0xFF) * 26) >> 8)
    let level = 200 + ((Int(bits >> 24 & 0xFF) * 520) >> 8)
    let since = day % Customer.slot - start
    guard since >= 0 && since < length else { return 1024 }
    // Down in four days, up again in five.
    let depth = min(4, since + 1, 4 * (length - since) / 5)
    return 1024 - (1024 - level) * depth / 4
  }

  /// Days of which each may see one scare begin and end.
  private static let slot = 120
}
