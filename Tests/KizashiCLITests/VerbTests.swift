import Foundation
import KizashiCore
import Testing

@testable import kizashi

/// What every verb has in common.
@Suite struct VerbTests {
  /// Every verb with the least it needs.
  static let verbs: [[String]] = [
    ["accounts"], ["account", "acme"], ["changes"], ["alerts"], ["sources"], ["quarantine", "list"],
    ["quarantine", "retry"], ["deliveries", "list"], ["deliveries", "retry", "x"], ["deliveries", "drop", "x"],
    ["hook", "test", "good"], ["source", "retire", "app"], ["backup", "copy.db"], ["check"], ["reload"], ["snooze"],
    ["replay", "none.ndjson"], ["verify"], ["run"],
  ]

  @Test(arguments: verbs + [["generate"]]) func `every verb's help shows examples`(verb: [String]) throws {
    // Names only: arguments such as ids are none of `--help`'s business.
    let names = verb.filter { !["acme", "x", "good", "app", "copy.db", "none.ndjson"].contains($0) }
    let help = try Program.run(names + ["--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("Examples:\n"))
    // A default is shown as it would be typed.
    #expect(!help.output.contains("(milliseconds:"), "\(help.output)")
    #expect(help.output.contains("  kizashi \(names.joined(separator: " "))"))
  }

  @Test func `the program tells its version and its verbs`() throws {
    let version = try Program.run(["--version"])
    #expect(version.status == 0)
    #expect(version.output.hasPrefix("kizashi "))
    let help = try Program.run([])
    #expect(help.status == 0)
    for verb in Self.verbs { #expect(help.output.contains("  \(verb[0])"), "\(verb[0])") }
    #expect(try Program.run(["--generate-completion-script", "bash"]).output.contains("quarantine"))
  }

  @Test func `a verb that there is not is named, and the one it is like`() throws {
    let near = try Program.run(["acount", "acme"])
    #expect(near.status == 64)
    #expect(near.errors.contains("there is no verb “acount”"))
    #expect(near.errors.contains("did you mean account?"))
    let far = try Program.run(["xyzzy\u{1b}[2J"])
    #expect(far.status == 64)
    #expect(!far.errors.contains("\u{1b}") && !far.errors.contains("did you mean"), "\(far.errors)")
  }

  @Test(arguments: verbs) func `a bad config ends every verb with 78 and all its problems`(verb: [String]) throws {
    let sample = try SampleStore(events: false)
    try "version: 1\nbusines: {}\nbands: {green: 700}\n".write(toFile: sample.config, atomically: true, encoding: .utf8)
    let outcome = try Program.run(verb + ["--config", sample.config], in: sample.directory)
    #expect(outcome.status == 78)
    #expect(outcome.output == "")
    #expect(outcome.errors.contains("busines"))
    #expect(outcome.errors.contains("green"))
    let missing = try Program.run(verb + ["--config", sample.directory + "/none.yaml"], in: sample.directory)
    #expect(missing.status == 78)
    #expect(missing.errors.contains("none.yaml"))
  }

  @Test(arguments: [
    ["accounts"], ["account", "acme"], ["changes"], ["alerts"], ["sources"], ["quarantine", "list"],
    ["deliveries", "list"], ["deliveries", "retry", "x"], ["quarantine", "retry"], ["backup", "copy.db"],
    ["source", "retire", "app"],
  ]) func `without a store there is nothing to read: 69`(verb: [String]) throws {
    let sample = try SampleStore(events: false)
    let outcome = try Program.run(verb + ["--config", sample.config], in: sample.directory)
    #expect(outcome.status == 69)
    #expect(outcome.errors.contains("there is no store"))
    #expect(!FileManager.default.fileExists(atPath: sample.database))
  }

  @Test func `without a daemon a verb that needs one ends with 69`() throws {
    let sample = try SampleStore(events: false)
    let outcome = try Program.run(["reload", "--config", sample.config], in: sample.directory)
    #expect(outcome.status == 69)
    #expect(outcome.errors.contains("no daemon runs"))
    #expect(!FileManager.default.fileExists(atPath: sample.database))
  }

  @Test(arguments: [
    ["accounts", "--colour"], ["accounts", "--below", "3"],
    ["accounts", "--measure", "a", "--feature", "b", "--below", "1"],
    ["accounts", "--where", "=x"], ["accounts", "--limit", "-1"], ["accounts", "--sort", "luck"],
    ["accounts", "--format", "xml"], ["account"], ["account", "a", "--format", "csv"],
    ["account", "a", "--window", "30m"],
    ["changes", "--follow", "--format", "json"], ["changes", "--since", "yesterday"], ["changes", "--kind", "mood"],
    ["quarantine", "list", "--reason", "bad_jsn"], ["deliveries", "list", "--state", "lost"], ["deliveries", "retry"],
    ["deliveries", "retry", "x", "--dead"], ["deliveries", "drop", "x", "--open", "--hook", "h"],
    ["deliveries", "drop", "--open"], ["replay"], ["replay", "-", "-"], ["generate", "--days", "0"],
    ["generate", "--live", "5", "--incident", "acme"], ["nonsense"],
  ]) func `wrong usage ends with 64`(arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.output == "")
    #expect(!outcome.errors.isEmpty)
  }

  @Test func `a name that is nearly right is hinted at`() throws {
    let sample = try SampleStore()
    func errors(_ arguments: [String]) throws -> (Int32, String) {
      let outcome = try Program.run(arguments + ["--config", sample.config])
      return (outcome.status, outcome.errors)
    }
    let account = try errors(["account", "Acm"])
    #expect(account.0 == 1)
    #expect(account.1.contains("did you mean acme?"))
    let unknown = try errors(["changes", "--account", "zzzzzzzzzz\u{1b}"])
    #expect(unknown.0 == 1)
    #expect(unknown.1.contains("zzzzzzzzzz\\u{1b}"))
    let measure = try errors(["accounts", "--measure", "recensy", "--below", "40"])
    #expect(measure.0 == 64)
    #expect(measure.1.contains("did you mean recency?"))
    let feature = try errors(["accounts", "--feature", "report.create", "--below", "1"])
    #expect(feature.0 == 64)
    #expect(feature.1.contains("did you mean report.created?"))
    let hook = try errors(["hook", "test", "goood"])
    #expect(hook.0 == 64)
    #expect(hook.1.contains("did you mean good?"))
  }

  static let filters: [([String], wrong: String, right: String)] = [
    (["alerts", "--rule"], "gone-quite", "gone-quiet"), (["accounts", "--band"], "gren", "green"),
    (["accounts", "--touch"], "hihg", "high"),
    (["deliveries", "list", "--hook"], "god", "good"), (["deliveries", "retry", "--dead", "--hook"], "god", "good"),
    (["quarantine", "list", "--source"], "ap", "app"), (["quarantine", "retry", "--source"], "ap", "app"),
  ]

  @Test(arguments: filters) func `a filter that nobody knows is wrong usage, not an empty list`(
    verb: [String], wrong: String, right: String
  ) throws {
    let sample = try SampleStore()
    let outcome = try Program.run(verb + [wrong, "--config", sample.config])
    #expect(outcome.status == 64, "\(outcome.output)")
    #expect(outcome.errors.contains("“\(wrong)”") && outcome.errors.contains("did you mean \(right)?"))
    // Another config knows none of these names, but the rows have them, and the config the numbers come from.
    try "version: 1\nbands: {good: 50}\nstore: {path: kizashi.db}\nsources: [{id: x, kind: file, paths: [x]}]\n"
      .write(toFile: sample.config, atomically: true, encoding: .utf8)
    let known = try Program.run(verb + [right, "--config", sample.config])
    guard verb.first == "quarantine", verb.contains("retry") else {
      #expect(known.status != 64 && known.status != 78, "\(known.errors)")
      return
    }
    // What decodes lines anew does it under the store's own config or not at all.
    #expect(known.status == 78 && known.errors.contains("under another config"), "\(known.errors)")
  }

  @Test func `a phase is one of the config's`() throws {
    let sample = try SampleStore()
    try (SampleStore.configText + "\nphases: {onboarding: {when: {tenure: {below: 30d}}}, retention: {}}\n")
      .write(toFile: sample.config, atomically: true, encoding: .utf8)
    let wrong = try Program.run(["accounts", "--phase", "retentoin", "--config", sample.config])
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("there is no phase “retentoin”") && wrong.errors.contains("did you mean retention?"))
    #expect(try Program.run(["accounts", "--phase", "retention", "--config", sample.config]).status == 0)
  }

  @Test func `what may be asked for without any row is no mistake`() throws {
    let sample = try SampleStore()
    for arguments in [
      ["alerts", "--rule", "pipeline.stalled"], ["accounts", "--band", "unknown"], ["deliveries", "--hook", "bad"],
    ] {
      let outcome = try Program.run(arguments + ["--config", sample.config])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
  }

  @Test func `advice fits what was tried`() throws {
    let sample = try SampleStore()
    func errors(_ arguments: [String]) throws -> String {
      let outcome = try Program.run(arguments)
      #expect([64, 69, 73].contains(outcome.status))
      return outcome.errors
    }
    let folder = try errors(["accounts", "--config", sample.config, "--db", sample.directory])
    #expect(folder.contains("this is a directory") && folder.contains("--db"), "\(folder)")
    let nowhere = try errors(["accounts", "--config", sample.config, "--db", sample.directory + "/no/x.db"])
    #expect(nowhere.contains("Check --db or store.path") && !nowhere.contains("mkdir"), "\(nowhere)")
    let copy = sample.directory + "/no/copy.db"
    let unmade = try errors(["backup", copy, "--config", sample.config])
    #expect(unmade.contains("to \(copy): ") && unmade.contains("name a file in a directory"), "\(unmade)")
    let there = try errors(["backup", sample.config, "--config", sample.config])
    #expect(there.contains("the file exists already") && !there.contains("See the message"), "\(there)")
    #expect(try errors(["accounts", "--limit", "-1"]).contains("--limit needs a number from 0 up, found -1"))
    // Where this machine has a config of its own, what it says counts.
    if !FileManager.default.fileExists(atPath: "/etc/kizashi/kizashi.yaml") {
      let bare = try errors(["accounts"])
      #expect(bare.contains("--config") && bare.contains("--db") && !bare.contains("mkdir"), "\(bare)")
    }
  }
}
