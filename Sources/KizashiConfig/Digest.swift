/// When a hook that is told everything at once is told it. In the business time zone, by the clock on the wall there.
package struct Digest: Sendable, Hashable {
  /// The minute of the local day: 0…1439.
  package var at: Int
  /// The days of the week: 0 = Sunday … 6 = Saturday; never empty.
  package var weekdays: Set<Int>

  /// A time of some days of the week.
  package init(at: Int, weekdays: Set<Int> = Set(0..<7)) {
    self.at = at
    self.weekdays = weekdays
  }
}
