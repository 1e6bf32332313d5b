import KizashiCore

extension CanonicalForm {
  /// A metric as the config writes it.
  static func metric(_ metric: Metric) -> YAMLText {
    func windowed(_ kind: String, _ feature: FeatureReference, _ hours: Int) -> YAMLText {
      .inline([(kind, .inline(matching(feature) + [("window", window(hours))]))])
    }
    switch metric {
    case .count(let feature, let hours): return windowed("count", feature, hours)
    case .distinctUsers(let feature, let hours): return windowed("distinct_users", feature, hours)
    case .activeDays(let feature, let hours): return windowed("active_days", feature, hours)
    case .sum(let property, let feature, let hours):
      let parts = matching(feature) + [("property", .text(property)), ("window", window(hours))]
      return .inline([("sum", .inline(parts))])
    case .shareTopUser(let feature, let hours): return windowed("share_top_user", feature, hours)
    case .effectiveUsers(let feature, let hours): return windowed("effective_users", feature, hours)
    case .featuresUsed(let hours): return .inline([("features_used", .inline([("window", window(hours))]))])
    case .daysSinceLast(let feature, let unit):
      let unit = unit == .days ? "days" : "business_days"
      return .inline([("days_since_last", .inline(matching(feature) + [("unit", .plain(unit))]))])
    case .ratio(let a, let b): return .inline([("ratio", .list([self.metric(a), self.metric(b)]))])
    case .trend: return .inline([("trend", .inline(trend(metric)))])
    case .attribute(let name): return .inline([("attribute", .text(name))])
    case .milestones(let names): return .inline([("milestones", .texts(names))])
    case .survey(let name, let aggregate, let hours):
      let aggregate =
        switch aggregate {
        case .latest: "latest"
        case .mean: "mean"
        case .netPromoter: "nps"
        }
      let limited = hours.map { [("window", self.window($0))] } ?? []
      return .inline([("survey", .inline([("name", .text(name)), ("agg", .plain(aggregate))] + limited))])
    }
  }

  private static func trend(_ metric: Metric) -> [(String, YAMLText)] {
    guard case .trend(let of, let floor, let volume) = metric else { return [] }
    return [
      ("of", self.metric(of)), ("floor", .plain(decimalText(floor))), ("min_volume", .plain(decimalText(volume))),
    ]
  }

  private static func name(_ feature: FeatureReference) -> YAMLText {
    switch feature {
    case .any: .plain("any")
    case .core: .plain("core")
    case .named(let name): .text(name)
    case .matching(let feature, _): name(feature)
    }
  }

  /// `feature` and, where there is one, `where`.
  private static func matching(_ feature: FeatureReference) -> [(String, YAMLText)] {
    guard case .matching(_, let filters) = feature else { return [("feature", name(feature))] }
    return [
      ("feature", name(feature)), ("where", .inline(filters.map { ($0.property, YAMLText.text($0.value)) })),
    ]
  }

  private static func span(_ span: RuleSpan) -> YAMLText {
    switch span {
    case .milliseconds(let value): .duration(value)
    case .businessDays(let days): .plain("\(days)bd")
    }
  }

  private static func window(_ hours: Int) -> YAMLText { .duration(Int64(hours) * Milliseconds.hour) }

  /// A rule with its kind's keys first; `delivery` nil: only what decides numbers.
  static func rule(_ rule: Rule, _ delivery: RuleDelivery?) -> YAMLText {
    var pairs: [(String, YAMLText)]
    switch rule.kind {
    case .bandChange(let from, let to):
      pairs = [("kind", .plain("band_change")), ("from", .texts(from)), ("to", .texts(to))]
    case .drop(let by, let within):
      pairs = [
        ("kind", .plain("drop")), ("by", .plain(decimalText(Rational(Int128(by), 100)))), ("within", .duration(within)),
      ]
    case .threshold(let subject, let comparison, let clear):
      pairs = [("kind", .plain("threshold"))]
      switch subject {
      case .measure(let name): pairs.append(("measure", .text(name)))
      case .metric(let metric): pairs.append(("metric", self.metric(metric)))
      }
      switch comparison {
      case .above(let limit): pairs.append(("above", .plain(decimalText(limit))))
      case .below(let limit): pairs.append(("below", .plain(decimalText(limit))))
      }
      if let clear { pairs.append(("clear", .plain(decimalText(clear)))) }
    case .persistent(let bands): pairs = [("kind", .plain("persistent")), ("band", .texts(bands))]
    case .breadthCollapse(let hours, let share, let least):
      pairs = [
        ("kind", .plain("breadth_collapse")), ("window", window(hours)), ("to", .plain(decimalText(share))),
        ("least", .number(least)),
      ]
    case .adopted(let feature, let hours, let days):
      pairs = [
        ("kind", .plain("adopted")), ("feature", name(feature)), ("window", window(hours)), ("days", .number(days)),
      ]
    case .shift(let feature, let settings):
      pairs = [
        ("kind", .plain("shift")), ("feature", name(feature)),
        ("direction", .plain(ShiftReading.name(of: settings.direction))),
        ("k", .plain(ShiftReading.text(settings.k))), ("h", .plain(ShiftReading.text(settings.h))),
      ]
    case .silence(let feature, let after, let clear):
      pairs = [
        ("kind", .plain("silence")), ("feature", name(feature)), ("after", span(after)), ("clear", .number(clear)),
      ]
    case .overdue(let milestone): pairs = [("kind", .plain("overdue")), ("milestone", .text(milestone))]
    case .abandoned(let feature, let hours, let before, let days, let alive):
      pairs = [
        ("kind", .plain("abandoned")), ("feature", name(feature)), ("window", window(hours)),
        ("before", window(before)), ("days", .number(days)), ("alive", window(alive)),
      ]
    case .powerUserLost(let after, let role):
      pairs = [("kind", .plain("power_user_lost")), ("after", span(after))]
      if !role.isEmpty { pairs.append(("role", .inline(role.map { ($0.trait, test($0.test)) }))) }
    case .attribute(let name, let test):
      pairs = [("kind", .plain("attribute")), ("attribute", .text(name)), ("is", self.test(test))]
    case .attributeChanged(let name, let within):
      pairs = [("kind", .plain("attribute")), ("attribute", .text(name)), ("changed_within", .duration(within))]
    case .composite(let all, let rules):
      pairs = [("kind", .plain("composite")), (all ? "all" : "any", .texts(rules))]
    }
    pairs.append(("when", condition(rule.when)))
    if let until = rule.until { pairs.append(("until", condition(until))) }
    if let clear = rule.clear {
      // In place of the number that the kind has.
      pairs.removeAll { $0.0 == "clear" }
      pairs.append(("clear", condition(clear)))
    }
    pairs += [
      ("for", .duration(rule.forMilliseconds)), ("keep_firing_for", .duration(rule.keepFiringForMilliseconds)),
      ("cooldown", .duration(rule.cooldownMilliseconds)), ("severity", .plain(rule.severity)),
    ]
    if let playbook = rule.playbook { pairs.append(("playbook", .text(playbook))) }
    if let delivery { pairs += [("hooks", .texts(rule.hooks))] + self.delivery(delivery) }
    return .mapping(pairs)
  }

  private static func delivery(_ delivery: RuleDelivery) -> [(String, YAMLText)] {
    [("shadow", .plain("\(delivery.isShadow)")), ("renotify", .duration(delivery.renotifyMilliseconds))]
  }

  /// A hook. Values of its environment can be secrets, and this text is stored: only their names are in it.
  static func hook(_ hook: HookConfiguration) -> YAMLText {
    var pairs: [(String, YAMLText)] = [
      ("run", .texts(hook.run)), ("timeout", .duration(hook.timeoutMilliseconds)), ("retries", .number(hook.retries)),
      ("concurrency", .number(hook.concurrency)), ("env", .texts(hook.env.keys.sorted())),
    ]
    if let codes = hook.retryOn { pairs.append(("retry_on", .list(codes.map { .number($0) }))) }
    pairs += [
      ("group_wait", .duration(hook.groupWaitMilliseconds)), ("max_per_hour", .number(hook.maxPerHour)),
    ]
    if let quiet = hook.quietHours { pairs.append(("quiet_hours", .list(quiet.spans.map(span)))) }
    return .mapping(pairs)
  }

  private static func span(_ span: QuietHours.Span) -> YAMLText {
    func time(_ minute: Int) -> YAMLText {
      let (hour, minute) = (minute / 60, minute % 60)
      return .text("\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)")
    }
    let days = span.weekdays.sorted().map { YAMLText.plain(Reading.weekdays[$0]) }
    let severities = Reading.severities.filter(span.except.contains)
    return .inline([
      ("from", time(span.from)), ("to", time(span.to)),
      ("days", .list(days + (span.onHolidays ? [.plain("holiday")] : []))), ("except", .texts(severities)),
    ])
  }
}
