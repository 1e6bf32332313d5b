import KizashiCore

/// The standard metrics of one feature over one window.
package struct ReferenceUsage: Hashable, Sendable {
  package var events: Int64 = 0
  package var users: Int64 = 0
  package var activeDays: Int64 = 0
  package var previousEvents: Int64 = 0
  package var previousUsers: Int64 = 0
  package var previousActiveDays: Int64 = 0
}

extension ReferenceModel {
  /// The features an account may have usage of: `any`, `core`, the configured ones and those made of event names.
  package func features(of account: ReferenceAccount) -> [FeatureReference] {
    let names = Set(model.features.map(\.name) + account.facts.usage.flatMap { context.features(of: $0.variant) })
    return [.any, .core] + names.sorted().map { .named($0) }
  }

  /// The standard metrics at the clock.
  package func usage(of account: ReferenceAccount, _ feature: FeatureReference, windowHours: Int) -> ReferenceUsage {
    guard let now = clock else { return ReferenceUsage() }
    func whole(_ metric: Metric, previous: Bool) -> Int64 {
      Int64(account.facts.value(of: metric, at: now, previous: previous, context: context)?.numerator ?? 0)
    }
    let events = Metric.count(feature: feature, windowHours: windowHours)
    let users = Metric.distinctUsers(feature: feature, windowHours: windowHours)
    let days = Metric.activeDays(feature: feature, windowHours: windowHours)
    return ReferenceUsage(
      events: whole(events, previous: false), users: whole(users, previous: false),
      activeDays: whole(days, previous: false), previousEvents: whole(events, previous: true),
      previousUsers: whole(users, previous: true), previousActiveDays: whole(days, previous: true))
  }

  /// First and last instant of a feature's usage.
  package func seen(_ account: ReferenceAccount, _ feature: FeatureReference) -> (first: Int64, last: Int64)? {
    account.facts.seen(feature, context: context)
  }

  /// What a measure grades at the clock, or at the time an account that waits has come to.
  package func value(ofMeasure measure: Measure, for account: ReferenceAccount) -> Rational? {
    clock.flatMap { _ in account.facts.value(ofMeasure: measure, at: account.lookedTo, context: context) }
  }

  /// An account's contracts: product, whether it is active, and its start.
  package func contracts(of account: ReferenceAccount) -> [String] {
    account.facts.contracts.map { "\($0.product) \($0.active) \($0.start)" }
  }

  /// Where an account stands with a milestone.
  package func standing(
    of milestone: Milestone, _ account: ReferenceAccount
  ) -> (reached: Int64?, due: Int64?, count: Int64) {
    (
      account.facts.reached[milestone.name], account.facts.due(milestone),
      account.facts.events(toward: milestone, context: context)
    )
  }

  /// The features an event name belongs to, without `any` and `core`, and whether it is core use.
  package func membership(of event: EventVariant) -> (features: [String], core: Bool) {
    return (context.features(of: event), context.feature(.core, includes: event))
  }

  /// An attribute in force.
  package func attribute(_ name: String, of account: ReferenceAccount) -> Scalar? { account.facts.attribute(name) }

  /// The account of a name.
  package func account(_ name: String) -> ReferenceAccount? { accounts.first { $0.name == name } }
}

/// A usage fact by names: what the lines of one hour, account, event name and user come to.
package struct ReferenceFact: Equatable, Sendable {
  package var hour: Int64
  package var account: String
  package var event: String
  package var user: String?
  package var events: Int64
  package var first: Int64
  package var last: Int64

  /// A fact of given names.
  package init(hour: Int64, account: String, event: String, user: String?, events: Int64, first: Int64, last: Int64) {
    self.hour = hour
    self.account = account
    self.event = event
    self.user = user
    self.events = events
    self.first = first
    self.last = last
  }

  /// In an order that does not depend on numbers.
  package static func sorted(_ facts: [ReferenceFact]) -> [ReferenceFact] {
    facts.sorted { a, b in
      if a.hour != b.hour { return a.hour < b.hour }
      return [a.account, a.event, a.user ?? ""].lexicographicallyPrecedes([b.account, b.event, b.user ?? ""])
    }
  }
}

extension ReferenceModel {
  /// All usage facts.
  package var facts: [ReferenceFact] {
    var result: [ReferenceFact] = []
    for account in accounts {
      for line in account.facts.usage {
        let same = result.firstIndex {
          $0.hour == line.hour && $0.account == account.name && $0.event == line.variant.name && $0.user == line.user
        }
        if let same {
          result[same].events += line.count
          result[same].first = min(result[same].first, line.at)
          result[same].last = max(result[same].last, line.at)
        } else {
          result.append(
            ReferenceFact(
              hour: line.hour, account: account.name, event: line.variant.name, user: line.user, events: line.count,
              first: line.at, last: line.at))
        }
      }
    }
    return ReferenceFact.sorted(result)
  }
}
