import KizashiCore

/// Everything a config file says, checked and with defaults filled in.
package struct Configuration: Sendable {
  /// What the engine computes from.
  package var model: Model
  /// In config order.
  package var sources: [SourceConfiguration]
  /// In config order.
  package var hooks: [HookConfiguration]
  /// How each rule's alerts are carried on, by the rule's name.
  package var ruleDeliveries: [String: RuleDelivery]
  /// The SQLite file; absolute unless the config's own path was relative.
  package var storePath: String
  /// Bounds of the daemon that decide no number.
  package var daemonLimits: DaemonLimits
  /// The least level that is logged.
  package var logLevel: LogLevel
  /// The windows of the standard metrics as written and in hours; `model.windowsHours` has the same hours.
  package var windows: [(text: String, hours: Int)]
  /// The config as normalized YAML with every default written out and the offsets of the business time zone as a
  /// comment: the same for configs that mean the same. Stored with the config version. Values of `env:` are left out.
  package var canonicalText: String
  /// 32 hexadecimal digits (FNV-1a, 128 bits) of what decides numbers: the model with the offsets of its time zone and
  /// its holidays. Not of hooks' definitions, of how a
  /// rule's alerts are carried on, sources, log and paths.
  package var fingerprint: String
  /// What is doubtful but no mistake, in the order of the lines.
  package var warnings: [Problem]

  /// Whether history has to be rebased when this config follows another: whether any number could differ.
  package func decidesTheSameNumbers(as other: Configuration) -> Bool { fingerprint == other.fingerprint }

  /// Whether an engine of the other config can go on under this one: whether it knows the same of every source that is more
  /// than a name to it. Else it is made anew from the store, without a rebase.
  package func asksTheSameOfSources(as other: Configuration) -> Bool {
    func asked(_ configuration: Configuration) -> [String: SourceModel] {
      configuration.sourceModels.reduce(into: [:]) { asked, source in
        if source != SourceModel(name: source.name, maxHoldMilliseconds: source.maxHoldMilliseconds) {
          asked[source.name] = source
        }
      }
    }
    return asked(self) == asked(other)
  }

  /// Whether rules flap as under the other config. Decides no number, but the engine counts it.
  package func findsTheSameFlapping(as other: Configuration) -> Bool {
    func settings(_ configuration: Configuration) -> [String: FlapSettings] {
      configuration.model.rules.reduce(into: [:]) { $0[$1.name] = $1.flap }
    }
    return settings(self) == settings(other)
  }

  /// The models of the sources, for the engine, in config order.
  package var sourceModels: [SourceModel] {
    sources.map(\.model)
  }
}

/// Bounds of the daemon that decide no number.
package struct DaemonLimits: Sendable, Equatable {
  /// Deliveries whose event is older than this at detection are suppressed as stale. Milliseconds.
  package var hookMaxAgeMilliseconds: Int64 = Milliseconds.hour
  /// Most hook processes at once, over all hooks.
  package var hooksRunning = 8
  /// Most rows kept in the quarantine.
  package var quarantineRows = 10_000
}

/// How much is logged; each level includes those after it.
package enum LogLevel: String, Sendable, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
}

/// A configured source.
package struct SourceConfiguration: Sendable, Equatable {
  /// Where its bytes come from.
  package enum Kind: Sendable, Equatable {
    /// Globs of the files that are followed and of the names they are rotated to.
    case file(paths: [String], rotated: [String])
    /// A listening stream socket: its path, its permission bits, and the user ids that may connect (empty: all whom the
    /// permission lets in).
    case unix(path: String, mode: UInt32, allowUIDs: [UInt32])
  }
  package var id: String
  package var kind: Kind
  /// How its lines are read.
  package var decode: DecodeOptions
  /// Events older than this before the source's watermark are refused as `late`; nil: never.
  package var allowedLatenessMilliseconds: Int64?
  /// After this long without a line the source counts as stalled; nil: never.
  package var stallAfterMilliseconds: Int64?
  /// How long deadlines of its accounts wait at the most while it is stalled.
  package var maxHoldMilliseconds: Int64 = 24 * Milliseconds.hour
  /// Names of the hooks that are told that it is stalled.
  package var stallHooks: [String] = []

  /// The source as the engine knows it.
  package var model: SourceModel {
    SourceModel(
      name: id, allowedLatenessMilliseconds: allowedLatenessMilliseconds,
      stallAfterMilliseconds: stallAfterMilliseconds,
      maxHoldMilliseconds: maxHoldMilliseconds)
  }
}

/// A configured hook.
package struct HookConfiguration: Sendable, Equatable {
  package var name: String
  /// The argument vector; the first is an absolute path. No shell.
  package var run: [String]
  package var timeoutMilliseconds: Int64 = 10 * Milliseconds.second
  /// Attempts after the first.
  package var retries = 5
  /// Most processes of this hook at once.
  package var concurrency = 4
  /// Added to the environment of its processes.
  package var env: [String: String] = [:]
  /// The exit codes that are retried; nil: all but 0.
  package var retryOn: [Int]?
  /// How long deliveries are collected into one run; 0: one run each.
  package var groupWaitMilliseconds: Int64 = 0
  package var maxPerHour = 1000
  /// When what it owes waits; nil: never.
  package var quietHours: QuietHours?
  /// When it is told all that it owes; nil: each alert at once.
  package var digest: Digest?
}
