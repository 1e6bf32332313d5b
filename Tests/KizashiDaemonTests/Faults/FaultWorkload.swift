import Foundation

/// What goes on around a daemon while it meets a fault, as a value: a config and what producers do, step by step.
///
/// What comes of it must be a function of the lines alone. So every instant lies in the present hour, in which time alone
/// changes nothing (windows and days step on the hour), or in the first step, whose last instant does; see ``FaultRun``.
struct FaultWorkload: Sendable {
  /// One thing that happens.
  struct Step: Sendable {
    /// Complete lines there are after it, from the start, refused ones included.
    var lines: Int64
    /// Whether it needs a daemon to talk to. A file is written without one; a producer at a socket tries again until it
    /// has got through.
    var needsDaemon = false
    /// Does it. False: the daemon went away in the middle; it is done again when there is one.
    var act: @Sendable (Workspace) async throws -> Bool
  }

  var name: String
  /// The config, given the folder.
  var config: @Sendable (Workspace) -> String
  var steps: [Step]

  /// Complete lines in the end.
  var lines: Int64 { steps.last?.lines ?? 0 }

  /// The rules and the hook all workloads share. The hook says in `hook.log` what it was run for.
  static func rules(_ place: Workspace) -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 5, hooks: [note]}
      seats: {kind: threshold, metric: {attribute: seats}, above: 10, clear: 4, hooks: [note]}
      turned: {kind: band_change, hooks: [note]}
      spent: {kind: threshold, metric: {sum: {where: {plan: pro}, property: amount, window: 24h}}, above: 0.6}
    hooks:
      note:
        run: [/bin/sh, -c, 'cat >/dev/null; echo "$KIZASHI_DELIVERY_ID" >>"$0"', \(place.file("hook.log"))]
        max_per_hour: 100000
        retries: 20
        timeout: 60s
    """
  }

  /// A config that follows `events*.ndjson` and what they are renamed and compressed to.
  static func following(_ place: Workspace) -> String {
    """
    version: 1
    business: {timezone: UTC}
    store: {path: \(place.store), retention: 86d}
    windows: [24h, 28d]
    sources:
      - {id: app, kind: file, paths: [\(place.path)/events*.ndjson], rotated: ['\(place.path)/events*.ndjson.*']}
    \(rules(place))

    """
  }
}

/// Makes the lines of a workload, in the hour that begins at `hour`.
struct LineWriter {
  /// Milliseconds since 1970 of the present hour's beginning.
  let hour: Int64
  private(set) var count: Int64 = 0

  init(hour: Int64) { self.hour = hour }

  /// The next instant of the present hour: one millisecond a line.
  private var now: Int64 { hour + count }

  private mutating func line(_ text: String) -> String {
    count += 1
    return text + "\n"
  }

  /// Usage of the present hour.
  mutating func event(_ account: String, _ event: String, user: String = "u1", id: String? = nil) -> String {
    let key = id.map { #","id":"\#($0)""# } ?? ""
    return line(
      #"{"timestamp":\#(now),"account":"\#(account)","user":"\#(user)","event":"\#(event)"\#(key),\#(Self.order)}"#)
  }

  /// What is added up, and looked for.
  private static let order = #""properties":{"plan":"pro","amount":0.25}"#

  /// An attribute of an account.
  mutating func seats(_ account: String, _ seats: Int) -> String {
    line(#"{"type":"group","timestamp":\#(now),"account":"\#(account)","traits":{"seats":\#(seats)}}"#)
  }

  /// A line as it is, whatever it is.
  mutating func raw(_ text: String) -> String { line(text) }

  /// Daily usage of an account up to the present hour, oldest first, some of it long ago.
  mutating func history(_ account: String, days: Int) -> String {
    var text = ""
    for day in stride(from: days, through: 1, by: -1) {
      let at = hour - Int64(day) * 86_400_000 - Int64(day % 5) * 3_600_000
      text += line(#"{"timestamp":\#(at),"account":"\#(account)","user":"u\#(day % 3)","event":"event-\#(day % 4)"}"#)
    }
    return text
  }

  /// So many events, of these accounts in turn.
  mutating func burst(_ accounts: [String], of events: Int) -> String {
    var text = ""
    for number in 0..<events {
      text += event(accounts[number % accounts.count], "event-\(number % 3)", user: "u\(number % 4)")
    }
    return text
  }
}
