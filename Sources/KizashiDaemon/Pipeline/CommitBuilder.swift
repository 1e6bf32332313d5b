import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore

/// Makes the unit that is stored in one transaction from what the engine drained.
struct CommitBuilder {
  /// Why no hook runs for what this commit finds; nil: those that are young enough do.
  var suppression: Suppression?
  let rules: [Rule]
  let shadowRules: Set<String>
  let times: TellingTimes
  let measureNames: [String]
  /// By source: the hooks that are told when it is stalled.
  let stallHooks: [String: [String]]
  let hookMaxAgeMilliseconds: Int64
  let configVersion: Int
  private static let day: Int64 = 86_400_000
  /// Open episodes that began under a config in which their rule told others, or something else, by their ids.
  let begun: [String: OpenEpisode]

  /// - Parameter open: The episodes that are open.
  init(_ configuration: Configuration, configVersion: Int, suppression: Suppression?, open: [OpenEpisode]) {
    rules = configuration.model.rules
    begun = Self.differing(open, configuration)
    shadowRules = Set(configuration.ruleDeliveries.filter(\.value.isShadow).keys)
    times = TellingTimes(configuration)
    measureNames = configuration.model.measures.map(\.name)
    stallHooks = Dictionary(
      configuration.sources.map { ($0.id, $0.stallHooks) }, uniquingKeysWith: { first, _ in first })
    hookMaxAgeMilliseconds = configuration.daemonLimits.hookMaxAgeMilliseconds
    self.configVersion = configVersion
    self.suppression = suppression
  }

  /// The unit of a commit; `engine` is asked for the names that payloads carry.
  func unit(_ commit: consuming Commit, _ engine: borrowing Engine, detectedAt: Instant) -> CommitUnit {
    var deliveries: [NewDelivery] = []
    for transition in commit.stalls { deliveries += owed(transition, detectedAt) }
    // In the order of detection, whatever lies between two commits: each account's runs keep it.
    var notices = commit.flaps[...]
    let ended = commit.flaps.isEmpty ? [] : Set(commit.alerts.lazy.filter { $0.state != .firing }.map(Episode.init))
    for (place, transition) in commit.alerts.enumerated() {
      while let notice = notices.first, notice.place <= place {
        notices.removeFirst()
        deliveries += owed(notice.alert, engine, detectedAt, notice: notice, isOver: Self.isOver(notice, ended))
      }
      deliveries += owed(transition, engine, detectedAt)
    }
    for notice in notices {
      deliveries += owed(notice.alert, engine, detectedAt, notice: notice, isOver: Self.isOver(notice, ended))
    }
    let owesNow = deliveries.contains { $0.suppression == nil }
    var unit = CommitUnit(
      commit: commit, detectedAt: detectedAt, configVersion: configVersion, durable: owesNow)
    unit.deliveries = deliveries
    unit.shadowRules = shadowRules
    return unit
  }

  /// Whether what was kept from the hooks has ended by the time it could be told.
  private static func isOver(_ notice: FlapNotice, _ ended: Set<Episode>) -> Bool {
    !notice.began && ended.contains(Episode(notice.alert))
  }

  private struct Episode: Hashable {
    var rule: Int?
    var account: AccountID
    var episode: Int

    init(_ alert: AlertTransition) { (rule, account, episode) = (alert.rule, alert.account, alert.episode) }
  }

  private static func differing(_ open: [OpenEpisode], _ configuration: Configuration) -> [String: OpenEpisode] {
    let rules = Dictionary(configuration.model.rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let hooks = Set(configuration.hooks.map(\.name))
    var begun: [String: OpenEpisode] = [:]
    for var episode in open {
      guard let rule = rules[episode.rule] else { continue }
      episode.hooks.removeAll { !hooks.contains($0) }
      if (episode.severity, episode.playbook) != (rule.severity, rule.playbook) || episode.hooks != rule.hooks {
        begun[episode.alertID] = episode
      }
    }
    return begun
  }

  /// One run per hook that is told of the source.
  private func owed(_ transition: StallTransition, _ detectedAt: Instant) -> [NewDelivery] {
    (stallHooks[transition.sourceName] ?? []).compactMap { hook in
      let payload = StallPayload(transition: transition, hook: hook, detectedAt: detectedAt)
      guard payload.state != nil else { return nil }
      let isStale = detectedAt.milliseconds - transition.at.milliseconds > hookMaxAgeMilliseconds
      return NewDelivery(
        deliveryID: payload.deliveryID, alertID: payload.alertID, account: .max, hook: hook, payload: payload.json,
        nextAt: detectedAt, suppression: suppression ?? (isStale ? .stale : nil))
    }
  }

  /// One run per hook of the rule; those whose moment has passed are recorded but not run, so that a first backfill
  /// pages nobody.
  private func owed(
    _ transition: AlertTransition, _ engine: borrowing Engine, _ detectedAt: Instant, notice: FlapNotice? = nil,
    isOver: Bool = false
  ) -> [NewDelivery] {
    guard let index = transition.rule else { return [] }
    var rule = rules[index]
    let name = engine.name(of: transition.account)
    // An end is told as the beginning was, and to the same.
    if !begun.isEmpty, transition.state != .firing, notice == nil,
      let episode = begun[AlertPayload.alertID(rule: rule.name, account: name, episode: transition.episode)]
    {
      (rule.hooks, rule.severity, rule.playbook) = (episode.hooks, episode.severity, episode.playbook)
    }
    guard !rule.hooks.isEmpty else { return [] }
    // Whoever was told that it opened is told that it ended; of an episode that opened in shadow the store keeps neither.
    let opens = transition.state == .firing && notice == nil
    if opens || notice != nil, shadowRules.contains(rule.name) { return [] }
    // Whether a rule flaps is settled once a day, so that the last day's answer is true now; an older one may not be.
    let holdsADay = notice != nil && !isOver
    let oldest = holdsADay ? max(hookMaxAgeMilliseconds, Self.day) : hookMaxAgeMilliseconds
    let isStale = detectedAt.milliseconds - transition.at.milliseconds > oldest
    // What is not run needs no words, and a backfill has as many of them as alerts; a release brings its own.
    if let suppression = suppression ?? (transition.isSilenced ? .flapping : isStale ? .stale : nil) {
      let alertID = AlertPayload.alertID(rule: rule.name, account: name, episode: transition.episode)
      let state = notice?.began == true ? AlertPayload.flapping : transition.state.name
      return rule.hooks.map { hook in
        var delivery = NewDelivery(
          deliveryID: AlertPayload.deliveryID(alertID: alertID, state: state, hook: hook), alertID: alertID,
          account: transition.account, hook: hook, payload: "", nextAt: detectedAt, suppression: suppression)
        delivery.opensEpisode = opens
        return delivery
      }
    }
    return rule.hooks.map { hook in
      let payload = AlertPayload(
        transition: transition, hook: hook, account: name, phase: transition.phase, touch: transition.touch,
        attributes: transition.attributes, severity: rule.severity,
        measureNames: measureNames, detectedAt: detectedAt,
        suggestion: rule.playbook.map { AlertPayload.Suggestion(playbook: $0) },
        state: notice?.began == true ? AlertPayload.flapping : nil)
      var delivery = NewDelivery(
        deliveryID: payload.deliveryID, alertID: payload.alertID, account: transition.account, hook: hook,
        payload: payload.json, nextAt: times.next(hook: hook, severity: rule.severity, from: detectedAt))
      delivery.opensEpisode = opens
      return delivery
    }
  }
}
