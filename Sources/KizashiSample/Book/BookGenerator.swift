/// Makes the lines of a book of customers with known churn, piece by piece and in the order of time.
///
/// A day's lines are made together, because counts scatter by the day: each account's is negative-binomial (three
/// failures), so that its variance is m + m²/3 for a mean of m. Memory is some 100 bytes an account and 48 for each event of the
/// liveliest day. Only integers are used, so the bytes are the same everywhere.
///
/// ```swift
/// var generator = try BookGenerator(options: BookOptions())
/// var buffer: [UInt8] = []
/// while generator.next(into: &buffer, upTo: 1 << 18) { write(buffer) }
/// ```
public struct BookGenerator: Sendable {
  /// What it was asked for.
  public let options: BookOptions
  /// Usage events written so far.
  public private(set) var events = 0
  /// Lines written so far.
  public private(set) var lines = 0

  private let customers: [Customer]
  /// Events of a working day for each unit of weight, times 2³⁰.
  private let rate: Int
  private var renderer: BookRenderer
  private var day = -1
  private var today: [BookLine] = []
  private var done = 0
  private var serial: UInt64 = 0

  /// Throws ``SampleError/outOfRange(what:value:allowed:)`` for options that make no sense.
  public init(options: BookOptions) throws(SampleError) {
    try options.validate()
    self.options = options
    customers = (0..<options.accounts).map { Customer(index: $0, options: options) }
    // Five working days and a little on the other two, less holidays and those on their way out: 0.7 of all days.
    var weightDays: Int = 0
    for customer in customers {
      weightDays +=
        customer.weight * max(0, min(options.days, customer.ending?.day ?? .max) - max(0, customer.firstDay))
    }
    rate = Int((UInt128(options.eventTotal) << 30) * 10 / UInt128(max(1, weightDays) * 7))
    renderer = BookRenderer(options: options)
  }

  /// What becomes of an account.
  public func account(_ index: Int) -> BookAccount {
    BookAccount(customers[index], index: index, days: options.days)
  }

  /// Replaces the buffer's content with the next whole lines, at most `byteCount` bytes (but never less than one line
  /// where there is one). False: nothing is left, the buffer is empty.
  public mutating func next(into buffer: inout [UInt8], upTo byteCount: Int) -> Bool {
    let size = max(byteCount, BookRenderer.longest)
    if buffer.count < size { buffer.append(contentsOf: repeatElement(0, count: size - buffer.count)) }
    let written = buffer.withUnsafeMutableBufferPointer { bytes -> Int in
      guard let base = bytes.baseAddress else { return 0 }
      var writer = LineWriter(cursor: base)
      let last = base + (size - BookRenderer.longest)
      while writer.cursor <= last, let line = nextLine() {
        renderer.write(line, of: customers[line.account], to: &writer)
        lines += 1
        if line.kind == .usage { events += 1 }
      }
      return writer.cursor - base
    }
    buffer.removeLast(buffer.count - written)
    return written > 0
  }

  private mutating func nextLine() -> BookLine? {
    while done == today.count {
      guard day + 1 < options.days else { return nil }
      day += 1
      makeDay()
    }
    done += 1
    return today[done - 1]
  }

  private mutating func makeDay() {
    today.removeAll(keepingCapacity: true)
    done = 0
    let place = DayPlace(day, of: options)
    for account in customers.indices {
      let customer = customers[account]
      if customer.ending?.day == day { cancel(account, customer, place) }
      guard customer.isThere(on: day) else { continue }
      let traits = SplitMix.mix(customer.traits &+ UInt64(day) &* 0xA076_1D64_78BD_642F)
      var random = SplitMix(seed: traits)
      contract(account, customer, place)
      let rest = customer.rest(on: day, date: place.date)
      if (day + account) % 91 == 45 { survey(account, customer, rest, place, &random) }
      let hours = place.hours[customer.pattern]
      // Of 1024; the weight times the rate stays below 2⁵².
      let expected = ((((customer.weight * rate) >> 20) * rest.volume) >> 10) * hours.total / place.normal
      let count = BookGenerator.scattered(expected, &random)
      let users = max(1, (customer.users * rest.users) >> 10)
      let features = max(1, (customer.features * rest.features) >> 10)
      for _ in 0..<count {
        let bits = random.next()
        let who = random.next()
        // Users and features follow a square law: the busiest of 50 does a seventh of the work.
        let u = who & 0xFFFF_FFFF
        let f = who &>> 32
        let user = SplitMix.scaled(UInt32(truncatingIfNeeded: (u &* u) &>> 32), below: users)
        let feature = SplitMix.scaled(UInt32(truncatingIfNeeded: (f &* f) &>> 32), below: features)
        append(
          BookLine(
            kind: .usage, serial: 0, at: place.start + hours.offset(bits), account: account, user: user,
            value: (customer.firstFeature + feature) % BookGenerator.eventNames))
      }
    }
    today.sort(by: <)
  }

  /// Names of failures stand last and are not used.
  private static let eventNames = 57

  private mutating func append(_ line: BookLine) {
    var line = line
    serial &+= 1
    line.serial = serial
    today.append(line)
  }

  /// A draw of the negative binomial distribution that waits for three failures, of a mean given in parts of 1024.
  static func scattered(_ mean: Int, _ random: inout SplitMix) -> Int {
    guard mean > 0 else { return 0 }
    let below = UInt64((UInt128(mean) << 32) / UInt128(mean + 3 * 1024))
    var count = 0
    var failures = 0
    while failures < 3 {
      let draw = random.next()
      if draw & 0xFFFF_FFFF < below { count += 1 } else { failures += 1 }
      if failures == 3 { break }
      if draw &>> 32 < below { count += 1 } else { failures += 1 }
    }
    return count
  }

  /// Contracts and attributes are told in the first minute of a day, by account.
  private mutating func contract(_ account: Int, _ customer: Customer, _ place: DayPlace) {
    let starts = day == max(0, customer.firstDay)
    guard starts || customer.renews(on: day) else { return }
    let at = place.start + Int64(account % 60_000)
    append(
      BookLine(
        kind: starts ? .started : .renewed, serial: 0, at: at, account: account, value: customer.termEnd(on: day)))
    append(BookLine(kind: .attributes, serial: 0, at: at, account: account))
  }

  /// At noon, by account.
  private mutating func cancel(_ account: Int, _ customer: Customer, _ place: DayPlace) {
    let reason = (Int(customer.traits >> 40 & 0xFF) * 3) >> 8
    append(
      BookLine(
        kind: .cancelled, serial: 0, at: place.start + 43_200_000 + Int64(account % 60_000), account: account,
        value: customer.ending?.decline == nil ? 3 + reason : reason))
  }

  /// Six of ten answer. Who is on the way out is mostly unhappy; who is not sometimes is.
  private mutating func survey(
    _ account: Int, _ customer: Customer, _ rest: Decline.Rest, _ place: DayPlace, _ random: inout SplitMix
  ) {
    func draw(_ bound: Int) -> Int { SplitMix.scaled(UInt32(truncatingIfNeeded: random.next()), below: bound) }
    let answers = draw(10) < 6
    let isOut = (customer.ending?.decline).map { day >= $0.from } ?? false
    let isUnhappy = draw(10) < (isOut ? 7 : 1)
    let score = isUnhappy ? draw(6) + 1 : draw(4) + 7
    let user = draw(max(1, (customer.users * rest.users) >> 10))
    guard answers else { return }
    append(
      BookLine(
        kind: .survey, serial: 0, at: place.start + 50_400_000 + Int64(account % 60_000), account: account, user: user,
        value: score))
  }
}

/// A day of a book: when it begins, and in which of its hours which customers work.
struct DayPlace {
  /// The hours of a pattern on one day.
  struct Hours {
    /// Ascending: how much of the day's use lies before the end of each hour.
    var ends: [Int] = []
    var total: Int { ends.last ?? 0 }

    /// When on the day something happens, milliseconds.
    func offset(_ bits: UInt64) -> Int64 {
      let draw = SplitMix.scaled(UInt32(truncatingIfNeeded: bits), below: total)
      var hour = 0
      while hour < 23 && ends[hour] <= draw { hour += 1 }
      return Int64(hour * 3_600_000 + SplitMix.scaled(UInt32(truncatingIfNeeded: bits >> 32), below: 3_600_000))
    }
  }

  /// First instant, milliseconds.
  let start: Int64
  let date: CivilDate
  /// By pattern.
  let hours: [Hours]
  /// What ``Hours/total`` is on a working day.
  let normal: Int

  init(_ day: Int, of options: BookOptions) {
    start = options.startMilliseconds + Int64(day) * 86_400_000
    date = CivilDate(day: start.dividedDown(by: 86_400_000))
    let firstHour = Int(start.dividedDown(by: 3_600_000))
    hours = (0..<Pattern.count).map { DayPlace.hours(of: $0, from: firstHour) }
    // 1970-01-07 was a Wednesday.
    normal = DayPlace.hours(of: Pattern.number(region: 1, habit: Pattern.office), from: 6 * 24).total
  }

  private static func hours(of pattern: Int, from firstHour: Int) -> Hours {
    var hours = Hours()
    var sum = 0
    for hour in 0..<24 {
      sum += Pattern.level(pattern, utcHour: firstHour + hour)
      hours.ends.append(sum)
    }
    return hours
  }
}
