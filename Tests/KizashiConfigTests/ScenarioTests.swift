import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiConfig

/// The scenarios a text holds, told under the built-in config or another.
private func scenarios(_ text: String, config: String? = nil) throws -> [Scenario] {
  try ScenarioFile.parse(text: text, file: "s.yaml", directory: "", config: config).scenarios
}

/// Why a file of scenarios cannot be used; nil: it can.
private func refusal(_ load: () throws(ScenarioError) -> ScenarioFile) -> ScenarioError? {
  do {
    _ = try load()
    return nil
  } catch {
    return error
  }
}

private func refusal(of text: String, directory: String = "", config: String? = nil) -> ScenarioError? {
  refusal { () throws(ScenarioError) in
    try ScenarioFile.parse(text: text, file: "s.yaml", directory: directory, config: config)
  }
}

/// What is wrong with a text, without the file's name.
private func mistakes(_ text: String) -> [String] {
  guard case .problems(let problems) = refusal(of: text) else { return [] }
  return problems.map { String($0.description.dropFirst("s.yaml:".count)) }
}

/// The lines of a story that begins on Monday, 2026-01-05, and goes on for 30 days.
private func lines(_ steps: String) throws -> [StoryLine] {
  let text = """
    scenarios: {s: {start: 2026-01-05, until: 30d, account: acme, story: [\(steps)], expect: [{score: 0 to 100}]}}
    """
  return try #require(try scenarios(text).first).lines
}

/// `6T09:30 user-1 ×3`: the day of January, the time, who and how often.
private func short(_ line: StoryLine) -> String {
  guard case .object(let fields) = line.content else { return "" }
  func text(_ name: String) -> String? {
    switch fields.first(where: { $0.name == name })?.value {
    case .text(let text), .number(let text): text
    default: nil
    }
  }
  let time = text("timestamp").map { "\(Int($0.dropFirst(8).prefix(2)) ?? 0)\($0.dropFirst(10).prefix(6))" } ?? ""
  return [time, text("user"), text("count").map { "×\($0)" }].compactMap { $0 }.joined(separator: " ")
}

/// A time, and from which hour to which it goes.
private let writtenTimes: [(String, Double, Double)] = [
  // As exact as written.
  ("13d", 13 * 24.0, 14 * 24.0), ("13d 4h", 316, 317), ("2026-01-07", 48, 72),
  ("2026-01-07 09:00", 57, 57 + 1.0 / 60), ("before 2d", 0, 48), ("from 29d", 29 * 24.0, 720 + 1.0 / 3_600_000),
  ("between 2d and 3d", 48, 72 + 1.0 / 3_600_000), ("between 2026-01-07 and 2026-01-08", 48, 96),
  ("always", 0, 720 + 1.0 / 3_600_000), ("start", 0, 1.0 / 3_600_000), ("end", 720, 720 + 1.0 / 3_600_000),
]

/// Steps, and the lines they make.
private let stepsAndLines: [(String, [String])] = [
  ("{event: a}", ["5T00:00"]),
  ("{event: a, at: 3d 9h}", ["8T09:00"]),
  ("{event: a, at: 2026-01-07 08:30}", ["7T08:30"]),
  ("{event: a, at: 2026-01-07T08:30:00+09:00}", ["6T23:30"]),
  ("{event: a, every: day, at: 09:30, for: 3d}", ["5T09:30", "6T09:30", "7T09:30"]),
  ("{event: a, every: day, from: 1d 6h, for: 2d}", ["6T06:00", "7T06:00"]),
  // The day a stretch ends with is in it; an offset is the instant.
  ("{event: a, every: day, to: 2026-01-06}", ["5T00:00", "6T00:00"]),
  ("{event: a, every: day, to: 1d}", ["5T00:00"]),
  // The 10th and 11th are a weekend.
  ("{event: a, every: business day, at: 10:00, from: 4d, to: 2026-01-12}", ["9T10:00", "12T10:00"]),
  ("{event: a, every: week, at: 10:00, from: 2d}", ["7T10:00", "14T10:00", "21T10:00", "28T10:00"]),
  ("{event: a, every: 12h, for: 1d}", ["5T00:00", "5T12:00"]),
  ("{event: a, every: 2d, for: 5d}", ["5T00:00", "7T00:00", "9T00:00"]),
  ("{event: a, user: u}", ["5T00:00 u"]),
  ("{event: a, users: [u, v]}", ["5T00:00 u", "5T00:00 v"]),
  ("{event: a, users: 2, times: 3}", ["5T00:00 user-1 ×3", "5T00:00 user-2 ×3"]),
  ("{event: a, every: day, for: 3d, users: 2 to 0}", ["5T00:00 user-1", "5T00:00 user-2", "6T00:00 user-1"]),
  ("{event: a, every: day, for: 3d, times: 6 to 1}", ["5T00:00 ×6", "6T00:00 ×4", "7T00:00"]),
  ("{event: b, at: 2d}, {event: a, at: 1d}", ["6T00:00", "7T00:00"]),
  ("{survey: {nps: 9, csat: 4}, user: u}", ["5T00:00 u", "5T00:00 u"]),
]

@Suite struct `Scenario files` {
  @Test(arguments: scenarioMistakes)
  func `a mistake is one problem that says what is allowed`(text: String, complaint: String) {
    let found = mistakes(text)
    #expect(found.contains { $0.contains(complaint) }, "\(text) → \(found)")
    #expect(found.count == 1, "one mistake, one problem: \(found)")
  }

  @Test func `all mistakes come at once, each with its line and key`() {
    let text = """
      scenarios:
        a decline:
          start: 2026-01-05
          until: 30d
          story:
            - {event: login, every: dya, account: acme}
            - {evnt: login}
          expect:
            - {alert: helth-drop, account: acme}
            - {score: high, account: acme}
        another:
          start: soon
          until: 3d
          account: acme
          story: []
          expect: []
      """
    #expect(
      mistakes(text) == [
        """
        6: scenarios["a decline"].story[0].every: expected one of day, business day, week, hour, or a length such as 2h, \
        found "dya" — did you mean "day"?
        """,
        """
        7: scenarios["a decline"].story[1]: one of "event", "attributes", "survey", "line" is missing: it says what \
        happens, such as {event: report.created, at: 3d 9h} — did you mean "event"?
        """,
        """
        9: scenarios["a decline"].expect[0].alert: there is no rule "helth-drop" in the config — did you mean "health-drop"?
        """,
        """
        10: scenarios["a decline"].expect[1].score: expected a number, 60 to 80, at least 60, at most 80, or missing, found \
        "high"
        """,
        """
        12: scenarios.another.start: expected a day or time such as 2026-04-20, found "soon" — with a time: 2026-04-20 \
        09:00 (local), 2026-04-20T09:00:00+09:00
        """,
      ])
  }

  @Test(arguments: stepsAndLines)
  func `steps make lines`(steps: String, expected: [String]) throws {
    #expect(try lines(steps).map(short) == expected)
  }

  @Test func `a late line arrives later than it happened, and lines are read as they arrive`() throws {
    let lines = try lines("{event: a, at: 1d, late_by: 3d}, {event: b, at: 2d}")
    #expect(lines.map(short) == ["7T00:00", "6T00:00"])
    #expect(lines.map(\.arrives.milliseconds).map { ($0 - 1_767_571_200_000) / 86_400_000 } == [2, 4])
  }

  @Test func `values are what JSON would have`() throws {
    let line = try #require(
      try lines("{attributes: {a: 1, b: -0.5, c: true, d: null, e: 007, f: text, g: \"\"}}").first)
    guard case .object(let fields) = line.content, case .object(let traits) = fields.last?.value else {
      Issue.record("\(line.content)")
      return
    }
    #expect(
      traits.map(\.value) == [
        .number("1"), .number("-0.5"), .bool(true), .null, .text("007"), .text("text"), .text(""),
      ])
  }

  @Test func `days of an offset are days of the calendar, also where the clocks change`() throws {
    // Berlin's clocks go forward on 2026-03-29.
    let scratch = try ScratchFolder()
    let config = try scratch.write("k.yaml", "business: {timezone: Europe/Berlin}\nsources: []\n")
    let text = """
      scenarios:
        s:
          start: 2026-03-27 09:00
          until: 10d
          account: acme
          story:
            - {event: a, at: 3d}
            - {event: a, every: day, at: 09:00, from: 2d, to: 2026-03-30}
          expect: [{alert: r, opens: 2d}, {score: 1, at: 2026-03-30 09:00}]
      """
    let rules = try scratch.write(
      "r.yaml", "business: {timezone: Europe/Berlin}\nsources: []\nrules: {r: {kind: drop, by: 1, within: 1d}}\n")
    #expect(refusal(of: text, config: config) != nil)
    let scenario = try #require(try scenarios(text, config: rules).first)
    let times = scenario.lines.map { timestamp($0.arrives) }
    #expect(
      times == ["2026-03-29T07:00:00.000Z", "2026-03-30T07:00:00.000Z", "2026-03-30T07:00:00.000Z"])
    let calendar = try Configuration.load(path: rules).model.calendar
    for line in scenario.lines {
      let length = StoryLength(from: scenario.start, to: line.arrives, calendar)
      #expect(calendar.instant(length, after: scenario.start) == line.arrives)
    }
    guard case .alert(let alert) = scenario.expectations[0].what, let opens = alert.opens else { return }
    #expect(
      timestamp(opens.from) == "2026-03-29T07:00:00.000Z" && timestamp(opens.before) == "2026-03-30T07:00:00.000Z")
  }

  @Test(arguments: writtenTimes)
  func `a time is as exact as it is written`(text: String, from: Double, before: Double) throws {
    let scenario = try #require(
      try scenarios(
        """
        scenarios:
          s: {start: 2026-01-05, until: 30d, account: a, story: [{event: e}], expect: [{no_alert: any, during: \(text)}]}
        """
      ).first)
    guard case .noAlert(_, let during?) = scenario.expectations[0].what else {
      Issue.record("no time")
      return
    }
    func hours(_ instant: Instant) -> Double {
      Double(instant.milliseconds - scenario.start.milliseconds) / 3_600_000
    }
    #expect(abs(hours(during.from) - from) < 1e-9 && abs(hours(during.before) - before) < 1e-9)
    #expect(during.contains(during.from))
    #expect(!during.contains(during.before))
  }

  @Test func `an expectation about several accounts is one about each`() throws {
    let scenario = try #require(
      try scenarios(
        """
        scenarios:
          s:
            start: 2026-01-05
            until: 30d
            story: [{event: e, account: [a, 7]}]
            expect: [{score: at least 1, account: [a, 7]}]
        """
      ).first)
    #expect(scenario.expectations.map(\.account) == ["a", "7"])
  }

  @Test func `a number is as exact as it is written, and a bound is exact`() throws {
    func expected(_ text: String) throws -> ExpectedNumber {
      let whole = try scenarios(
        """
        scenarios:
          s: {start: 2026-01-05, until: 1d, account: a, story: [{event: e}], expect: [{measure: trend, value: \(text)}]}
        """)
      guard case .measure(_, _, let value?, _, _)? = whole.first?.expectations.first?.what else {
        Issue.record("no value is expected: \(text)")
        return ExpectedNumber(text: text)
      }
      return value
    }
    // Ten of sixty, and what is shown of it.
    #expect(try expected("0.1667").holds(Rational(10, 60)) && !(try expected("0.166").holds(Rational(10, 60))))
    #expect(try expected("0.17").holds(Rational(10, 60)) && expected("0").holds(Rational(10, 60)))
    for bounds in ["at least 0.1667", "0.1667 to 1"] { #expect(try !expected(bounds).holds(Rational(10, 60))) }
    #expect(try expected("60").holds(Rational(119, 2)) && !expected("60").holds(Rational(121, 2)))
    var chance = SeededGenerator(seed: 3)
    for _ in 0..<100 {
      let value = Rational(.random(in: -5000...5000, using: &chance), .random(in: 1...700, using: &chance))
      let digits = Int.random(in: 0...6, using: &chance)
      #expect(try expected(value.text(digits: digits)).holds(value), "\(value) with \(digits) digits")
    }
  }

  @Test func `a config that the file names comes first, and what is wrong with it is said`() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.write("good.yaml", "rules: {mine: {kind: drop, by: 1, within: 1d}}\n")
    let bad = try scratch.write("bad.yaml", "rulez: {}\n")
    let text = """
      scenarios: {s: {start: 2026-01-05, until: 1d, account: a, story: [{event: e}], expect: [{no_alert: mine}]}}
      """
    let path = try scratch.write("s.yaml", "config: good.yaml\n\(text)")
    let file = try ScenarioFile.load(path: path, config: bad)
    #expect(file.configPath == "\(scratch.path)/good.yaml")
    guard case .config(let error, let named) = refusal(of: text, config: bad) else {
      Issue.record("accepted")
      return
    }
    #expect(named == bad && error.description.contains("rulez"))
    let missing = refusal { () throws(ScenarioError) in
      try ScenarioFile.load(path: scratch.path + "/none.yaml", config: nil)
    }
    guard case .unreadable(let name, let why) = missing else {
      Issue.record("accepted")
      return
    }
    #expect(name.hasSuffix("none.yaml") && why.contains("No such file"))
  }

  @Test func `an event that is nearly one of a feature is a warning`() throws {
    let scratch = try ScratchFolder()
    let config = try scratch.write(
      "k.yaml",
      "features: {reports: {events: [report.created, \"export.*\"]}, incidents: {events: incident.recorded}}\n")
    // A reserved event is no feature's, however near its name is.
    let names = ["report.creatd", "report.created", "export.creatd", "sentiment.recorded", "login"]
    let story = names.map { "{event: \($0)}" }.joined(separator: ", ")
    let file = try ScenarioFile.parse(
      text: """
        scenarios:
          s: {start: 2026-01-05, until: 1d, account: a, story: [\(story)], expect: [{score: 0 to 100}]}
        """, file: "s.yaml", directory: "", config: config)
    #expect(
      file.warnings.map(\.description) == [
        """
        s.yaml:2: scenarios.s.story[0].event: no feature of the config has the event "report.creatd" — did you mean \
        "report.created"?
        """
      ])
  }

  @Test func `a number changes evenly from the first to the last`() throws {
    var chance = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let ramp = Ramp(first: Int.random(in: 0...50, using: &chance), last: Int.random(in: 0...50, using: &chance))
      let count = Int.random(in: 2...60, using: &chance)
      let values = (0..<count).map { ramp.value($0, of: count) }
      #expect(values.first == ramp.first && values.last == ramp.last, "\(ramp)")
      let steps = zip(values, values.dropFirst()).map { $1 - $0 }
      #expect((steps.max() ?? 0) - (steps.min() ?? 0) <= 1, "\(ramp) in \(count): \(values)")
    }
  }

  /// Scenarios spoiled in every way. `KIZASHI_FUZZ` says which seeds.
  @Test(arguments: TestSupport.seeds(ProcessInfo.processInfo.environment["KIZASHI_FUZZ"], otherwise: 1...10))
  func `spoiled in any way are read, or every complaint names its place`(seed: UInt64) throws {
    let mutation = Mutation(words: [
      "every: ", "at: ", "from: ", "to: ", "for: ", "users: ", "between ", " and ", "before ", "99999999999d",
      "999999999d",
      "0d", "9999-12-31", "0001-01-01", "- ", "{", "}", "[", "]", ": ", "~", "&a", "*a", " to ", "-", "\t",
      "1970-01-01",
      #""\u202e""#, "end", "start", "always",
    ])
    var chance = SeededGenerator(seed: seed)
    for name in shippedScenarios {
      let path = repository.appending(path: "config/examples/scenarios/\(name)")
      let whole = Array(try Data(contentsOf: path))
      for _ in 0..<4 {
        let text = String(decoding: mutation(whole, &chance), as: UTF8.self)
        let directory = path.deletingLastPathComponent().path
        // Spoiled may also be the name of the config; then there is nothing more to say.
        guard case .problems(let problems) = refusal(of: text, directory: directory) else { continue }
        let count = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
        #expect(!problems.isEmpty, "seed \(seed), \(name)")
        for problem in problems {
          #expect((0...count + 1).contains(problem.line), "seed \(seed), \(name): \(problem)")
        }
      }
    }
  }
}

/// The scenarios of the distribution.
let shippedScenarios = [
  "standard.yaml", "minimal.yaml", "full.yaml", "japan.yaml", "drift-causes.yaml", "onboarding.yaml", "seats.yaml",
]

@Suite struct `The JSON Schema of scenarios` {
  private let schema: JSONSchema

  init() throws { schema = try JSONSchema(at: repository.appending(path: "config/scenario.schema.json")) }

  @Test func `has the keys the reader knows, no more and no fewer`() {
    for shape in Shape.allOfScenarios {
      let definition = schema.definition(shape.name)
      let keys = (definition?["properties"] as? [String: Any] ?? [:]).keys.sorted()
      #expect(keys == shape.keys.sorted(), "\(shape.name)")
      #expect((definition?["additionalProperties"] is [String: Any]) == shape.takesNames, "\(shape.name)")
    }
    let known = Set(Shape.allOfScenarios.map(\.name))
    for (name, definition) in schema.definitions where definition["properties"] != nil {
      #expect(known.contains(name), "nothing reads \(name)")
    }
  }

  @Test(arguments: shippedScenarios) func `accepts the distribution's scenarios`(name: String) throws {
    let path = repository.appending(path: "config/examples/scenarios/\(name)")
    #expect(try schema.complaint(about: try String(contentsOf: path, encoding: .utf8)) == nil)
  }

  @Test func `refuses most mistakes`() throws {
    // What a name refers to, and which of two times is the earlier, only the reader knows.
    let accepted = try scenarioMistakes.filter { try schema.complaint(about: $0.0) == nil }.map(\.1)
    #expect(accepted.count < scenarioMistakes.count / 2, "\(accepted)")
  }
}
