import Glibc
import KizashiIngest

extension ActivatedSockets {
  /// The handed-over descriptor that listens at `path`; nil: systemd listens there for nobody.
  func listener(at path: String) -> Int32? {
    entries.map(\.descriptor).first { Self.path(of: $0) == path }
  }

  /// Where a Unix socket is bound.
  private static func path(of descriptor: Int32) -> String? {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let found = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard found == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
    return withUnsafeBytes(of: &address.sun_path) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
