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
    let context = ReferenceContext(model: model)
    let names = Set(model.features.map(\.name) + account.facts.usage.flatMap { context.features(of: $0.event) })
    return [.any, .core] + names.sorted().map { .named($0) }
  }

  /// The standard metrics at the clock.
  package func usage(of account: ReferenceAccount, _ feature: FeatureReference, windowHours: Int) -> ReferenceUsage {
    guard let now = clock else { return ReferenceUsage() }
    let context = ReferenceContext(model: model)
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
    account.facts.seen(feature, context: ReferenceContext(model: model))
  }

  /// A metric's value at the clock.
  package func value(of metric: Metric, for account: ReferenceAccount) -> Rational? {
    clock.flatMap { account.facts.value(of: metric, at: $0, context: ReferenceContext(model: model)) }
  }

  /// An attribute in force.
  package func attribute(_ name: String, of account: ReferenceAccount) -> Scalar? { account.facts.attribute(name) }

  /// The account of a name.
  package func account(_ name: String) -> ReferenceAccount? { accounts.first { $0.name == name } }
}
