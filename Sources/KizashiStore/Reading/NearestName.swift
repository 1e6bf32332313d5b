/// The name somebody probably meant.
package enum NearestName {
  /// The nearest of `names`, or nil if none is near: a difference of case counts nothing, otherwise at most a third of
  /// the letters (and at least one) may differ, or the text is the beginning of the name. Equally near: the first.
  package static func of(_ text: String, in names: some Sequence<String>) -> String? {
    let wanted = Array(text.lowercased())
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    for name in names {
      let candidate = Array(name.lowercased())
      let allowed = max(1, max(wanted.count, candidate.count) / 3)
      let distance: Int
      if wanted.count >= 3, candidate.starts(with: wanted) {
        distance = min(allowed, candidate.count - wanted.count)
      } else {
        guard abs(candidate.count - wanted.count) <= allowed else { continue }
        distance = edits(wanted, candidate)
      }
      // Names of one or two letters are near everything.
      guard distance <= allowed, distance < max(wanted.count, candidate.count) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
    }
    return best?.name
  }

  /// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var twoBack = [Int]()
    var oneBack = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var distance = min(oneBack[j + 1] + 1, row[j] + 1, oneBack[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { distance = min(distance, twoBack[j - 1] + 1) }
        row.append(distance)
      }
      (twoBack, oneBack) = (oneBack, row)
    }
    return oneBack[b.count]
  }
}
