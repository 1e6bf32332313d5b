import ArgumentParser
import KizashiStore

/// `kizashi account ID`
struct Account: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One account: score, open alerts, what changed last and why, measures, features, users.",
    usage: "kizashi account [<options>] <id>",
    discussion: """
      The page to read when an alert comes. Figures are those of the last 28 days beside the 28 days before, unless \
      --window says otherwise. An account the store has never heard of ends with exit code 1.

      Examples:
        kizashi account acme
        kizashi account acme --window 7d --users 0
        kizashi account acme --format json | jq '.measures[] | {measure, grade}'
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  @Argument(help: "The account's id, as events name it.")
  var id: String

  @Option(help: ArgumentHelp("The window of the figures, whole hours or days.", valueName: "length"))
  var window = LengthArgument(milliseconds: 28 * 86_400_000)

  @Option(help: ArgumentHelp("How many users to name; 0: all.", valueName: "n"))
  var users = 10

  @Option(help: ArgumentHelp("How many changes to show.", valueName: "n"))
  var changes = 6

  func validate() throws {
    if output.format == .csv {
      throw ValidationError("One account is no table: use --format json, or `kizashi accounts --format csv`.")
    }
    if window.hours == nil { throw ValidationError("--window needs whole hours or days, such as 24h or 28d.") }
    if users < 0 || changes < 0 { throw ValidationError("--users and --changes need a number from 0 up.") }
  }

  func run() throws {
    let session = try Session(store)
    let reader = try session.reader()
    let page = try session.page(reader)
    let detail = try asking { () throws(StoreError) in
      try reader.account(
        id, windowHours: window.hours ?? 672, userLimit: users == 0 ? nil : users, changeLimit: changes)
    }
    guard let detail else { throw try Failure(unknownAccount: id, reader) }
    switch output.format {
    case .table, .csv: try Output.write(AccountPage(detail: detail, page: page).text)
    case .json: try Output.write(AccountJSON.value(detail).indentedJSON + "\n")
    case .ndjson: try Output.write(AccountJSON.value(detail).json + "\n")
    }
  }
}
