import Foundation
import KizashiCore
import Testing

@testable import KizashiConfig

@Suite struct `Config files` {
  @Test(arguments: shippedConfigs)
  func `of the distribution are right`(name: String) throws {
    let path = repository.appending(path: "config/\(name)").path
    let configuration = try Configuration.load(path: path, environment: ["HTTPS_PROXY": ""])
    #expect(configuration.warnings.allSatisfy { $0.message.contains("/etc/kizashi/hooks/notify.sh") })
    #expect(!configuration.sources.isEmpty)
  }

  @Test func `the built-in text is the shipped file`() throws {
    let shipped = try String(contentsOf: repository.appending(path: "config/kizashi.yaml"), encoding: .utf8)
    #expect(Configuration.standardText == shipped)
    #expect(try parse(Configuration.standardText).model.rules.count == 3)
  }

  @Test func `a missing file, a folder, a foreign encoding, an empty and a huge file are told apart`() throws {
    let scratch = try ScratchFolder()
    try Data([0x62, 0xFF]).write(to: URL(filePath: "\(scratch.path)/latin.yaml"))
    _ = try scratch.write("empty.yaml", "\u{FEFF}# was here\r\n\n \t\n---\n")
    _ = try scratch.write("huge.yaml", String(repeating: "#", count: 1 << 21))
    let expected = [
      ("missing.yaml", "No such file or directory", "name the config with --config"),
      ("", "Is a directory", "name the file in it"), ("latin.yaml", "it is not UTF-8 text", "save it as UTF-8"),
      ("empty.yaml", "nothing is in it", "write version: 1 where all defaults are wanted"),
      ("huge.yaml", "it is larger than 1024 KiB", "check the file"),
    ]
    for (name, why, hint) in expected {
      do {
        _ = try Configuration.load(path: "\(scratch.path)/\(name)")
        Issue.record("\(name) was accepted")
      } catch {
        let text = error.description
        #expect(text.hasPrefix("cannot read the config \"\(scratch.path)/\(name)\": "), "\(text)")
        #expect(text.contains(why) && text.contains(hint), "\(text)")
      }
    }
  }

  @Test func `relative paths start at the config's folder`() throws {
    let scratch = try ScratchFolder()
    _ = try scratch.write("days.txt", "\u{FEFF}# holidays\r\n2026-01-01\r\n\n 2026-05-03  # 憲法記念日\n")
    let path = try scratch.write(
      "k.yaml",
      """
      business: {holidays: days.txt}
      store: {path: data/k.db}
      sources:
        - {id: a, kind: file, paths: [logs/*.ndjson, /abs]}
        - {id: b, kind: unix, path: e.sock}
      """)
    let configuration = try Configuration.load(path: path)
    #expect(
      configuration.model.calendar.holidays == Set(["2026-01-01", "2026-05-03"].compactMap { CivilDate.parse($0) }))
    #expect(configuration.storePath == "\(scratch.path)/data/k.db")
    #expect(configuration.sources[0].kind == .file(paths: ["\(scratch.path)/logs/*.ndjson", "/abs"], rotated: []))
    #expect(configuration.sources[1].kind == .unix(path: "\(scratch.path)/e.sock", mode: 0o660, allowUIDs: []))
  }

  @Test func `a wrong holiday is reported with its own file and line, after the config's problems`() throws {
    let scratch = try ScratchFolder()
    let days = try scratch.write("days.txt", "2026-01-01\n1 May\n")
    let path = try scratch.write("k.yaml", "business: {holidays: days.txt}\nlogs: 1\n")
    do {
      _ = try Configuration.load(path: path)
      Issue.record("accepted")
    } catch {
      let lines = error.description.split(separator: "\n")
      #expect(lines.count == 2)
      #expect(lines[0].hasPrefix("\(path):2: logs: unknown key \"logs\" — did you mean \"log\"?"))
      #expect(
        lines[1]
          == "\(days):2: expected a date such as 2026-05-03, found \"1 May\" — one date a line, # begins a comment")
    }
  }

  @Test func `doubtful things are warnings and do not stop anything`() throws {
    let scratch = try ScratchFolder()
    let plain = try scratch.write("plain.sh", "#!/bin/sh\n")
    let configuration = try parse(
      """
      hooks:
        gone: {run: [/nowhere/notify.sh]}
        folder: {run: [\(scratch.path)]}
        plain: {run: [\(plain)], env: [NOBODY_SET_THIS]}
      features: {reports: {events: [r]}}
      measures: {a: {metric: {count: {feature: report, window: 7d}}, grade: {points: [[0, 0], [9, 100]]}}}
      rules:
        r: {kind: band_change, hooks: [gone, folder, plain]}
        s: {kind: threshold, measure: a, below: 20}
      """)
    let texts = configuration.warnings.map(\.description)
    #expect(
      texts == [
        "kizashi.yaml:1: there are no sources: only replay will read anything — add sources:",
        """
        kizashi.yaml:2: hooks.gone.run[0]: there is no file "/nowhere/notify.sh" yet: the hook would fail — install it
        """,
        """
        kizashi.yaml:3: hooks.folder.run[0]: \(quoted(path: scratch.path)) is a directory: the hook would fail — name the \
        program in it
        """,
        "kizashi.yaml:4: hooks.plain.run[0]: \(quoted(path: plain)) is not executable: the hook would fail — chmod +x it",
        """
        kizashi.yaml:4: hooks.plain.env[0]: the daemon's environment has no NOBODY_SET_THIS: the hook will not have it \
        — set it, or give a value
        """,
        """
        kizashi.yaml:6: measures.a.metric.count.feature: no feature is named "report": it is taken as the name of an \
        event — did you mean "reports"?
        """,
      ])
  }
}
