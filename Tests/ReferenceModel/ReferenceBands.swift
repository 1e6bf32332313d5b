import KizashiCore

/// Where an account stands among the bands.
struct ReferenceBandState: Sendable {
  /// Nil before the first evaluation.
  var band: String?
  /// By band, best first: since when the score has been below its bound.
  var belowSince: [Int64?]

  /// The name of the band without enough coverage.
  static let unknown = "unknown"

  /// The band after a score was computed.
  ///
  /// - Parameter plainly: By plain bounds: history does not compare.
  mutating func update(score: Int?, covered: Bool, at now: Int64, model: Model, plainly: Bool) -> String {
    let bands = model.bands.bands
    for (index, band) in bands.enumerated() {
      guard let score else {
        belowSince[index] = nil
        continue
      }
      belowSince[index] = score < band.bound ? belowSince[index] ?? now : nil
    }
    if plainly { band = nil }
    let next = next(score: score, covered: covered, at: now, model: model)
    band = next
    return next
  }

  private func next(score: Int?, covered: Bool, at now: Int64, model: Model) -> String {
    guard let score, covered else { return Self.unknown }
    let bands = model.bands.bands
    let current = bands.firstIndex { $0.name == band }
    guard let current else {
      // The first evaluation, or out of `unknown`: plain bounds.
      return (bands.first { score >= $0.bound } ?? bands[bands.count - 1]).name
    }
    if let up = bands.indices.first(where: { score >= bands[$0].bound + model.bands.clearMargin }), up < current {
      return bands[up].name
    }
    guard isLost(current, at: now, model: model) else { return bands[current].name }
    let lower = bands.indices.first { $0 > current && !isLost($0, at: now, model: model) } ?? bands.count - 1
    return bands[lower].name
  }

  private func isLost(_ index: Int, at now: Int64, model: Model) -> Bool {
    guard index < model.bands.bands.count - 1, let since = belowSince[index] else { return false }
    return since + model.bands.downForMilliseconds <= now
  }

  /// Instants at which a bound is lost.
  func candidates(model: Model) -> [Int64] { belowSince.compactMap { $0.map { $0 + model.bands.downForMilliseconds } } }
}
