import KizashiCore
import KizashiStore

/// What drawing for people needs to know beside the data.
struct Page: Sendable {
  var terminal: Terminal
  /// The moment ages are counted to: the store's clock, which on a replayed store is not today.
  var now: Instant
  /// Times are shown in its zone.
  var calendar: BusinessCalendar
  /// Says what measures look at and how bands are ordered; nil: read without a config.
  var model: Model?

  init(terminal: Terminal, now: Instant, calendar: BusinessCalendar = .utc, model: Model? = nil) {
    self.terminal = terminal
    self.now = now
    self.calendar = calendar
    self.model = model
  }

  /// Paints for the terminal.
  var painter: Painter { Painter(colour: terminal.colour) }

  /// `2026-11-19 12:00` in the business time zone.
  func time(_ instant: Instant) -> String { InstantText.local(instant, calendar) }

  /// `2026-11-19 12:00 (3 h ago)`.
  func timeAndAge(_ instant: Instant) -> String { "\(time(instant)) (\(Wording.ago(instant, now: now)))" }

  /// The zone times are shown in: `UTC`, `Asia/Tokyo, UTC+09:00`.
  var zone: String {
    let minutes = Int(calendar.offset(at: now.tile)) / 60
    guard minutes != 0 || calendar.timezone != "UTC" else { return "UTC" }
    let hours = minutes.magnitude / 60
    let rest = minutes.magnitude % 60
    func two(_ number: UInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(calendar.timezone), UTC\(minutes < 0 ? "−" : "+")\(two(hours)):\(two(rest))"
  }

  /// The metric of a measure, where the config is at hand.
  func metric(ofMeasure name: String) -> Metric? { model?.measures.first { $0.name == name }?.metric }
}
