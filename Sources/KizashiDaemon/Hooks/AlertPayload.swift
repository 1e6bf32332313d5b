import KizashiCore

/// What a hook is told: the `kizashi.alert/1` object, from plain inputs.
package struct AlertPayload: Sendable {
  /// What is proposed to do about an alert.
  package struct Suggestion: Sendable, Equatable {
    package var playbook: String
    package var steps: [String]
    /// Nil: without a date.
    package var due: Instant?

    /// A proposal.
    package init(playbook: String, steps: [String] = [], due: Instant? = nil) {
      self.playbook = playbook
      self.steps = steps
      self.due = due
    }
  }

  package var transition: AlertTransition
  /// Name of the hook the payload is for; part of the delivery id.
  package var hook: String
  /// The account's id as the producer wrote it.
  package var account: String
  package var phase: String?
  package var touch: String?
  /// Ascending by name, so that the same state always gives the same bytes.
  package var attributes: [(name: String, value: Scalar)]
  package var severity: String
  /// Names of the model's measures, by index.
  package var measureNames: [String]
  package var detectedAt: Instant
  /// Nil: nothing is proposed.
  package var suggestion: Suggestion?
  /// `firing`, `resolved`, `retracted` or `flapping`.
  package var state: String

  /// All parts; `state` nil: the transition's; `transition.at` is when it happened, `detectedAt` when we found it.
  package init(
    transition: AlertTransition, hook: String, account: String, phase: String? = nil, touch: String? = nil,
    attributes: [(name: String, value: Scalar)] = [], severity: String, measureNames: [String], detectedAt: Instant,
    suggestion: Suggestion? = nil, state: String? = nil
  ) {
    self.transition = transition
    self.hook = hook
    self.account = account
    self.phase = phase
    self.touch = touch
    self.attributes = attributes
    self.severity = severity
    self.measureNames = measureNames
    self.detectedAt = detectedAt
    self.suggestion = suggestion
    self.state = state ?? transition.state.name
  }

  /// `rule:account:n`.
  package var alertID: String {
    Self.alertID(rule: transition.ruleName, account: account, episode: transition.episode)
  }

  /// `rule:account:n:state:hook`.
  package var deliveryID: String { Self.deliveryID(alertID: alertID, state: state, hook: hook) }

  /// What an alert is called.
  static func alertID(rule: String, account: String, episode: Int) -> String { "\(rule):\(account):\(episode)" }

  /// What a run for it is called.
  static func deliveryID(alertID: String, state: String, hook: String) -> String { "\(alertID):\(state):\(hook)" }

  /// The state of an episode whose rule has begun to flap.
  static let flapping = "flapping"

  /// The object as one line of JSON, without a line end.
  package var json: String {
    var json = JSONText()
    json.beginObject()
    json.pair("schema", "kizashi.alert/1")
    json.pair("delivery_id", deliveryID)
    json.pair("alert_id", alertID)
    json.pair("episode", alertID)
    json.pair("state", state)
    json.pair("rule", transition.ruleName)
    json.pair("severity", severity)
    if !transition.reason.isEmpty { json.pair("reason", transition.reason) }
    json.key("account")
    writeAccount(&json)
    json.key("score")
    writeScore(&json)
    json.key("because")
    json.beginArray()
    for line in transition.because { write(line, &json) }
    json.endArray()
    json.pair("at", transition.at.rfc3339)
    json.pair("detected_at", detectedAt.rfc3339)
    json.key("suggest")
    writeSuggestion(&json)
    json.endObject()
    return json.text
  }

  private func writeAccount(_ json: inout JSONText) {
    json.beginObject()
    json.pair("id", account)
    json.pair("phase", phase)
    json.pair("touch", touch)
    json.key("attributes")
    json.beginObject()
    for attribute in attributes {
      json.key(attribute.name)
      json.value(attribute.value)
    }
    json.endObject()
    json.endObject()
  }

  private func writeScore(_ json: inout JSONText) {
    json.beginObject()
    json.key("old")
    json.hundredths(transition.scoreFrom)
    json.key("new")
    json.hundredths(transition.scoreTo)
    json.key("delta")
    if let from = transition.scoreFrom, let to = transition.scoreTo {
      json.hundredths(to - from)
    } else {
      json.raw("null")
    }
    json.pair("band", transition.band)
    json.key("coverage")
    json.share(transition.covered)
    json.endObject()
  }

  private func write(_ line: ExplanationLine, _ json: inout JSONText) {
    json.beginObject()
    json.pair("measure", line.name(measureNames))
    json.key("points")
    json.hundredths(line.points)
    json.pair("from", line.from.rational.map(Self.text))
    json.pair("to", line.to.rational.map(Self.text))
    json.pair("cause", line.cause.name)
    json.endObject()
  }

  /// Whole values without decimals (`12` users), others with two (`0.61`).
  private static func text(_ value: Rational) -> String {
    value.text(digits: value == Rational(value.floor) ? 0 : 2)
  }

  private func writeSuggestion(_ json: inout JSONText) {
    guard let suggestion else { return json.raw("null") }
    json.beginObject()
    json.pair("playbook", suggestion.playbook)
    json.key("steps")
    json.beginArray()
    for step in suggestion.steps { json.value(step) }
    json.endArray()
    json.pair("due", suggestion.due?.rfc3339)
    json.endObject()
  }

  /// Several `kizashi.alert/1` objects as one `kizashi.alerts/1`.
  package static func group(_ payloads: [String]) -> String {
    #"{"schema":"kizashi.alerts/1","alerts":["# + payloads.joined(separator: ",") + "]}"
  }
}

extension JSONText {
  /// A key with a text or null.
  mutating func pair(_ name: String, _ string: String?) {
    key(name)
    value(string)
  }
}
