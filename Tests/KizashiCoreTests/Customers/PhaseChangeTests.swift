import KizashiCore
import ReferenceModel
import Testing

/// What a change of phase does to rules, and what it leaves as it was. Engine and reference model tell the same in each story.
@Suite struct `A change of phase` {
  private let day: Int64 = 86_400_000

  @Test func `forgets nothing that only a cooldown keeps from opening`() throws {
    let quiet = Rule(
      name: "quiet", kind: .silence(feature: .any, after: .milliseconds(day / 2), clear: 1),
      cooldownMilliseconds: 3 * day)
    let told = ["0d 22h rule quiet ok → firing", "1d 9h rule quiet firing → ok", "4d 9h rule quiet ok → firing"]
    let uses = [Story.use(0), Story.use(1)]
    #expect(try Story.journal(Model(rules: [quiet]), uses, until: 9).filter { $0.contains("rule") } == told)
    // True since 1d 22h; the phase changes at 3d.
    var phases = Model(rules: [quiet])
    phases.phases = [
      Phase(name: "new", when: .tenure(NumberRange(below: Rational(3)))), Phase(name: "old", when: .always),
    ]
    #expect(try Story.journal(phases, uses, until: 9).filter { $0.contains("rule") } == told)
    // A change at 1d, when it was not true, does not make it wait either; one that makes it true does.
    var early = phases
    early.phases[0].when = .tenure(NumberRange(below: Rational(1)))
    #expect(try Story.journal(early, uses, until: 9).filter { $0.contains("rule") } == told)
    var only = phases
    only.rules[0].when = .phase(["old"])
    #expect(try Story.journal(only, uses, until: 9).filter { $0.contains("rule") } == [])
  }
}
