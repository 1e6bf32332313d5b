import Testing

@testable import KizashiCore

/// What the state machine of a rule does where the laws seldom come by.
@Suite struct `The state machine of a rule` {
  private static let adoption = Rule(name: "used", kind: .adopted(feature: .any, windowHours: 672, days: 3))
  private static let band = Rule(name: "red", kind: .persistent(bands: ["red"]))

  /// The states it goes through, with the condition true or false at one instant after the other.
  private func states(_ rule: Rule, inhibited: Bool = false, _ conditions: [Bool]) -> [RuleState.Phase] {
    var state = RuleState()
    state.inhibited = inhibited
    return conditions.enumerated().map { index, holds in
      withUnsafePointer(to: FastRule(rule)) {
        _ = RuleMachine.step(&state, $0, condition: holds, clear: !holds, at: Int64(index))
      }
      return state.phase
    }
  }

  @Test func `opens a first time once, and anything else again`() {
    #expect(states(Self.adoption, [true, false, true, true]) == [.firing, .ok, .ok, .ok])
    #expect(states(Self.band, [true, false, true, true]) == [.firing, .ok, .firing, .firing])
  }

  @Test func `never opens a first time that was before the rule, and anything else once it was false`() {
    #expect(states(Self.adoption, inhibited: true, [true, false, true]) == [.ok, .ok, .ok])
    #expect(states(Self.band, inhibited: true, [true, false, true]) == [.ok, .ok, .firing])
  }

  @Test func `what has held for long enough when the cooldown ends opens then`() {
    var rule = Self.band
    (rule.forMilliseconds, rule.cooldownMilliseconds) = (2, 4)
    #expect(
      states(rule, [true, true, true, false, true, true, true, true]) == [
        .pending, .pending, .firing, .ok, .pending, .pending, .pending, .firing,
      ])
    #expect(
      states(rule, [true, true, true, false, false, false, true, true, true]) == [
        .pending, .pending, .firing, .ok, .ok, .ok, .pending, .pending, .firing,
      ], "what has not, waits on")
    rule.forMilliseconds = 0
    #expect(states(rule, [true, false, true, true, true, true]) == [.firing, .ok, .ok, .ok, .ok, .firing])
  }

  @Test func `waits for a first time to last, and forgets one that did not`() {
    var rule = Self.adoption
    rule.forMilliseconds = 2
    #expect(
      states(rule, [true, false, true, true, true, false, true]) == [
        .pending, .ok, .pending, .pending, .firing, .ok, .ok,
      ])
  }
}
