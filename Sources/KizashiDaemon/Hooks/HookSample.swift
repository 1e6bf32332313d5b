import KizashiCore

/// What `hook test` hands to a hook: an alert that looks real and names an account nobody has.
package enum HookSample {
  /// The delivery that a test run pretends to be.
  package static func delivery(hook: String, now: Instant) -> OwedDelivery {
    let because = [
      ExplanationLine(measure: 0, points: -3040, from: Rational(2, 100), to: Rational(-38, 100), cause: .expiry),
      ExplanationLine(measure: 1, points: -498, from: Rational(61, 100), to: Rational(42, 100), cause: .expiry),
    ]
    let transition = AlertTransition(
      account: 0, rule: nil, ruleName: "hook-test", episode: 1, state: .firing, at: now,
      reason: "This is a test of the hook \(hook); nothing has happened.", scoreFrom: 9181, scoreTo: 5643,
      band: "yellow", covered: Rational(65, 100), because: because)
    let payload = AlertPayload(
      transition: transition, hook: hook, account: "example-account",
      attributes: [("csm", .string("sato"))], severity: "low",
      measureNames: ["reports_trend", "active_users"], detectedAt: now,
      suggestion: AlertPayload.Suggestion(playbook: "usage-recovery", steps: ["Call the champion."], due: now))
    return OwedDelivery(
      id: payload.deliveryID, sequence: 0, hook: hook, account: payload.account, rule: transition.ruleName,
      state: transition.state.name, severity: payload.severity, attempts: 0, payload: payload.json)
  }

  /// Runs a hook once with the sample. Nothing is stored and nothing is retried.
  package static func run(
    _ definition: HookDefinition, base: HookBaseEnvironment, now: Instant, runner: HookRunner = HookRunner()
  ) async -> HookResult {
    let invocation = HookInvocation(
      definition, deliveries: [delivery(hook: definition.name, now: now)], base: base)
    return await runner.run(
      definition.run, environment: invocation.environment, input: invocation.input, timeout: definition.timeout)
  }
}
