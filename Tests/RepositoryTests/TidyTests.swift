import Foundation
import Testing

/// House rules that a machine can keep.
@Suite struct `Tidy sources` {
  private static let code = [".swift", ".cpp", ".hpp", ".h", ".c"]

  @Test func `no source is longer than 500 lines`() throws {
    for file in try Repository().files(in: ["Sources", "Tests"], ending: Self.code) {
      #expect(file.lines.count <= 501, "\(file.path) has \(file.lines.count - 1) lines")
    }
  }

  @Test func `no line ends in a space or holds a tab`() throws {
    for file in try Repository().files(in: ["Sources", "Tests"], ending: Self.code) {
      #expect(file.places(of: #" $|\t"#, comments: true) == [])
    }
  }

  @Test func `nothing is left to be done later`() throws {
    // Put together here, so that this file does not find itself.
    let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].joined(separator: "|")
    for file in try Repository().files(in: ["Sources", "Tests", "scripts", "systemd"], ending: [""]) {
      #expect(file.places(of: "\\b(\(markers))\\b", comments: true) == [])
    }
  }

  @Test func `nothing is forced where it could fail`() throws {
    for file in try Repository().files(in: ["Sources"], ending: [".swift"]) {
      #expect(file.places(of: #"\btry!|\bas! |\bfatalError\("#) == [])
    }
  }

  @Test func `tests wait for what happens, never for time to pass`() throws {
    // In a wait with a deadline a short sleep gives the thread away: there, and in the helpers that make such waits, it
    // may stand.
    for file in try Repository().files(in: ["Tests"], ending: ["Tests.swift"]) {
      let lines = file.lines
      for (number, line) in lines.enumerated() {
        let sleep = #"\bTask\.sl"# + #"eep\b|\bThread\.sl"# + #"eep\b|\b(u|nano)?sl"# + #"eep\("#
        guard line.range(of: sleep, options: .regularExpression) != nil else { continue }
        let waits = lines[max(0, number - 3)..<number].contains { $0.contains("eventually {") }
        #expect(waits, "\(file.path):\(number + 1): \(line)")
      }
    }
  }

  @Test func `no file names a place of one machine`() throws {
    let places = ["/wo" + "rk/", "/opt/" + "swift", "/tmp/" + "wt", "/root" + "/"]
    let files = try Repository().files(
      ending: Self.code + [".md", ".yaml", ".yml", ".json", ".sh", ".1", ".service", ".socket", "Package.swift"])
    for file in try files + Repository().files(in: ["scripts", ".ci"], ending: [""]) {
      #expect(file.places(of: places.joined(separator: "|"), comments: true) == [])
    }
  }

  @Test func `every decision record is linked and every link leads somewhere`() throws {
    let repository = Repository()
    let pages = try repository.files(ending: [".md"])
    var linked: Set<String> = []
    for page in pages {
      let folder = repository.root.appending(path: page.path).deletingLastPathComponent()
      for match in page.text.matches(of: #/\]\(([^)\s#]+)(#[^)\s]*)?\)/#) {
        let target = String(match.1)
        if target.contains(":") { continue }
        let url = folder.appending(path: target).standardized
        #expect(FileManager.default.fileExists(atPath: url.path()), "\(page.path) links to \(target)")
        linked.insert(url.path())
      }
    }
    for page in pages where page.path.wholeMatch(of: #/docs/decisions/\d{4}-.*\.md/#) != nil {
      #expect(linked.contains(repository.root.appending(path: page.path).path()), "\(page.path) is linked from nowhere")
    }
  }

  @Test func `the licence is the Apache License 2.0`() throws {
    let text = try Repository().file("LICENSE").text
    #expect(text.contains("Version 2.0, January 2004"))
    #expect(text.contains("END OF TERMS AND CONDITIONS"))
  }
}
