import Foundation
import Testing

/// What can be said of the scripts without building anything.
@Suite struct `Scripts` {
  private static let commands = ["run", "test", "check", "install", "soak", "bench"]

  @Test(arguments: commands)
  func `a script stops at the first error and says what it does`(_ name: String) throws {
    let file = try Repository().file("scripts/\(name)")
    #expect(file.lines.first == "#!/usr/bin/env bash")
    #expect(file.text.contains("\nset -euo pipefail\n"))
    let path = Repository().root.appending(path: file.path).path()
    #expect(FileManager.default.isExecutableFile(atPath: path))
    let help = try run(path, ["--help"])
    #expect(help.status == 0, "\(help.output)")
    #expect(help.output.contains("scripts/\(name)"), "\(help.output)")
    let wrong = try run(path, ["--no-such-option"])
    #expect(wrong.status == 64, "\(wrong.output)")
    #expect(wrong.output.contains("--help"), "\(wrong.output)")
  }

  @Test func `shellcheck has nothing to say`() throws {
    let root = Repository().root
    let paths = (Self.commands + ["lib.sh", "demo/notify.sh"]).map { root.appending(path: "scripts/\($0)").path() }
    let all = paths + [root.appending(path: ".ci/run").path()]
    if let shellcheck = program("shellcheck") {
      let said = try run(shellcheck, ["-x"] + all)
      #expect(said.status == 0, "\(said.output)")
    } else {
      // Not everybody has it; what bash itself refuses is found anyway.
      let bash = try #require(program("bash"))
      for path in all { #expect(try run(bash, ["-n", path]).status == 0, "\(path)") }
    }
  }

  @Test func `installing to a folder and uninstalling leaves the config and nothing else`() throws {
    let script = Repository().root.appending(path: "scripts/install").path()
    try withTemporaryFolder { folder in
      let environment = ["DESTDIR": folder.path()]
      func tree() throws -> Set<String> {
        let walk = try #require(FileManager.default.enumerator(atPath: folder.path()))
        return Set(walk.compactMap { $0 as? String }.filter { !isFolder(folder.appending(path: $0)) })
      }
      // Any program stands for the daemon: nothing is started from here.
      let first = try run(script, ["--binary", "/bin/true"], environment: environment)
      #expect(first.status == 0, "\(first.output)")
      let installed = try tree()
      for path in [
        "usr/local/bin/kizashi", "usr/local/lib/systemd/system/kizashi.service",
        "usr/local/lib/systemd/system/kizashi.socket", "usr/local/lib/sysusers.d/kizashi.conf",
        "usr/local/share/man/man1/kizashi.1", "etc/kizashi/kizashi.yaml",
      ] { #expect(installed.contains(path), "\(path) is not among \(installed.sorted())") }

      let config = folder.appending(path: "etc/kizashi/kizashi.yaml")
      try "version: 1\n".write(to: config, atomically: true, encoding: .utf8)
      let again = try run(script, ["--binary", "/bin/true"], environment: environment)
      #expect(again.status == 0, "\(again.output)")
      #expect(try tree() == installed)
      #expect(try String(contentsOf: config, encoding: .utf8) == "version: 1\n")

      #expect(try run(script, ["--uninstall"], environment: environment).status == 0)
      #expect(try tree() == ["etc/kizashi/kizashi.yaml"])
      #expect(try run(script, ["--uninstall", "--purge"], environment: environment).status == 0)
      #expect(try tree() == [])
    }
  }

  private func isFolder(_ url: URL) -> Bool {
    (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true
  }
}
