import KizashiCore

extension Reading {
  /// `limits:`, in two parts: those that decide what counts and those of the daemon.
  func limits(_ cursor: Cursor?) -> (engine: Limits, daemon: DaemonLimits) {
    var engine = Limits()
    var daemon = DaemonLimits()
    guard let section = cursor?.section(.limits, "a mapping of limits") else { return (engine, daemon) }
    if let value = section["settle"]?.duration("a duration", in: 0...Milliseconds.hour) {
      engine.settleMilliseconds = value
    }
    if let value = section["future_tolerance"]?.duration("a duration", in: 0...(30 * Milliseconds.day)) {
      engine.futureToleranceMilliseconds = value
    }
    if let value = section["dedup_horizon"]?.duration("a duration", in: 0...(90 * Milliseconds.day)) {
      engine.dedupHorizonMilliseconds = value
    }
    if let value = section["features"]?.integer("a whole number 1–1000000", in: 1...1_000_000) {
      engine.features = value
    }
    if let value = section["accounts"]?.integer("a whole number 1–100000000", in: 1...100_000_000) {
      engine.accounts = value
    }
    if let value = section["hook_max_age"]?.duration("a duration", in: 0...Milliseconds.longest) {
      daemon.hookMaxAgeMilliseconds = value
    }
    if let value = section["hooks_running"]?.integer("a whole number 1–256", in: 1...256) {
      daemon.hooksRunning = value
    }
    if let value = section["quarantine_rows"]?.integer("a whole number 0–10000000", in: 0...10_000_000) {
      daemon.quarantineRows = value
    }
    return (engine, daemon)
  }

  /// `store:`; the path, the retention (nil: never) and where that is written.
  func store(_ cursor: Cursor?) -> (path: String, retentionMilliseconds: Int64?, retentionPlace: Cursor?) {
    let standard = Limits().retentionMilliseconds
    let section = cursor?.section(.store, "{path: …, retention: …}")
    let path = section?["path"].flatMap { self.path($0, "the path of the SQLite file") }
    var retention = standard
    if let place = section?["retention"], let value = place.durationOrNever("a duration", in: 0...Milliseconds.longest)
    {
      retention = value
      if let length = value, length % Milliseconds.day != 0 {
        place.failExpecting("whole days such as 400d, or never")
        retention = nil
      }
    }
    return (path ?? "/var/lib/kizashi/kizashi.db", retention, section?["retention"])
  }

  /// What the longest window needs must not have expired: 2 × the window (the one before it too) and 30 days.
  func checkRetention(_ milliseconds: Int64?, place: Cursor?) {
    let (hours, window) = longestWindow
    let needed = (2 * hours + 23) / 24 + 30
    guard let milliseconds, milliseconds < Int64(needed) * Milliseconds.day else { return }
    let have = Milliseconds.text(milliseconds)
    if let place {
      let length = Milliseconds.text(Int64(hours) * Milliseconds.hour)
      let origin = window.map { "\($0.path), line \($0.node.line)" } ?? "\(length), of the standard windows"
      place.fail(
        "usage must be kept for at least \(needed)d, found \(have)",
        hint: "twice the longest window (\(origin)) and 30 days")
    } else {
      window?.fail(
        "this window needs usage to be kept for \(needed)d, and store.retention is \(have) unless set",
        hint: "set store.retention to at least \(needed)d, or to never")
    }
  }

  /// `log:`.
  func logLevel(_ cursor: Cursor?) -> LogLevel {
    let level = cursor?.section(.log, "{level: info}")?["level"]?.choice(LogLevel.allCases.map(\.rawValue))
    return level.flatMap(LogLevel.init(rawValue:)) ?? .info
  }
}
