/// How a customer that leaves uses less and less before.
public enum DeclineShape: UInt8, Sendable, CaseIterable {
  /// A little less every day.
  case linear = 0
  /// In four steps.
  case stepped
  /// Its users leave one by one.
  case leaving
  /// It uses fewer features first, and less of them later.
  case narrowing
}

/// The way down of a customer that leaves.
struct Decline: Sendable, Equatable {
  /// The first day of it; may lie before the book.
  var from: Int
  /// How many days it takes, 21…84.
  var days: Int
  /// Where it ends, of 1024.
  var floor: Int
  var shape: DeclineShape

  /// What is left of a customer on a day, each of 1024.
  struct Rest: Equatable {
    var volume = 1024
    var users = 1024
    var features = 1024
  }

  func rest(on day: Int) -> Rest {
    guard day >= from else { return Rest() }
    let gone = min(day - from + 1, days)
    let straight = Decline.between(1024, floor, gone, of: days)
    switch shape {
    case .linear: return Rest(volume: straight, users: (1024 + straight) / 2)
    case .stepped:
      let level = Decline.between(1024, floor, min(4, (gone - 1) * 4 / days + 1), of: 4)
      return Rest(volume: level, users: (1024 + level) / 2)
    case .leaving: return Rest(volume: straight, users: straight)
    case .narrowing:
      let half = days / 2
      let features = Decline.between(1024, 256, min(gone, half), of: half)
      let first = Decline.between(1024, 870, min(gone, half), of: half)
      guard gone > half else { return Rest(volume: first, features: features) }
      let volume = Decline.between(870, min(870, floor), gone - half, of: days - half)
      return Rest(volume: volume, users: (1024 + volume) / 2, features: features)
    }
  }

  private static func between(_ high: Int, _ low: Int, _ part: Int, of whole: Int) -> Int {
    high - (high - low) * part / max(1, whole)
  }
}
