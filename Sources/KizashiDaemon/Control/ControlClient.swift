/// The command line's side of the control socket.
package enum ControlClient {
  /// Asks the daemon at `path` and waits for its answer.
  ///
  /// - Parameter store: The store it is about; nil: whatever the daemon has.
  /// - Throws: ``ControlError``; `noDaemon` where none is running, `otherStore` where the one that is has another store. After
  ///   `timedOut` and `closed` what was asked may still happen.
  package static func send(
    path: String, request: ControlRequest, store: String? = nil, timeout: Duration = .seconds(30)
  ) async throws(ControlError) -> ControlReply {
    try await BlockingWork.run { () throws(ControlError) -> ControlReply in
      let deadline = ContinuousClock.now + timeout
      let connection = try ControlConnection.connect(to: path, deadline: deadline)
      try connection.send(AddressedRequest(request, store: store), deadline: deadline)
      let reply = try connection.receive(ControlReply.self, deadline: deadline)
      if let other = reply.otherStore { throw .otherStore(path: path, store: other) }
      return reply
    }
  }

  /// Whether it is certain that no daemon at `path` has the store. One that may not be asked, or has no time, is not absent.
  package static func isAbsent(path: String, store: String) async -> Bool {
    do throws(ControlError) {
      _ = try await send(path: path, request: .status, store: store, timeout: .seconds(2))
      return false
    } catch {
      switch error {
      case .noDaemon, .otherStore: return true
      default: return false
      }
    }
  }

  /// Whether a daemon answers at `path`.
  package static func isAnswering(path: String) async -> Bool {
    (try? await send(path: path, request: .status, timeout: .seconds(2))) != nil
  }
}
