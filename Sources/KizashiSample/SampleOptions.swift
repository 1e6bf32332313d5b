/// What to generate. Two equal values give the same bytes, on every machine.
public struct SampleOptions: Sendable, Equatable {
  /// How many accounts there are, 1…10,000,000. Their sizes follow a cube law: of 20,000 the largest makes 3.7 % of all events.
  public var accounts = 200
  /// How many days the sample covers, 1…3,660.
  public var days = 90
  /// Decides everything that is left to chance.
  public var seed: UInt64 = 1
  /// The end of the sample, milliseconds since 1970-01-01T00:00Z: every event lies before it. A fixed instant by
  /// default, so that the same command gives the same bytes tomorrow.
  public var endMilliseconds: Int64 = 1_767_225_600_000
  /// How many usage events in all, without duplicates; nil: ``eventsPerAccountDay`` for each account and day.
  public var events: Int?
  /// Most users of an account, 1…9,999. Small accounts have fewer.
  public var users = 50
  /// How many of the built-in event names occur, 1…60, the most popular first.
  public var eventNames = 60
  /// Lines of 1,000 that come late: their event is up to ``maximumLatenessMilliseconds`` older than the lines around.
  public var latePerMille = 50
  /// The most a late line is late.
  public var maximumLatenessMilliseconds: Int64 = 60_000
  /// Lines of 1,000 that are sent a second time, byte for byte, 300 lines later.
  public var duplicatesPerMille = 0
  /// Whether `group` lines with the attributes plan, seats_issued, mrr, csm and region are mixed in: one for each
  /// account at its start and every 28 days.
  public var attributes = true
  /// How many survey answers and recorded sentiments are mixed in for each million usage events.
  public var feedbackPerMillion = 1500

  /// The built-in values.
  public init() {}

  /// Usage events of an average account and day where ``events`` is nil.
  public static let eventsPerAccountDay = 12

  /// The first instant of the sample.
  public var startMilliseconds: Int64 { endMilliseconds - Int64(days) * 86_400_000 }

  /// How many usage events the sample has, duplicates not counted.
  public var eventTotal: Int { events ?? accounts * days * SampleOptions.eventsPerAccountDay }

  /// The backfill workload that speed is measured on: 2,000,000 usage events of 20,000 accounts in 90 days and nothing
  /// else. It holds more than 600,000 (account, event) pairs and 1,500,000 (account, event, user) triples.
  public static var backfill: SampleOptions {
    var options = SampleOptions()
    options.accounts = 20_000
    options.events = 2_000_000
    options.attributes = false
    options.feedbackPerMillion = 0
    return options
  }

  /// Throws what is wrong with these options, if anything is.
  public func validate() throws(SampleError) {
    try SampleOptions.check("accounts", accounts, 1...10_000_000)
    try SampleOptions.check("days", days, 1...3660)
    if let events { try SampleOptions.check("events", events, 0...10_000_000_000) }
    try SampleOptions.check("users", users, 1...9999)
    try SampleOptions.check("event names", eventNames, 1...Vocabulary.eventNames.count)
    try SampleOptions.check("late lines of 1,000", latePerMille, 0...1000)
    try SampleOptions.check("milliseconds of lateness", Int(maximumLatenessMilliseconds), 0...86_400_000)
    try SampleOptions.check("duplicates of 1,000", duplicatesPerMille, 0...1000)
    try SampleOptions.check("feedback lines of 1,000,000", feedbackPerMillion, 0...1_000_000)
    try SampleOptions.checkYears(from: startMilliseconds, to: endMilliseconds)
  }

  /// Years of four digits, so that every timestamp is RFC 3339.
  static func checkYears(from start: Int64, to end: Int64) throws(SampleError) {
    let firstYear: Int64 = -30_610_224_000_000
    let lastYear: Int64 = 253_402_300_799_999
    if start < firstYear || end > lastYear {
      throw .outOfRange(what: "end", value: "\(end) ms", allowed: "an instant in the years 1000 to 9999")
    }
  }

  private static func check(_ what: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(SampleError) {
    if !allowed.contains(value) {
      throw .outOfRange(what: what, value: "\(value)", allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }
}

/// Why a sample cannot be made.
public enum SampleError: Error, Equatable, CustomStringConvertible {
  /// An option lies outside what is allowed.
  case outOfRange(what: String, value: String, allowed: String)
  /// No account of the sample has this name.
  case unknownAccount(name: String, example: String)

  /// One sentence for the person who typed the command.
  public var description: String {
    switch self {
    case .outOfRange(let what, let value, let allowed):
      "cannot generate a sample with \(value) as \(what): allowed is \(allowed)"
    case .unknownAccount(let name, let example):
      "cannot generate events of account \"\(name)\": the sample has no such account; one it has is \"\(example)\""
    }
  }
}
