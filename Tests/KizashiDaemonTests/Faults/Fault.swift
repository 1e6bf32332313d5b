import FaultControl
import Foundation
import Glibc

/// What one write-like call of a daemon meets, or all from one on for a while.
struct Fault: Sendable, Hashable, CustomStringConvertible {
  /// What happens to the call.
  enum Kind: Sendable, Hashable {
    /// The process is killed instead of it.
    case killBefore
    /// The process is killed when it is done.
    case killAfter
    /// The process is killed when half of its bytes are written.
    case tear
    /// It fails; `lasting`: and so do all that follow, until the disk is mended.
    case fail(errno: Int32, lasting: Bool)
    /// The disk is full in the middle of it and stays full until space is freed.
    case fill

    static let all: [Kind] =
      [.killBefore, .killAfter, .tear, .fill]
      + [ENOSPC, EIO].flatMap { [.fail(errno: $0, lasting: false), .fail(errno: $0, lasting: true)] }
  }

  var kind: Kind
  /// The number of the call, from 1.
  var point: UInt64

  /// Whether the daemon is killed by it, and not only shown an error.
  var kills: Bool {
    switch kind {
    case .killBefore, .killAfter, .tear: true
    case .fail, .fill: false
    }
  }

  var description: String {
    switch kind {
    case .killBefore: "killed before write \(point)"
    case .killAfter: "killed after write \(point)"
    case .tear: "killed within write \(point)"
    case .fail(let number, let lasting):
      "\(number == ENOSPC ? "ENOSPC" : "EIO") at write \(point)\(lasting ? " and after" : "")"
    case .fill: "disk full within write \(point) and after"
    }
  }

  fileprivate var action: fault_action {
    switch kind {
    case .killBefore: FAULT_KILL_BEFORE
    case .killAfter: FAULT_KILL_AFTER
    case .tear: FAULT_TEAR
    case .fail: FAULT_FAIL
    case .fill: FAULT_FILL
    }
  }

  fileprivate var last: UInt64 {
    switch kind {
    case .fill, .fail(_, lasting: true): .max
    default: point
    }
  }

  fileprivate var errorNumber: Int32 {
    switch kind {
    case .fail(let number, _): number
    default: ENOSPC
    }
  }

  fileprivate var classes: UInt32 { kind.classes }
}

extension Fault.Kind {
  /// What it can meet. Errors of a disk meet files only; half of a call is only to be had of one that carries bytes.
  var classes: UInt32 {
    let met: [fault_class] =
      switch self {
      case .killBefore, .killAfter: [FAULT_DATA, FAULT_META, FAULT_STREAM]
      case .tear: [FAULT_DATA]
      case .fail, .fill: [FAULT_DATA, FAULT_META]
      }
    return met.reduce(0) { $0 | $1.rawValue }
  }
}

/// The page shared with the shim that is preloaded into a daemon: counts its write-like calls and makes some meet a fault.
final class FaultPage: @unchecked Sendable {
  // The functions that use it are atomic; it is freed with the last reference.
  private let control: OpaquePointer
  private let path: String

  /// The library built beside the tests.
  private static var library: String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("libFaultShim.so").path
  }

  /// - Parameter fault: Nil: calls are only counted, all of them.
  init(_ place: Workspace, name: String = "fault", _ fault: Fault?) throws {
    path = place.file(name)
    guard access(Self.library, R_OK) == 0, let control = fault_control_map(path, 1) else {
      throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: "\(Self.library) or \(path)"])
    }
    self.control = control
    if let fault {
      fault_control_arm(
        control, Int32(fault.action.rawValue), fault.errorNumber, fault.classes, fault.point, fault.last)
    } else {
      fault_control_arm(control, Int32(FAULT_NONE.rawValue), 0, .max, 0, 0)
    }
  }

  /// From now on the next call that concerns the disk and carries no bytes, as a sync does, is not made: the process dies.
  func killBeforeSync() {
    fault_control_arm(control, Int32(FAULT_KILL_BEFORE.rawValue), 0, FAULT_META.rawValue, 1, 1)
  }

  deinit { fault_control_unmap(control) }

  /// What a daemon that is to meet the fault has in its environment.
  var variables: [String: String] { ["LD_PRELOAD": Self.library, FAULT_CONTROL_VARIABLE: path] }

  /// Calls of the fault's classes so far.
  var calls: UInt64 { fault_control_calls(control) }
  /// Of those, the ones a kind of fault can meet.
  func calls(for kind: Fault.Kind) -> UInt64 { fault_control_calls_of(control, kind.classes) }
  /// Calls that met it.
  var hits: UInt64 { fault_control_hits(control) }
  /// The first call that met it: its name and its file; nil: none did.
  var what: String? { fault_control_what(control).map { String(cString: $0) } }

  /// How often a system call was made, whatever it was made to.
  func count(of name: String) -> UInt64 { fault_control_count_of(control, name) }

  /// The disk is mended: nothing fails any more.
  func mend() { fault_control_free(control) }
}
