import ArgumentParser
import KizashiCore
import KizashiStore

/// `kizashi alerts`
struct Alerts: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Episodes of the rules: firing ones first, then the newest.", usage: "kizashi alerts [<options>]",
    discussion: """
      Those of a rule in shadow are marked: they are found and shown, and tell nobody.

      Examples:
        kizashi alerts --firing
        kizashi alerts --account acme
        kizashi alerts --rule health-drop --limit 0 --format csv
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions
  @OptionGroup var limit: LimitOptions

  @Option(help: ArgumentHelp("Only alerts of this account.", valueName: "id"))
  var account: String?

  @Option(help: ArgumentHelp("Only alerts of this rule.", valueName: "name"))
  var rule: String?

  @Flag(help: "Only those that are firing.")
  var firing = false

  func run() throws {
    let session = try Session(store)
    let reader = try session.reader()
    let page = try session.page(reader)
    if let account { try known(account, reader) }
    if let rule { try session.check(rule, is: .rule, reader) }
    var query = AlertQuery()
    query.account = account
    query.rule = rule
    query.state = firing ? AlertTransition.State.firing.name : nil
    query.limit = limit.rows
    let rows = try asking { () throws(StoreError) in try reader.alerts(query) }
    try Output.write(AlertListing.listing.text(rows, format: output.format, page: page))
  }
}

/// The shape of a list of episodes.
enum AlertListing {
  static var listing: Listing<AlertEpisode> {
    Listing(
      columns: [
        Column(
          key: "state", title: "STATE", value: { .text($0.state) },
          cell: { row, _ in
            let isFiring = row.state == AlertTransition.State.firing.name
            return Styled(row.isShadow ? "\(row.state) (shadow)" : row.state, isFiring && !row.isShadow ? .red : .dim)
          }),
        .text("severity", "SEVERITY", style: { .severity($0.severity) }) { $0.severity },
        .text("account", "ACCOUNT", minimum: 8) { $0.account },
        .text("rule", "RULE", minimum: 8) { $0.rule },
        .date("at", "SINCE") { $0.at },
        .date("resolved_at", "RESOLVED") { $0.resolved }.optional,
        .time("detected_at", nil) { $0.detected },
        .text("reason", "REASON", minimum: 16) { $0.reason },
        .text("playbook", nil) { $0.playbook },
        .text("alert_id", nil) { $0.alertID },
        .text("episode", nil) { $0.alertID },
        .hidden("shadow") { .bool($0.isShadow) },
      ],
      nothing: "No alert.")
  }
}
