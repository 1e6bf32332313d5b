/// What book of customers to generate. Two equal values give the same bytes, on every machine.
public struct BookOptions: Sendable, Equatable {
  /// How many customers there are, over all the time, 1…1,000,000. The largest is 32 times the smallest.
  public var accounts = 2000
  /// How many days the book covers, 1…3,660.
  public var days = 730
  /// Decides everything that is left to chance.
  public var seed: UInt64 = 1
  /// The end, milliseconds since 1970-01-01T00:00Z: every event lies before it.
  public var endMilliseconds: Int64 = 1_767_225_600_000
  /// About how many usage events in all; nil: ``eventsPerAccountDay`` for each account and day.
  public var events: Int?
  /// Most users of an account, 3…9,999. Small accounts have fewer.
  public var users = 60
  /// How many of 100 customers leave in a year.
  public var churnPercent = 18
  /// How many of 100 customers that leave give no sign of it before.
  public var unwarnedPercent = 30

  /// The built-in values.
  public init() {}

  /// Usage events of an average account and day where ``events`` is nil.
  public static let eventsPerAccountDay = 3

  /// The first instant of the book.
  public var startMilliseconds: Int64 { endMilliseconds - Int64(days) * 86_400_000 }

  /// About how many usage events the book has.
  public var eventTotal: Int { events ?? accounts * days * BookOptions.eventsPerAccountDay }

  /// Throws what is wrong with these options, if anything is.
  public func validate() throws(SampleError) {
    try BookOptions.check("accounts", accounts, 1...1_000_000)
    try BookOptions.check("days", days, 1...3660)
    if let events { try BookOptions.check("events", events, 0...accounts * days * 10_000) }
    try BookOptions.check("users", users, 3...9999)
    try BookOptions.check("customers of 100 that leave", churnPercent, 0...100)
    try BookOptions.check("leaving customers of 100 without a sign", unwarnedPercent, 0...100)
    try SampleOptions.checkYears(from: startMilliseconds, to: endMilliseconds)
    if endMilliseconds % 86_400_000 != 0 {
      throw .outOfRange(
        what: "end", value: "\(endMilliseconds) ms", allowed: "a midnight in UTC, as a book has whole days")
    }
  }

  private static func check(_ what: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(SampleError) {
    if !allowed.contains(value) {
      throw .outOfRange(what: what, value: "\(value)", allowed: "\(allowed.lowerBound) to \(allowed.upperBound)")
    }
  }
}
