import Foundation
import Glibc
import Testing

/// Runs the built binary as a user does.
struct Program {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    var bytes: Data
  }

  /// The binary stands beside the test bundle.
  static var path: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("kizashi").path
  }

  /// Runs it with output into files, which are no terminals.
  static func run(_ arguments: [String], in directory: String? = nil, input: String = "") throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kizashi-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try ["in", "out", "err"].map { name in
      let file = folder.appendingPathComponent(name)
      try Data((name == "in" ? input : "").utf8).write(to: file)
      return file
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    let bytes = try Data(contentsOf: files[1])
    return Outcome(
      status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self), bytes: bytes)
  }

  /// Runs it with its output on a terminal of so many columns, and gives what the terminal got.
  static func runOnTerminal(_ arguments: [String], columns: UInt16, variables: [String: String] = [:]) throws -> String
  {
    let leader = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(leader >= 0)
    defer { close(leader) }
    // TIOCSPTLCK and TIOCGPTN of <asm-generic/ioctls.h>: Swift's Glibc hides posix_openpt and its friends.
    var locked: CInt = 0
    var number: CUnsignedInt = 0
    try #require(ioctl(leader, 0x4004_5431, &locked) == 0 && ioctl(leader, 0x8004_5430, &number) == 0)
    var size = winsize(ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(leader, UInt(TIOCSWINSZ), &size) == 0)
    let follower = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(follower >= 0)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment.merging(["TERM": "xterm"]) { $1 }.merging(variables) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(fileDescriptor: follower, closeOnDealloc: false)
    process.standardError = FileHandle.nullDevice
    try process.run()
    close(follower)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      // EIO once the last writer has closed the terminal.
      let count = read(leader, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
  }

  /// Runs it until it has written `lines` lines, one after the other as `next` makes them happen, then ends it.
  ///
  /// `next` is called with the number of lines seen so far.
  static func follow(_ arguments: [String], lines: Int, next: (Int) throws -> Void) throws -> [String] {
    let pipe = Pipe()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    try process.run()
    defer {
      process.terminate()
      process.waitUntilExit()
    }
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while text.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // A minute is the deadline of a machine that does much else, not a pause.
      try #require(poll(&waiting, 1, 60_000) == 1)
      let count = read(descriptor, &buffer, buffer.count)
      try #require(count > 0)
      text += buffer[..<count]
      try next(text.count { $0 == UInt8(ascii: "\n") })
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static var environment: [String: String] {
    ["PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8"]
  }
}
