import KizashiConfig
import KizashiCore
import KizashiStore

extension Commands {
  /// The longest snooze, in milliseconds: what is to be quiet for longer is a change of the config.
  private static let longestSnooze: Int64 = 366 * 86_400_000

  /// Puts off what a rule, an account or an episode owes. Evaluation goes on.
  static func snooze(
    _ request: ControlRequest, _ configuration: Configuration, _ store: StoreHost, now: Instant
  ) async throws -> ControlReply {
    switch request {
    case .snooze(let target, let until, let length, let reason, let by):
      let end = until.map(Instant.init(milliseconds:)) ?? now.advanced(by: min(max(length ?? 0, 0), longestSnooze + 1))
      // As the list of snoozes shows it.
      let calendar = configuration.model.calendar
      let local = "\(InstantText.local(end, calendar)) (\(calendar.timezone))"
      guard end > now else { return refusal("a snooze ends in the future; \(local) is over") }
      guard end.milliseconds - now.milliseconds <= longestSnooze else {
        return refusal("a snooze lasts a year at most (shadow: true on a rule is for good)")
      }
      let rules = configuration.model.rules.map(\.name)
      if let rule = target.rule, !rules.contains(rule) {
        return refusal("the config has no rule \(rule)", rules.map { "known: \($0)" })
      }
      switch try await store.use({ try $0.snooze(target, until: end, reason: reason, by: by, at: now) }) {
      case .noSuchAccount: return refusal("there is no account \(target.account ?? "")", code: .no)
      case .noSuchEpisode: return refusal("there is no episode \(target.episode ?? "")", code: .no)
      case .done:
        return ControlReply(message: "\(target.text) is snoozed until \(local)", values: ["until": end.rfc3339])
      }
    case .snoozeCancel(let target):
      guard try await store.use({ try $0.cancelSnooze(target, at: now) }) else {
        return refusal("\(target.text) is not snoozed", code: .no)
      }
      return ControlReply(message: "\(target.text) is not snoozed any more")
    default: return refusal("no snooze")
    }
  }

  private static func refusal(
    _ message: String, _ details: [String] = [], code: DaemonError.Code = .usage
  ) -> ControlReply {
    ControlReply(exitCode: code.rawValue, message: message, details: details)
  }
}
