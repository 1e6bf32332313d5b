import KizashiCore
import Testing

@testable import KizashiConfig

@Suite struct `What a config means` {
  @Test func `sources alone give the built-in scorecard and every default`() throws {
    let configuration = try parse("sources: [{id: app, kind: file, paths: [/var/log/a.ndjson]}]")
    #expect(configuration.model == Model())
    #expect(
      configuration.sources == [
        SourceConfiguration(id: "app", kind: .file(paths: ["/var/log/a.ndjson"], rotated: []), decode: DecodeOptions())
      ])
    #expect(configuration.hooks.isEmpty)
    #expect(configuration.storePath == "/var/lib/kizashi/kizashi.db")
    #expect(configuration.daemonLimits == DaemonLimits())
    #expect(configuration.logLevel == .info)
    #expect(configuration.windows.map(\.text) == ["24h", "7d", "28d", "90d"])
    #expect(configuration.warnings.isEmpty)
  }

  @Test func `the spec's example is read whole`() throws {
    let model = try parse(specExample).model
    #expect(model.calendar.timezone == "Asia/Tokyo")
    #expect(model.calendar.transitions.last?.offset == 32_400)
    #expect(
      model.features == [
        Feature(name: "reports", patterns: ["report.created", "report.exported"], core: true),
        Feature(name: "api", patterns: ["api.*"]),
      ])
    #expect(model.measures.map(\.name) == ["active_users", "reports_trend", "last_core_use", "nps"])
    #expect(
      model.measures[0].metric
        == .ratio(.distinctUsers(feature: .any, windowHours: 672), .attribute("seats_issued")))
    #expect(
      model.measures[1].metric
        == .trend(
          of: .count(feature: .named("reports"), windowHours: 336), floor: Rational(5), minVolume: Rational(10)))
    #expect(
      model.measures[1].grade
        == .points(
          [(-50, 0), (-20, 40), (-5, 80), (0, 90), (10, 100)].map {
            GradePoint(value: Rational(Int128($0.0), 100), points: Rational(Int64($0.1)))
          }))
    #expect(model.measures[3].metric == .survey(name: "nps", aggregate: .latest, windowHours: nil))
    #expect(model.measures[3].decay == Decay(freshDays: 90, expireDays: 180))
    #expect(
      model.scorecards[0]
        == Scorecard(
          name: "standard",
          dimensions: [
            Dimension(
              name: "usage", weight: 65, measures: [("active_users", 35), ("reports_trend", 40), ("last_core_use", 25)]),
            Dimension(name: "sentiment", weight: 35, measures: [("nps", 100)]),
          ]))
    #expect(model.bands == .standard)
    #expect(
      model.rules == [
        Rule(
          name: "health-drop", kind: .drop(by: 1500, withinMilliseconds: 7 * 86_400_000), forMilliseconds: 1_800_000,
          cooldownMilliseconds: 3 * 86_400_000, severity: "high", playbook: "usage-recovery", hooks: ["pager"]),
        Rule(
          name: "gone-quiet", kind: .silence(feature: .core, after: .businessDays(5), clear: 1), hooks: ["pager"]),
      ])
  }

  @Test func `decimals are exact`() throws {
    let model = try parse(
      """
      measures:
        a: {metric: {attribute: x}, grade: {points: [[0.1, 33.333333], [0.3, 100]]}}
      """
    ).model
    guard case .points(let corners) = model.measures.last?.grade else {
      Issue.record("no points")
      return
    }
    #expect(corners[0] == GradePoint(value: Rational(1, 10), points: Rational(33_333_333, 1_000_000)))
    #expect(corners[1].value == Rational(3, 10))
  }

  @Test func `without scorecards, measures stand beside the built-in ones and rules can use both`() throws {
    let model = try parse(
      """
      measures:
        logins: {metric: {count: {feature: login, window: 7d}}, grade: {points: [[0, 0], [10, 100]]}}
        recency: {metric: {days_since_last: {}}, grade: {points: [[1, 100], [60, 0]]}}
      rules:
        a: {kind: threshold, measure: logins, below: 20}
        b: {kind: threshold, measure: breadth, below: 20}
      """
    ).model
    #expect(model.scorecards == [BuiltIn.scorecard])
    #expect(model.measures.map(\.name) == ["recency", "frequency", "breadth", "trend", "logins"])
    // A measure with the name of a built-in one takes its place.
    #expect(model.measures[0].grade != BuiltIn.measures[0].grade)
    #expect(model.measures[1] == BuiltIn.measures[1])
  }

  @Test(arguments: [
    ("exclude", MissingMode.exclude), ("zero", .zero), ("neutral", .neutral),
    ("{hold: 30d}", .hold(milliseconds: 30 * 86_400_000)), ("\"hold: 30d\"", .hold(milliseconds: 30 * 86_400_000)),
  ])
  func `a measure without a value can`(text: String, mode: MissingMode) throws {
    let model = try parse(
      "measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}, missing: \(text)}}"
    ).model
    #expect(model.measures.last?.missing == mode)
  }

  @Test func `a measure that grows old does so by whole days`() throws {
    let measure = "metric: {survey: {name: nps}}, grade: {points: [[0, 0]]}"
    let model = try parse("measures: {a: {\(measure), fresh: 0d, expire: 48h}, b: {\(measure)}}").model
    #expect(model.measures[4].decay == Decay(freshDays: 0, expireDays: 2))
    #expect(model.measures[5].decay == nil)
  }

  @Test func `a feature looks for properties by what is written`() throws {
    let model = try parse(
      "features: {a: {events: x, where: {plan: pro, seats: 5.0, trial: false}}, b: {events: y, where: {plan: pro}}}"
    ).model
    let plan = PropertyFilter(property: "plan", value: "pro")
    let seats = PropertyFilter(property: "seats", value: "5.0")
    let trial = PropertyFilter(property: "trial", value: "false")
    #expect(model.features[0].conditions == [plan, seats, trial])
    #expect(model.filters == [plan, seats, trial])
  }

  @Test(arguments: [
    (
      "{sum: {property: amount, window: 7d}}", Metric.sum(property: "amount", feature: .any, windowHours: 168),
      [String](), ["amount"]
    ),
    (
      "{count: {feature: core, where: {plan: pro, seats: 5.0}, window: 24h}}",
      .count(
        feature: .matching(
          .core,
          [PropertyFilter(property: "plan", value: "pro"), PropertyFilter(property: "seats", value: "5.0")]),
        windowHours: 24),
      ["plan", "seats"], []
    ),
    (
      "{days_since_last: {where: {trial: false}, unit: business_days}}",
      .daysSinceLast(
        feature: .matching(.any, [PropertyFilter(property: "trial", value: "false")]), unit: .businessDays),
      ["trial"], []
    ),
    (
      """
      {ratio: [{sum: {feature: order, where: {kind: a}, property: amount, window: 7d}}, \
      {sum: {property: cost, window: 7d}}]}
      """,
      .ratio(
        .sum(
          property: "amount", feature: .matching(.named("order"), [PropertyFilter(property: "kind", value: "a")]),
          windowHours: 168), .sum(property: "cost", feature: .any, windowHours: 168)),
      ["kind"], ["amount", "cost"]
    ),
    (
      "{trend: {of: {sum: {property: amount, window: 7d}}, floor: 2.5}}",
      .trend(
        of: .sum(property: "amount", feature: .any, windowHours: 168), floor: Rational(5, 2), minVolume: Rational(1)),
      [], ["amount"]
    ),
  ])
  func `a metric asks for properties`(text: String, metric: Metric, filters: [String], summed: [String]) throws {
    let measure = try parse("measures: {a: {metric: \(text), grade: {points: [[0, 0]]}}}").model
    let rule = try parse("rules: {r: {kind: threshold, metric: \(text), above: 1}}").model
    let milestone = try parse("milestones: {m: {metric: \(text), at_least: 1}}").model
    #expect(measure.measures.last?.metric == metric)
    #expect(rule.rules.map(\.kind) == [.threshold(.metric(metric), .above(Rational(1)), clear: nil)])
    #expect(milestone.milestones.map(\.goal) == [.metric(metric, atLeast: Rational(1))])
    for model in [measure, rule, milestone] {
      #expect(model.filters.map(\.property) == filters)
      #expect(model.summed == summed)
      // It is no feature of its own.
      #expect(model.features.isEmpty)
    }
  }

  @Test func `a metric asks for the same in whatever order it is written`() throws {
    let metrics = try ["{a: 1, b: 2}", "{b: 2, a: 1}"].map { text in
      try parse("measures: {m: {metric: {count: {where: \(text), window: 7d}}, grade: {points: [[0, 0]]}}}").model
        .measures.last?.metric
    }
    #expect(metrics[0] == metrics[1])
  }

  @Test func `a rule of a band that lasts`() throws {
    let model = try parse("rules: {r: {kind: persistent, band: [yellow, red], for: 14d}}").model
    let rule = Rule(name: "r", kind: .persistent(bands: ["yellow", "red"]), forMilliseconds: 14 * 86_400_000)
    #expect(model.rules == [rule])
  }

  @Test(arguments: [
    ("{kind: band_change}", RuleKind.bandChange(from: [], to: [])),
    ("{kind: band_change, from: [green, unknown], to: red}", .bandChange(from: ["green", "unknown"], to: ["red"])),
    ("{kind: drop, by: 0.5, within: 90m}", .drop(by: 50, withinMilliseconds: 5_400_000)),
    (
      "{kind: threshold, measure: trend, below: 40.5, clear: 55}",
      .threshold(.measure("trend"), .below(Rational(81, 2)), clear: Rational(55))
    ),
    (
      "{kind: threshold, metric: {features_used: {window: 7d}}, above: 8}",
      .threshold(.metric(.featuresUsed(windowHours: 168)), .above(Rational(8)), clear: nil)
    ),
    (
      "{kind: trend, of: {active_days: {window: 14d}}, floor: 2, below: -0.3, clear: -0.1}",
      .threshold(
        .metric(
          .trend(of: .activeDays(feature: .any, windowHours: 336), floor: Rational(2), minVolume: Rational(1))),
        .below(Rational(-3, 10)), clear: Rational(-1, 10))
    ),
    (
      "{kind: threshold, metric: {share_top_user: {window: 7d}}, above: 0.8}",
      .threshold(.metric(.shareTopUser(feature: .any, windowHours: 168)), .above(Rational(4, 5)), clear: nil)
    ),
    (
      "{kind: threshold, metric: {effective_users: {feature: core, window: 7d}}, below: 1.5}",
      .threshold(.metric(.effectiveUsers(feature: .core, windowHours: 168)), .below(Rational(3, 2)), clear: nil)
    ),
    ("{kind: breadth_collapse}", .breadthCollapse(windowHours: 672, share: Rational(3, 5), least: 5)),
    (
      "{kind: breadth_collapse, window: 7d, to: 0.5, least: 3}",
      .breadthCollapse(windowHours: 168, share: Rational(1, 2), least: 3)
    ),
    ("{kind: adopted, feature: core}", .adopted(feature: .core, windowHours: 672, days: 3)),
    (
      "{kind: adopted, feature: any, window: 14d, days: 5}", .adopted(feature: .any, windowHours: 336, days: 5)
    ),
    ("{kind: shift, feature: core}", .shift(feature: .core, ShiftSettings(direction: .down, k: 5_000, h: 80_000))),
    (
      "{kind: shift, feature: any, direction: both, k: 0.25, h: 5.0001}",
      .shift(feature: .any, ShiftSettings(direction: .both, k: 2_500, h: 50_001))
    ),
    (
      "{kind: silence, feature: any, after: 36h, clear: 3}",
      .silence(feature: .any, after: .milliseconds(129_600_000), clear: 3)
    ),
  ])
  func `a rule of each kind`(text: String, kind: RuleKind) throws {
    #expect(try parse("rules: {r: \(text)}").model.rules == [Rule(name: "r", kind: kind)])
  }

  @Test func `a rule in shadow is the same rule`() throws {
    let configuration = try parse("rules: {r: {kind: band_change, shadow: true}, s: {kind: band_change}}")
    #expect(configuration.model.rules.map(\.name) == ["r", "s"])
    #expect(configuration.ruleDeliveries["r"]?.isShadow == true)
    #expect(configuration.ruleDeliveries["s"] == RuleDelivery())
  }

  @Test func `a rule reminds when it is told to`() throws {
    let deliveries = try parse(
      """
      rules:
        r: {kind: band_change, renotify: 24h}
        s: {kind: band_change, renotify: never}
        t: {kind: band_change}
      """
    ).ruleDeliveries
    #expect(deliveries["r"]?.renotifyMilliseconds == 86_400_000)
    #expect(deliveries["s"] == RuleDelivery() && deliveries["t"] == RuleDelivery())
  }

  @Test func `bands have names of one's own, in any order, and a lowest one`() throws {
    let named = try parse("bands: {low: 0, high: 80, middle: 55.25, clear_margin: 2.5, down_for: 0s}").model.bands
    #expect(named.bands.map(\.name) == ["high", "middle", "low"])
    #expect(named.bands.map(\.bound) == [8000, 5525, 0])
    #expect(named.clearMargin == 250)
    #expect(named.downForMilliseconds == 0)
    #expect(try parse("bands: {good: 50}").model.bands.bands.map(\.name) == ["good", "red"])
    #expect(try parse("bands: {journal_step: 2}").model.bands.bands == BandModel.standard.bands)
  }

  @Test func `sources of every kind and format`() throws {
    let configuration = try Configuration.load(
      path: repository.appending(path: "config/examples/full.yaml").path)
    let sources = configuration.sources
    #expect(sources.map(\.id) == ["app", "sock", "sdk", "analytics", "bus", "legacy"])
    #expect(sources[0].stallAfterMilliseconds == 1_800_000)
    #expect(sources[0].maxHoldMilliseconds == 43_200_000)
    #expect(sources[0].stallHooks == ["pager"])
    #expect(sources[0].allowedLatenessMilliseconds == Int64(604_800_000))
    #expect(sources[1].kind == .unix(path: "/run/kizashi/events.sock", mode: 0o660, allowUIDs: []))
    #expect(sources[1].stallAfterMilliseconds == nil)
    #expect(sources[2].decode.format == .segment)
    #expect(sources[2].decode.rememberAccount)
    #expect(sources[3].decode.format == .posthog(groupType: "company"))
    #expect(sources[4].decode.format == .cloudevents(user: "/data/user", accountAttribute: "tenantid"))
    #expect(sources[4].decode.receiveTimeIfMissing)
    #expect(sources[5].decode.naiveTimezone?.timezone == "Europe/Berlin")
    guard case .custom(let mapping) = sources[5].decode.format else {
      Issue.record("no mapping")
      return
    }
    #expect(mapping.unwrap == "/log")
    #expect(mapping.account == .pointers(["/org/id", "/org"]))
    #expect(mapping.user == .split(pointer: "/actor", separator: "|", index: 1))
    #expect(mapping.event == .join(["/category", "/action"], separator: "."))
    #expect(mapping.type == .constant("track"))
    #expect(configuration.sourceModels[0].allowedLatenessMilliseconds == Int64(604_800_000))
  }

  @Test func `hooks take literal and inherited variables`() throws {
    let hooks = try parse(
      """
      hooks:
        a: {run: [/bin/true], env: {CHANNEL: "#cs", TOKEN: , N: 5}, retry_on: [75], group_wait: 30s, max_per_hour: 9}
        b: {run: [/bin/true, --flag, "a b"], env: [TOKEN], timeout: 1m, retries: 0, concurrency: 1}
      """, environment: ["TOKEN": "s3cret", "OTHER": "no"]
    ).hooks
    #expect(hooks[0].env == ["CHANNEL": "#cs", "TOKEN": "s3cret", "N": "5"])
    #expect(hooks[0].retryOn == [75])
    #expect(hooks[0].groupWaitMilliseconds == 30_000)
    #expect(hooks[0].maxPerHour == 9)
    #expect(hooks[1].env == ["TOKEN": "s3cret"])
    #expect(hooks[1].run == ["/bin/true", "--flag", "a b"])
    #expect(hooks[1].timeoutMilliseconds == 60_000)
    #expect(hooks[1].retries == 0)
  }

  @Test func `a hook keeps quiet in one stretch or in several`() throws {
    let hooks = try parse(
      """
      hooks:
        a: {run: [/bin/true], quiet_hours: {from: 22:00, to: "07:00"}}
        b:
          run: [/bin/true]
          quiet_hours:
            - {from: "20:30", to: "24:00", except: [critical, high]}
            - {from: "00:00", to: "24:00", days: [sat, sun, holiday], except: critical}
        c: {run: [/bin/true]}
      """
    ).hooks
    let night = QuietHours.Span(from: 1320, to: 420, weekdays: Set(0..<7), onHolidays: false, except: [])
    #expect(hooks[0].quietHours == QuietHours(spans: [night]))
    #expect(
      hooks[1].quietHours?.spans == [
        .init(from: 1230, to: 1440, weekdays: Set(0..<7), onHolidays: false, except: ["critical", "high"]),
        .init(from: 0, to: 1440, weekdays: [0, 6], onHolidays: true, except: ["critical"]),
      ])
    #expect(hooks[2].quietHours == nil)
  }

  @Test func `the Japanese example counts in Japanese business days`() throws {
    let configuration = try Configuration.load(path: repository.appending(path: "config/examples/japan.yaml").path)
    let model = configuration.model
    #expect(model.scorecards[0].name == "標準")
    #expect(model.rules.map(\.name) == ["点数低下", "危険入り", "音信不通"])
    #expect(model.bands.bands.map(\.name) == ["良好", "注意", "危険"])
    #expect(model.features[0] == Feature(name: "帳票", patterns: ["帳票.作成", "帳票.出力"], core: true))
    func isBusinessDay(_ text: String) throws -> Bool {
      model.calendar.isBusinessDay(try #require(CivilDate.parse(text)))
    }
    #expect(try isBusinessDay("2026-05-01"))
    #expect(try !isBusinessDay("2026-05-06"))
    #expect(try isBusinessDay("2026-05-07"))
    #expect(try !isBusinessDay("2026-11-22"))
    #expect(try !isBusinessDay("2026-11-23"))
    // 2026-05-06T15:00Z is already the 7th in Tokyo.
    let hour = try #require(CivilDate.parse("2026-05-06")).number * 24 + 15
    #expect(model.calendar.day(of: Tile(hour: hour)) == CivilDate.parse("2026-05-07"))
  }

  @Test func `anchors stand for whole values`() throws {
    let model = try parse(
      """
      measures:
        a: {metric: {attribute: x}, grade: &curve {points: [[0, 0], [5, 100]]}}
        b: {metric: {attribute: y}, grade: *curve}
      """
    ).model
    #expect(model.measures[4].grade == model.measures[5].grade)
  }
}

/// The config of the specification, less what later versions read.
let specExample = """
  version: 1
  business: {timezone: Asia/Tokyo, weekend: [sat, sun]}
  store: {path: /var/lib/kizashi/kizashi.db}
  sources:
    - {id: app,  kind: file, paths: [/var/log/product/events*.ndjson], rotated: [/var/log/product/events*.ndjson.*], stall_after: 30m}
    - {id: sock, kind: unix, path: /run/kizashi/events.sock, mode: "0660", allow_uids: [], stall_after: never}
  features:
    auto: true
    reports: {events: [report.created, report.exported], core: true}
    api:     {events: [api.*]}
  measures:
    active_users:  {metric: {ratio: [{distinct_users: {feature: any, window: 28d}}, {attribute: seats_issued}]}, grade: {points: [[0,0],[0.2,40],[0.4,70],[0.8,100]]}}
    reports_trend: {metric: {trend: {of: {count: {feature: reports, window: 14d}}, floor: 5, min_volume: 10}}, grade: {points: [[-0.5,0],[-0.2,40],[-0.05,80],[0,90],[0.1,100]]}}
    last_core_use: {metric: {days_since_last: {feature: core, unit: business_days}}, grade: {points: [[1,100],[5,60],[15,0]]}}
    nps:           {metric: {survey: {name: nps, agg: latest}}, grade: {points: [[0,0],[6,30],[7,60],[9,90],[10,100]]}, fresh: 90d, expire: 180d}
  scorecards:
    standard:
      min_coverage: 0.5
      dimensions:
        usage:     {weight: 65, measures: {active_users: 35, reports_trend: 40, last_core_use: 25}}
        sentiment: {weight: 35, measures: {nps: 100}}
  bands: {green: 70, yellow: 40, clear_margin: 5, down_for: 2h}
  rules:
    health-drop: {kind: drop, by: 15, within: 7d, for: 30m, cooldown: 3d, severity: high, playbook: usage-recovery, hooks: [pager]}
    gone-quiet:  {kind: silence, feature: core, after: 5bd, clear: 1, hooks: [pager]}
  hooks:
    pager: {run: [/etc/kizashi/hooks/notify.sh], timeout: 10s, retries: 5, concurrency: 4}
  """
