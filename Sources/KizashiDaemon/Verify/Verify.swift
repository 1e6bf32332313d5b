import KizashiConfig
import KizashiCore
import KizashiStore

/// What `verify` found.
package struct VerifyReport: Sendable {
  /// A stored number that is not what the facts give.
  package struct Difference: Sendable, Equatable {
    package var account: String
    /// `score`, `coverage`, or a measure's name and column.
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
      let fresh = engine.explain(row.account)
      let name = engine.name(of: row.account)
      report.check(name, "score", row.computedScore.text, fresh.score.text)
      report.check(name, "coverage", row.coverage.text, Optional(fresh.coverage.approximate).text)
    }
    var fresh: (account: AccountID, explanation: Explanation)?
    for row in state.measures {
      if fresh?.account != row.account { fresh = (row.account, engine.explain(row.account)) }
      guard let measure = fresh?.explanation.measures.first(where: { $0.name == row.measure }) else { continue }
      let name = engine.name(of: row.account)
      report.check(name, "\(row.measure) grade", row.grade.text, measure.grade.text)
      report.check(name, "\(row.measure) missing", "\(row.missing)", "\(measure.missing)")
      // A grade that has settled is not looked at again, so that its value may have grown since; see decision 0004.
      if row.grade != measure.grade {
        report.check(name, "\(row.measure) value", row.value.text, (measure.value?.approximate).text)
      }
    }
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
      check(name, "last seen", row.lastSeen.text, last[row.account].text)
      // Expired facts are gone, what they were first is kept.
      guard let stored = row.firstSeen, let found = first[row.account], stored > found else { return }
      check(name, "first seen", "\(stored)", "\(found)")
    }
  }
}

extension Optional<AttributeRow> {
  /// For comparison and display: `-` where there is none.
  fileprivate var text: String { map { "\($0.value?.shown ?? "removed") at \($0.updatedAt.milliseconds)" } ?? "-" }
}

extension Optional where Wrapped: CustomStringConvertible {
  /// For comparison and display: `-` where there is none.
  fileprivate var text: String { map(\.description) ?? "-" }
}
