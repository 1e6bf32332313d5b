import ArgumentParser
import Foundation
import KizashiCore
import KizashiDaemon
import KizashiStore

/// `kizashi snooze`
struct SnoozeVerb: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snooze", abstract: "Put off what a rule, an account or an episode tells hooks; list what is put off.",
    usage: """
      kizashi snooze [list] [--all]
      kizashi snooze <rule>[:<account>] (--for <length> | --until <moment>) --reason <text> [--by <name>]
      kizashi snooze (--account <id> | --episode <id>) ...
      kizashi snooze <rule>[:<account>] --cancel
      """,
    discussion: """
      Everything is evaluated, journaled and shown as ever; only hooks wait. At the end, or with --cancel, an episode that \
      is still open is told once; one that opened and resolved meanwhile is not (its deliveries are suppressed: snoozed).

      Examples:
        kizashi snooze list
        kizashi snooze health-drop:acme --for 3d --reason "migration, Sato knows"
        kizashi snooze --account acme --until 2026-12-01 --reason "acme is on holiday"
        kizashi snooze health-drop:acme --cancel
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  @Argument(help: ArgumentHelp("A rule, or a rule and an account.", valueName: "rule[:account]"))
  var target: String?

  @Option(help: ArgumentHelp("Every rule of this account.", valueName: "id"))
  var account: String?

  @Option(
    help: ArgumentHelp(
      "One episode, RULE:ACCOUNT:N, as hooks are told it and alerts --format csv shows it.", valueName: "id"))
  var episode: String?

  @Option(name: .customLong("for"), help: ArgumentHelp("For so long: 12h, 3d.", valueName: "length"))
  var length: LengthArgument?

  @Option(help: ArgumentHelp("Until then: a day such as 2026-12-01, or RFC 3339.", valueName: "moment"))
  var until: MomentArgument?

  @Option(help: ArgumentHelp("Why; shown in the list.", valueName: "text"))
  var reason: String?

  @Option(help: ArgumentHelp("Who; default: the user who runs this.", valueName: "name"))
  var by: String?

  @Flag(help: "End it now.")
  var cancel = false

  @Flag(help: "List those that have ended too.")
  var all = false

  /// Other verbs have a `list`. With what a snooze needs it is a rule of that name.
  private var isList: Bool { target == "list" && length == nil && until == nil && !cancel }

  private var wanted: SnoozeTarget? {
    if let target, !isList {
      // Names of rules hold no colon, ids of accounts may.
      let parts = target.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return SnoozeTarget(rule: parts[0], account: parts.count > 1 ? parts[1] : nil)
    }
    if let account { return SnoozeTarget(account: account) }
    return episode.map { SnoozeTarget(episode: $0) }
  }

  func validate() throws {
    guard [target, account, episode].compactMap(\.self).count <= 1 else {
      throw ValidationError("Name one thing: a rule (and account), --account or --episode.")
    }
    guard wanted != nil else {
      if length != nil || until != nil || cancel || reason != nil || by != nil {
        throw ValidationError("Say what: a rule, a rule and account, --account or --episode.")
      }
      return
    }
    if cancel {
      guard length == nil && until == nil else {
        throw ValidationError("--cancel ends it now, without --for or --until.")
      }
      return
    }
    guard (length == nil) != (until == nil) else {
      throw ValidationError("Say how long: --for 3d, or --until 2026-12-01.")
    }
    guard reason?.isEmpty == false else { throw ValidationError("Say why with --reason: somebody will ask.") }
  }

  func run() async throws {
    let session = try Session(store)
    guard let wanted else {
      let reader = try session.reader()
      let page = try session.page(reader)
      let rows = try asking { () throws(StoreError) in try reader.snoozes(all: all) }
      return try Output.write(SnoozeListing.listing.text(rows, format: output.format, page: page))
    }
    if cancel { return try await session.perform(.snoozeCancel(wanted)).report(output.format) }
    let reader = try session.reader()
    let page = try session.page(reader)
    let end = until.map { $0.instant(now: page.now, calendar: page.calendar).milliseconds }
    let request = ControlRequest.snooze(
      wanted, until: end, length: length?.milliseconds, reason: reason ?? "",
      by: by ?? NSUserName())
    try await session.perform(request).report(output.format)
  }
}

/// The shape of a list of snoozes.
enum SnoozeListing {
  static var listing: Listing<Snooze> {
    Listing(
      columns: [
        Column(
          key: nil, title: "SNOOZED", minimum: 12, value: { .text($0.target.text) },
          cell: { row, _ in Styled(row.target.text, row.ended == nil ? .plain : .dim) }),
        .hidden("rule") { Value($0.target.rule) }, .hidden("account") { Value($0.target.account) },
        .hidden("episode") { Value($0.target.episode) },
        .date("until", "UNTIL") { $0.until }, .date("since", "SINCE") { $0.made }.optional,
        .date("ended", "ENDED") { $0.ended }.optional, .text("by", "BY", minimum: 4) { $0.by },
        .text("reason", "REASON", minimum: 12) { $0.reason },
      ],
      nothing: "Nothing is snoozed.")
  }
}
