import ArgumentParser
import Foundation
import KizashiSample
import KizashiStore

/// `kizashi generate`
struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write realistic sample events; the same bytes for the same seed.",
    usage: "kizashi generate [<options>]",
    discussion: """
      Accounts of very different sizes with weekday and hour patterns: some grow, some decline, some churn, some fall \
      silent at once. Without --live it writes --days of history as fast as it can; with --live it writes events as \
      they happen, of the same accounts, until Ctrl-C.

      Examples:
        kizashi generate --accounts 200 --days 90 > sample.ndjson
        kizashi generate --days 90 --end now | kizashi replay --db sample.db -
        kizashi generate --live 50 >> /var/log/product/events.ndjson
        kizashi generate --live 50 --incident acme-0049:silence:10s
      """)

  @Option(help: ArgumentHelp("How many accounts.", valueName: "n"))
  var accounts = SampleOptions().accounts

  @Option(help: ArgumentHelp("How many days of history.", valueName: "n"))
  var days = SampleOptions().days

  @Option(help: ArgumentHelp("Decides everything that is left to chance.", valueName: "n"))
  var seed = SampleOptions().seed

  @Option(help: ArgumentHelp("How many usage events in all. (default: 12 an account and day)", valueName: "n"))
  var events: Int?

  @Option(help: ArgumentHelp("Most users of an account.", valueName: "n"))
  var users = SampleOptions().users

  @Option(
    help: ArgumentHelp("The end of the history: now, or RFC 3339. (default: 2026-01-01T00:00:00Z)", valueName: "when"))
  var end: String?

  @Option(help: ArgumentHelp("Lines of 1,000 that come up to a minute late.", valueName: "n"))
  var late = SampleOptions().latePerMille

  @Option(help: ArgumentHelp("Lines of 1,000 that are sent twice.", valueName: "n"))
  var duplicates = SampleOptions().duplicatesPerMille

  @Flag(inversion: .prefixedNo, help: "Mix in group lines with the accounts' attributes.")
  var attributes = SampleOptions().attributes

  @Option(help: ArgumentHelp("Write events as they happen, so many a second.", valueName: "rate"))
  var live: Int?

  @Option(
    help: ArgumentHelp("With --live: what befalls an account; failures or silence.", valueName: "account:kind:after"))
  var incident: String?

  func validate() throws {
    if incident != nil && live == nil { throw ValidationError("--incident belongs to --live.") }
    _ = try parsedIncident()
    if let end, end != "now", MomentArgument(argument: end)?.absolute == nil {
      throw ValidationError("--end needs “now” or an instant such as 2026-01-01T00:00:00Z.")
    }
    do {
      try options(now: 0).validate()
    } catch {
      throw ValidationError(error.description)
    }
  }

  func run() async throws {
    let now = wallClock()
    if let live { return try await write(live: live, from: now) }
    var generator = try SampleGenerator(options: options(now: now))
    var buffer: [UInt8] = []
    while generator.next(into: &buffer, upTo: 1 << 18) { try Output.write(bytes: buffer) }
  }

  private func write(live rate: Int, from start: Int64) async throws {
    var sample: LiveSample
    do {
      sample = try LiveSample(
        options: options(now: start), eventsPerSecond: rate, startMilliseconds: start, incident: try parsedIncident())
    } catch let error as SampleError {
      throw Failure(.usage, error.description)
    }
    var buffer: [UInt8] = []
    while true {
      while sample.next(into: &buffer, until: wallClock(), upTo: 1 << 16) { try Output.write(bytes: buffer) }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  private func options(now: Int64) -> SampleOptions {
    var options = SampleOptions()
    options.accounts = accounts
    options.days = days
    options.seed = seed
    options.events = events
    options.users = users
    options.latePerMille = late
    options.duplicatesPerMille = duplicates
    options.attributes = attributes
    if end == "now" && now != 0 {
      options.endMilliseconds = now
    } else if let end, let instant = MomentArgument(argument: end)?.absolute {
      options.endMilliseconds = instant.milliseconds
    }
    return options
  }

  private func parsedIncident() throws -> SampleIncident? {
    guard let incident else { return nil }
    // Names may hold colons: the kind and the time are the last two parts.
    let parts = incident.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 3, let kind = SampleIncident.Kind(rawValue: String(parts[parts.count - 2])),
      let after = LengthArgument(argument: String(parts[parts.count - 1]))
    else {
      throw ValidationError("--incident needs account:kind:after, such as acme:silence:10s; kinds: failures, silence.")
    }
    return SampleIncident(
      account: parts.dropLast(2).joined(separator: ":"), kind: kind, afterMilliseconds: after.milliseconds)
  }

  private func wallClock() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
