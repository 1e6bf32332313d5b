/// How one hook may be run: the part of its definition that decides when.
package struct HookPolicy: Sendable, Hashable {
  package var name: String
  /// Further attempts after the first.
  package var retries: Int
  /// Most runs at one time.
  package var concurrency: Int
  /// Exit codes that are retried; nil: every failure is. 75, timeouts and hooks that could not be started always are.
  package var retryOn: Set<Int32>?
  /// How long a delivery waits for others to be handed over with it, in milliseconds.
  package var groupWaitMilliseconds: Int64
  /// Most runs in any hour.
  package var maxPerHour: Int
  /// When what it owes waits; nil: never.
  package var quiet: QuietTimes?
  /// Whether what it owes waits for a time at which all of it is told in one run.
  package var isDigest: Bool

  /// The defaults are those of the config file.
  package init(
    name: String, retries: Int = 5, concurrency: Int = 4, retryOn: Set<Int32>? = nil, groupWaitMilliseconds: Int64 = 0,
    maxPerHour: Int = 1000, quiet: QuietTimes? = nil, isDigest: Bool = false
  ) {
    self.name = name
    self.retries = max(0, retries)
    self.concurrency = max(1, concurrency)
    self.retryOn = retryOn
    self.groupWaitMilliseconds = max(0, groupWaitMilliseconds)
    self.maxPerHour = max(1, maxPerHour)
    self.quiet = quiet
    self.isDigest = isDigest
  }
}

/// A configured hook: what to run, and when it may be run.
package struct HookDefinition: Sendable, Hashable {
  package var policy: HookPolicy
  /// The program and its arguments. Without a slash the program is looked for in `PATH`. No shell, nothing interpolated.
  package var run: [String]
  /// How long a run may take before its group gets TERM.
  package var timeout: Duration
  /// Further environment variables, from the hook's `env:`.
  package var environment: [String: String]

  /// The hook's name.
  package var name: String { policy.name }

  /// A hook as configured.
  package init(
    policy: HookPolicy, run: [String], timeout: Duration = .seconds(10), environment: [String: String] = [:]
  ) {
    self.policy = policy
    self.run = run
    self.timeout = timeout
    self.environment = environment
  }
}
