import ArgumentParser
import KizashiDaemon

extension Session {
  /// Has something done: by the daemon of this store, or where none runs, by the library in this process.
  /// - Parameters:
  ///   - needsStore: whether there must be a store already; none is made for a change.
  ///   - ofThisStore: whether a daemon that has another store is none.
  /// - Throws: 69 where the daemon cannot be asked, 75 where it took too long.
  func perform(
    _ request: ControlRequest, needsStore: Bool = true, ofThisStore: Bool = true, timeout: Duration = .seconds(30)
  ) async throws(Failure) -> ControlReply {
    do {
      return try await ControlClient.send(
        path: Daemon.controlPath(storePath: storePath), request: request,
        store: ofThisStore ? Daemon.absolute(storePath) : nil, timeout: timeout)
    } catch {
      switch error {
      case .noDaemon, .otherStore:
        if needsStore { _ = try reader() }
        return await Commands.perform(request, configuration: configuration, storePath: storePath)
      default: throw Failure(control: error)
      }
    }
  }
}

extension Failure {
  /// A daemon that cannot be asked.
  init(control error: ControlError) {
    switch error {
    case .timedOut: self.init(.temporary, error.description)
    default: self.init(.unavailable, error.description)
    }
  }
}

extension ControlReply {
  /// Prints the daemon's answer and ends with its exit code where that is not 0.
  func report(_ format: OutputFormat) throws {
    switch format {
    case .json, .ndjson:
      let value = Value.object([
        .init("exit_code", .integer(Int64(exitCode))), .init("message", .text(message)),
        .init("details", .list(details.map(Value.text))),
        .init("values", .object(values.sorted { $0.key < $1.key }.map { .init($0.key, .text($0.value)) })),
      ])
      try Output.write((format == .json ? value.indentedJSON : value.json) + "\n")
    case .table, .csv:
      let text = ([message] + details.map { "  " + $0 }).map(Visible.text).joined(separator: "\n")
      if exitCode == 0 { try Output.write(text + "\n") } else { Output.writeError("kizashi: \(text)\n") }
    }
    if exitCode != 0 { throw ExitCode(exitCode) }
  }
}
