import Glibc

/// Sends event lines to a kizashi daemon over its Unix socket so that none is lost and none is counted twice, whatever
/// becomes of the connection or the daemon meanwhile.
///
/// Lines are held until the daemon has stored and synced them. After a broken connection the client connects again by
/// itself, asks what the daemon has, and sends the rest. What it holds lives in memory: a producer that must survive its own
/// death keeps its lines in a file and asks ``connect()`` where to go on, as `kizashi send` does.
///
/// ```swift
/// let client = try KizashiClient(ClientOptions(socketPath: "/run/kizashi/events.sock", producer: "web-1"))
/// try await client.send(#"{"timestamp":1767225600000,"account":"acme","event":"report_exported","user":"u1"}"#)
/// try await client.flush()
/// client.close()
/// ```
///
/// All methods can be called from any task. A thread of its own speaks to the daemon.
public final class KizashiClient: Sendable {
  private let session: ClientSession

  /// Starts to connect. Throws ``ClientError`` if the options cannot work.
  ///
  /// - Parameter onRefused: told of each line that the daemon refused: its number among this producer's lines, and the
  ///   reason's name. Called on the client's thread; must not block.
  public init(
    _ options: ClientOptions, onRefused: @escaping @Sendable (_ line: Int64, _ reason: String) -> Void = { _, _ in }
  ) throws(ClientError) {
    guard options.socketPath.utf8.count <= 107 else { throw .badPath(options.socketPath) }
    session = try ClientSession(options, onRefused: onRefused)
    session.start()
  }

  deinit { session.close(.closed) }

  /// Waits until the daemon has answered, and gives the number of lines of this producer that it has stored. It keeps on
  /// trying until then; cancel the task to give up.
  public func connect() async throws -> Int64 {
    try await session.wait { $0.window.acknowledgedNumber }
  }

  /// Takes a line, without a line feed. Waits for room only if the policy says so.
  public func send(_ line: some Collection<UInt8>) async throws {
    let count = line.count + 1
    while try !offer(line) {
      try await session.wait { $0.window.hasRoom(for: count) ? true : nil }
    }
  }

  /// Takes a line, without a line feed, if that needs no waiting. False: there is no room, and it was not taken.
  public func offer(_ line: some Collection<UInt8>) throws -> Bool {
    try withBytes(of: line) { try session.offer($0) }
  }

  /// Takes many lines at once, each ended by its line feed, in the order they stand in; for who has them so, several times
  /// faster than one at a time. Waits for room only if the policy says so.
  ///
  /// Throws ``ClientError/badLine(_:)`` for one that cannot be sent; those before it have been taken.
  public func send(lines: some Collection<UInt8>) async throws {
    var rest = Array(lines)[...]
    guard rest.isEmpty || rest.last == 0x0a else { throw ClientError.badLine("the last one has no line feed") }
    while let end = rest.firstIndex(of: 0x0a) {
      let bytes = try offer(lines: rest)
      rest = rest.dropFirst(bytes)
      guard bytes == 0 else { continue }
      let count = end + 1 - rest.startIndex
      try await session.wait { $0.window.hasRoom(for: count) ? true : nil }
    }
  }

  /// Takes as many whole lines from the front as need no waiting, each ended by its line feed, and returns how many bytes they
  /// have.
  public func offer(lines: some Collection<UInt8>) throws -> Int {
    try withBytes(of: lines) { try session.offer(lines: $0) }
  }

  /// Bytes one by one through a protocol cost more than everything else that is done with a line.
  private func withBytes<R>(of bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R
  {
    try bytes.withContiguousStorageIfAvailable { try body(UnsafeRawBufferPointer($0)) }
      ?? Array(bytes).withUnsafeBytes(body)
  }

  /// Takes a line of text, without a line feed.
  public func send(_ line: String) async throws { try await send(Array(line.utf8)) }

  /// Waits until all lines taken so far are stored by the daemon, or dropped.
  public func flush() async throws {
    let target = session.read { $0.status.accepted - $0.status.dropped }
    try await session.wait { $0.status.acknowledged >= target || $0.window.lineCount == 0 ? true : nil }
  }

  /// What has become of the lines so far.
  public var status: ClientStatus { session.read { $0.status } }

  /// Ends the connection; lines that are not acknowledged are given up. Call ``flush()`` before to have them stored.
  public func close() { session.close(.closed) }
}
