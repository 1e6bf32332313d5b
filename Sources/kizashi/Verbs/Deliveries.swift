import ArgumentParser
import Foundation
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi deliveries list|retry|drop`
struct Deliveries: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Hook runs: owed, done and dead ones; retry or drop them.",
    subcommands: [List.self, Retry.self, Drop.self], defaultSubcommand: List.self)

  /// `kizashi deliveries list`
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Hook runs, the newest first.", usage: "kizashi deliveries list [<options>]",
      discussion: """
        States: owed, running, retry, done, dead (given up after its retries), suppressed (found by a replay, \
        too late, over while it was snoozed, or opened while its rule was flapping). What one that is owed waits for is \
        the end of a snooze, an earlier one of its account, its next attempt, the hook's hours, or its turn.

        Examples:
          kizashi deliveries list --state dead
          kizashi deliveries list --account acme --format json | jq '.[0].output'
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions
    @OptionGroup var limit: LimitOptions

    @Option(help: ArgumentHelp("Only runs in this state (may be repeated).", valueName: "state"))
    var state: [DeliveryStateArgument] = []

    @Option(help: ArgumentHelp("Only runs of this hook.", valueName: "name"))
    var hook: String?

    @Option(help: ArgumentHelp("Only runs about this account.", valueName: "id"))
    var account: String?

    func run() throws {
      let session = try Session(store)
      let reader = try session.reader()
      let page = try session.page(reader)
      if let account { try known(account, reader) }
      if let hook { try session.check(hook, is: .hook, reader) }
      var query = DeliveryQuery()
      query.states = state.map(\.name)
      query.hook = hook
      query.account = account
      query.limit = limit.rows
      query.now = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
      let rows = try asking { () throws(StoreError) in try reader.deliveries(query) }
      try Output.write(DeliveryListing.listing.text(rows, format: output.format, page: page))
    }
  }

  /// `kizashi deliveries retry`
  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run dead deliveries again, or those that have failed and wait, now.",
      usage: "kizashi deliveries retry [<options>] [<id> ...]",
      discussion: """
        Those it names get all their retries again.

        Examples:
          kizashi deliveries retry health-drop:acme:41:firing:pager
          kizashi deliveries retry --dead --hook pager
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions

    @Argument(help: ArgumentHelp("Ids of deliveries, as the list shows them.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "All dead ones instead.")
    var dead = false

    @Option(help: ArgumentHelp("With --dead: only those of this hook.", valueName: "name"))
    var hook: String?

    func validate() throws {
      if ids.isEmpty && !dead {
        throw ValidationError("Name the deliveries by their ids, or give --dead for all dead ones.")
      }
      if !ids.isEmpty && dead { throw ValidationError("Give either ids or --dead, not both.") }
      if hook != nil && !dead { throw ValidationError("--hook belongs to --dead.") }
    }

    func run() async throws {
      let session = try Session(store)
      let ids = dead ? try Deliveries.ids(in: [.dead], of: hook, session) : ids
      if ids.isEmpty { return try Output.write("No delivery is dead.\n") }
      try await session.perform(.deliveriesRetry(ids: ids)).report(output.format)
    }
  }

  /// `kizashi deliveries drop`
  struct Drop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give up deliveries, so that those after them go on.",
      usage: "kizashi deliveries drop [<options>] [<id> ...]",
      discussion: """
        Only what is still open (owed, running, retry) can be given up. It is dead then, and `retry` runs it all the same.

        Examples:
          kizashi deliveries drop health-drop:acme:41:firing:pager
          kizashi deliveries drop --open --hook pager
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions

    @Argument(help: ArgumentHelp("Ids of deliveries, as the list shows them.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "All open ones of a hook instead.")
    var open = false

    @Option(help: ArgumentHelp("With --open: those of this hook.", valueName: "name"))
    var hook: String?

    func validate() throws {
      if ids.isEmpty && !open {
        throw ValidationError(
          "Name the deliveries by their ids, or give --open --hook NAME for all open ones of a hook.")
      }
      if !ids.isEmpty && open { throw ValidationError("Give either ids or --open, not both.") }
      if (hook == nil) == open { throw ValidationError("--open and --hook belong together.") }
    }

    func run() async throws {
      let session = try Session(store)
      let ids = open ? try Deliveries.ids(in: [.owed, .running, .retry], of: hook, session) : ids
      if ids.isEmpty { return try Output.write("No delivery of it is open.\n") }
      try await session.perform(.deliveriesDrop(ids: ids)).report(output.format)
    }
  }

  /// The deliveries in some states, those that were owed first before others.
  private static func ids(in states: [DeliveryState], of hook: String?, _ session: Session) throws(Failure) -> [String]
  {
    let reader = try session.reader()
    if let hook { try session.check(hook, is: .hook, reader) }
    var query = DeliveryQuery()
    query.states = states.map(\.name)
    query.hook = hook
    return try asking { () throws(StoreError) in try reader.deliveries(query) }.reversed().map(\.deliveryID)
  }
}

/// The name of a state of a delivery.
struct DeliveryStateArgument: ExpressibleByArgument, Equatable {
  var name: String

  init?(argument: String) {
    guard DeliveryState.allCases.contains(where: { $0.name == argument }) else { return nil }
    name = argument
  }

  static var allValueStrings: [String] { DeliveryState.allCases.map(\.name) }
}

/// The shape of a list of hook runs.
enum DeliveryListing {
  static var listing: Listing<DeliveryRow> {
    Listing(
      columns: [
        .text("state", "STATE", style: { style($0.state) }) { $0.state },
        .text("hook", "HOOK", minimum: 6) { $0.hook },
        // Never cut: it is what retry and drop are given.
        .text("delivery_id", "DELIVERY") { $0.deliveryID },
        .count("attempts", "ATTEMPTS") { Int64($0.attempts) }.optional,
        Column(
          key: "next_at", title: "NEXT", isOptional: true, value: { Value($0.next.map(InstantText.text)) },
          cell: { row, page in
            // Only a run that is still to come has a next time worth reading.
            let isOpen = row.state == DeliveryState.owed.name || row.state == DeliveryState.retry.name
            return isOpen ? Styled(row.next.map(page.time) ?? "now") : Styled("–", .dim)
          }),
        Column(
          key: nil, title: "WAITS FOR", isOptional: true, value: { _ in .null },
          cell: { row, _ in row.waitsFor.map { Styled(words($0)) } ?? Styled("–", .dim) }),
        Column(
          key: nil, title: "LAST RUN", isOptional: true, value: { _ in .null },
          cell: { row, page in lastRun(row).map { Styled(page.time($0)) } ?? Styled("–", .dim) }),
        .count("exit_code", "EXIT") { $0.exitCode.map(Int64.init) },
        Column(
          key: "output", title: "OUTPUT", minimum: 10, value: { Value(output($0)) },
          cell: { row, _ in output(row).map { Styled(oneLine($0)) } ?? Styled("–", .dim) }),
        .text("alert_id", nil) { $0.alertID },
        .text("waits_for", nil) { $0.waitsFor?.rawValue },
      ],
      nothing: "No delivery.")
  }

  /// When it was last begun, which is what `next_at` says of one that runs or is over. One that waits has its next time there.
  private static func lastRun(_ row: DeliveryRow) -> Instant? {
    let states: [DeliveryState] = [.running, .done, .dead]
    return row.attempts > 0 && states.contains { $0.name == row.state } ? row.next : nil
  }

  private static func words(_ wait: DeliveryWait) -> String {
    switch wait {
    case .snooze: "the end of a snooze"
    case .earlier: "one of its account before it"
    case .nextAttempt: "its next attempt"
    case .hours: "quiet hours or digest"
    case .turn: "its turn (concurrency, max_per_hour)"
    }
  }

  private static func output(_ row: DeliveryRow) -> String? { row.output.flatMap { $0.isEmpty ? nil : $0 } }

  /// Several lines in one cell. Nearly every output ends with a line end, which says nothing.
  private static func oneLine(_ text: String) -> String {
    var text = text.replacing("\r\n", with: "\n")
    while text.last == "\n" { text.removeLast() }
    return text.replacing("\n", with: "⏎")
  }

  private static func style(_ state: String) -> Style {
    switch state {
    case DeliveryState.dead.name: .red
    case DeliveryState.retry.name: .yellow
    case DeliveryState.done.name: .green
    case DeliveryState.suppressed.name: .dim
    default: .plain
    }
  }
}
