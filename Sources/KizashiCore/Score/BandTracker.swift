/// How an account's band follows its score: climbs at once above a margin, falls after a delay.
struct BandTracker {
  let model: BandModel
  /// The band index that means `unknown`.
  let unknown: Int8
  /// Bounds that can be lost; the lowest band has none.
  let boundCount: Int
  private let bounds: Table<Int>

  init(_ model: BandModel) {
    self.model = model
    unknown = Int8(model.bands.count)
    boundCount = model.bands.count - 1
    bounds = Table(model.bands.map(\.bound))
  }

  func name(_ band: Int8) -> String { band == unknown ? "unknown" : model.bands[Int(band)].name }

  /// The band of a name; one that is not there any more is `unknown`.
  func index(named name: String?) -> Int8 {
    model.bands.firstIndex { $0.name == name }.map(Int8.init) ?? unknown
  }

  /// The band of a score by plain bounds.
  func plain(_ score: Int32) -> Int8 {
    Int8(bounds.indices.first { Int(score) >= bounds[$0] } ?? boundCount)
  }

  /// Notes since when the score has been below each bound. `since`: one instant per bound, `.max` where it is not below.
  func note(_ score: Int32, at now: Int64, since: UnsafeMutablePointer<Int64>) {
    for bound in 0..<boundCount {
      if score < 0 || Int(score) >= bounds[bound] {
        since[bound] = .max
      } else if since[bound] == .max {
        since[bound] = now
      }
    }
  }

  /// The band at `now`, after ``note(_:at:since:)``.
  func next(from band: Int8, score: Int32, covered: Bool, at now: Int64, since: UnsafePointer<Int64>) -> Int8 {
    guard covered && score >= 0 else { return unknown }
    guard band != unknown else { return plain(score) }
    for better in 0..<Int(band) where Int(score) >= bounds[better] + model.clearMargin {
      return Int8(better)
    }
    var result = Int(band)
    while result < boundCount && isLost(result, now, since) { result += 1 }
    return Int8(result)
  }

  private func isLost(_ bound: Int, _ now: Int64, _ since: UnsafePointer<Int64>) -> Bool {
    since[bound] != .max && since[bound] + model.downForMilliseconds <= now
  }

  /// The next instant at which a bound is lost; `.max`: none.
  func deadline(_ band: Int8, after now: Int64, since: UnsafePointer<Int64>) -> Int64 {
    guard band != unknown else { return .max }
    var next = Int64.max
    for bound in Int(band)..<max(Int(band), boundCount) where since[bound] != .max {
      let lost = since[bound] + model.downForMilliseconds
      if lost > now { next = min(next, lost) }
    }
    return next
  }
}
