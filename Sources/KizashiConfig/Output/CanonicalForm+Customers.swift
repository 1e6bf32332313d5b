import KizashiCore

extension CanonicalForm {
  /// Segments, touch, phases and milestones.
  static func customers(_ model: Model) -> [(String, YAMLText)] {
    var result: [(String, YAMLText)] = [("milestones", .mapping(model.milestones.map { ($0.name, milestone($0)) }))]
    result.append(("segments", .mapping(model.segments.map { ($0.name, condition($0.when)) })))
    switch model.touch {
    case nil: break
    case .attribute(let name): result.append(("touch", .inline([("attribute", .text(name))])))
    case .computed(let cases): result.append(("touch", .mapping(cases.map { ($0.name, condition($0.when)) })))
    }
    let phases = model.phases.map { ($0.name, YAMLText.inline([("when", condition($0.when))])) }
    result.append(("phases", .mapping(phases)))
    return result
  }

  private static func milestone(_ milestone: Milestone) -> YAMLText {
    var pairs: [(String, YAMLText)]
    switch milestone.goal {
    case .events(let pattern, let least): pairs = [("event", .text(pattern)), ("at_least", .number(Int(least)))]
    case .metric(let metric, let least):
      pairs = [("metric", self.metric(metric)), ("at_least", .plain(decimalText(least)))]
    }
    if let due = milestone.dueMilliseconds { pairs.append(("due", .duration(due))) }
    if let product = milestone.product { pairs.append(("product", .text(product))) }
    pairs.append(("value", .plain("\(milestone.value)")))
    return .inline(pairs)
  }

  /// A condition as the config writes it.
  static func condition(_ condition: Condition) -> YAMLText { .inline(pairs(condition)) }

  private static func pairs(_ condition: Condition) -> [(String, YAMLText)] {
    switch condition {
    case .all(let parts): return parts.flatMap(pairs)
    case .any(let parts): return [("any", .list(parts.map { self.condition($0) }))]
    case .not(let part): return [("not", self.condition(part))]
    case .phase(let names): return [("phase", .texts(names))]
    case .touch(let names): return [("touch", .texts(names))]
    case .segment(let names): return [("segment", .texts(names))]
    case .band(let names): return [("band", .texts(names))]
    case .contract(let states): return [("contract", .texts(states.map(\.rawValue)))]
    case .product(let name, let states): return [("contract.\(name)", .texts(states.map(\.rawValue)))]
    case .attribute(let name, let test): return [("attribute.\(name)", self.test(test))]
    case .tenure(let range): return [("tenure", self.range(range, unit: "d"))]
    case .renewal(let range): return [("renewal", self.range(range, unit: "d"))]
    case .measure(let name, let range): return [("measure.\(name)", self.range(range, unit: ""))]
    case .milestone(let name, let states): return [("milestone.\(name)", .texts(states.map(\.rawValue)))]
    }
  }

  /// What is asked of an attribute.
  static func test(_ test: AttributeTest) -> YAMLText {
    switch test {
    case .oneOf(let values):
      .list(
        values.map { value in
          switch value {
          case .null: .plain("null")
          case .bool(let flag): .plain("\(flag)")
          case .number(let text), .string(let text): .text(text)
          }
        })
    case .within(let range): self.range(range, unit: "")
    }
  }

  private static func range(_ range: NumberRange, unit: String) -> YAMLText {
    let ends = [
      ("above", range.above), ("at_least", range.atLeast), ("below", range.below), ("at_most", range.atMost),
    ]
    return .inline(ends.compactMap { key, value in value.map { (key, .plain(decimalText($0) + unit)) } })
  }
}
