import KizashiCore

extension Reading {
  /// The built-in measures with the config's beside them: one that has the name of a built-in one takes its place.
  func withBuiltIn(_ configured: [Measure]) -> [Measure] {
    let builtIn = BuiltIn.measures.map { built in configured.first { $0.name == built.name } ?? built }
    let names = BuiltIn.measures.map(\.name)
    measureNames = names + measureNames.filter { !names.contains($0) }
    return builtIn + configured.filter { !names.contains($0.name) }
  }

  /// `scorecards:`, or the built-in one. Segments, touch, phases and milestones must have been read.
  func scorecards(_ cursor: Cursor?) -> [Scorecard] {
    guard let cursor, !cursor.isNull else { return [BuiltIn.scorecard] }
    guard let section = cursor.section(.scorecards, "a mapping of scorecards"), !section.names.isEmpty else {
      cursor.fail("expected at least one scorecard, found none", hint: "leave scorecards: out to use the built-in one")
      return [BuiltIn.scorecard]
    }
    var result: [Scorecard] = []
    for (name, key, value) in section.names where key.isName(name, of: "scorecard") {
      if let last = result.last, last.when == .always {
        key.fail(
          "no account ever gets here: the scorecard \(quoted(last.name)) before it has no when: and takes all that come",
          hint: "give that one a when:, or put it last")
      }
      if let card = self.card(name, value) { result.append(card) }
    }
    if let last = result.last, last.when != .always, result.count == section.names.count {
      cursor.warn(
        "accounts that none of the scorecards is for have no score", hint: "let the last one have no when:")
    }
    return result.isEmpty ? [BuiltIn.scorecard] : result
  }

  private func card(_ name: String, _ cursor: Cursor) -> Scorecard? {
    guard let section = cursor.section(.scorecard, "{min_coverage: 0.5, dimensions: …}") else { return nil }
    let coverage =
      section["min_coverage"].map { $0.decimal("a share from 0 to 1", in: Rational(0)...Rational(1)) } ?? Rational(1, 2)
    guard let place = section.required("dimensions", "groups of weighted measures"),
      let dimensions = place.section(.dimensions, "a mapping of dimension names")
    else { return nil }
    guard !dimensions.names.isEmpty else {
      place.fail("expected at least one dimension, found none")
      return nil
    }
    let when = section["when"].map { self.condition($0, .ofScorecards) } ?? .always
    let caps = section["caps"].map { self.caps($0) } ?? []
    var result: [Dimension] = []
    var owners: [String: String] = [:]
    for (name, key, value) in dimensions.names where key.isName(name, of: "dimension") {
      if let dimension = self.dimension(name, value, &owners) { result.append(dimension) }
    }
    guard let coverage, let when, let caps, result.count == dimensions.names.count else { return nil }
    if !Self.fits(result) {
      place.fail(
        "the weights are too large: (sum of dimension weights) × (product of each dimension's sum of measure weights) "
          + "must stay below 2^100",
        hint: "use smaller weights in the same proportion")
      return nil
    }
    return Scorecard(name: name, minimumCoverage: coverage, dimensions: result, when: when, caps: caps)
  }

  private func caps(_ cursor: Cursor) -> [Cap]? {
    guard let items = cursor.items("a list of caps such as [{if: {milestone.first_report: false}, max: 69}]") else {
      return nil
    }
    let caps = items.compactMap { item -> Cap? in
      guard let section = item.section(.cap, "{if: CONDITION, max: 69}") else { return nil }
      let condition = section.required("if", "whose score is capped").flatMap { self.condition($0, .ofScorecards) }
      let most = section.required("max", "the most the score can be").flatMap {
        $0.hundredths("a number of points 0–100", in: 0...10_000)
      }
      guard let condition, let most else { return nil }
      return Cap(condition: condition, most: most)
    }
    return caps.count == items.count ? caps : nil
  }

  private func dimension(_ name: String, _ cursor: Cursor, _ owners: inout [String: String]) -> Dimension? {
    guard let section = cursor.section(.dimension, "{weight: 50, measures: {NAME: WEIGHT}}") else { return nil }
    let weight = section.required("weight", "a whole number 1–10000").flatMap { self.weight($0) }
    guard let place = section.required("measures", "measure names and weights"),
      let weights = place.section(.weights, "a mapping of measure names to weights")
    else { return nil }
    if weights.names.isEmpty { place.fail("expected at least one measure, found none") }
    var result: [(name: String, weight: Int)] = []
    for (measure, key, value) in weights.names {
      let weight = self.weight(value)
      guard isMeasure(measure, key) else { continue }
      if let owner = owners.updateValue(name, forKey: measure) {
        key.fail("\(quoted(measure)) is already in the dimension \(quoted(owner))", hint: "a measure has one place")
        continue
      }
      if let weight { result.append((measure, weight)) }
    }
    guard let weight, !result.isEmpty, result.count == weights.names.count else { return nil }
    return Dimension(name: name, weight: weight, measures: result)
  }

  private func weight(_ cursor: Cursor) -> Int? { cursor.integer("a weight, a whole number 1–10000", in: 1...10_000) }

  /// Whether a measure of this name exists; reports it if not.
  func isMeasure(_ name: String, _ cursor: Cursor) -> Bool {
    if measureNames.contains(name) { return true }
    let near = nearestName(to: name, in: measureNames).map { "did you mean \(quoted($0))?" }
    let builtIn = BuiltIn.measures.contains { $0.name == name }
    cursor.fail(
      "there is no measure \(quoted(name))",
      hint: builtIn
        ? "it is built in only for configs without scorecards: define it under measures"
        : near
          ?? (measureNames.isEmpty ? "define it under measures" : "measures: \(measureNames.joined(separator: ", "))"))
    return false
  }

  /// (Σ dimension weights) · Π(Σ measure weights of a dimension) < 2¹⁰⁰.
  private static func fits(_ dimensions: [Dimension]) -> Bool {
    let limit = UInt128(1) << 100
    var product = UInt128(dimensions.map(\.weight).reduce(0, +))
    for dimension in dimensions {
      let (next, overflow) = product.multipliedReportingOverflow(
        by: UInt128(dimension.measures.map(\.weight).reduce(0, +)))
      guard !overflow, next < limit else { return false }
      product = next
    }
    return product < limit
  }
}
