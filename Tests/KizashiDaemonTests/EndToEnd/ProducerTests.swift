import Foundation
import Glibc
import KizashiClient
import TestSupport
import Testing

/// The acknowledged socket as producers use it: the client library and `kizashi send` against a real daemon.
@Suite(.timeLimit(.minutes(2))) struct ProducerTests {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  private func configure(_ place: Workspace) throws {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: sock, kind: unix, path: \(place.file("e.sock"))}
      """)
  }

  private func line(_ number: Int, _ producer: String = "p") -> String {
    // Without an id: what counts twice shows.
    #"{"timestamp":\#(presentMilliseconds()),"account":"\#(producer)","user":"u\#(number % 7)","event":"e\#(number % 3)"}"#
  }

  /// Events counted, by account.
  private func totals(_ place: Workspace) throws -> [[String]] {
    try place.rows(
      "SELECT a.name, sum(f.events) FROM fact f JOIN account_name a ON a.id = f.account GROUP BY 1 ORDER BY 1")
  }

  @Test func `clients lose nothing and nothing counts twice while the daemon is killed under them`() async throws {
    let note = Comment(rawValue: "KIZASHI_SEED=\(Self.seed)")
    let place = try Workspace()
    try configure(place)
    var random = SeededGenerator(seed: Self.seed)
    let names = ["p1", "p2", "p3"]
    let count = 3000
    let clients = try names.map {
      var options = ClientOptions(socketPath: place.file("e.sock"), producer: $0)
      options.longestRetryMilliseconds = 100
      options.bufferBytes = 20_000
      return try KizashiClient(options)
    }
    let sending = Task {
      try await withThrowingTaskGroup { group in
        for (name, client) in zip(names, clients) {
          group.addTask {
            if name == "p3" {
              // Handed over in blocks, of more bytes than the buffer has.
              for start in stride(from: 0, to: count, by: 500) {
                let lines = (start..<start + 500).map { line($0, name) + "\n" }.joined()
                try await client.send(lines: lines.utf8)
              }
            } else {
              for number in 0..<count { try await client.send(line(number, name)) }
            }
            try await client.flush()
          }
        }
        try await group.waitForAll()
      }
    }
    for _ in 0..<4 {
      let daemon = try Child.daemon(place)
      let before = clients.reduce(0) { $0 + $1.status.acknowledged }
      let goal = before + Int64.random(in: 1...1500, using: &random)
      _ = await eventually {
        clients.reduce(0) { $0 + $1.status.acknowledged } >= min(goal, Int64(names.count * count) - 1)
      }
      let acknowledged = clients.map(\.status.acknowledged)
      daemon.signal(SIGKILL)
      #expect(await daemon.ended() == 128 + SIGKILL, note)
      // What was acknowledged before the kill is stored.
      let stored = Dictionary(uniqueKeysWithValues: try totals(place).map { ($0[0], Int64($0[1]) ?? 0) })
      for (name, lines) in zip(names, acknowledged) {
        #expect(stored[name, default: 0] >= lines, "\(name) \(note)")
      }
    }
    let daemon = try Child.daemon(place)
    try await sending.value
    for client in clients {
      #expect(client.status.acknowledged == Int64(count) && client.status.lost == 0, note)
      client.close()
    }
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText) \(note)")
    #expect(try totals(place) == names.map { [$0, "\(count)"] }, note)
  }

  @Test func `send stores a file once, however often it is run, and goes on where it grew`() async throws {
    let place = try Workspace()
    try configure(place)
    let daemon = try Child.daemon(place)
    #expect(await daemon.started())
    let file = try place.write("in.ndjson", (0..<100).map { line($0) + "\n" }.joined() + "{bad\n")
    let first = try await Child.run(["send", "--config", place.config, "--format", "json", file], in: place)
    #expect(first.status == 0, "\(first.errors)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any])
    #expect(report["sent"] as? Int == 101 && report["refused"] as? Int == 1, "\(first.output)")
    let handle = try #require(FileHandle(forWritingAtPath: file))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data((line(7) + "\n" + line(8)).utf8))
    try handle.close()
    let second = try await Child.run(["send", "--config", place.config, file], in: place)
    #expect(second.output.hasPrefix("2 lines stored") && second.output.contains("101 lines had been stored before"))
    #expect(try totals(place) == [["p", "102"]])
    // Another file under the same name has other lines.
    let other = try place.write("other/in.ndjson".replacing("/", with: "-"), line(1) + "\n")
    let clash = try await Child.run(["send", "--config", place.config, "--producer", "x", file], in: place)
    #expect(clash.status == 0)
    let short = try await Child.run(["send", "--config", place.config, "--producer", "x", other], in: place)
    #expect(short.status == 65 && short.errors.contains("has 103 lines of x, and the input has only 1"))
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0)
  }

  @Test func `send says that no daemon answers, and where`() async throws {
    let place = try Workspace()
    try configure(place)
    let file = try place.write("in.ndjson", line(1) + "\n")
    let (status, output, errors) = try await Child.run(
      ["send", "--config", place.config, "--timeout", "2s", file], in: place)
    #expect(status == 69 && output.isEmpty)
    #expect(errors.contains("no daemon answers at \(place.file("e.sock")): No such file or directory"), "\(errors)")
    #expect(errors.contains("systemctl start kizashi"))
  }

  @Test func `two processes under one name are told so instead of mixing their lines`() async throws {
    let place = try Workspace()
    try configure(place)
    let daemon = try Child.daemon(place)
    #expect(await daemon.started())
    let options = ClientOptions(socketPath: place.file("e.sock"), producer: "same")
    let first = try KizashiClient(options)
    try await first.send(line(1))
    try await first.flush()
    let second = try KizashiClient(options)
    #expect(try await second.connect() == 1)
    await #expect(throws: ClientError.refused("a newer connection of this producer has taken over")) {
      while true {
        try await first.send(line(2))
        try await first.flush()
      }
    }
    second.close()
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0)
  }
}
