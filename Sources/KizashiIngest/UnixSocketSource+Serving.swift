extension UnixSocketSource {
  /// The key of a producer's stream. The key of a plain connection has an `@` behind the source's id.
  static func key(ofProducer name: String, source: String) -> String { "\(source)/\(name)" }

  static func producerName(ofKey key: String, source: String) -> String? {
    key.hasPrefix(source + "/") ? String(key.dropFirst(source.count + 1)) : nil
  }

  /// Reads a connection once and hands on what came of it.
  func serve(_ connection: SocketConnection, _ sink: some ChunkSink) async throws {
    // An earlier connection's turn may have ended this one.
    guard connections.contains(where: { $0 === connection }) else { return }
    connection.flush()
    guard connection.mayRead else { return }
    let outcome = connection.read(Self.budgetBytes)
    if case .fresh = connection.role, !outcome.piece.isEmpty {
      try await begin(connection, outcome.piece, sink)
    } else {
      try await hand(outcome.piece, connection, sink)
    }
    if let reason = outcome.closed { try await close(connection, reason, sink) }
  }

  /// The first lines of a connection say what it is.
  private func begin(_ connection: SocketConnection, _ piece: LineFramer.Piece, _ sink: some ChunkSink) async throws {
    let hello = piece.oversize == nil ? SocketHello(piece.bytes.prefix { $0 != 0x0a }) : .none
    connection.role = .plain
    switch hello {
    case .none: try await hand(piece, connection, sink)
    case .plain:
      var rest = piece
      rest.removeFirstLine()
      restart(connection, at: 0, &rest)
      try await hand(rest, connection, sink)
    case .refused(let reason): await turnAway(connection, reason, sink)
    case .acknowledge(let name):
      let producer = try await producer(name, sink)
      if let older = producer.connection {
        older.send(.error("a newer connection of this producer has taken over"))
        try await close(older, "a newer connection of the producer took over", sink)
      }
      producer.connection = connection
      var rest = piece
      rest.removeFirstLine()
      restart(connection, at: producer.position.offset, &rest)
      connection.role = .greeting(producer, held: rest)
      try await greet(producer, sink)
    }
  }

  /// The hello is not part of the stream: what follows it is counted from `offset`.
  private func restart(_ connection: SocketConnection, at offset: Int64, _ rest: inout LineFramer.Piece) {
    rest.startOffset = offset
    connection.framer.rebase(to: offset + Int64(rest.bytes.count))
  }

  private func producer(_ name: String, _ sink: some ChunkSink) async throws -> AcknowledgedProducer {
    uses += 1
    if let known = producers[name] {
      known.lastUse = uses
      return known
    }
    if producers.count >= mostProducers { try await forgetOne(sink) }
    let position = StreamPosition(source: id, key: Self.key(ofProducer: name, source: id), path: path)
    let producer = AcknowledgedProducer(position: position)
    producer.lastUse = uses
    producers[name] = producer
    return producer
  }

  /// Makes room: forgets the producer that has been away longest. Should it come back, it is counted from the start.
  private func forgetOne(_ sink: some ChunkSink) async throws {
    let idle = producers.filter { $0.value.connection == nil && $0.value.isSettled }
    guard let (name, producer) = idle.min(by: { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) }) else {
      return
    }
    producers[name] = nil
    var position = producer.position
    position.ending = .closed
    try await sink.accept(
      Chunk(source: id, position: position, bytes: [], startOffset: position.offset, oversize: []))
    await report(.producerForgotten(name: name, lines: position.lines), position.key, sink)
  }

  private func turnAway(_ connection: SocketConnection, _ reason: String, _ sink: some ChunkSink) async {
    connection.send(.error(reason))
    connections.removeAll { $0 === connection }
    await report(.connectionRefused(reason: reason), connection.position.key, sink)
  }

  /// Answers a hello as soon as all earlier lines of the producer are stored: only then the number is true.
  private func greet(_ producer: AcknowledgedProducer, _ sink: some ChunkSink) async throws {
    guard producer.isSettled, let connection = producer.connection, case .greeting(_, let held) = connection.role else {
      return
    }
    connection.role = .acknowledged(producer)
    connection.send(.hello(committed: producer.acknowledged))
    try await hand(held, connection, sink)
  }

  /// Tells producers what has been stored.
  func deliverReceipts(_ sink: some ChunkSink) async throws {
    for receipt in receipts.takeAll() {
      guard let name = Self.producerName(ofKey: receipt.key, source: id), let producer = producers[name] else {
        continue
      }
      producer.acknowledged = receipt.lines
      guard let connection = producer.connection else { continue }
      if case .acknowledged = connection.role {
        // First what was refused: whoever has the number has heard of every line up to it.
        for line in receipt.refused { connection.send(.refused(line)) }
        connection.send(.acknowledged(receipt.lines))
      }
      try await greet(producer, sink)
    }
  }

  private func hand(_ piece: LineFramer.Piece, _ connection: SocketConnection, _ sink: some ChunkSink) async throws {
    guard !piece.isEmpty else { return }
    let (oversize, inBytes) = piece.lineFeeds
    let end = piece.startOffset + Int64(piece.bytes.count)
    var acknowledgement: Acknowledgement?
    let position: StreamPosition
    if case .acknowledged(let producer) = connection.role {
      acknowledgement = Acknowledgement(firstLine: producer.position.lines + oversize + 1, taker: receipts)
      producer.position.offset = end
      producer.position.lines += oversize + inBytes
      position = producer.position
    } else {
      connection.position.offset = end
      connection.position.lines += oversize + inBytes
      position = connection.position
    }
    var chunk = Chunk(
      source: id, position: position, bytes: piece.bytes, startOffset: piece.startOffset,
      oversize: piece.oversize.map { [$0] } ?? [])
    chunk.acknowledgement = acknowledgement
    try await sink.accept(chunk)
    if let line = piece.oversize {
      await report(.oversize(offset: line.offset, length: line.length), position.key, sink)
    }
  }

  /// Ends a connection. The unended last line of a plain one counts; that of an acknowledged one will be sent again.
  private func close(_ connection: SocketConnection, _ reason: String, _ sink: some ChunkSink) async throws {
    guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
    connections.remove(at: index)
    let position: StreamPosition
    switch connection.role {
    case .acknowledged(let producer), .greeting(let producer, _): position = producer.position
    case .fresh, .plain:
      connection.role = .plain
      connection.position.ending = .closed
      let last = connection.framer.finish()
      if last.isEmpty && connection.position.offset > 0 {
        try await sink.accept(
          Chunk(
            source: id, position: connection.position, bytes: [], startOffset: connection.position.offset, oversize: [])
        )
      } else {
        try await hand(last, connection, sink)
      }
      position = connection.position
    }
    await report(
      .connectionClosed(lines: position.lines, bytes: position.offset, reason: reason), position.key, sink)
  }
}
