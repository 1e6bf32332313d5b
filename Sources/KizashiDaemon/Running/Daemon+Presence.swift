import KizashiConfig
import KizashiIngest
import Synchronization

extension Daemon {
  /// Looks, beside everything else, whether the files and sockets of sources that can stall are there. One look at a time.
  func lookForSources() {
    guard
      isLooking.withLock({ busy in
        defer { busy = true }
        return !busy
      })
    else { return }
    Task { [self] in
      let places = await sources.watchedPlaces
      let found = places.isEmpty ? [:] : await BlockingWork.run { places.mapValues(Self.isThere) }
      for (source, isThere) in found.sorted(by: { $0.key < $1.key }) { await host.looked(source, isThere: isThere) }
      isLooking.withLock { $0 = false }
    }
  }

  private static func isThere(_ kind: SourceConfiguration.Kind) -> Bool {
    switch kind {
    case .file(let paths, _): SourcePresence.isAnyFile(matching: paths)
    case .unix(let path, _, _): SourcePresence.isSocket(at: path)
    }
  }
}
