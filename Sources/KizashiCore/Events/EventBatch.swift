/// A piece of a batch's text: `length` UTF-8 bytes from `offset`. Length 0 means absent.
public struct TextRange: Sendable, Hashable {
  /// First byte, counted from the start of the text.
  public var offset: UInt32
  /// In bytes; 0: absent.
  public var length: UInt32
  /// A range; see the properties.
  @inlinable public init(offset: UInt32, length: UInt32) {
    self.offset = offset
    self.length = length
  }
  /// No text at all; an empty text does not differ from it.
  public static let absent = TextRange(offset: 0, length: 0)
  /// Whether there is no text.
  @inlinable public var isAbsent: Bool { length == 0 }
}

/// Why a line was refused, in the order the checks are made.
public enum RefusalReason: UInt8, Sendable, CaseIterable {
  case oversize = 1
  case notUTF8
  case badJSON
  case notObject
  case missingField
  case badType
  case badTimestamp
  case tooLong
  case future
  case expired
  case late
  case idConflict
  case tooMany

  /// The name users see: `bad_json` …
  public var name: String {
    switch self {
    case .oversize: "oversize"
    case .notUTF8: "not_utf8"
    case .badJSON: "bad_json"
    case .notObject: "not_object"
    case .missingField: "missing_field"
    case .badType: "bad_type"
    case .badTimestamp: "bad_timestamp"
    case .tooLong: "too_long"
    case .future: "future"
    case .expired: "expired"
    case .late: "late"
    case .idConflict: "id_conflict"
    case .tooMany: "too_many"
    }
  }
}

/// What a row of a batch is.
public enum RowKind: UInt8, Sendable {
  /// A usage event (`track`, name not reserved).
  case usage = 0
  /// `identify`, `group`, or a reserved `track` event: kept whole, see ``EventBatch/records``.
  case record = 1
  /// Only moves the source's watermark.
  case heartbeat = 2
  /// Refused by the decoder; see ``EventBatch/refusals``.
  case refused = 3
  /// Understood and of no interest (`alias` and the like); counted.
  case ignored = 4
}

/// A JSON scalar of a record's traits or properties.
public enum Scalar: Sendable, Hashable {
  case null
  case bool(Bool)
  /// The number as written.
  case number(String)
  case string(String)

  /// As users see it; nil: null.
  public var shown: String? {
    switch self {
    case .null: nil
    case .bool(let value): value ? "true" : "false"
    case .number(let text), .string(let text): text
    }
  }
}

/// What a line that is not usage says. Such lines are few and are kept whole.
public struct Record: Sendable, Equatable {
  /// Which `type` the line has.
  public enum Kind: UInt8, Sendable {
    case track = 0
    case identify = 1
    case group = 2
  }
  /// Decides what `event` and `fields` hold.
  public var kind: Kind
  /// The reserved event's name (`survey.responded` …); empty for identify and group.
  public var event: String
  /// Traits (identify, group) or top-level scalar properties (reserved events), in document order, last of repeated keys.
  public var fields: [(name: String, value: Scalar)]
  /// The line as read, for the store.
  public var line: String

  /// A record; see the properties.
  public init(kind: Kind, event: String, fields: [(name: String, value: Scalar)], line: String) {
    self.kind = kind
    self.event = event
    self.fields = fields
    self.line = line
  }
  /// Equal in every part; written out because `fields` holds tuples.
  public static func == (a: Record, b: Record) -> Bool {
    a.kind == b.kind && a.event == b.event && a.line == b.line && a.fields.elementsEqual(b.fields, by: ==)
  }
}

/// The events of one chunk of one stream, as a struct of arrays: row `i` of every column is one event.
///
/// A line mostly gives one row; an envelope (a `batch` array) gives several rows of one line. Rows are in log order.
public struct EventBatch: Sendable {
  /// Which configured source the chunk came from: index into ``Model``'s sources as the daemon registered them.
  public var source: Int = 0
  /// The latest instant an event may carry: reading time (or `--until`) plus the future tolerance.
  public var latestAcceptable: Instant = Instant(milliseconds: .max)

  /// Whether a row that names a user and no account belongs to the account an earlier `group` record gave the user. Rows of
  /// usage without an account, and rows refused with a user, occur only then.
  public var remembersAccounts = false

  /// What was read of the properties of usage events; ``Engine/wanted`` of the engine that is to count them.
  public var wanted = WantedProperties()

  /// Names as unescaped UTF-8; every `TextRange` points in here.
  public var text: [UInt8] = []

  /// `RowKind` raw values.
  public var kind: [UInt8] = []
  /// Milliseconds since the epoch; 0 where the row was refused.
  public var instant: [Int64] = []
  /// How many events the row stands for, ≥ 1.
  public var count: [Int64] = []
  /// Account names; absent where the row names none.
  public var account: [TextRange] = []
  /// User names; absent where the row names none.
  public var user: [TextRange] = []
  /// Event names; absent where the row has none.
  public var event: [TextRange] = []
  /// Dedup keys; absent: the row is counted without dedup.
  public var id: [TextRange] = []
  /// Which of the wanted filters the row matched, a bit for each from the lowest on; empty where there are none.
  public var matches: [UInt64] = []
  /// What rows of kind `usage` add to the properties that are added up, ascending by row; none that is 0.
  public var amounts: [Amount] = []
  /// Index into ``lines`` of the line the row came from.
  public var line: [UInt32] = []

  /// Byte range of each non-blank line within the chunk, without its line end.
  public var lines: [TextRange] = []

  /// For rows of kind `record`, and for those of overrides that were refused by their instant or names, ascending by row: what
  /// an override says may be wrong before that.
  public var records: [(row: Int, record: Record)] = []
  /// For rows of kind `refused`, ascending by row.
  public var refusals: [(row: Int, reason: RefusalReason)] = []

  /// What a row adds to a property.
  public struct Amount: Sendable, Equatable {
    /// Which row.
    public var row: Int
    /// Index into ``WantedProperties/summed``.
    public var property: Int
    /// For all of the events that the row stands for, in millionths.
    public var micros: Int128
    /// An amount; see the properties.
    public init(row: Int, property: Int, micros: Int128) {
      self.row = row
      self.property = property
      self.micros = micros
    }
  }

  /// A batch without rows.
  public init() {}

  /// Number of rows.
  @inlinable public var rowCount: Int { kind.count }

  /// The text of a range as a String (lossless: the decoder refuses what is not UTF-8).
  public func string(_ range: TextRange) -> String {
    String(decoding: text[Int(range.offset)..<Int(range.offset + range.length)], as: UTF8.self)
  }
}
