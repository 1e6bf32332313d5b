import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

@Suite struct `Views of accounts` {
  private func written(_ change: (inout Commit) -> Void, model: Model = Model()) throws -> TemporaryStore {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard(model))
    var commit = smallCommit()
    change(&commit)
    try store.write(CommitUnit(commit))
    return temporary
  }

  private func day(_ daysBefore: Int, score: Int?, account: AccountID = 0) -> ScoreHistoryRow {
    let at = noon.advanced(by: Int64(-daysBefore) * 86_400_000)
    return ScoreHistoryRow(
      account: account, day: BusinessCalendar.utc.day(of: at.tile), at: at, score: score, band: 0)
  }

  @Test func `an account shows its score, its trend and when it was seen`() throws {
    let temporary = try written { commit in
      commit.accountRows = [accountRow(0, score: 5643, band: "yellow"), accountRow(1, score: nil, band: nil)]
      commit.scoreHistory = [
        day(40, score: 9000), day(20, score: 9181), day(7, score: 9180), day(6, score: 1), day(0, score: 5643),
        day(6, score: 10, account: 1),
      ]
    }
    #expect(
      try temporary.rows("SELECT * FROM accounts ORDER BY account") == [
        [
          "acme", "56.43", "yellow", "0.65", "56.43", "-35.37", "-33.57", "NULL", "NULL", "1970-01-01T00:00:00.000Z",
          "2025-11-19T12:00:00.000Z", "2025-11-19T12:00:00.000Z", "1",
        ],
        [
          "globex", "NULL", "NULL", "0.65", "NULL", "NULL", "NULL", "NULL", "NULL", "1970-01-01T00:00:00.000Z",
          "2025-11-19T12:00:00.000Z", "2025-11-19T12:00:00.000Z", "1",
        ],
      ])
  }

  @Test func `a trend needs a score in force at its start`() throws {
    let temporary = try written { commit in
      commit.accountRows = [accountRow(0, score: 5000), accountRow(1, score: 5000)]
      commit.scoreHistory = [day(6, score: 4000), day(9, score: 3000, account: 1), day(8, score: nil, account: 1)]
    }
    #expect(try temporary.rows("SELECT trend_7d FROM accounts") == [["NULL"], ["NULL"]])
  }

  @Test func `score history has one row a day, the last`() throws {
    let temporary = try written { commit in
      commit.scoreHistory = [day(1, score: 100), day(0, score: 7000), day(0, score: 7050)]
    }
    #expect(
      try temporary.rows("SELECT * FROM score_history WHERE account = 'acme' ORDER BY day") == [
        ["acme", "2025-11-18", "2025-11-18T12:00:00.000Z", "1.0", "green", "1"],
        ["acme", "2025-11-19", "2025-11-19T12:00:00.000Z", "70.5", "green", "1"],
      ])
  }

  @Test func `measures have names and dimensions of the current config`() throws {
    let temporary = try written { commit in
      commit.accountRows = [accountRow(0, score: 5000, at: noon.advanced(by: 7))]
      commit.measureRows = [
        MeasureRow(account: 0, measure: 0, value: 3.5, grade: 9512, share: 0.3, points: 28.536, missing: false),
        MeasureRow(account: 0, measure: 3, value: nil, grade: nil, share: 0, points: 0, missing: true),
      ]
    }
    #expect(
      try temporary.rows("SELECT * FROM measures WHERE account = 'acme' ORDER BY measure") == [
        ["acme", "recency", "usage", "3.5", "95.12", "0.3", "28.54", "0", "2025-11-19T12:00:00.007Z"],
        ["acme", "trend", "usage", "NULL", "NULL", "0.0", "0.0", "1", "2025-11-19T12:00:00.007Z"],
      ])
  }

  @Test func `old measures leave the view and keep their names in old changes`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    commit.accountRows = [accountRow(0, score: 5000)]
    commit.measureRows = [
      MeasureRow(account: 0, measure: 2, value: 1, grade: 1, share: 1, points: 1, missing: false)
    ]
    commit.changes = [change(because: [line(2, 100, nil, nil, .event)])]
    try store.write(CommitUnit(commit))
    let other = Model(
      measures: [BuiltIn.measures[3]],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("trend", 1)])])])
    let version = try store.register(.standard(other, hash: "2"))
    var next = Commit()
    next.now = noon
    next.measureRows = [
      MeasureRow(account: 0, measure: 0, value: 1, grade: 1, share: 1, points: 1, missing: false)
    ]
    try store.write(CommitUnit(next, version: version))
    #expect(try temporary.rows("SELECT measure, dimension FROM measures") == [["trend", "d"]])
    #expect(try temporary.rows("SELECT because ->> '$[0].measure' FROM changes") == [["breadth"]])
  }

  @Test func `attributes are shown as text and can go`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    commit.attributes = [
      AttributeRow(account: 0, name: "csm", value: .string("sato"), updatedAt: noon),
      AttributeRow(account: 0, name: "seats", value: .number("10.50"), updatedAt: noon),
      AttributeRow(account: 0, name: "trial", value: .bool(true), updatedAt: noon),
    ]
    try store.write(CommitUnit(commit))
    var next = Commit()
    next.now = noon
    next.attributes = [
      AttributeRow(account: 0, name: "csm", value: nil, updatedAt: noon),
      AttributeRow(account: 0, name: "trial", value: .bool(false), updatedAt: noon.advanced(by: 1)),
    ]
    try store.write(CommitUnit(next))
    #expect(
      try temporary.rows("SELECT * FROM account_attributes ORDER BY name") == [
        ["acme", "seats", "10.50", "2025-11-19T12:00:00.000Z"], ["acme", "trial", "false", "2025-11-19T12:00:00.001Z"],
      ])
    // An engine has to know that one was removed, and when.
    #expect(
      try store.restore(factHorizonHours: nil).attributes.all() == [
        next.attributes[0], commit.attributes[1], next.attributes[1],
      ])
  }

  @Test func `what people say of an account is shown as they sent it`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    func said(_ sequence: Int64, _ event: String, _ fields: [(name: String, value: Scalar)]) -> StoredRecord {
      StoredRecord(
        sequence: sequence, source: 0, at: noon.advanced(by: sequence), account: 0, user: nil, id: nil,
        record: Record(kind: .track, event: event, fields: fields, line: "{}"))
    }
    commit.records = [
      said(
        1, "sentiment.recorded", [("value", .number("4")), ("by", .string("sato")), ("note", .string("all is well"))]),
      said(2, "survey.responded", [("survey", .string("nps")), ("score", .number("9"))]),
      said(
        3, "override.set",
        [
          ("kind", .string("score")), ("value", .number("70")), ("value", .number("75")), ("by", .string("sato")),
          ("until", .string("2026-02-01")), ("reason", .string("factory closed")),
        ]),
      said(4, "touch.recorded", [("kind", .string("call"))]),
    ]
    try store.write(CommitUnit(commit))
    #expect(
      try temporary.rows("SELECT substr(at, 21), event, kind, value, until, by, note FROM notes WHERE account = 'acme'")
        == [
          ["001Z", "sentiment.recorded", "NULL", "4", "NULL", "sato", "all is well"],
          ["003Z", "override.set", "score", "75", "2026-02-01", "sato", "factory closed"],
          ["004Z", "touch.recorded", "call", "NULL", "NULL", "NULL", "NULL"],
        ])
  }

  private func line(
    _ measure: Int, _ points: Int, _ from: Rational?, _ to: Rational?, _ cause: Cause
  ) -> ExplanationLine { ExplanationLine(measure: measure, points: points, from: from, to: to, cause: cause) }

  private func change(
    _ sequence: Int64 = 1, _ kind: Change.Kind = .score, subject: String = "", because: [ExplanationLine]
  ) -> Change {
    Change(
      sequence: sequence, account: 0, at: noon, kind: kind, subject: subject, from: "91.81", to: "56.43", delta: -3538,
      cause: .expiry, because: because)
  }

  @Test func `a change explains itself as documented`() throws {
    // Too large to be shown: cut to the largest whole number that is.
    let huge = Rational(Int128(3) << 70, 7)
    let temporary = try written { commit in
      commit.changes = [
        change(because: [
          line(3, -3040, Rational(2, 100), Rational(-38, 100), .expiry), line(0, -498, nil, Rational(6, 3), .silence),
          line(-1, 5, Rational(-1, 300), Rational(-1, 200), .mixed), line(-2, 0, huge, Rational(-7), .late),
          line(ExplanationLine.configuration, -5, nil, nil, .config),
        ]), change(2, .rule, subject: "gone-quiet", because: []),
      ]
    }
    let text = try temporary.rows("SELECT because FROM changes WHERE seq = 1")[0][0]
    #expect(
      text == """
        [{"measure":"trend","points":-30.40,"from":"0.02","to":"-0.38","cause":"expiry"},\
        {"measure":"recency","points":-4.98,"from":null,"to":"2","cause":"silence"},\
        {"measure":"cap","points":0.05,"from":"0.00","to":"0.00","cause":"mixed"},\
        {"measure":"override","points":0.00,"from":"\(Int64.max)","to":"-7","cause":"late"},\
        {"measure":"config","points":-0.05,"from":null,"to":null,"cause":"config"}]
        """)
    #expect(
      try temporary.rows("SELECT * FROM changes WHERE seq = 2") == [
        [
          "2", "acme", "2025-11-19T12:00:00.000Z", "2023-11-14T22:13:20.500Z", "rule", "gone-quiet", "91.81", "56.43",
          "-35.38", "expiry", "[]",
        ]
      ])
  }

  @Test(arguments: [1, 2] as [UInt64]) func `explanation values are rounded as rationals are`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let shift = Int.random(in: 0..<63, using: &random)
      let value = Rational(
        Int128(Int64.random(in: .min ... .max, using: &random) >> shift),
        Int128(Int64.random(in: 1...(.max), using: &random) >> Int.random(in: 0..<62, using: &random)) + 1)
      var text = TextBytes()
      text.append([line(0, 0, value, nil, .event)], measures: [4])
      let isWhole = value.numerator % value.denominator == 0
      // Core keeps the sign of what rounds to nothing away; so does this.
      let expected = "[[4,0,\"\(value.text(digits: isWhole ? 0 : 2))\",null,0]]"
      #expect(text.text == expected, "seed \(seed), \(value)")
    }
  }

  @Test func `an explanation of any length has room`() {
    let values: [ShownValue] = [
      .missing, ShownValue(1, over: 3), ShownValue(-(1 << 55) + 1, over: 2),
      ShownValue((1 << 55) - 1, over: (1 << 55) - 1),
      ShownValue(.min, over: 3), ShownValue(.max, over: 1), ShownValue(-1, over: .max),
    ]
    var lines: [ExplanationLine] = []
    for from in values {
      for to in values {
        for (measure, points) in [(0, Int(Int32.min)), (1, Int(Int32.max)), (ExplanationLine.scorecard, 0)] {
          lines.append(ExplanationLine(measure: measure, points: points, from: from, to: to, cause: .mixed))
        }
      }
    }
    let measures: [Int64] = [.min, .max]
    func shown(_ value: ShownValue) -> String {
      guard let rational = value.rational else { return "null" }
      let isWhole = value.numerator % value.denominator == 0
      return "\"\(rational.text(digits: isWhole ? 0 : 2))\""
    }
    let expected = lines.map { line in
      let measure = line.measure < 0 ? Int64(line.measure) : measures[line.measure]
      return "[\(measure),\(line.points),\(shown(line.from)),\(shown(line.to)),\(Cause.mixed.rawValue)]"
    }
    // From no room at all on, each time beginning elsewhere.
    for start in 0..<70 {
      var text = TextBytes(capacity: 1)
      text.append(String(repeating: "-", count: start))
      for line in lines { text.append([line], measures: measures) }
      #expect(text.text == String(repeating: "-", count: start) + expected.map { "[\($0)]" }.joined())
    }
    var text = TextBytes(capacity: 1)
    text.append(lines, measures: measures)
    #expect(text.text == "[\(expected.joined(separator: ","))]")
  }

  @Test func `every view has the documented columns`() throws {
    let temporary = try written { _ in }
    let documented = [
      "accounts":
        "account, score, band, coverage, computed_score, trend_7d, trend_28d, phase, touch, first_seen_at, "
        + "last_seen_at, scored_at, config_version",
      "account_attributes": "account, name, value, updated_at",
      "feature_usage":
        "account, feature, window, events, users, active_days, previous_events, previous_users, "
        + "previous_active_days, first_seen_at, last_seen_at",
      "usage_daily": "account, feature, day, events, users",
      "measures": "account, measure, dimension, value, grade, share, points, missing, at",
      "score_history": "account, day, at, score, band, config_version",
      "changes": "seq, account, at, detected_at, kind, subject, from_value, to_value, delta, cause, because",
      "alerts":
        "alert_id, episode, rule, account, state, severity, at, detected_at, resolved_at, reason, playbook, shadow",
      "deliveries": "delivery_id, alert_id, hook, state, attempts, next_at, exit_code, output",
      "sources":
        "source, path, offset, size, lag_bytes, watermark_at, lines, events, duplicates, refused, state, stalled_at, waiting",
      "quarantine": "source, path, offset, reason, seen_at, sample", "refusals": "source, reason, lines",
      "users": "account, user, first_seen_at, last_seen_at",
      "milestones": "account, milestone, reached_at, due_at, count",
      "contracts": "account, product, state, mrr, currency, started_at, term_end, reason",
      "notes": "account, at, event, kind, value, until, by, note",
      "actions": "account, action, playbook, state, by, opened_at, due_at, done_at, note",
      "config_versions": "version, made_at, text",
      "meta": "now_ms, now_at, schema_version, config_version, program_version, clean_stop",
    ]
    for (view, columns) in documented {
      let found = try temporary.rows("SELECT group_concat(name, ', ') FROM pragma_table_info(?)", [view])
      #expect(found == [[columns]])
      #expect(try temporary.rows("SELECT * FROM \(view) LIMIT 1").count <= 1)
    }
    let views = try temporary.rows("SELECT name FROM sqlite_schema WHERE type = 'view'").joined()
    #expect(Set(views) == Set(documented.keys))
  }
}
