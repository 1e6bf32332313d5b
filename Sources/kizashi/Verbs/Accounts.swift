import ArgumentParser
import KizashiCore
import KizashiStore

extension AccountQuery.Order: ExpressibleByArgument {}

/// `kizashi accounts`
struct Accounts: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List accounts with score, band, trend and phase.", usage: "kizashi accounts [<options>]",
    discussion: """
      Orders (--sort):
        attention   who needs somebody first: the most severe firing alert,
                    then the worst band, then the biggest drop in 7 days,
                    then the lowest score; who has cancelled, last
        score       lowest first
        name        alphabetical
        trend       biggest drop in 7 days first
        last-seen   silent for longest first

      Severities rank critical, high, medium, low (and names of your own), info, opportunity.

      Examples:
        kizashi accounts                              those that need attention
        kizashi accounts --band red --band yellow
        kizashi accounts --measure recency --below 40    low on a measure
        kizashi accounts --feature reports --below 1     not used in 28 days
        kizashi accounts --phase renewal --touch high --sort score
        kizashi accounts --where csm=sato --where plan=enterprise
        kizashi accounts --limit 0 --format csv > accounts.csv
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions
  @OptionGroup var limit: LimitOptions

  @Option(help: ArgumentHelp("Only accounts in this band (may be repeated).", valueName: "name"))
  var band: [String] = []

  @Option(help: ArgumentHelp("Only accounts in this phase (may be repeated).", valueName: "name"))
  var phase: [String] = []

  @Option(help: ArgumentHelp("Only accounts of this touch (may be repeated).", valueName: "name"))
  var touch: [String] = []

  @Option(help: ArgumentHelp("Only accounts whose grade of this measure is below --below.", valueName: "name"))
  var measure: String?

  @Option(help: ArgumentHelp("Only accounts with fewer than --below events of this feature.", valueName: "name"))
  var feature: String?

  @Option(help: ArgumentHelp("The limit for --measure (0-100) or --feature (events).", valueName: "x"))
  var below: Double?

  @Option(help: ArgumentHelp("The window --feature counts in, whole hours or days.", valueName: "length"))
  var window: LengthArgument?

  @Option(name: .customLong("where"), help: ArgumentHelp("Only accounts with this attribute.", valueName: "attr=value"))
  var conditions: [String] = []

  @Option(help: "The order.")
  var sort: AccountQuery.Order = .attention

  func validate() throws {
    if measure != nil && feature != nil { throw ValidationError("Give --measure or --feature, not both.") }
    if (measure != nil || feature != nil) != (below != nil) {
      throw ValidationError("--below x belongs to --measure name or --feature name; give both.")
    }
    if window != nil && feature == nil { throw ValidationError("--window belongs to --feature.") }
    if let window, window.hours == nil {
      throw ValidationError("--window needs whole hours or days, such as 24h or 28d.")
    }
    for condition in conditions where !(condition.firstIndex(of: "=").map { $0 > condition.startIndex } ?? false) {
      throw ValidationError("--where needs attribute=value, found “\(Visible.text(condition))”.")
    }
  }

  func run() throws {
    let session = try Session(store)
    let reader = try session.reader()
    let page = try session.page(reader)
    for name in band { try session.check(name, is: .band, reader) }
    for name in phase { try session.check(name, is: .phase, reader) }
    for name in touch { try session.check(name, is: .touch, reader) }
    let query = query(bands: session.configuration.model.bands)
    let rows: [AccountSummary]
    do {
      rows = try reader.accounts(query)
    } catch {
      throw Failure(accounts: error)
    }
    let listing = AccountListing.listing(low: query.low)
    try Output.write(listing.text(rows, format: output.format, page: page))
    if output.format == .table, let most = limit.rows, rows.count == most, page.terminal.isTerminal {
      try Output.write(page.painter.paint("the first \(most); more with --limit", .dim) + "\n")
    }
  }

  private func query(bands: BandModel) -> AccountQuery {
    var query = AccountQuery()
    query.bands = band
    query.phases = phase
    query.touches = touch
    if let below {
      query.low =
        measure.map { .measure($0, below: below) }
        ?? feature.map { .feature($0, hours: window?.hours ?? 672, below: below) }
    }
    query.attributes = conditions.map { condition in
      let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), String(parts[1]))
    }
    query.order = sort
    query.bandsWorstFirst = bands.worstFirst
    query.limit = limit.rows
    return query
  }
}

extension BandModel {
  /// The names from worst to best. `unknown` stands before the best: nobody knows whether all is well there.
  var worstFirst: [String] {
    var names = bands.reversed().map(\.name)
    names.insert("unknown", at: max(0, names.count - 1))
    return names
  }
}

extension Failure {
  /// A question about accounts that has no answer.
  init(accounts error: AccountQueryError) {
    switch error {
    case .store(let error): self.init(store: error)
    case .unknownMeasure(let name, let known):
      let nearest = NearestName.of(name, in: known).map { "did you mean \($0)? " } ?? ""
      self.init(
        .usage, "there is no measure \(name) in the config in force",
        hint: "\(nearest)there are: \(known.joined(separator: ", "))")
    case .unknownFeature(let name, let nearest):
      self.init(
        .usage, "there is no feature \(name): none is configured so and no event has that name",
        hint: nearest.map { "did you mean \($0)?" })
    }
  }
}

/// The shape of a list of accounts.
enum AccountListing {
  static var listing: Listing<AccountSummary> { listing(low: nil) }

  /// Who asks for those low on something sees how low.
  static func listing(low: AccountQuery.Low?) -> Listing<AccountSummary> {
    var listing = Listing(columns: columns, nothing: "No account.")
    let place = listing.columns.firstIndex { $0.key == "trend_7d" } ?? 0
    listing.columns.insert(contentsOf: figures(low), at: place)
    return listing
  }

  private static func figures(_ low: AccountQuery.Low?) -> [Column<AccountSummary>] {
    switch low {
    case .measure:
      [
        Column(
          key: "value", title: "VALUE", alignment: .right, isOptional: true, value: { Value($0.value) },
          cell: { row, _ in row.value.map { Styled(Wording.short($0)) } ?? Styled("–", .dim) }),
        .points("grade", "GRADE") { $0.grade },
      ]
    case .feature: [.count("events", "EVENTS") { $0.events }]
    case nil: []
    }
  }

  private static var columns: [Column<AccountSummary>] {
    [
      .text("account", "ACCOUNT", minimum: 8) { $0.account },
      .points("score", "SCORE") { $0.score },
      .text("band", "BAND", style: { .band($0.band) }) { $0.band },
      .points("trend_7d", "7 DAYS", signed: true) { $0.trend7Days },
      .points("trend_28d", "28 DAYS", signed: true) { $0.trend28Days }.optional,
      Column(
        key: "coverage", title: "COVERAGE", alignment: .right, isOptional: true, value: { Value($0.coverage) },
        cell: { row, _ in row.coverage.map { Styled(Wording.percent($0)) } ?? Styled("–", .dim) }),
      Column(
        key: "firing_alerts", title: "ALERTS", minimum: 6, value: { Value($0.firingAlerts) },
        cell: { row, _ in
          guard row.firingAlerts > 0 else { return Styled("") }
          let severity = row.severity ?? ""
          return Styled(Wording.alerts(row.firingAlerts, worst: severity), .severity(severity))
        }),
      .hidden("severity") { Value($0.severity) },
      .text("phase", "PHASE", minimum: 5) { $0.phase },
      .hidden("touch") { Value($0.touch) },
      .hidden("computed_score") { Value($0.computedScore) },
      .time("first_seen_at", nil) { $0.firstSeen },
      .time("last_seen_at", "LAST SEEN") { $0.lastSeen },
      .time("scored_at", nil) { $0.scored },
      .hidden("config_version") { Value($0.configVersion) },
    ]
  }
}

extension AccountSummary {
  fileprivate var value: Double? { if case .measure(let value, _) = figure { value } else { nil } }
  fileprivate var grade: Double? { if case .measure(_, let grade) = figure { grade } else { nil } }
  fileprivate var events: Int64? { if case .feature(let events) = figure { events } else { nil } }
}
