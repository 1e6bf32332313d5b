/// Why a measure, and so a score, moved.
public enum Cause: UInt8, Sendable, CaseIterable {
  case event = 0
  case expiry
  case silence
  case decay
  case late
  case attribute
  case survey
  case phase
  case config
  case reweighted
  case mixed
  /// The name users see: `expiry` …
  public var name: String { String(describing: self) }
}

/// One line of an explained change.
public struct ExplanationLine: Sendable, Equatable {
  /// Stands for a measure where another config moved the score.
  public static let configuration = -3
  /// Index into the model's measures; -1: a cap, -2: an override, -3: ``configuration``.
  public var measure: Int
  /// Hundredths of a point; the lines of a change add up exactly to its delta.
  public var points: Int
  /// The measure's value at the last entry; nil: missing.
  public var from: Rational?
  /// The value now; nil: missing.
  public var to: Rational?
  /// Why the measure moved.
  public var cause: Cause
  /// A line of an explanation; see the properties.
  public init(measure: Int, points: Int, from: Rational?, to: Rational?, cause: Cause) {
    self.measure = measure
    self.points = points
    self.from = from
    self.to = to
    self.cause = cause
  }
}

/// A journal entry.
public struct Change: Sendable, Equatable {
  /// What sort of thing changed.
  public enum Kind: UInt8, Sendable {
    case score = 0
    case band
    case rule
    case phase
    case milestone
    case attribute
    case override
    case config
    /// The name users see: `milestone` …
    public var name: String { String(describing: self) }
  }
  /// From 1, in the order of detection.
  public var sequence: Int64
  /// The account that changed.
  public var account: AccountID
  /// The engine's clock when it changed.
  public var at: Instant
  /// What sort of thing changed; decides what `subject`, `from` and `to` say.
  public var kind: Kind
  /// What changed: the rule or attribute name; empty for score and band.
  public var subject: String
  /// The state before, as text (points, a band, a rule's state); nil: none.
  public var from: String?
  /// The state after, as `from`; nil: none.
  public var to: String?
  /// Hundredths; nil from or to no score.
  public var delta: Int?
  /// The cause all lines share, else `mixed`; without lines, what set the evaluation off.
  public var cause: Cause
  /// Largest first.
  public var because: [ExplanationLine]
  /// A journal entry; see the properties.
  public init(
    sequence: Int64, account: AccountID, at: Instant, kind: Kind, subject: String, from: String?, to: String?,
    delta: Int?, cause: Cause, because: [ExplanationLine]
  ) {
    self.sequence = sequence
    self.account = account
    self.at = at
    self.kind = kind
    self.subject = subject
    self.from = from
    self.to = to
    self.delta = delta
    self.cause = cause
    self.because = because
  }
}
