import KizashiConfig
import KizashiCore

/// When one hook is told all that it owes, as a function of the instant: a hook's digest in the business calendar.
///
/// By the clock on the wall of the business time zone: a time that comes twice on a day is the first of both; one that is
/// left out is the first instant after it.
package struct DigestTimes: Sendable, Hashable {
  let digest: Digest
  let calendar: BusinessCalendar

  package init(_ digest: Digest, calendar: BusinessCalendar) {
    self.digest = digest
    self.calendar = calendar
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

  /// The first time of telling at or after an instant.
  package func next(from instant: Instant) -> Instant {
    let seconds = floorDivide(instant.milliseconds + 999, 1000)
    // No zone is more than a day from UTC; of seven days one is among the digest's.
    let first = floorDivide(seconds, 86_400) - 1
    for day in first...first + 10 where digest.weekdays.contains(CivilDate.weekday(days: Int(day))) {
      let at = beginning(of: day * 86_400 + Int64(digest.at) * 60)
      if at >= seconds { return Instant(milliseconds: at * 1000) }
    }
    // No week is without its days.
    return instant
  }

  /// The first instant at which the clock on the wall shows a local time or a later one, in seconds.
  private func beginning(of local: Int64) -> Int64 {
    let transitions = calendar.transitions
    for (index, transition) in transitions.enumerated() {
      let end = index + 1 < transitions.count ? transitions[index + 1].since : .max
      let instant = max(local - Int64(transition.offset), transition.since)
      if instant < end { return instant }
    }
    return local
  }
}

extension DigestTimes {
  /// Those of the hooks that have one.
  static func byHook(_ configuration: Configuration) -> [String: DigestTimes] {
    Dictionary(
      configuration.hooks.compactMap { hook in
        hook.digest.map { (hook.name, DigestTimes($0, calendar: configuration.model.calendar)) }
      }, uniquingKeysWith: { first, _ in first })
  }
}
