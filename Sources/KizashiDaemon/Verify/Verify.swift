import KizashiConfig
import KizashiCore
import KizashiStore

/// What `verify` found.
package struct VerifyReport: Sendable {
  /// A stored number that is not what the facts give.
  package struct Difference: Sendable, Equatable {
    package var account: String
    /// What of the account, in words: `score`, a measure's name and column, an attribute.
    package var what: String
    package var stored: String
    package var recomputed: String
  }
  package var accounts: Int
  package var facts: Int
  package var measures: Int
  /// In the order of accounts.
  package var differences: [Difference]
}

/// Recomputes every total, grade and score from the stored facts and compares: can the numbers be trusted?
package enum Verify {
  /// Reads one snapshot, also beside a running daemon.
  package static func run(storePath: String, configuration: Configuration) async throws(DaemonError) -> VerifyReport {
    do {
      let state = try StoredState.read(path: storePath)
      guard let stored = state.config else { return VerifyReport(accounts: 0, facts: 0, measures: 0, differences: []) }
      guard stored.hash == configuration.fingerprint else {
        throw DaemonError(
          .badConfig,
          "the store's numbers were computed under another config (version \(stored.version)); verify with that one, or start or reload the daemon first"
        )
      }
      return try compare(state, configuration.model, stored.version)
    } catch {
      throw DaemonError(error)
    }
  }

  private static func compare(_ state: StoredState, _ model: Model, _ version: Int) throws -> VerifyReport {
    let sources = state.restored.sources.map { SourceModel(name: "\($0.source)") }
    var engine = Engine(model: model, configVersion: version, sources: sources, seed: 0)
    try engine.restore(state.restored, mode: .recompute)
    var report = VerifyReport(accounts: 0, facts: 0, measures: state.measures.count, differences: [])
    try state.restored.facts.forEach { if $0.events > 0 { report.facts += 1 } }
    try state.restored.accountRows.forEach { row in
      report.accounts += 1
      guard row.band != nil else { return }
      report.check(row, state.lastScores[row.account], engine.explain(row.account), engine.name(of: row.account))
    }
    try report.checkMeasures(state, engine)
    try report.checkSeen(state.restored, engine)
    report.checkRecords(state, engine)
    return report
  }
}

extension VerifyReport {
  fileprivate mutating func check(_ account: String, _ what: String, _ stored: String, _ recomputed: String) {
    guard stored != recomputed else { return }
    differences.append(Difference(account: account, what: what, stored: stored, recomputed: recomputed))
  }

  /// What is shown of an account. Which of the known bands it is in is history, and compared with what the engine noted of it.
  fileprivate mutating func check(
    _ row: AccountRow, _ lastScore: (at: Instant, score: Int?)?, _ fresh: Explanation, _ name: String
  ) {
    check(name, "computed score", row.computedScore.points, fresh.computedScore.points)
    check(name, "score", row.score.points, fresh.score.points)
    check(name, "band", row.band ?? "-", fresh.band ?? "-")
    check(name, "coverage", row.coverage.text, Optional(fresh.coverage.approximate).text)
    check(name, "phase", row.phase ?? "-", fresh.phase ?? "-")
    check(name, "touch", row.touch ?? "-", fresh.touch ?? "-")
    check(name, "last score of its history", (lastScore?.score).points, fresh.score.points)
  }

  /// Measures that have a grade must have a row.
  fileprivate mutating func checkMeasures(_ state: StoredState, _ engine: borrowing Engine) throws {
    var next = state.measures.startIndex
    try state.restored.accountRows.forEach { account in
      var stored: [String: (value: Double?, grade: Int?, missing: Bool)] = [:]
      while next < state.measures.endIndex, state.measures[next].account <= account.account {
        let row = state.measures[next]
        if row.account == account.account { stored[row.measure] = (row.value, row.grade, row.missing) }
        next += 1
      }
      guard account.band != nil else { return }
      let name = engine.name(of: account.account)
      for measure in engine.explain(account.account).measures {
        guard let row = stored[measure.name] else {
          check(name, "\(measure.name) grade", "-", measure.grade.points)
          continue
        }
        check(name, "\(measure.name) grade", row.grade.points, measure.grade.points)
        check(name, "\(measure.name) missing", "\(row.missing)", "\(measure.missing)")
        // A grade that has settled is not looked at again, so that its value may have grown since; see decision 0004.
        if row.grade != measure.grade {
          check(name, "\(measure.name) value", row.value.text, (measure.value?.approximate).text)
        }
      }
    }
  }

  /// What an engine goes on from instead of all `group` lines must be what they come to.
  fileprivate mutating func checkRecords(_ state: StoredState, _ engine: borrowing Engine) {
    var stored: [AccountID: [AttributeRow]] = [:]
    for row in state.attributes { stored[row.account, default: []].append(row) }
    for account in 0..<AccountID(accounts) {
      let computed = engine.attributeRows(of: account)
      guard stored[account, default: []] != computed else { continue }
      let name = engine.name(of: account)
      let was = Dictionary(stored[account, default: []].map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      let now = Dictionary(computed.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
      for attribute in Set(was.keys).union(now.keys).sorted() {
        check(name, "attribute \(attribute)", was[attribute].text, now[attribute].text)
      }
    }
    let (known, given) = (Self.byUser(state.userAccounts), Self.byUser(engine.userAccountRows()))
    for user in Set(known.keys).union(given.keys).sorted() where known[user] != given[user] {
      let names = [known[user], given[user]].map { $0.map { engine.name(of: $0.account) } ?? "-" }
      check(names[1], "account of user \(user)", names[0], names[1])
    }
  }

  private static func byUser(_ rows: [UserAccountRow]) -> [String: UserAccountRow] {
    Dictionary(rows.map { ("\($0.user) of source \($0.source)", $0) }, uniquingKeysWith: { $1 })
  }

  /// First and last use, and the number of events, must be what the facts say.
  fileprivate mutating func checkSeen(_ restored: Restored, _ engine: borrowing Engine) throws {
    var first: [AccountID: Int64] = [:]
    var last: [AccountID: Int64] = [:]
    try restored.facts.forEach { fact in
      first[fact.account] = min(first[fact.account] ?? .max, fact.first)
      last[fact.account] = max(last[fact.account] ?? .min, fact.last)
    }
    try restored.accountRows.forEach { row in
      let name = engine.name(of: row.account)
      check(name, "last seen", row.lastSeen.instant, last[row.account].instant)
      // Expired facts are gone, what they were first is kept.
      guard let stored = row.firstSeen, let found = first[row.account], stored > found else { return }
      check(name, "first seen", Optional(stored).instant, Optional(found).instant)
    }
  }
}

extension Optional<AttributeRow> {
  /// For comparison and display: `-` where there is none.
  fileprivate var text: String { map { "\($0.value?.shown ?? "removed") at \($0.updatedAt.rfc3339)" } ?? "-" }
}

extension Optional where Wrapped: CustomStringConvertible {
  /// For comparison and display: `-` where there is none.
  fileprivate var text: String { map(\.description) ?? "-" }
}

extension Int? {
  /// Hundredths of a point as people read them.
  fileprivate var points: String { map { Rational(Int128($0), 100).text(digits: 2) } ?? "-" }
}

extension Int64? {
  /// Milliseconds since 1970 as people read them.
  fileprivate var instant: String { map { Instant(milliseconds: $0).rfc3339 } ?? "-" }
}
