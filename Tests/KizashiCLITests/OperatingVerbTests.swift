import Foundation
import KizashiCore
import KizashiStore
import Testing

@testable import kizashi

/// Verbs that do something, where no daemon runs.
@Suite struct OperatingVerbTests {
  @Test func `check says what is good and explains it`() throws {
    let sample = try SampleStore(events: false)
    let good = try Program.run(["check", "--config", sample.config])
    #expect(good.status == 0)
    #expect(good.output == "\(sample.config) is good: 1 source, 4 measures, 2 rules, 2 hooks.\n")
    let explained = try Program.run(["check", "--explain", "--config", sample.config])
    #expect(explained.status == 0)
    #expect(explained.output.contains("gone-quiet"))
    #expect(explained.output.contains("down_for"))
  }

  @Test func `check is strict where it is asked to be`() throws {
    let sample = try SampleStore(events: false)
    let lenient = try Program.run(["check", "--config", sample.config])
    #expect(
      lenient.errors
        == "kizashi: warning: \(sample.config):11: hooks.bad: no rule runs this hook — name it in hooks of a rule\n")
    let strict = try Program.run(["check", "--strict", "--config", sample.config])
    #expect(strict.status == 78)
    #expect(strict.errors.contains("has 1 warning, and --strict allows none"))
  }

  @Test func `a rule is snoozed, listed and woken without a daemon`() throws {
    let sample = try SampleStore()
    let target = ["gone-quiet:acme", "--config", sample.config]
    let done = try Program.run(["snooze", "--for", "3d", "--reason", "they moved", "--by", "sato"] + target)
    #expect(done.status == 0, "\(done.errors)")
    // Said as it is listed.
    let table = try Program.run(["snooze", "list", "--config", sample.config])
    let until = try #require(table.output.split(separator: "\n").last?.split(separator: "  ").dropFirst().first)
    #expect(done.output == "gone-quiet:acme is snoozed until \(until) (UTC)\n", "\(table.output)")
    let list = try Program.run(["snooze", "--config", sample.config, "--format", "ndjson"])
    let hasAll = [#""rule":"gone-quiet""#, #""account":"acme""#, #""by":"sato""#, #""reason":"they moved""#].allSatisfy(
      list.output.contains)
    #expect(hasAll, "\(list.output)")
    #expect(try Program.run(["snooze", "--cancel"] + target).output == "gone-quiet:acme is not snoozed any more\n")
    for (arguments, status) in [
      (["snooze", "gone-quit", "--for", "1d", "--reason", "x"], 64), (["snooze", "gone-quiet", "--for", "1d"], 64),
      (["snooze", "--account", "nobody", "--for", "1d", "--reason", "x"], 1),
      (["snooze", "gone-quiet", "--for", "900d", "--reason", "x"], 64),
      (["snooze", "gone-quiet", "--until", "2020-01-01", "--reason", "x"], 64), (["snooze", "turned", "--cancel"], 1),
      (["snooze", "--reason", "x"], 64), (["snooze", "list", "--reason", "x"], 64),
    ] {
      let outcome = try Program.run(arguments + ["--config", sample.config])
      #expect(outcome.status == Int32(status), "\(arguments): \(outcome.errors)")
    }
  }

  @Test func `a backup is a store of its own and is never overwritten`() throws {
    let sample = try SampleStore()
    let copy = sample.directory + "/copy.db"
    let first = try Program.run(["backup", copy, "--config", sample.config])
    #expect(first.status == 0, "\(first.errors)")
    let original = try Program.run(["accounts", "--config", sample.config, "--format", "json"])
    let copied = try Program.run(["accounts", "--config", sample.config, "--db", copy, "--format", "json"])
    #expect(copied.output == original.output)
    let again = try Program.run(["backup", copy, "--config", sample.config])
    #expect(again.status == 73)
    let nowhere = try Program.run(["backup", sample.directory + "/no/such/folder.db", "--config", sample.config])
    #expect(nowhere.status == 73)
  }

  @Test func `dead deliveries are retried and waiting ones dropped without a daemon`() throws {
    let sample = try SampleStore()
    let reader = try StoreReader(path: sample.database)
    func states() throws -> [String: String] {
      try reader.deliveries(DeliveryQuery()).reduce(into: [:]) { $0[$1.deliveryID] = $1.state }
    }
    let retried = try Program.run(["deliveries", "retry", "--dead", "--config", sample.config])
    #expect(retried.status == 0, "\(retried.errors)")
    #expect(retried.output == "1 delivery to be tried again\n  turned:acme:1:firing:dead\n")
    let dropped = try Program.run(["deliveries", "drop", "turned:acme:1:firing:waiting", "--config", sample.config])
    #expect(dropped.status == 0, "\(dropped.errors)")
    #expect(try states() == ["turned:acme:1:firing:dead": "retry", "turned:acme:1:firing:waiting": "dead"])
    let unknown = try Program.run(["deliveries", "drop", "nobody", "--config", sample.config])
    #expect(unknown.status == 1)
    #expect(unknown.errors.contains("there is no delivery nobody"))
    // One that waits for its next attempt need not.
    let again = try Program.run(["deliveries", "retry", "turned:acme:1:firing:dead", "--config", sample.config])
    #expect(again.status == 0, "\(again.errors)")
    let open = try Program.run(["deliveries", "drop", "--open", "--hook", "good", "--config", sample.config])
    #expect(open.output == "1 delivery dropped\n  turned:acme:1:firing:dead\n", "\(open.errors)")
    #expect(try states() == ["turned:acme:1:firing:dead": "dead", "turned:acme:1:firing:waiting": "dead"])
    let twice = try Program.run(["deliveries", "drop", "turned:acme:1:firing:dead", "--config", sample.config])
    #expect(twice.status == 1)
    #expect(twice.errors.contains("only an open delivery") && twice.errors.contains("is dead"), "\(twice.errors)")
  }

  @Test func `a store that somebody holds is not changed: 69`() throws {
    let sample = try SampleStore()
    let holder = try Store(path: sample.database, programVersion: "test")
    let outcome = try Program.run(["deliveries", "retry", "--dead", "--config", sample.config])
    #expect(outcome.status == 69)
    #expect(try Program.run(["accounts", "--config", sample.config]).status == 0)
    try holder.close(clean: true)
  }

  @Test func `a hook is tried with its output escaped and its exit code told`() throws {
    let sample = try SampleStore(events: false)
    let good = try Program.run(["hook", "test", "good", "--config", sample.config])
    #expect(good.status == 0, "\(good.errors)")
    #expect(good.output.contains(#"got \u{1b}[31m"#))
    let bad = try Program.run(["hook", "test", "bad", "--config", sample.config])
    #expect(bad.status == 1)
    #expect(bad.errors.contains("3"))
    #expect(bad.errors.contains("  no\n"))
    let json = try Program.run(["hook", "test", "bad", "--config", sample.config, "--format", "json"])
    #expect(json.status == 1)
    #expect(json.output.contains("\"exit_code\": 1"))
  }

  @Test func `replay reads a file once, verify agrees, and strict minds refused lines`() throws {
    let sample = try SampleStore(events: false)
    let events = sample.directory + "/sample.ndjson"
    let lines = try Program.run(["generate", "--accounts", "3", "--days", "3", "--events", "300", "--no-attributes"])
    try (lines.output + "{\"account\":\"acme\u{1b}\"\n").write(toFile: events, atomically: true, encoding: .utf8)
    func replay(_ more: [String]) throws -> (status: Int32, values: [String: Any]) {
      let outcome = try Program.run(["replay", events, "--config", sample.config, "--format", "json"] + more)
      #expect(outcome.errors == "")
      let values = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      return (outcome.status, try #require(values))
    }
    let first = try replay(["--strict"])
    #expect(first.status == 65)
    #expect(first.values["refusals"] as? [String: Int] == ["bad_json": 1])
    #expect(first.values["accounts"] as? Int == 3)
    let again = try replay([])
    #expect(again.status == 0)
    #expect(again.values["lines"] as? Int == 0)
    let verified = try Program.run(["verify", "--config", sample.config])
    #expect(verified.status == 0, "\(verified.errors)")
    #expect(verified.output.hasPrefix("All agree: 3 accounts, "))
    let refused = try Program.run(["quarantine", "--config", sample.config])
    #expect(refused.output.contains(#"{"account":"acme\u{1b}"#))
  }

  @Test func `replay counts alerts once, however they end, and tells the time as other verbs do`() throws {
    let sample = try SampleStore(events: false)
    try SampleStore.configText.replacing("timezone: UTC", with: "timezone: Asia/Tokyo").write(
      toFile: sample.config, atomically: true, encoding: .utf8)
    // Silent for so long that it is told, and back again.
    let lines = ["01", "02", "20"].map { #"{"timestamp":"2025-11-\#($0)T20:00:00Z","account":"acme","event":"login"}"# }
    let outcome = try Program.run(
      ["replay", "-", "--config", sample.config], input: lines.joined(separator: "\n") + "\n")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let alerts = try Program.run(["alerts", "--config", sample.config, "--limit", "0", "--format", "ndjson"]).output
    let count = alerts.split(separator: "\n").count
    #expect(alerts.contains(#""resolved_at":"2025-11-20"#) && count > 0, "\(alerts)")
    let opened = "\(Wording.counted(Int64(count), "alert")) opened"
    #expect(
      outcome.output.hasSuffix("\(opened); the clock stands at 2025-11-21 05:00 (Asia/Tokyo, UTC+09:00)\n"),
      "\(outcome.output)")
  }

  @Test func `generate gives the same bytes for the same seed`() throws {
    func bytes(_ more: [String]) throws -> Data {
      let outcome = try Program.run(["generate", "--accounts", "5", "--days", "3", "--events", "400"] + more)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.bytes
    }
    let first = try bytes(["--seed", "7"])
    #expect(try bytes(["--seed", "7"]) == first)
    #expect(try bytes(["--seed", "8"]) != first)
    let lines = first.split(separator: UInt8(ascii: "\n"))
    #expect(lines.count >= 400)
    for line in lines.prefix(20) { #expect((try JSONSerialization.jsonObject(with: Data(line))) is [String: Any]) }
    #expect(try bytes(["--no-attributes", "--seed", "7"]).count < first.count)
  }
}
