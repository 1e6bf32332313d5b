import Glibc
import KizashiStore

/// What a verb of the command line asks of the running daemon. One JSON object on one line:
/// `{"do":"source.retire","source":"app"}`.
package enum ControlRequest: Sendable, Hashable {
  /// Read the config again; the answer comes when it is in force or refused.
  case reload
  case sourceRetire(id: String)
  case deliveriesRetry(ids: [String])
  case deliveriesDrop(ids: [String])
  /// Only lines of that source and with that reason, where given.
  case quarantineRetry(source: String?, reason: String?)
  case hookTest(name: String)
  /// Until an instant or for a length of time, both in milliseconds; one of them is given.
  case snooze(SnoozeTarget, until: Int64?, length: Int64?, reason: String, by: String)
  case snoozeCancel(SnoozeTarget)
  case status
}

extension ControlRequest: Codable {
  private enum Key: String, CodingKey {
    case verb = "do"
    case source, ids, reason, hook, target, until, length, by
  }
  private enum Verb: String, Codable {
    case reload
    case sourceRetire = "source.retire"
    case deliveriesRetry = "deliveries.retry"
    case deliveriesDrop = "deliveries.drop"
    case quarantineRetry = "quarantine.retry"
    case hookTest = "hook.test"
    case snooze
    case snoozeCancel = "snooze.cancel"
    case status
  }

  /// Reads a request.
  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    switch try fields.decode(Verb.self, forKey: .verb) {
    case .reload: self = .reload
    case .sourceRetire: self = .sourceRetire(id: try fields.decode(String.self, forKey: .source))
    case .deliveriesRetry: self = .deliveriesRetry(ids: try fields.decode([String].self, forKey: .ids))
    case .deliveriesDrop: self = .deliveriesDrop(ids: try fields.decode([String].self, forKey: .ids))
    case .quarantineRetry:
      self = .quarantineRetry(
        source: try fields.decodeIfPresent(String.self, forKey: .source),
        reason: try fields.decodeIfPresent(String.self, forKey: .reason))
    case .hookTest: self = .hookTest(name: try fields.decode(String.self, forKey: .hook))
    case .snooze:
      self = .snooze(
        try fields.decode(SnoozeTarget.self, forKey: .target),
        until: try fields.decodeIfPresent(Int64.self, forKey: .until),
        length: try fields.decodeIfPresent(Int64.self, forKey: .length),
        reason: try fields.decode(String.self, forKey: .reason), by: try fields.decode(String.self, forKey: .by))
    case .snoozeCancel: self = .snoozeCancel(try fields.decode(SnoozeTarget.self, forKey: .target))
    case .status: self = .status
    }
  }

  /// Writes a request.
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    switch self {
    case .reload: try fields.encode(Verb.reload, forKey: .verb)
    case .sourceRetire(let id):
      try fields.encode(Verb.sourceRetire, forKey: .verb)
      try fields.encode(id, forKey: .source)
    case .deliveriesRetry(let ids):
      try fields.encode(Verb.deliveriesRetry, forKey: .verb)
      try fields.encode(ids, forKey: .ids)
    case .deliveriesDrop(let ids):
      try fields.encode(Verb.deliveriesDrop, forKey: .verb)
      try fields.encode(ids, forKey: .ids)
    case .quarantineRetry(let source, let reason):
      try fields.encode(Verb.quarantineRetry, forKey: .verb)
      try fields.encodeIfPresent(source, forKey: .source)
      try fields.encodeIfPresent(reason, forKey: .reason)
    case .hookTest(let name):
      try fields.encode(Verb.hookTest, forKey: .verb)
      try fields.encode(name, forKey: .hook)
    case .snooze(let target, let until, let length, let reason, let by):
      try fields.encode(Verb.snooze, forKey: .verb)
      try fields.encode(target, forKey: .target)
      try fields.encodeIfPresent(until, forKey: .until)
      try fields.encodeIfPresent(length, forKey: .length)
      try fields.encode(reason, forKey: .reason)
      try fields.encode(by, forKey: .by)
    case .snoozeCancel(let target):
      try fields.encode(Verb.snoozeCancel, forKey: .verb)
      try fields.encode(target, forKey: .target)
    case .status: try fields.encode(Verb.status, forKey: .verb)
    }
  }
}

/// A request with the store it is about: a daemon has one, and one of another store in the same folder answers at the same socket.
struct AddressedRequest: Codable {
  var request: ControlRequest
  /// The store's file, absolute; nil: whatever the daemon has.
  var store: String?

  private enum Key: String, CodingKey { case store }

  init(_ request: ControlRequest, store: String?) {
    self.request = request
    self.store = store
  }

  init(from decoder: any Decoder) throws {
    request = try ControlRequest(from: decoder)
    store = try decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .store)
  }

  func encode(to encoder: any Encoder) throws {
    try request.encode(to: encoder)
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encodeIfPresent(store, forKey: .store)
  }
}

/// The daemon's answer, on one line too.
package struct ControlReply: Sendable, Hashable, Codable {
  /// What the command line exits with: 0 done, 64 not understood, 65, 69, 75, 78 …
  package var exitCode: Int32
  /// What was done, or why not; one sentence.
  package var message: String
  /// Further lines: each problem of a bad config, the output of a hook.
  package var details: [String]
  /// Named values, for `--format json`.
  package var values: [String: String]
  /// The store this daemon has, where it was asked about another: nothing was done.
  package internal(set) var otherStore: String?

  /// An answer.
  package init(exitCode: Int32 = 0, message: String, details: [String] = [], values: [String: String] = [:]) {
    self.exitCode = exitCode
    self.message = message
    self.details = details
    self.values = values
  }
}

/// Why the control socket could not be used.
package enum ControlError: Error, Sendable, Hashable, CustomStringConvertible {
  case badPath(String)
  case inUse(path: String)
  /// A daemon of another store in the same folder listens there.
  case otherStore(path: String, store: String)
  case notASocket(path: String)
  case noDaemon(path: String)
  case notAllowed(path: String)
  case timedOut(path: String, doing: String)
  case closed(path: String)
  case badMessage(path: String, reason: String)
  case system(path: String, step: String, reason: String)

  /// What was done, to what, why it failed and what the operator can do.
  package var description: String {
    switch self {
    case .badPath(let path):
      "the control socket \(path) needs an absolute path of at most 107 bytes (put the store in a shorter directory)"
    case .inUse(let path):
      "cannot listen on \(path): another kizashi answers there (stop it first)"
    case .otherStore(let path, let store):
      "cannot listen on \(path): the kizashi of \(store) answers there (put this one's store in another folder)"
    case .notASocket(let path):
      "cannot listen on \(path): a file that is not a socket is in the way (move it away)"
    case .noDaemon(let path):
      "nobody listens on \(path) (is the daemon running, and is this its store? systemctl status kizashi)"
    case .notAllowed(let path):
      "may not use \(path) (only the daemon's own user and root may: try sudo)"
    case .timedOut(let path, let doing):
      "the daemon at \(path) took too long \(doing) (see its log: journalctl -u kizashi; what was asked may still happen)"
    case .closed(let path):
      "the daemon at \(path) closed the connection without an answer (did it just stop? see its log)"
    case .badMessage(let path, let reason):
      "cannot understand what was said on \(path): \(reason) (are daemon and command of the same version?)"
    case .system(let path, let step, let reason):
      "cannot use the control socket \(path): \(step): \(reason)"
    }
  }

  static func system(_ path: String, _ step: String, _ number: CInt) -> ControlError {
    if number == EACCES || number == EPERM { return .notAllowed(path: path) }
    return .system(path: path, step: step, reason: String(cString: strerror(number)))
  }
}
