import Synchronization

/// Draws the progress bar at most ten times a second.
final class ProgressMeter: Sendable {
  private let terminal: Terminal
  private let lastDrawn = Mutex<Int64?>(nil)

  init(terminal: Terminal) { self.terminal = terminal }

  func show(_ state: ProgressBar.State) {
    guard terminal.isTerminal else { return }
    lastDrawn.withLock { last in
      if let last, state.elapsedMilliseconds - last < 100 { return }
      last = state.elapsedMilliseconds
      Output.writeError(ProgressBar.redraw(state, width: terminal.width ?? 80))
    }
  }

  func finish() {
    if lastDrawn.withLock({ $0 != nil }) { Output.writeError(ProgressBar.erased) }
  }
}
