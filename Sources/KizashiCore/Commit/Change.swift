/// Why a measure, and so a score, moved.
public enum Cause: UInt8, Sendable, CaseIterable, BitwiseCopyable {
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

/// A metric's value as it is shown: a fraction of 64-bit parts, or missing.
public struct ShownValue: Sendable, Equatable, BitwiseCopyable {
  /// Of the fraction; 0 where the value is missing.
  public var numerator: Int64
  /// Of the fraction; 0: the value is missing.
  public var denominator: Int64

  /// A fraction as it stands, not reduced.
  @inlinable public init(_ numerator: Int64, over denominator: Int64) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// No value.
  public static let missing = ShownValue(0, over: 0)

  /// A value; one whose parts do not fit is rounded to 6 decimals or cut to a whole number, because it is only shown.
  public init(_ value: Rational?) {
    self = .missing
    guard let value = value?.reduced else { return }
    if let n = Int64(exactly: value.numerator), let d = Int64(exactly: value.denominator) {
      (numerator, denominator) = (n, d)
    } else if value.floor.magnitude < 1 << 40 {
      (numerator, denominator) = (Int64(clamping: value.scaledHalfUp(1_000_000)), 1_000_000)
    } else {
      (numerator, denominator) = (Int64(clamping: value.floor), 1)
    }
  }

  /// A value as it stands, where its parts fit.
  init(unreduced value: Rational?) {
    if let value, let n = Int64(exactly: value.numerator), let d = Int64(exactly: value.denominator) {
      self.init(n, over: d)
    } else {
      self.init(value)
    }
  }

  /// Nil: missing.
  public var rational: Rational? { denominator == 0 ? nil : Rational(Int128(numerator), Int128(denominator)) }

  /// Nil: missing.
  public var approximate: Double? { denominator == 0 ? nil : Double(numerator) / Double(denominator) }

  /// By value: 1/2 equals 2/4.
  public static func == (a: ShownValue, b: ShownValue) -> Bool { a.rational == b.rational }
}

/// One line of an explained change.
public struct ExplanationLine: Sendable, Equatable {
  /// Stands for a measure where a cap moved the score.
  public static let cap = -1
  /// Stands for a measure where an override moved the score.
  public static let override = -2
  /// Stands for a measure where another config moved the score.
  public static let configuration = -3
  /// Stands for a measure where another scorecard of the same config moved the score.
  public static let scorecard = -4
  /// What stands for a measure, and its name.
  public static let others = [cap: "cap", override: "override", configuration: "config", scorecard: "scorecard"]

  /// What the line is about, as users see it.
  ///
  /// - Parameter measures: Names of the model's measures.
  public func name(_ measures: [String]) -> String {
    measures.indices.contains(measure) ? measures[measure] : Self.others[measure] ?? ""
  }

  /// Index into the model's measures, or what stands for one: ``cap``, ``override``, ``configuration``, ``scorecard``.
  public var measure: Int { Int(number) }
  /// Hundredths of a point; the lines of a change add up exactly to its delta.
  public var points: Int { Int(hundredths) }
  /// The measure's value at the last entry.
  public var from: ShownValue
  /// The value now.
  public var to: ShownValue
  /// Why the measure moved.
  public var cause: Cause
  // Narrow, because a backfill has millions of lines.
  private var number: Int32
  private var hundredths: Int32

  /// A line of an explanation; see the properties.
  public init(measure: Int, points: Int, from: ShownValue, to: ShownValue, cause: Cause) {
    number = Int32(measure)
    hundredths = Int32(points)
    self.from = from
    self.to = to
    self.cause = cause
  }

  /// A line whose values are given exactly; nil: missing.
  public init(measure: Int, points: Int, from: Rational?, to: Rational?, cause: Cause) {
    self.init(measure: measure, points: points, from: ShownValue(from), to: ShownValue(to), cause: cause)
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
  /// What something was before a change, or is after it.
  public enum State: Sendable, Equatable, ExpressibleByStringLiteral {
    /// A score in hundredths. A backfill has hundreds of thousands, so that it is made a text only where it is read.
    case points(Int)
    /// A band, a rule's state: as users see it.
    case name(String)

    /// A state with a name.
    public init(stringLiteral name: String) { self = .name(name) }

    /// As users see it: points with two decimals.
    public var text: String {
      switch self {
      case .points(let hundredths): Rational(Int128(hundredths), 100).text(digits: 2)
      case .name(let name): name
      }
    }
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
  /// The state before; nil: none.
  public var from: State?
  /// The state after; nil: none.
  public var to: State?
  /// Hundredths; nil from or to no score.
  public var delta: Int?
  /// The cause all lines share, else `mixed`; without lines, what set the evaluation off.
  public var cause: Cause
  /// Largest first.
  public var because: [ExplanationLine]
  /// A journal entry; see the properties.
  public init(
    sequence: Int64, account: AccountID, at: Instant, kind: Kind, subject: String, from: State?, to: State?,
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
