import Foundation
import Testing

private let analyze = program("systemd-analyze")

/// The systemd units, as systemd itself reads them.
@Suite struct `Units` {
  /// A root folder with the units as `scripts/install` puts them, and a program where they look for one.
  private func staged<Result>(_ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
      let script = Repository().root.appending(path: "scripts/install").path()
      let ran = try run(
        script, ["--prefix", "/usr", "--binary", "/bin/true"], environment: ["DESTDIR": folder.path()])
      try #require(ran.status == 0, "\(ran.output)")
      return try body(folder)
    }
  }

  @Test(.enabled(if: analyze != nil, "systemd-analyze is missing: apt-get install systemd"))
  func `systemd accepts the installed units without a warning`() throws {
    try staged { folder in
      let ran = try run(
        analyze ?? "",
        [
          "--man=no", "--recursive-errors=no", "--root=\(folder.path())", "verify", "kizashi.service",
          "kizashi.socket",
        ])
      #expect(ran.status == 0, "\(ran.output)")
    }
  }

  @Test(.enabled(if: analyze != nil, "systemd-analyze is missing: apt-get install systemd"))
  func `the service is exposed to no more than 1.5`() throws {
    let unit = Repository().root.appending(path: "systemd/kizashi.service").path()
    let ran = try run(analyze ?? "", ["security", "--offline=true", "--threshold=15", "--no-pager", unit])
    #expect(ran.status == 0, "\(ran.output)")
  }

  private func settings(_ name: String) throws -> [Substring] {
    try Repository().file("systemd/\(name)").lines.filter { !$0.hasPrefix("#") }
  }

  @Test func `the service says when it is ready, is watched, and reloads with an answer`() throws {
    let lines = try settings("kizashi.service")
    for line in [
      "Type=notify", "WatchdogSec=30", "Restart=on-failure", "RestartPreventExitStatus=78", "StateDirectory=kizashi",
      "RuntimeDirectory=kizashi", "ConfigurationDirectory=kizashi", "Environment=LIBDISPATCH_LOG=NO", "User=kizashi",
      "ExecReload=/usr/local/bin/kizashi reload --config /etc/kizashi/kizashi.yaml",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
    // The peers of the socket would all look like nobody.
    #expect(!lines.contains { $0.hasPrefix("PrivateUsers=") })
  }

  @Test func `the socket is for the group alone and keeps connections that wait`() throws {
    let lines = try settings("kizashi.socket")
    for line in [
      "ListenStream=/run/kizashi/events.sock", "FileDescriptorName=events", "SocketMode=0660", "FlushPending=no",
    ] { #expect(lines.contains(Substring(line)), "\(line)") }
  }

  @Test(.enabled(if: program("systemd-sysusers") != nil, "systemd-sysusers is missing: apt-get install systemd"))
  func `systemd makes the user`() throws {
    try staged { folder in
      try FileManager.default.createDirectory(at: folder.appending(path: "etc"), withIntermediateDirectories: true)
      let ran = try run(
        program("systemd-sysusers") ?? "",
        ["--root=\(folder.path())", folder.appending(path: "usr/lib/sysusers.d/kizashi.conf").path()])
      #expect(ran.status == 0, "\(ran.output)")
      let users = try String(contentsOf: folder.appending(path: "etc/passwd"), encoding: .utf8)
      #expect(users.contains("kizashi:"), "\(users)")
      #expect(users.contains("/var/lib/kizashi"), "\(users)")
    }
  }
}
