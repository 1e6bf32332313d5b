/// The line a person watches while `replay` or `backtest` works.
struct ProgressBar: Sendable {
  /// How far the work is.
  struct State: Sendable {
    /// What is counted.
    enum Unit: Sendable {
      case bytes
      case days
    }
    /// Or whatever the unit says.
    var bytes: Int64
    /// Nil: unknown (a pipe).
    var totalBytes: Int64?
    var events: Int64
    var elapsedMilliseconds: Int64
    var unit = Unit.bytes

    /// `1.5 GiB of 4.0 GiB`, `12 of 365 days`.
    fileprivate func text(of total: Int64) -> String {
      switch unit {
      case .bytes: "\(Wording.bytes(bytes)) of \(Wording.bytes(total))"
      case .days: "\(Wording.grouped(bytes)) of \(Wording.counted(total, "day"))"
      }
    }
  }

  /// The line for a state, at most `width` cells: bar, share, bytes, speed, time left.
  static func line(_ state: State, width: Int) -> String {
    let rate = state.elapsedMilliseconds > 0 ? state.events * 1000 / state.elapsedMilliseconds : 0
    let speed = "\(Wording.grouped(rate)) events/s"
    guard let total = state.totalBytes, total > 0 else {
      return DisplayWidth.truncated("\(Wording.bytes(state.bytes)) read · \(speed)", to: width)
    }
    let share = min(1, Double(state.bytes) / Double(total))
    var parts = [state.text(of: total), speed]
    if let left = remaining(state, share: share) { parts.append("\(left) left") }
    let words = "\(Wording.percent(share)) \(parts.joined(separator: " · "))"
    let cells = min(30, width - DisplayWidth.of(words) - 1)
    return cells >= 5 ? "\(Sparkline.bar(share, cells: cells)) \(words)" : DisplayWidth.truncated(words, to: width)
  }

  /// The line that replaces the one before it on a terminal.
  static func redraw(_ state: State, width: Int) -> String { "\r\u{1b}[K" + line(state, width: width - 1) }

  /// Takes the line away.
  static let erased = "\r\u{1b}[K"

  /// What is left at the speed so far; nil until enough was read to say.
  private static func remaining(_ state: State, share: Double) -> String? {
    guard state.elapsedMilliseconds >= 500, share > 0.001, share < 1 else { return nil }
    return Wording.length(milliseconds: Int64(Double(state.elapsedMilliseconds) * (1 - share) / share) + 999)
  }
}
