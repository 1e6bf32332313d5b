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

      With --book it writes a book of customers whose contracts begin, are renewed and are cancelled, to try rules on: \
      healthy ones with their weak times, and those that leave, some after a decline of weeks, some without a sign. With \
      --truth it tells what becomes of each instead. See docs/BACKTEST.md.

      Examples:
        kizashi generate --accounts 200 --days 90 > sample.ndjson
        kizashi generate --days 90 --end now | kizashi replay --db sample.db -
        kizashi generate --live 50 >> /var/log/product/events.ndjson
        kizashi generate --live 50 --incident acme-0049:silence:10s
        kizashi generate --book --seed 1 | kizashi replay --db book.db -
        kizashi generate --book --seed 1 --truth > truth.csv
      """)

  @Option(help: ArgumentHelp("How many accounts. (default: 200; of a book 2,000)", valueName: "n"))
  var accounts: Int?

  @Option(help: ArgumentHelp("How many days of history. (default: 90; of a book 730)", valueName: "n"))
  var days: Int?

  @Option(help: ArgumentHelp("Decides everything that is left to chance.", valueName: "n"))
  var seed = SampleOptions().seed

  @Option(
    help: ArgumentHelp(
      "How many usage events in all. (default: 12 an account and day; of a book about 3)", valueName: "n"))
  var events: Int?

  @Option(help: ArgumentHelp("Most users of an account. (default: 50; of a book 60)", valueName: "n"))
  var users: Int?

  @Option(
    help: ArgumentHelp("The end of the history: now, or RFC 3339. (default: 2026-01-01T00:00:00Z)", valueName: "when"))
  var end: String?

  @Option(help: ArgumentHelp("Lines of 1,000 that come up to a minute late. (default: 50)", valueName: "n"))
  var late: Int?

  @Option(help: ArgumentHelp("Lines of 1,000 that are sent twice. (default: 0)", valueName: "n"))
  var duplicates: Int?

  @Flag(inversion: .prefixedNo, help: "Mix in group lines with the accounts' attributes. (default: --attributes)")
  var attributes: Bool?

  @Option(help: ArgumentHelp("Write events as they happen, so many a second.", valueName: "rate"))
  var live: Int?

  @Option(
    help: ArgumentHelp("With --live: what befalls an account; failures or silence.", valueName: "account:kind:after"))
  var incident: String?

  @Flag(help: "A book of customers with contracts, to try rules on.")
  var book = false

  @Flag(help: "With --book: what becomes of each account, as CSV, instead of events.")
  var truth = false

  @Option(help: ArgumentHelp("With --book: customers of 100 that leave in a year. (default: 18)", valueName: "n"))
  var churn: Int?

  @Option(help: ArgumentHelp("With --book: of 100 that leave, those without a sign. (default: 30)", valueName: "n"))
  var unwarned: Int?

  func validate() throws {
    if incident != nil && live == nil { throw ValidationError("--incident belongs to --live.") }
    _ = try parsedIncident()
    if let end, end != "now", MomentArgument(argument: end)?.absolute == nil {
      throw ValidationError("--end needs “now” or an instant such as 2026-01-01T00:00:00Z.")
    }
    for (name, isGiven) in [("--truth", truth), ("--churn", churn != nil), ("--unwarned", unwarned != nil)]
    where isGiven && !book { throw ValidationError("\(name) belongs to --book.") }
    let others = [
      ("--live", live != nil), ("--late", late != nil), ("--duplicates", duplicates != nil),
      ("--attributes", attributes != nil),
    ]
    for (name, isGiven) in others where isGiven && book {
      throw ValidationError("\(name) does not go with --book.")
    }
    do {
      if book { try bookOptions(now: 0).validate() } else { try options(now: 0).validate() }
    } catch {
      throw ValidationError(error.description)
    }
  }

  func run() async throws {
    let now = wallClock()
    if let live { return try await write(live: live, from: now) }
    if book { return try writeBook(now: now) }
    var generator = try SampleGenerator(options: options(now: now))
    var buffer: [UInt8] = []
    while generator.next(into: &buffer, upTo: 1 << 18) { try Output.write(bytes: buffer) }
  }

  private func writeBook(now: Int64) throws {
    var generator = try BookGenerator(options: bookOptions(now: now))
    if truth {
      let start = generator.options.startMilliseconds
      try Output.write(BookAccount.csvHeader)
      for index in 0..<generator.options.accounts { try Output.write(generator.account(index).csv(start: start)) }
      return
    }
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
    options.accounts = accounts ?? options.accounts
    options.days = days ?? options.days
    options.seed = seed
    options.events = events
    options.users = users ?? options.users
    options.latePerMille = late ?? options.latePerMille
    options.duplicatesPerMille = duplicates ?? options.duplicatesPerMille
    options.attributes = attributes ?? options.attributes
    options.endMilliseconds = endMilliseconds(now: now) ?? options.endMilliseconds
    return options
  }

  private func bookOptions(now: Int64) -> BookOptions {
    var options = BookOptions()
    options.accounts = accounts ?? options.accounts
    options.days = days ?? options.days
    options.seed = seed
    options.events = events
    options.users = users ?? options.users
    options.churnPercent = churn ?? options.churnPercent
    options.unwarnedPercent = unwarned ?? options.unwarnedPercent
    options.endMilliseconds = endMilliseconds(now: now) ?? options.endMilliseconds
    // A book ends with a day.
    if end == "now" { options.endMilliseconds -= options.endMilliseconds % 86_400_000 }
    return options
  }

  private func endMilliseconds(now: Int64) -> Int64? {
    guard let end else { return nil }
    if end == "now" { return now == 0 ? nil : now }
    return MomentArgument(argument: end)?.absolute?.milliseconds
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
