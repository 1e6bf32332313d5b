/// When a hook keeps quiet: what it owes waits meanwhile. In the business time zone, by the clock on the wall there.
package struct QuietHours: Sendable, Hashable {
  /// One stretch of a day that comes again and again.
  package struct Span: Sendable, Hashable {
    /// The minute of the local day it begins at: 0…1439.
    package var from: Int
    /// The minute it ends at, exclusive: 1…1440. Not behind `from`: it ends on the day after.
    package var to: Int
    /// The days of the week it begins on: 0 = Sunday … 6 = Saturday.
    package var weekdays: Set<Int>
    /// Whether it begins on each holiday too, whatever day of the week that is.
    package var onHolidays: Bool
    /// The severities it lets through.
    package var except: Set<String>

    /// A stretch; see the properties.
    package init(from: Int, to: Int, weekdays: Set<Int>, onHolidays: Bool, except: Set<String>) {
      self.from = from
      self.to = to
      self.weekdays = weekdays
      self.onHolidays = onHolidays
      self.except = except
    }

    /// Minutes from its beginning to its end: 1…1440.
    package var length: Int { to > from ? to - from : to + 1440 - from }
  }
  /// The severities a rule can have, for people to tell its alerts apart.
  package static let severities = ["info", "low", "medium", "high", "critical", "opportunity"]

  /// What two of them have in common is let through only by both.
  package var spans: [Span]

  /// Quiet whenever one of these is.
  package init(spans: [Span]) { self.spans = spans }
}
