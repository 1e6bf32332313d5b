import KizashiCore

/// Everything one transaction stores: what the engine computed, how far the input was read for it, and what it owes.
package struct CommitUnit: Sendable {
  /// What happened since the last unit.
  package var commit: Commit
  /// The streams that were read for it.
  package var streams: [StreamRow] = []
  /// Streams that are over and whose position nobody will ask for again.
  package var forgottenStreams: [StreamKey] = []
  /// The hook runs it owes, in the order they are to run.
  package var deliveries: [NewDelivery] = []
  /// The first unit under another config: what that leaves of the rules. Nil: nothing has changed.
  package var rulesLeft: RulesLeft?
  /// Names of the rules whose alerts owe no run. An episode is what its rule was when it opened.
  package var shadowRules: Set<String> = []
  /// The lines it refused.
  package var quarantine: [QuarantineRow] = []
  /// Rows of quarantine that were read again for it, by number: they go.
  package var releasedQuarantine: [Int64] = []
  /// The wall clock at detection: `detected_at`.
  package var detectedAt: Instant
  /// The version the commit's measure and rule numbers belong to, as ``Store/register(_:)`` gave it.
  package var configVersion: Int
  /// Whether somebody is told that it is stored (a socket producer, a hook): it is synced to disk before
  /// ``Store/write(_:)`` returns. Otherwise a power cut may take the last commits back, with the positions they were
  /// read to.
  package var durable: Bool

  /// A unit without streams, deliveries and quarantine.
  package init(commit: Commit, detectedAt: Instant, configVersion: Int, durable: Bool) {
    self.commit = commit
    self.detectedAt = detectedAt
    self.configVersion = configVersion
    self.durable = durable
  }
}

/// What a stream is known by: its source's number and a key unique in it.
package struct StreamKey: Sendable, Hashable {
  package var source: Int
  package var key: String

  /// - Parameters:
  ///   - source: As ``Store/registerSources(_:)`` gave it.
  ///   - key: The daemon's own name of the stream.
  package init(source: Int, key: String) {
    self.source = source
    self.key = key
  }
}

/// How far one stream has been read, and what its reader needs to find it again.
package struct StreamRow: Sendable, Equatable {
  package var key: StreamKey
  /// A file's path, in bytes because file names need not be text; nil for a socket.
  package var path: [UInt8]?
  /// Bytes read and stored; for an acknowledging producer, lines.
  package var offset: Int64
  /// Bytes there were at the last look; nil where that has no meaning.
  package var size: Int64?
  /// Whether it was read to its end and nothing can follow.
  package var finished: Bool
  /// What `sources` shows while it is not finished: `following`, `stalled` …
  package var state: String
  /// The reader's own record, opaque.
  package var body: [UInt8]

  /// A stream as it stands after a commit.
  package init(
    key: StreamKey, path: [UInt8]?, offset: Int64, size: Int64?, finished: Bool, state: String, body: [UInt8]
  ) {
    self.key = key
    self.path = path
    self.offset = offset
    self.size = size
    self.finished = finished
    self.state = state
    self.body = body
  }
}

/// A refused line, kept for a person to look at and to retry.
package struct QuarantineRow: Sendable {
  /// The longest line that is kept whole, in bytes.
  package static let longestLine = 65_536
  /// The most that is kept of a longer one: a byte more, which tells that it is not whole.
  package static let longestKept = longestLine + 1

  package var source: Int
  package var path: [UInt8]?
  /// Where in its stream the line starts.
  package var offset: Int64
  package var reason: RefusalReason
  /// The wall clock when it was read.
  package var seenAt: Instant
  /// The line's bytes; stored up to ``longestKept``.
  package var line: [UInt8]

  /// A line as it was read.
  package init(source: Int, path: [UInt8]?, offset: Int64, reason: RefusalReason, seenAt: Instant, line: [UInt8]) {
    self.source = source
    self.path = path
    self.offset = offset
    self.reason = reason
    self.seenAt = seenAt
    self.line = line
  }
}
