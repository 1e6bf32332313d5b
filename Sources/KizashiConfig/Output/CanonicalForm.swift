import KizashiCore

/// The one text of a config: what means the same reads the same, with every default written out.
enum CanonicalForm {
  /// The whole config. With `withOffsets`, the offsets of the business time zone follow as a comment.
  static func text(of configuration: Configuration, withOffsets: Bool) -> String {
    let model = configuration.model
    var result = YAMLText.mapping(
      [("version", .number(1))] + business(model.calendar) + [
        (
          "store",
          .mapping([
            ("path", .text(configuration.storePath)), ("retention", .duration(model.limits.retentionMilliseconds)),
          ])
        ),
        ("windows", .list(configuration.windows.map { .plain($0.text) })),
        ("sources", .list(configuration.sources.map(source))),
      ] + features(model) + customers(model) + [("measures", measures(model)), ("scorecards", scorecards(model))]
        + bands(model) + [
          (
            "rules",
            .mapping(model.rules.map { ($0.name, rule($0, configuration.ruleDeliveries[$0.name] ?? RuleDelivery())) })
          ),
          ("hooks", .mapping(configuration.hooks.map { ($0.name, hook($0)) })),
          ("limits", .mapping(engineLimits(model.limits) + daemonLimits(configuration.daemonLimits))),
          ("log", .mapping([("level", .plain(configuration.logLevel.rawValue))])),
        ]
    ).block()
    if withOffsets { result += "# \(offsets(model.calendar))\n" }
    return result
  }

  /// A hash of what decides numbers. Whom a rule tells, and whether it tells anybody, is not in it: a rebase begins the memory
  /// of `drop` rules anew, and nobody expects that of adding a hook.
  static func fingerprint(of configuration: Configuration) -> String {
    let model = configuration.model
    let text = YAMLText.mapping(
      business(model.calendar) + [
        ("retention", .duration(model.limits.retentionMilliseconds)),
        ("windows", .list(model.windowsHours.map { .number($0) })),
      ] + features(model) + customers(model) + [("measures", measures(model)), ("scorecards", scorecards(model))]
        + bands(model) + [
          ("rules", .mapping(model.rules.map { ($0.name, rule($0, nil)) })),
          ("limits", .mapping(engineLimits(model.limits))),
        ]
    ).block()
    return fnv1a128(text + offsets(model.calendar))
  }

  /// FNV-1a with 128 bits, by Fowler, Noll and Vo (RFC 9923), as 32 hexadecimal digits.
  static func fnv1a128(_ text: String) -> String {
    let prime = UInt128(1) << 88 + UInt128(0x13b)
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    for byte in text.utf8 { hash = (hash ^ UInt128(byte)) &* prime }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }

  /// `Asia/Tokyo: 32400` or `…: 3600, 7200 from 12345, …`: seconds east of UTC, from seconds since the epoch on.
  private static func offsets(_ calendar: BusinessCalendar) -> String {
    let parts = calendar.transitions.enumerated().map { $0 == 0 ? "\($1.offset)" : "\($1.offset) from \($1.since)" }
    return "offsets of \(YAMLText.quotedIfNeeded(calendar.timezone)): \(parts.joined(separator: ", "))"
  }

  private static func business(_ calendar: BusinessCalendar) -> [(String, YAMLText)] {
    let names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    return [
      (
        "business",
        .mapping([
          ("timezone", .text(calendar.timezone)),
          ("weekend", .list(calendar.weekend.sorted().map { .plain(names[$0]) })),
          ("holidays", .list(calendar.holidays.sorted().map { .plain(CivilDate.text($0)) })),
        ])
      )
    ]
  }

  private static func features(_ model: Model) -> [(String, YAMLText)] {
    let features = model.features.map { feature in
      let conditions = feature.conditions.sorted().map { ($0.property, YAMLText.text($0.value)) }
      return (
        feature.name,
        YAMLText.inline(
          [("events", .texts(feature.patterns)), ("core", .plain("\(feature.core)"))]
            + (conditions.isEmpty ? [] : [("where", .inline(conditions))]))
      )
    }
    return [("features", .mapping([("auto", .plain("\(model.autoFeatures)"))] + features))]
  }

  private static func bands(_ model: Model) -> [(String, YAMLText)] {
    let bands = model.bands
    let names = bands.bands.map { ($0.name, points($0.bound)) }
    let settings: [(String, YAMLText)] = [
      ("clear_margin", points(bands.clearMargin)), ("down_for", .duration(bands.downForMilliseconds)),
      ("journal_step", points(bands.journalStep)),
    ]
    return [("bands", .mapping(names + settings))]
  }

  private static func points(_ hundredths: Int) -> YAMLText { .plain(decimalText(Rational(Int128(hundredths), 100))) }

  private static func measures(_ model: Model) -> YAMLText {
    .mapping(
      model.measures.map { measure in
        let missing: YAMLText =
          switch measure.missing {
          case .exclude: .plain("exclude")
          case .zero: .plain("zero")
          case .neutral: .plain("neutral")
          case .hold(let milliseconds): .inline([("hold", .duration(milliseconds))])
          }
        return (
          measure.name,
          .mapping(
            [("metric", metric(measure.metric)), ("grade", grade(measure.grade)), ("missing", missing)]
              + decay(measure.decay))
        )
      })
  }

  private static func decay(_ decay: Decay?) -> [(String, YAMLText)] {
    guard let decay else { return [] }
    return [
      ("fresh", .duration(Int64(decay.freshDays) * Milliseconds.day)),
      ("expire", .duration(Int64(decay.expireDays) * Milliseconds.day)),
    ]
  }

  private static func grade(_ curve: GradeCurve) -> YAMLText {
    func pairs(_ corners: [GradePoint]) -> YAMLText {
      .list(corners.map { .list([.plain(decimalText($0.value)), .plain(decimalText($0.points))]) })
    }
    return switch curve {
    case .points(let corners): .inline([("points", pairs(corners))])
    case .bands(let corners): .inline([("bands", pairs(corners))])
    }
  }

  private static func scorecards(_ model: Model) -> YAMLText {
    .mapping(model.scorecards.map { ($0.name, scorecard($0)) })
  }

  private static func scorecard(_ card: Scorecard) -> YAMLText {
    let dimensions = card.dimensions.map { dimension in
      let weights = dimension.measures.map { ($0.name, YAMLText.number($0.weight)) }
      return (dimension.name, YAMLText.inline([("weight", .number(dimension.weight)), ("measures", .inline(weights))]))
    }
    let caps = card.caps.map { YAMLText.inline([("if", condition($0.condition)), ("max", points($0.most))]) }
    return .mapping([
      ("when", condition(card.when)), ("min_coverage", .plain(decimalText(card.minimumCoverage))),
      ("dimensions", .mapping(dimensions)), ("caps", .list(caps)),
    ])
  }

  private static func engineLimits(_ limits: Limits) -> [(String, YAMLText)] {
    [
      ("settle", .duration(limits.settleMilliseconds)),
      ("future_tolerance", .duration(limits.futureToleranceMilliseconds)),
      ("dedup_horizon", .duration(limits.dedupHorizonMilliseconds)), ("features", .number(limits.features)),
      ("accounts", .number(limits.accounts)),
    ]
  }

  private static func daemonLimits(_ limits: DaemonLimits) -> [(String, YAMLText)] {
    [
      ("hook_max_age", .duration(limits.hookMaxAgeMilliseconds)), ("hooks_running", .number(limits.hooksRunning)),
      ("quarantine_rows", .number(limits.quarantineRows)),
    ]
  }
}
