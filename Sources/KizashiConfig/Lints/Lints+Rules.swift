import KizashiCore

extension Lints {
  /// Rules that can never fire, twins, and reminders that reach nobody.
  func warnOfRules() {
    let unreachable = ranges.unreachable(model.bands)
    for (index, rule) in model.rules.enumerated() {
      let path = ["rules", rule.name]
      if let (key, why) = whyNever(rule) {
        warn(path + [key], "this rule can never fire: \(why)", hint: "mend it or leave it out")
      } else if let (key, why) = whyNotByMeasures(rule, unreachable) {
        warn(
          path + [key], "only an override can make this rule fire: by its measures \(why)",
          hint: "mend it or leave it out")
      } else if case .drop(_, let within) = rule.kind, rule.forMilliseconds >= within {
        warn(
          path + ["for"],
          "a drop after which the score stays where it is holds for \(Milliseconds.text(within)), no longer",
          hint: "make for shorter than within")
      }
      if let twin = model.rules[..<index].first(where: { isTwin($0, rule) }) {
        warn(path, "this rule is the same as \(quoted(twin.name))", hint: "name the hooks of both in one of them")
      }
      let delivery = configuration.ruleDeliveries[rule.name] ?? RuleDelivery()
      if delivery.renotifyMilliseconds != nil, rule.hooks.isEmpty || delivery.isShadow {
        warn(
          path + ["renotify"],
          "there is nobody to remind: \(delivery.isShadow ? "the rule is in shadow" : "the rule has no hooks")",
          hint: "leave it out")
      }
      if rule.flap != nil, rule.hooks.isEmpty || delivery.isShadow {
        warn(
          path + ["flap"],
          "there is nobody to spare: \(delivery.isShadow ? "the rule is in shadow" : "the rule has no hooks")",
          hint: "leave it out")
      } else if rule.flap != nil, rule.kind.opensOnce {
        warn(path + ["flap"], "a rule that opens once for an account never flaps", hint: "leave it out")
      }
    }
  }

  /// The key that makes it so, and why; nil: it can fire, or nobody can tell.
  private func whyNever(_ rule: Rule) -> (key: String, why: String)? {
    switch rule.kind {
    case .threshold(let subject, let comparison, _):
      let low: Rational?
      let high: Rational?
      let what: String
      switch subject {
      case .measure(let name):
        (low, high) = (ranges.grades[name]?.lowerBound, ranges.grades[name]?.upperBound)
        what = "the grade of \(name)"
      case .metric(let metric):
        (low, high) = ScoreRanges.value(of: metric)
        what = "the metric"
      }
      switch comparison {
      case .above(let limit):
        if let high, high <= limit { return ("above", "\(what) is never above \(decimalText(high))") }
      case .below(let limit):
        if let low, low >= limit { return ("below", "\(what) is never below \(decimalText(low))") }
      }
      return nil
    case .bandChange(let from, let to):
      return from.count == 1 && from == to ? ("to", "nobody changes from a band into the same") : nil
    default: return nil
    }
  }

  /// The same of what measures alone can make of the score.
  private func whyNotByMeasures(_ rule: Rule, _ unreachable: Set<String>) -> (key: String, why: String)? {
    let nobody = "no account can ever be in that band"
    switch rule.kind {
    case .drop(let by, _):
      let span = ranges.score.upperBound - ranges.score.lowerBound
      return Rational(Int128(by), 100) > span
        ? ("by", "the score has \(decimalText(span)) points from its highest to its lowest") : nil
    case .persistent(let bands): return bands.allSatisfy(unreachable.contains) ? ("band", nobody) : nil
    case .bandChange(let from, let to):
      if !to.isEmpty, to.allSatisfy(unreachable.contains) { return ("to", nobody) }
      return !from.isEmpty && from.allSatisfy(unreachable.contains) ? ("from", nobody) : nil
    default: return nil
    }
  }

  /// Whether one fires whenever the other does, and tells the same of it.
  private func isTwin(_ a: Rule, _ b: Rule) -> Bool {
    var twin = b
    twin.name = a.name
    twin.hooks = a.hooks
    // One in shadow beside one that is not is how somebody tries hooks out.
    return a == twin
      && configuration.ruleDeliveries[a.name]?.isShadow == configuration.ruleDeliveries[b.name]?.isShadow
  }

  /// Hooks that no rule ever runs, and what has no effect beside a digest.
  func warnOfHooks() {
    for hook in configuration.hooks {
      if hook.digest != nil, hook.groupWaitMilliseconds > 0 {
        warn(
          ["hooks", hook.name, "group_wait"], "what a digest holds comes in one run anyway", hint: "leave it out")
      }
      let callers = model.rules.filter { $0.hooks.contains(hook.name) }
      // It is told of the pipeline.
      if configuration.sources.contains(where: {
        $0.stallAfterMilliseconds != nil && $0.stallHooks.contains(hook.name)
      }) {
        continue
      }
      if callers.isEmpty {
        warn(["hooks", hook.name], "no rule runs this hook", hint: "name it in hooks of a rule")
      } else if callers.allSatisfy({ configuration.ruleDeliveries[$0.name]?.isShadow == true }) {
        warn(
          ["hooks", hook.name], "only rules in shadow name this hook, so it never runs",
          hint: "take one of them out of shadow")
      }
    }
  }
}
