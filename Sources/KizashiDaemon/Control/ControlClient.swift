/// The command line's side of the control socket.
package enum ControlClient {
  /// Asks the daemon at `path` and waits for its answer.
  /// - Throws: ``ControlError``; `noDaemon` where none is running. After `timedOut` and `closed` what was asked may still
  ///   happen.
  package static func send(
    path: String, request: ControlRequest, timeout: Duration = .seconds(30)
  ) async throws(ControlError) -> ControlReply {
    try await BlockingWork.run { () throws(ControlError) -> ControlReply in
      let deadline = ContinuousClock.now + timeout
      let connection = try ControlConnection.connect(to: path, deadline: deadline)
      try connection.send(request, deadline: deadline)
      return try connection.receive(ControlReply.self, deadline: deadline)
    }
  }

  /// Whether it is certain that nobody listens at `path`. A daemon that may not be asked, or has no time, is not absent.
  package static func isAbsent(path: String) async -> Bool {
    await BlockingWork.run {
      do throws(ControlError) {
        _ = try ControlConnection.connect(to: path, deadline: .now + .seconds(2))
        return false
      } catch .noDaemon {
        return true
      } catch {
        return false
      }
    }
  }

  /// Whether a daemon answers at `path`.
  package static func isAnswering(path: String) async -> Bool {
    (try? await send(path: path, request: .status, timeout: .seconds(2))) != nil
  }
}
