import KizashiIngest
import KizashiStore
import Logging

/// What cannot be read, from second to second, and what the store has of it.
struct TroubleWatch {
  /// A log that is being rotated has no file under its name for a moment, which is no trouble.
  private static let patience = 3

  private var seen: [TroubleRow]?
  private var seconds = 0
  /// Nil: not known.
  private(set) var kept: [TroubleRow]?
  private var isKeeping = false

  /// Once a second. Gives what is to be kept now; say what came of it with ``keeping(_:)``.
  mutating func look(_ troubles: [TroubleRow]) -> [TroubleRow]? {
    seconds = troubles == seen ? seconds + 1 : 1
    seen = troubles
    guard !isKeeping, seconds >= Self.patience || troubles.isEmpty, troubles != kept else { return nil }
    isKeeping = true
    return troubles
  }

  /// The store has these; nil: it could not be written.
  mutating func keeping(_ troubles: [TroubleRow]?) {
    isKeeping = false
    if let troubles { kept = troubles }
  }
}

extension Daemon {
  /// Has the store say what its sources are asked to read and cannot, beside everything else: a full disk holds nothing up.
  func lookForTroubles() {
    Task { [self] in
      guard let now = await sources.troubles else { return }
      let (wanted, before) = troubles.withLock { ($0.look(now), $0.kept) }
      guard let wanted else { return }
      do {
        try await store.use { try $0.keepTroubles(wanted) }
        troubles.withLock { $0.keeping(wanted) }
      } catch {
        // It is tried again; that the store cannot be written is told where something waits for it.
        return troubles.withLock { $0.keeping(nil) }
      }
      for trouble in wanted where trouble.state == SourceTrouble.Kind.missing.rawValue {
        if before?.contains(trouble) == true { continue }
        let source = await sources.name(of: trouble.source) ?? ""
        logger.notice(
          "No file is there to be read; waiting for one",
          metadata: ["source": "\(source)", "path": "\(BytePath(bytes: trouble.path))"])
      }
    }
  }
}
