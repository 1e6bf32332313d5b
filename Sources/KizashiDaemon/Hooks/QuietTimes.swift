import KizashiConfig
import KizashiCore
import KizashiStore

/// When one hook keeps quiet, as a function of the instant: a hook's quiet hours in the business calendar.
///
/// By the clock on the wall of the business time zone: where an hour comes twice, both are as quiet as its name says; one
/// that is left out is not there to be quiet.
package struct QuietTimes: Sendable, Hashable {
  /// How things stand in quiet hours.
  package struct Hold: Sendable, Hashable {
    /// The severities that go through.
    package var letThrough: Set<String>
    /// Until then nothing of this changes; after it something may.
    package var until: Instant
  }

  /// Bounds the search for an end: a year of days, each with all the boundaries it can have.
  private static let mostSteps = 10_000

  let hours: QuietHours
  let calendar: BusinessCalendar

  package init(_ hours: QuietHours, calendar: BusinessCalendar) {
    self.hours = hours
    self.calendar = calendar
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(hours) }

  /// What holds at an instant; nil: nothing is held back.
  package func hold(at instant: Instant) -> Hold? {
    let seconds = floorDivide(instant.milliseconds, 1000)
    let (offset, nextTransition) = offset(at: seconds)
    let local = seconds + offset
    var letThrough: Set<String>?
    // Local time is as long as real time up to the next change of the offset: what comes first is looked at again then.
    var boundary = Int64.max
    let today = floorDivide(local, 86_400)
    for day in (today - 1)...(today + 1) {
      for span in hours.spans where span.begins(on: day, calendar) {
        let start = day * 86_400 + Int64(span.from) * 60
        let end = start + Int64(span.length) * 60
        if start <= local && local < end {
          letThrough = letThrough.map { $0.intersection(span.except) } ?? span.except
        }
        for edge in [start, end] where edge > local { boundary = min(boundary, edge - offset) }
      }
    }
    return letThrough.map {
      Hold(letThrough: $0, until: Instant(milliseconds: min(boundary, nextTransition) * 1000))
    }
  }

  /// The first instant from `instant` on at which an alert of this severity may be told.
  package func opening(for severity: String, from instant: Instant) -> Instant {
    var result = instant
    for _ in 0..<Self.mostSteps {
      guard let hold = hold(at: result), !hold.letThrough.contains(severity) else { return result }
      result = hold.until
    }
    // A calendar of nothing but holidays: told late is better than never.
    return result
  }

  /// The offset from UTC, and the instant of the next other one, in seconds.
  private func offset(at seconds: Int64) -> (offset: Int64, next: Int64) {
    let transitions = calendar.transitions
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].since <= seconds { low = middle + 1 } else { high = middle }
    }
    return (
      Int64(transitions[max(0, low - 1)].offset), low < transitions.count ? transitions[low].since : .max / 1000
    )
  }
}

extension QuietHours.Span {
  fileprivate func begins(on day: Int64, _ calendar: BusinessCalendar) -> Bool {
    let local = LocalDay(number: Int32(clamping: day))
    return weekdays.contains(CivilDate.weekday(days: Int(day))) || (onHolidays && calendar.holidays.contains(local))
  }
}

extension QuietTimes {
  /// Those of the hooks that have some.
  static func byHook(_ configuration: Configuration) -> [String: QuietTimes] {
    Dictionary(
      configuration.hooks.compactMap { hook in
        hook.quietHours.map { (hook.name, QuietTimes($0, calendar: configuration.model.calendar)) }
      }, uniquingKeysWith: { first, _ in first })
  }
}

/// When hooks may be told: the times of those with a digest, not in the quiet hours of those that have some.
struct TellingTimes: Sendable {
  let quiet: [String: QuietTimes]
  private let digests: [String: DigestTimes]

  init(_ configuration: Configuration) {
    quiet = QuietTimes.byHook(configuration)
    digests = DigestTimes.byHook(configuration)
  }

  /// The first instant from `instant` on.
  func next(hook: String, severity: String, from instant: Instant) -> Instant {
    let ready = digests[hook]?.next(from: instant) ?? instant
    return quiet[hook]?.opening(for: severity, from: ready) ?? ready
  }
}

extension Store {
  /// Gives runs that wait for a digest or the end of quiet hours another end, because a config may have changed these, and gives
  /// up those of hooks that it has not.
  func planAnew(_ configuration: Configuration, at now: Instant) throws {
    try giveUpRuns(exceptHooks: configuration.hooks.map(\.name))
    let times = TellingTimes(configuration)
    for hook in configuration.hooks {
      for severity in QuietHours.severities {
        let opening = times.next(hook: hook.name, severity: severity, from: now)
        try postpone(hook: hook.name, severity: severity, waitingAt: now, until: opening)
      }
    }
  }
}
