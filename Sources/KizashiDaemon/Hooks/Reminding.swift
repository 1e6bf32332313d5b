import KizashiConfig
import KizashiCore
import KizashiStore
import Logging
import ServiceLifecycle

/// Whom to remind of open episodes: a config's rules with `renotify`. The rows that owe it are made from what is stored, so
/// that a crash changes nothing but the instant.
struct ReminderPlan {
  private let reminders: [(reminder: Reminder, severity: String)]
  private let times: TellingTimes

  init(_ configuration: Configuration) {
    times = TellingTimes(configuration)
    reminders = configuration.model.rules.flatMap { rule in
      guard let every = configuration.ruleDeliveries[rule.name]?.renotifyMilliseconds else {
        return [(reminder: Reminder, severity: String)]()
      }
      return rule.hooks.map { (Reminder(rule: rule.name, hook: $0, everyMilliseconds: every), rule.severity) }
    }
  }

  /// Those that could be told now, or in the next digest. One that would have to wait for the end of quiet hours is owed
  /// then, if its episode is still open: nobody wants to be reminded of what is over.
  func wanted(at now: Instant) -> [Reminder] {
    reminders.filter { reminder, severity in
      times.quiet[reminder.hook]?.hold(at: now)?.letThrough.contains(severity) ?? true
    }.map { reminder, severity in
      var reminder = reminder
      reminder.nextAt = times.next(hook: reminder.hook, severity: severity, from: now)
      return reminder
    }
  }
}

/// Looks now and then for open episodes of which somebody is to be reminded.
struct Reminding: Service {
  private static let interval = 15

  let daemon: Daemon

  func run() async throws {
    var hasFailed = false
    for await _ in AsyncTimer.seconds(Self.interval).cancelOnGracefulShutdown() {
      do {
        try await remind()
        hasFailed = false
      } catch {
        // A full disk passes; a store that is gone or damaged is somebody else's to end the daemon for.
        if !hasFailed {
          daemon.logger.error("Reminders cannot be stored; trying again", metadata: ["error": "\(error)"])
        }
        hasFailed = true
      }
    }
  }

  private func remind() async throws {
    let plan = daemon.current.withLock { ReminderPlan($0) }
    var owed = 0
    repeat {
      let now = daemon.clock.now()
      let wanted = plan.wanted(at: now)
      guard !wanted.isEmpty else { return }
      owed = try await daemon.store.use { try $0.oweReminders(wanted, at: now) }
      if owed > 0 { daemon.hooks.notify() }
    } while owed >= Store.mostReminders
  }
}
