/// A property and the value it must have: one entry of a feature's `where`.
///
/// A text equals by its characters, a number by its value (`5` is also `5.0` and `5e0`), `true` and `false` by their names;
/// null, objects and arrays equal nothing.
public struct PropertyFilter: Sendable, Hashable, Comparable {
  /// A member of the event's properties.
  public var property: String
  /// The value, as the config writes it.
  public var value: String
  /// A filter; both are texts without control characters.
  public init(property: String, value: String) {
    self.property = property
    self.value = value
  }

  /// In the order in which event names hold them.
  public static func < (a: PropertyFilter, b: PropertyFilter) -> Bool {
    a.property != b.property
      ? a.property.utf8.lexicographicallyPrecedes(b.property.utf8)
      : a.value.utf8.lexicographicallyPrecedes(b.value.utf8)
  }
}

/// An event name with the filters that its event matched: what facts are kept of, so that a feature with `where` is counted
/// like any other.
///
/// Events that match filters have a number of their own for each set of them. Its name is the event's, U+0000 (which no event
/// name holds) and the filters, each property and value ended by U+001F (which no filter holds).
public struct EventVariant: Sendable, Equatable {
  private static let mark: UInt8 = 0
  private static let end: Character = "\u{1F}"
  /// The event's name.
  public var event: String
  /// Ascending.
  public var filters: [PropertyFilter]

  /// An event that matched these filters.
  public init(event: String, filters: [PropertyFilter]) {
    self.event = event
    self.filters = filters.sorted()
  }

  /// What ``name`` says.
  public init(name: String) {
    let parts = name.utf8.split(separator: Self.mark, maxSplits: 1, omittingEmptySubsequences: false)
    self.init(event: String(Substring(parts[0])), conditions: parts.count > 1 ? Substring(parts[1]) : "")
  }

  /// An event whose filters are written as in ``conditions``.
  public init(event: String, conditions: some StringProtocol) {
    self.event = event
    let texts = conditions.split(separator: Self.end, omittingEmptySubsequences: false)
    filters = stride(from: 0, to: texts.count - 1, by: 2).map {
      PropertyFilter(property: String(texts[$0]), value: String(texts[$0 + 1]))
    }
  }

  /// The filters as text; empty: none.
  public var conditions: String { filters.map { "\($0.property)\(Self.end)\($0.value)\(Self.end)" }.joined() }

  /// The event's name and its filters.
  public var name: String { filters.isEmpty ? event : "\(event)\0\(conditions)" }
}

extension Feature {
  /// Whether the event's name is one of the feature's, whatever its properties.
  public func claims(_ event: String) -> Bool { patterns.contains { Pattern.matches(event, $0) } }

  /// Whether an event that matched these filters belongs to the feature.
  public func includes(_ variant: EventVariant) -> Bool {
    conditions.allSatisfy { variant.filters.contains($0) } && claims(variant.event)
  }
}

extension Model {
  /// What is looked for in the properties of events: the filters of all features and metrics, ascending. At most
  /// ``mostFilters``.
  public var filters: [PropertyFilter] {
    let ofMetrics = metrics.flatMap(\.features).flatMap { feature -> [PropertyFilter] in
      if case .matching(_, let filters) = feature { filters } else { [] }
    }
    return Set(features.flatMap(\.conditions) + ofMetrics).sorted()
  }

  /// Most filters of a config: which of them an event matched is one 64-bit word.
  public static let mostFilters = 64

  /// The filters on which it depends whether an event belongs to a feature.
  public func filters(of feature: FeatureReference) -> [PropertyFilter] {
    switch feature {
    case .any: []
    case .core: features.filter(\.core).flatMap(\.conditions)
    case .named(let name): features.first { $0.name == name }?.conditions ?? []
    case .matching(let feature, let more): filters(of: feature) + more
    }
  }
}
