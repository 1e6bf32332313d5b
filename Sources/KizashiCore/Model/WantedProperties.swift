/// What has to be read of the properties of usage events, because something in the config asks for it. All else is skipped.
public struct WantedProperties: Sendable, Equatable {
  /// What is compared, in the order of the bits of ``EventBatch/matches``. At most ``Model/mostFilters``.
  public var filters: [PropertyFilter]
  /// What is added up; ``EventBatch/Amount/property`` is an index into it. Each once.
  public var summed: [String]

  /// What is to be read; by default nothing.
  public init(filters: [PropertyFilter] = [], summed: [String] = []) {
    self.filters = filters
    self.summed = summed
  }
}

extension Model {
  /// What has to be read of the properties of usage events.
  public var wanted: WantedProperties { WantedProperties(filters: filters, summed: summed) }

  /// The properties that a measure, a rule or a milestone adds up, ascending.
  public var summed: [String] {
    Set(metrics.flatMap(\.summed)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Every metric of the config that has a value of its own: those of measures, rules and milestones.
  var metrics: [Metric] {
    measures.map(\.metric)
      + rules.compactMap { rule in
        if case .threshold(.metric(let metric), _, _) = rule.kind { metric } else { nil }
      }
      + milestones.compactMap { milestone in
        if case .metric(let metric, _) = milestone.goal { metric } else { nil }
      }
  }
}
