/// A configured window of the standard metrics, by the text the config gives it.
package struct UsageWindow: Sendable, Equatable {
  /// As the config writes it and the views show it: `24h`, `7d`.
  package var name: String
  /// Whole hours, at least 1.
  package var hours: Int

  /// - Parameters:
  ///   - name: The text the views show.
  ///   - hours: Its length in whole hours.
  package init(name: String, hours: Int) {
    self.name = name
    self.hours = hours
  }

  /// The windows of a config that names none.
  package static let standard = [
    UsageWindow(name: "24h", hours: 24), UsageWindow(name: "7d", hours: 168), UsageWindow(name: "28d", hours: 672),
    UsageWindow(name: "90d", hours: 2160),
  ]
}
