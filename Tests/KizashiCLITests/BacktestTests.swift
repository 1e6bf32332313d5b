import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import kizashi

/// `kizashi generate --book`, `replay` and `backtest` as a user runs them.
@Suite struct BacktestVerbTests {
  /// A folder with a config, a book of customers replayed under it, and what becomes of each.
  final class BookStore: Sendable {
    let directory: String
    var config: String { directory + "/kizashi.yaml" }
    var database: String { directory + "/kizashi.db" }
    let truth: [[String]]

    static let text = """
      version: 1
      store: {path: kizashi.db, retention: never}
      rules:
        goes-quiet: {kind: silence, feature: any, after: 14d}
        falls:
          kind: trend
          of: {count: {window: 28d}}
          min_volume: 20
          below: -0.5
          for: 3d
        grows: {kind: trend, of: {count: {window: 28d}}, min_volume: 20, above: 0.5, severity: opportunity}
      """

    init(lines: String? = nil) throws {
      let url = FileManager.default.temporaryDirectory.appendingPathComponent("kizashi-backtest-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      directory = url.path
      let options = ["generate", "--book", "--accounts", "60", "--days", "500", "--events", "40000", "--churn", "40"]
      truth = try Program.run(options + ["--truth"]).output.split(separator: "\n").dropFirst().map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      try Self.text.write(toFile: config, atomically: true, encoding: .utf8)
      let input = try lines ?? Program.run(options).output
      let replay = try Program.run(["replay", "--config", config, "-"], input: input)
      try #require(replay.status == 0, "\(replay.errors)")
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func write(_ text: String, _ name: String) throws -> String {
      let path = directory + "/" + name
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }

    func backtest(_ more: [String] = [], config other: String? = nil) throws -> [String: Any] {
      let outcome = try Program.run(["backtest", "--config", other ?? config, "--format", "json"] + more)
      try #require(outcome.status == 0, "\(outcome.errors)")
      return try #require(try JSONSerialization.jsonObject(with: outcome.bytes) as? [String: Any])
    }
  }

  private static let shared = Result { try BookStore() }

  private func side(_ report: [String: Any], _ name: String = "new") throws -> [String: Any] {
    try #require(report[name] as? [String: Any])
  }

  /// An object as text, to compare.
  private func canonical(_ object: Any?) throws -> String {
    let object = try #require(object as? [String: Any])
    let data = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    return String(decoding: data, as: UTF8.self)
  }

  @Test func `the churns are those of the book, told by an event or by a list`() throws {
    let book = try Self.shared.get()
    let left = book.truth.filter { !$0[5].isEmpty }
    try #require(left.count > 10)
    let report = try book.backtest()
    #expect((report["churn"] as? [String: Any])?["churns"] as? Int == left.count)
    #expect(try side(report)["churns"] as? Int == left.count)
    #expect(report["baseline"] as? String == "same")
    // Cancellations come at noon of their day; one at its beginning is a little sooner.
    let list = "account,date\r\n" + left.map { "\"\($0[0])\",\($0[5])\r\n" }.joined() + "nobody,2025-05-05\n"
    let listed = try book.backtest(["--churn-file", book.write(list, "churn.csv")])
    let churn = try #require(listed["churn"] as? [String: Any])
    #expect(churn["churns"] as? Int == left.count && churn["unmatched"] as? Int == 1)
  }

  @Test func `shares of the book add up and months follow each other`() throws {
    let report = try Self.shared.get().backtest()
    let months = try #require(side(report)["months"] as? [[String: Any]])
    #expect(months.count == 17)
    #expect(months.map { $0["month"] as? String ?? "" } == months.map { $0["month"] as? String ?? "" }.sorted())
    for month in months {
      let bands = try #require(month["bands"] as? [String: Double])
      #expect(Set(bands.keys) == ["green", "yellow", "red", "unknown"])
      #expect(abs(bands.values.reduce(0, +) - 1) < 0.0005)
    }
  }

  @Test func `nothing is written to the store`() throws {
    let book = try Self.shared.get()
    let before = try Data(contentsOf: URL(fileURLWithPath: book.database))
    _ = try book.backtest(["--list"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: book.database)) == before)
    let log = (try? Data(contentsOf: URL(fileURLWithPath: book.database + "-wal"))) ?? Data()
    #expect(log.isEmpty)
  }

  /// Each hour holds at most one event of a name by a user, so that every fact is one event.
  private static func sparse(seed: UInt64) -> String {
    var random = SeededGenerator(seed: seed)
    var lines: [(at: Int, text: String)] = []
    for hour in 0..<24 * 200 {
      for account in 0..<6 where random.int(0...(account == hour / 800 ? 200 : 12)) == 0 {
        let at = 1_735_689_600_000 + hour * 3_600_000 + random.int(0...3_599_999)
        let name = ["report.created", "api.call", "login"][random.int(0...2)]
        lines.append(
          (at, #"{"timestamp":\#(at),"account":"a\#(account)","user":"u\#(random.int(0...3))","event":"\#(name)"}"#))
        if random.chance(2) {
          lines.append(
            (at + 1, #"{"timestamp":\#(at + 1),"account":"a\#(account)","type":"group","traits":{"csm":"ito"}}"#))
        }
      }
    }
    return lines.sorted { $0.at < $1.at }.map { $0.text + "\n" }.joined()
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `under the same config it finds what the replay of the same lines stored`(seed: UInt64) throws {
    let book = try BookStore(lines: Self.sparse(seed: seed))
    let report = try book.backtest(["--list"])
    let episodes = try #require(report["episodes"] as? [[String: Any]])
    let alerts = try Program.run(["alerts", "--config", book.config, "--limit", "0", "--format", "json"])
    let stored = try #require(try JSONSerialization.jsonObject(with: alerts.bytes) as? [[String: Any]])
    func text(_ rows: [[String: Any]]) -> [String] {
      rows.map { row in
        ["at", "rule", "account", "resolved_at"].map { row[$0] as? String ?? "-" }.joined(separator: " ")
      }
      .sorted()
    }
    #expect(stored.count > 5, "seed \(seed)")
    #expect(text(episodes) == text(stored), "seed \(seed)")
    #expect(episodes.allSatisfy { $0["seen"] as? String == "both" })
  }

  @Test func `another config is compared with the store's, and with what is stored`() throws {
    let book = try Self.shared.get()
    let text = BookStore.text.replacing("after: 14d", with: "after: 21d").replacing("falls:", with: "sinks:")
    let other = try book.write(text, "new.yaml")
    let report = try book.backtest(config: other)
    #expect(report["baseline"] as? String == "stored")
    let rules = try #require(report["rules"] as? [[String: Any]])
    #expect(rules.map { $0["rule"] as? String } == ["goes-quiet", "sinks", "grows", "falls"])
    let alone = try book.backtest()
    let own = try #require(alone["rules"] as? [[String: Any]])
    for rule in rules {
      if rule["rule"] as? String == "sinks" {
        #expect(rule["old"] is NSNull)
        #expect(rule["stored"] as? Int == 0)
        #expect(rule["both"] as? Int == 0)
        continue
      }
      // The store's own config gives what it gives alone.
      let same = own.first { $0["rule"] as? String == rule["rule"] as? String }
      #expect(try canonical(rule["old"]) == canonical(same?["new"]))
      #expect(same?["only_new"] as? Int == 0 || rule["rule"] as? String != "goes-quiet")
    }
    // A longer silence opens fewer, and each of these while the shorter one is open.
    let quiet = try #require(rules.first)
    #expect(quiet["both"] as? Int ?? 0 > 0)
    #expect(quiet["only_new"] as? Int == 0)
    #expect(quiet["only_stored"] as? Int ?? 0 > 0)
    // Of severity opportunity: no warning of churn, unless it is asked for.
    let total = try #require(try side(report)["alerts"] as? Int)
    let named = try book.backtest(["--rule", "goes-quiet", "--rule", "sinks"], config: other)
    #expect(try side(named)["alerts"] as? Int == total)
    let listed = try book.backtest(["--rule", "goes-quiet", "--list"], config: other)
    let episodes = try #require(listed["episodes"] as? [[String: Any]])
    #expect(!episodes.isEmpty && episodes.allSatisfy { $0["rule"] as? String == "goes-quiet" })
    #expect(try book.backtest(["--alone"], config: other)["old"] is NSNull)
    let file = try book.backtest(["--against", book.config], config: other)
    #expect(file["baseline"] as? String == "file")
    #expect(try canonical(file["old"]) == canonical(report["old"]))
  }

  @Test func `a period counts its own alerts and churns`() throws {
    let book = try Self.shared.get()
    let whole = try book.backtest(["--list"])
    let parts = try [["--to", "2025-05-31T23:59:59Z"], ["--from", "2025-06-01T00:00:00Z"]].map {
      try book.backtest($0 + ["--list"])
    }
    for key in ["alerts", "churns", "foreseen"] {
      let sums = try parts.map { try side($0)[key] as? Int ?? -1 }
      #expect(try sums.reduce(0, +) == side(whole)[key] as? Int, "\(key): \(sums)")
    }
    let lists = try parts.map { try #require($0["episodes"] as? [[String: Any]]) }
    // Those of the first part that recall of the second counts are listed there, too.
    let (early, late) = (
      lists[1].filter { ($0["at"] as? String ?? "") < "2025-06-01" },
      lists[1].filter { ($0["at"] as? String ?? "") >= "2025-06-01" }
    )
    #expect(lists[0].count + late.count == (whole["episodes"] as? [Any])?.count)
    #expect(!early.isEmpty && early.allSatisfy { $0["churned_at"] as? String ?? "" >= "2025-06-01" })
  }

  @Test func `what is required decides the exit code`() throws {
    let book = try Self.shared.get()
    let report = try side(book.backtest())
    let recall = try #require(report["recall"] as? Double)
    try #require(recall > 0 && recall < 1)
    let met = try Program.run(["backtest", "--config", book.config, "--alone", "--require-recall", "0"])
    #expect(met.status == 0 && met.output.contains("is met"))
    let unmet = try Program.run(["backtest", "--config", book.config, "--alone", "--require-recall", "1"])
    #expect(unmet.status == 1 && unmet.output.contains("not met:\n  recall 0."), "\(unmet.output)")
    #expect(unmet.output.hasSuffix("), required 1\n"))
    // Nothing has been seen for as long as that: what cannot be told is not met.
    let unknown = try Program.run(
      ["backtest", "--config", book.config, "--horizon", "3000d", "--require-precision", "0"])
    #expect(unknown.status == 1)
  }

  @Test func `each format has its shape`() throws {
    let book = try Self.shared.get()
    func run(_ more: String...) throws -> String {
      try Program.run(["backtest", "--config", book.config] + more).output
    }
    let csv = try run("--format", "csv").split(separator: "\n")
    #expect(
      csv[0].hasPrefix("rule,config,severity,counts,alerts,gone,accounts,alerts_per_account_year,precision,hits,"))
    #expect(csv.count == 5)
    let list = try run("--format", "csv", "--list").split(separator: "\n")
    #expect(list[0] == "at,rule,account,resolved_at,seen,outcome,churned_at,lead_days")
    #expect(list.count > 10)
    let line = try run("--format", "ndjson")
    #expect(line.split(separator: "\n").count == 1)
    let table = try run()
    #expect(table.contains("PRECISION") && table.contains("goes-quiet") && table.contains("BOOK, NEW"))
  }

  @Test func `wrong arguments and wrong data are told apart`() throws {
    let book = try Self.shared.get()
    func run(_ more: [String]) throws -> Program.Outcome {
      try Program.run(["backtest", "--config", book.config] + more)
    }
    for wrong in [
      ["--churn-event", "x", "--churn-file", "y"], ["--against", "a", "--alone"], ["--lead", "181d"],
      ["--horizon", "0d"], ["--churn-attribute", "closed"], ["--churn-attribute", "=closed"], ["--rule", "gone-quiet"],
      ["--require-recall", "2"], ["--from", "yesterday"], ["--from", "2025-09-01", "--to", "2025-08-01"],
      ["--from", "2030-01-01"],
    ] {
      let outcome = try run(wrong)
      #expect(outcome.status == 64, "\(wrong): \(outcome.status) \(outcome.errors)")
    }
    #expect(try run(["--rule", "gone-quiet"]).errors.contains("did you mean goes-quiet?"))
    let bad = try book.write("account,date\nacme-0001,2025-05-03\nacme-0002\n", "bad.csv")
    let outcome = try run(["--churn-file", bad])
    #expect(outcome.status == 65 && outcome.errors.contains("bad.csv:3"))
    #expect(try run(["--churn-file", book.directory + "/none.csv"]).status == 69)
    #expect(try run(["--against", book.write("version: 7\n", "bad.yaml")]).status == 78)
    #expect(try run(["--db", book.directory + "/none.db"]).status == 69)
    for wrong in [
      ["--truth"], ["--churn", "3"], ["--book", "--live", "5"], ["--book", "--late", "5"],
      ["--book", "--churn", "101"],
    ] {
      #expect(try Program.run(["generate"] + wrong).status == 64, "\(wrong)")
    }
  }

  @Test func `fields of a list may be quoted`() {
    #expect(ChurnFile.fields(#"a,b"#) == ["a", "b"])
    #expect(ChurnFile.fields(#""a, ""b""",c"#) == [#"a, "b""#, "c"])
    #expect(ChurnFile.fields("") == [""])
    #expect(ChurnFile.fields("a,") == ["a", ""])
  }
}
