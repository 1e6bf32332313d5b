/// Which features an event name belongs to.
///
/// Configured features come first, in config order; with `features.auto` every event name that none of them claims (and
/// that is not itself a configured feature's name) is numbered behind them as it appears.
struct FeatureIndex {
  private let configured: [Feature]
  private let auto: Bool
  private let anyCore: Bool
  /// Names of all features, configured then automatic.
  private(set) var names: [String]
  /// Per event name: its features, as a range of `members`.
  private var ranges: ContiguousArray<(start: Int32, count: Int32)> = []
  private var members: ContiguousArray<UInt32> = []
  private var core: ContiguousArray<Bool> = []
  /// Per event name: what of it matched.
  private var filters: ContiguousArray<[PropertyFilter]> = []

  init(_ model: Model) {
    configured = model.features
    auto = model.autoFeatures
    anyCore = model.features.contains { $0.core }
    names = model.features.map(\.name)
  }

  /// Adds the next event name (its number is the count so far). `event`: the number of the event itself, which is the same or
  /// has been added before.
  mutating func add(_ variant: EventVariant, of event: EventNameID) {
    let start = members.count
    var isCore = !anyCore
    for (index, feature) in configured.enumerated() where feature.includes(variant) {
      members.append(UInt32(index))
      if feature.core { isCore = true }
    }
    let isFree =
      auto && !Feature.builtIn.contains(variant.event)
      && !configured.contains { $0.name == variant.event || $0.claims(variant.event) }
    if isFree && Int(event) < ranges.count {
      members.append(contentsOf: features(of: event))
    } else if isFree {
      members.append(UInt32(names.count))
      names.append(variant.event)
    }
    ranges.append((Int32(start), Int32(members.count - start)))
    core.append(isCore)
    filters.append(variant.filters)
  }

  var eventCount: Int { ranges.count }

  @inline(__always)
  func isCore(_ event: EventNameID) -> Bool { core[Int(event)] }

  /// The one feature of an event name; nil: none or several.
  @inline(__always)
  func only(_ event: EventNameID) -> UInt32? {
    let range = ranges[Int(event)]
    return range.count == 1 ? members[Int(range.start)] : nil
  }

  func features(of event: EventNameID) -> ArraySlice<UInt32> {
    let range = ranges[Int(event)]
    return ArraySlice(members[Int(range.start)..<Int(range.start + range.count)])
  }

  /// Whether an event name counts for a feature as a metric names it.
  func belongs(_ event: EventNameID, to feature: FeatureReference) -> Bool {
    switch feature {
    case .any: true
    case .core: isCore(event)
    case .named(let name): features(of: event).contains { names[Int($0)] == name }
    case .matching(let feature, let more):
      more.allSatisfy { filters[Int(event)].contains($0) } && belongs(event, to: feature)
    }
  }
}

/// Event name patterns: `*` stands for any run of characters, everything else for itself.
public enum Pattern {
  /// Whether the whole of `text` fits `pattern`.
  public static func matches(_ text: String, _ pattern: String) -> Bool {
    let t = Array(text.utf8)
    let p = Array(pattern.utf8)
    var ti = 0
    var pi = 0
    var star = -1
    var mark = 0
    while ti < t.count {
      if pi < p.count && p[pi] == UInt8(ascii: "*") {
        star = pi
        mark = ti
        pi += 1
      } else if pi < p.count && p[pi] == t[ti] {
        ti += 1
        pi += 1
      } else if star >= 0 {
        // Let the last star take one byte more and try again.
        mark += 1
        ti = mark
        pi = star + 1
      } else {
        return false
      }
    }
    return p[pi...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
