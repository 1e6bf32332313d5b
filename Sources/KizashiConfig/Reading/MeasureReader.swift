import KizashiCore

extension Reading {
  /// `measures:`, in config order; fills `measureNames`.
  func measures(_ cursor: Cursor?) -> [Measure] {
    guard let section = cursor?.section(.measures, "a mapping of measure names") else { return [] }
    var result: [Measure] = []
    for (name, key, value) in section.names {
      guard key.isName(name, of: "measure") else { continue }
      measureNames.append(name)
      guard let measure = value.section(.measure, "{metric: …, grade: …}") else { continue }
      let metric = measure.required("metric", "what is measured").flatMap { self.metric($0) }
      let grade = measure.required("grade", "how a value becomes 0–100 points").flatMap { self.grade($0) }
      let missing = measure["missing"].map { self.missing($0) } ?? .exclude
      let decay = self.decay(measure, of: metric)
      if let metric, let grade, let missing {
        result.append(Measure(name: name, metric: metric, grade: grade, missing: missing, decay: decay))
      }
    }
    return result
  }

  private func grade(_ cursor: Cursor) -> GradeCurve? {
    guard let section = cursor.section(.grade, "{points: [[x, y], …]} or {bands: [[from, y], …]}"),
      let (kind, value) = section.exactlyOne(of: ["points", "bands"])
    else { return nil }
    return kind == "points"
      ? self.corners(value, "x").map { .points($0) } : self.corners(value, "from").map { .bands($0) }
  }

  private func corners(_ cursor: Cursor, _ x: String) -> [GradePoint]? {
    guard let items = cursor.items("a list of pairs [\(x), y]") else { return nil }
    guard (1...100).contains(items.count) else {
      cursor.fail("expected 1 to 100 pairs [\(x), y], found \(items.count)")
      return nil
    }
    var result: [GradePoint] = []
    for item in items {
      guard let pair = item.items("a pair [\(x), y]") else { continue }
      guard pair.count == 2 else {
        item.fail("expected a pair [\(x), y], found a list of \(pair.count)")
        continue
      }
      let value = pair[0].decimal("a number", in: Self.anyNumber)
      let points = pair[1].decimal("a number of points 0–100", in: Rational(0)...Rational(100))
      guard let value, let points else { continue }
      if let last = result.last, value <= last.value {
        pair[0].fail("\(x) must ascend: \(decimalText(value)) does not come after \(decimalText(last.value))")
        continue
      }
      result.append(GradePoint(value: value, points: points))
    }
    return result.count == items.count ? result : nil
  }

  /// A word, `{hold: 30d}` or `"hold: 30d"`.
  private func missing(_ cursor: Cursor) -> MissingMode? {
    let range = Milliseconds.second...Milliseconds.longest
    if case .mapping = cursor.node.value {
      return cursor.section(.hold, "{hold: 30d}")?.required("hold", "for how long, such as 30d")
        .flatMap { $0.duration(in: range) }.map { .hold(milliseconds: $0) }
    }
    if case .scalar(let text) = cursor.node.value, text.hasPrefix("hold:") {
      var length = cursor.node
      length.value = .scalar(String(text.dropFirst(5).drop(while: \.isWhitespace)))
      return Cursor(node: length, path: cursor.path, report: report).duration(in: range)
        .map { .hold(milliseconds: $0) }
    }
    let what = "exclude, zero, neutral or {hold: 30d}"
    guard case .scalar(let text) = cursor.node.value else {
      cursor.failExpecting(what)
      return nil
    }
    switch text {
    case "exclude": return .exclude
    case "zero": return .zero
    case "neutral": return .neutral
    default:
      let near = nearestName(to: text, in: ["exclude", "zero", "neutral", "hold"])
      cursor.failExpecting(
        what,
        hint: near.map { $0 == "hold" ? "hold needs a length of time: {hold: 30d}" : "did you mean \(quoted($0))?" })
      return nil
    }
  }
}
