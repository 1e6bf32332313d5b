import Foundation
import Testing

@testable import KizashiIngest

/// Stores what it is given when it is told to, as the daemon's commits do: only then receipts go out.
private actor CommittingSink: ChunkSink {
  private(set) var lines: [String: [String]] = [:]
  private(set) var positions: [String: StreamPosition] = [:]
  private(set) var events: [SourceEvent.Kind] = []
  private var owed: [String: (Receipt, any ReceiptTaker)] = [:]
  private var commitsByItself: Bool
  private var watchers: [(isDone: (isolated CommittingSink) -> Bool, resume: CheckedContinuation<Void, Never>)] = []

  init(commitsByItself: Bool = true) { self.commitsByItself = commitsByItself }

  func accept(_ chunk: Chunk) {
    let key = chunk.position.key
    positions[key] = chunk.position.ending == .closed ? nil : chunk.position
    // A chunk without bytes only moves the position.
    let fresh =
      chunk.bytes.isEmpty
      ? []
      : chunk.bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    lines[key, default: []] += chunk.bytes.last == 0x0a ? fresh.dropLast() : fresh
    if let wish = chunk.acknowledgement {
      var receipt = owed[key]?.0 ?? Receipt(key: key, lines: 0)
      receipt.lines = chunk.position.lines
      if !chunk.oversize.isEmpty {
        receipt.refused.append(Receipt.RefusedLine(line: wish.firstLine - 1, reason: "oversize"))
      }
      for (index, line) in fresh.enumerated() where line.hasPrefix("bad") {
        receipt.refused.append(Receipt.RefusedLine(line: wish.firstLine + Int64(index), reason: "bad_json"))
      }
      owed[key] = (receipt, wish.taker)
    }
    if commitsByItself { commit() }
    notify()
  }

  func drained(source _: String) {}
  func report(_ event: SourceEvent) {
    events.append(event.kind)
    notify()
  }

  /// What was accepted is stored now.
  func commit() {
    for (receipt, taker) in owed.values { taker.take(receipt) }
    owed = [:]
  }

  private func notify() {
    let done = watchers.filter { $0.isDone(self) }
    watchers.removeAll { $0.isDone(self) }
    for watcher in done { watcher.resume.resume() }
  }

  func wait(until isDone: @escaping @Sendable (isolated CommittingSink) -> Bool) async {
    if isDone(self) { return }
    await withCheckedContinuation { watchers.append((isDone, $0)) }
  }
}

extension Producer {
  /// The next line from the daemon; nil: it closed the connection.
  fileprivate func reply() async -> String? {
    await blocking { [self] in
      var line: [UInt8] = []
      var byte: UInt8 = 0
      while recv(descriptor, &byte, 1, 0) == 1 {
        if byte == 0x0a { return String(decoding: line, as: UTF8.self) }
        line.append(byte)
      }
      return nil
    }
  }

  fileprivate func hello(_ name: String) { send("{\"$hello\":1,\"producer\":\"\(name)\",\"ack\":true}\n") }
}

@Suite(.timeLimit(.minutes(1))) struct `An acknowledging socket` {
  let scratch: Scratch
  var path: String { scratch["events.sock"] }

  init() throws { scratch = try Scratch() }

  private func serving(
    _ sink: CommittingSink, positions: [StreamPosition] = [], mostProducers: Int = 10_000,
    _ body: () async throws -> Void
  ) async throws {
    let source = try UnixSocketSource(
      id: "sock", path: path, mostProducers: mostProducers, epoch: "t0", positions: positions)
    try await source.listen()
    let running = Task { try await source.run(sink: sink) }
    do {
      try await body()
    } catch {
      running.cancel()
      throw error
    }
    running.cancel()
    try await running.value
  }

  @Test func `tells how many lines are stored, and each time more are`() async throws {
    let sink = CommittingSink(commitsByItself: false)
    try await serving(sink) {
      let producer = try Producer(path)
      producer.hello("web-1")
      #expect(await producer.reply() == #"{"$hello":1,"committed":0}"#)
      producer.send("one\ntwo\nthr")
      await sink.wait { $0.lines["sock/web-1"] == ["one", "two"] }
      await sink.commit()
      #expect(await producer.reply() == #"{"$ack":2}"#)
      producer.send("ee\n")
      await sink.wait { $0.lines["sock/web-1"] == ["one", "two", "three"] }
      await sink.commit()
      #expect(await producer.reply() == #"{"$ack":3}"#)
    }
    #expect(await sink.positions["sock/web-1"]?.lines == 3)
    #expect(await sink.positions["sock/web-1"]?.offset == 14)
  }

  @Test func `counts every line feed behind the hello, and names the lines that were refused`() async throws {
    let sink = CommittingSink(commitsByItself: false)
    try await serving(sink) {
      let producer = try Producer(path)
      producer.hello("web-1")
      _ = await producer.reply()
      producer.send("one\n\nbad\n\nbad too\nlast\n")
      await sink.wait { $0.lines["sock/web-1"]?.count == 6 }
      await sink.commit()
      #expect(await producer.reply() == #"{"$refused":3,"reason":"bad_json"}"#)
      #expect(await producer.reply() == #"{"$refused":5,"reason":"bad_json"}"#)
      #expect(await producer.reply() == #"{"$ack":6}"#)
      producer.send([UInt8](repeating: 0x78, count: LineFramer.lineLimit + 1) + [0x0a])
      await sink.wait { $0.positions["sock/web-1"]?.lines == 7 }
      await sink.commit()
      #expect(await producer.reply() == #"{"$refused":7,"reason":"oversize"}"#)
      #expect(await producer.reply() == #"{"$ack":7}"#)
    }
  }

  @Test func `goes on behind the last whole line after a broken connection and after a restart`() async throws {
    let sink = CommittingSink()
    try await serving(sink) {
      let first = try Producer(path)
      first.hello("web-1")
      first.send("one\ntwo\nunfinis")
      #expect(await first.reply() == #"{"$hello":1,"committed":0}"#)
      first.close()
      #expect(await first.reply() == #"{"$ack":2}"#)
      #expect(await first.reply() == nil)
      let second = try Producer(path)
      second.hello("web-1")
      #expect(await second.reply() == #"{"$hello":1,"committed":2}"#)
      second.send("three\n")
      #expect(await second.reply() == #"{"$ack":3}"#)
    }
    let stored = await Array(sink.positions.values)
    let later = CommittingSink()
    try await serving(later, positions: stored) {
      let third = try Producer(path)
      third.hello("web-1")
      #expect(await third.reply() == #"{"$hello":1,"committed":3}"#)
      third.send("four\n")
      #expect(await third.reply() == #"{"$ack":4}"#)
    }
    #expect(await sink.lines["sock/web-1"] == ["one", "two", "three"])
    #expect(await later.lines["sock/web-1"] == ["four"])
    #expect(await later.positions["sock/web-1"]?.offset == 19)
  }

  @Test func `of two connections of one producer the newer wins, and hears only what is stored`() async throws {
    let sink = CommittingSink(commitsByItself: false)
    try await serving(sink) {
      let older = try Producer(path)
      older.hello("web-1")
      _ = await older.reply()
      older.send("one\ntwo\n")
      await sink.wait { $0.lines["sock/web-1"]?.count == 2 }
      let newer = try Producer(path)
      newer.hello("web-1")
      newer.send("three\n")
      #expect(await older.reply()?.hasPrefix(#"{"$error":"a newer connection"#) == true)
      #expect(await older.reply() == nil)
      // Two lines are on their way to the store: before they are there nobody can say a true number.
      await sink.commit()
      #expect(await newer.reply() == #"{"$hello":1,"committed":2}"#)
      await sink.wait { $0.lines["sock/web-1"]?.count == 3 }
      await sink.commit()
      #expect(await newer.reply() == #"{"$ack":3}"#)
    }
    #expect(await sink.lines["sock/web-1"] == ["one", "two", "three"])
  }

  @Test func `producers are counted apart, and connections that say no hello as before`() async throws {
    let sink = CommittingSink()
    try await serving(sink) {
      let (a, b, plain) = (try Producer(path), try Producer(path), try Producer(path))
      plain.send("{\"$hell\":1}\nplain\n")
      plain.close()
      a.hello("a")
      b.hello("b")
      a.send("from a\n")
      b.send("from b\nfrom b\n")
      #expect(await a.reply() == #"{"$hello":1,"committed":0}"#)
      #expect(await a.reply() == #"{"$ack":1}"#)
      #expect(await b.reply() == #"{"$hello":1,"committed":0}"#)
      await sink.wait { $0.lines["sock/b"]?.count == 2 && $0.lines["sock@t0#3"]?.count == 2 }
    }
    #expect(await sink.lines["sock/a"] == ["from a"])
    // The stream of a plain connection ends with it.
    #expect(await sink.positions.keys.sorted() == ["sock/a", "sock/b"])
  }

  @Test func `a hello that asks for nothing is taken out and nothing is answered`() async throws {
    let sink = CommittingSink()
    try await serving(sink) {
      let producer = try Producer(path)
      producer.send("{\"$hello\":1,\"producer\":\"web-1\"}\r\none\n")
      producer.close()
      #expect(await producer.reply() == nil)
    }
    #expect(await sink.lines == ["sock@t0#1": ["one"]])
  }

  @Test(arguments: [
    (#"{"$hello":2,"producer":"a","ack":true}"#, "version 1"), (#"{"$hello":1,"producer":"","ack":true}"#, "1 to 256"),
    (#"{"$hello":1,"ack":true}"#, "1 to 256"), (#"{"$hello":1,"producer":7,"ack":true}"#, "a hello reads"),
    (#"{"$hello":1,"producer":"a\nb","ack":true}"#, "control characters"),
  ])
  func `a hello that cannot be granted is told why`(_ hello: String, _ reason: String) async throws {
    let sink = CommittingSink()
    try await serving(sink) {
      let producer = try Producer(path)
      producer.send(hello + "\none\n")
      let reply = try #require(await producer.reply())
      let object = try #require(try JSONSerialization.jsonObject(with: Data(reply.utf8)) as? [String: String])
      #expect(object["$error"]?.contains(reason) == true, "\(reply)")
      #expect(await producer.isRefused())
    }
    #expect(await sink.lines.isEmpty)
  }

  @Test func `a producer that does not read its replies is not read either, and harms nobody`() async throws {
    let sink = CommittingSink()
    try await serving(sink) {
      let deaf = try Producer(path)
      deaf.hello("deaf")
      let flood = Task {
        await blocking {
          // Each line is refused, with a reply that is longer than the line.
          for _ in 0..<200 { deaf.send([UInt8](Array(repeating: "bad\n", count: 1000).joined().utf8)) }
        }
      }
      // It stops taking long before the flood ends: replies fill the kernel's buffer and then 64 KiB.
      let good = try Producer(path)
      good.hello("good")
      #expect(await good.reply() == #"{"$hello":1,"committed":0}"#)
      for number in 1...100 {
        good.send("line\n")
        #expect(await good.reply() == "{\"$ack\":\(number)}")
      }
      let taken = await sink.positions["sock/deaf"]?.lines ?? 0
      #expect(taken < 200_000, "\(taken)")
      shutdown(deaf.descriptor, Int32(SHUT_RDWR))
      await flood.value
    }
  }

  @Test func `the producer that has been away longest makes room for a new one`() async throws {
    let sink = CommittingSink()
    try await serving(sink, mostProducers: 2) {
      for name in ["a", "b", "a", "c"] {
        let producer = try Producer(path)
        producer.hello(name)
        _ = await producer.reply()
        producer.send("from \(name)\n")
        _ = await producer.reply()
        producer.close()
        #expect(await producer.reply() == nil)
      }
    }
    #expect(await sink.positions.keys.sorted() == ["sock/a", "sock/c"])
    #expect(await sink.positions["sock/a"]?.lines == 2)
    #expect(await sink.events.contains { if case .producerForgotten("b", 1) = $0 { true } else { false } })
  }

  @Test func `streams of connections that an earlier run could not end are ended`() async throws {
    var left = StreamPosition(source: "sock", key: "sock@t9#4", path: BytePath(path))
    left.offset = 100
    let sink = CommittingSink()
    try await serving(sink, positions: [left]) {
      await sink.wait { $0.lines["sock@t9#4"] != nil }
    }
    #expect(await sink.positions.isEmpty)
  }
}
