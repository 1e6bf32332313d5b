import Foundation

@testable import KizashiIngest

/// What this process is and may, for tests of limits.
enum ThisProcess {
  /// Whether the long versions of tests are asked for. They are run by themselves, so that memory can be measured.
  static let soaks = ProcessInfo.processInfo.environment["KIZASHI_SOAK"] == "1"

  /// Most memory held at once since ``measureFromHere()``, in bytes.
  static var peak: Int { Int(status("VmHWM")) * 1024 }

  /// Resets the peak, and returns what is held now.
  static func measureFromHere() -> Int {
    if let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") {
      try? file.write(contentsOf: Data("5".utf8))
      try? file.close()
    }
    return Int(status("VmRSS")) * 1024
  }

  private static func status(_ name: String) -> Int64 {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int64($0) } ?? 0
  }

  /// Does something under a lower limit of descriptors.
  static func withDescriptorLimit<R>(_ limit: Int, _ body: () async throws -> R) async throws -> R {
    var before = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
    var lower = before
    lower.rlim_cur = rlim_t(limit)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lower)
    defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
    return try await body()
  }
}

extension FileSource {
  /// From here on the source's thread, and it alone, opens files as a user without rights, even where the tests run as root.
  func becomeNobody() {
    typealias SetUser = @convention(c) (UInt32) -> Int32
    guard let symbol = dlsym(nil, "setfsuid") else { return }
    _ = unsafeBitCast(symbol, to: SetUser.self)(65_534)
  }

  /// Whether it relies on directories' times of change at present.
  var isGlancing: Bool { snapshot != nil }
}

extension Scratch {
  /// A file of so many bytes without a line feed, written in pieces.
  func fill(_ name: String, byteCount: Int) {
    let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
    let descriptor = open(self[name], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(descriptor) }
    var left = byteCount
    while left > 0 {
      let count = piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, min(left, $0.count)) }
      if count <= 0 { return }
      left -= count
    }
  }

  /// Makes the file longer by a hole.
  func extend(_ name: String, by byteCount: Int) { truncate(name, to: read(size: name) + byteCount) }

  func read(size name: String) -> Int { (try? FileFacts.at(BytePath(self[name])).get()).map { Int($0.size) } ?? 0 }

  func inode(_ name: String) -> UInt64 { (try? FileFacts.at(BytePath(self[name])).get())?.inode ?? 0 }
}
